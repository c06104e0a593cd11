# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with a job configuration, where it stands, and how to mend it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

ERROR = "error"
WARNING = "warning"


@dataclass(frozen=True)
class Finding:
    """One thing that Galaxy would refuse, fail at later, or silently ignore. ``place`` is the path of keys to it."""

    code: str
    place: str
    message: str
    mend: str
    level: str = ERROR

    def __str__(self) -> str:
        return f"{self.place}: {self.message}. {self.mend} [{self.code}]"

    def as_dict(self) -> dict[str, str]:
        """Plain types for a task's result."""
        return asdict(self)


class JobConfError(Exception):
    """A job configuration that must not be rendered; every finding is named."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(findings)
        lines = [str(finding) for finding in self.findings]
        super().__init__(
            lines[0] if len(lines) == 1 else "\n".join([f"{len(lines)} errors in the job configuration:", *lines])
        )


def error(code: str, place: str, message: str, mend: str) -> JobConfError:
    """The exception of one finding."""
    return JobConfError([Finding(code, place, message, mend)])


def malformed(place: str, value: Any, wanted: str) -> JobConfError:
    """The error for a value of the wrong type. The value itself is not shown: it may be a secret."""
    return error("malformed", place, f"is {_kind(value)}, not {wanted}", f"Give {wanted}.")


def _kind(value: Any) -> str:
    kinds = {
        dict: "a mapping",
        list: "a list",
        str: "a text",
        bool: "a boolean",
        int: "an integer",
        float: "a number",
        type(None): "empty",
    }
    return kinds.get(type(value), type(value).__name__)
