# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors that a module can hand to its user as they are."""

from __future__ import annotations

from typing import Any, Dict, Iterable, List

from .model import CommandResult


class DrmError(Exception):
    """Something the user has to know; ``fail_arguments`` gives the arguments for ``fail_json``."""

    def fail_arguments(self) -> Dict[str, Any]:
        return {"msg": str(self)}


class InvalidRequestError(DrmError):
    """A value that cannot be right on any DRM: names the field, the value and what to write instead."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__("%s: %s" % (field, reason))
        self.field = field

    def fail_arguments(self) -> Dict[str, Any]:
        return {"msg": str(self), "field": self.field}


class UnsupportedFieldError(DrmError):
    """Fields of the request that this DRM cannot honour. Nothing was submitted."""

    def __init__(self, drm: str, fields: Iterable[str]) -> None:
        self.drm = drm
        self.fields: List[str] = sorted(fields)
        super().__init__(
            "%s cannot honour %s. Nothing was submitted: leave the option out, or use another DRM."
            % (drm, ", ".join(self.fields))
        )

    def fail_arguments(self) -> Dict[str, Any]:
        return {"msg": str(self), "drm": self.drm, "unsupported_fields": self.fields}


class CommandError(DrmError):
    """A command of the DRM that was refused or failed."""

    def __init__(self, what: str, result: CommandResult) -> None:
        said = (result.stderr.strip() or result.stdout.strip() or "no output")[-2000:]
        super().__init__("%s: '%s' ended with rc %d: %s" % (what, result.command.argv[0], result.rc, said))
        self.result = result

    def fail_arguments(self) -> Dict[str, Any]:
        return {
            "msg": str(self),
            "cmd": list(self.result.command.argv),
            "rc": self.result.rc,
            "stdout": self.result.stdout,
            "stderr": self.result.stderr,
        }


class DrmUnavailableError(CommandError):
    """The DRM did not answer. This says nothing about any job."""


class ParseError(DrmError):
    """The DRM's answer is not what its version is known to print."""

    def __init__(self, what: str, text: str) -> None:
        super().__init__("%s: cannot read the DRM's answer %r" % (what, text[:500]))
        self.text = text

    def fail_arguments(self) -> Dict[str, Any]:
        return {"msg": str(self), "text": self.text[:10000]}
