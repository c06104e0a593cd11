# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with a job configuration, where it stands, and how to mend it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any

from .codes import CODES, ERROR, NOTE, WAIVED, WARNING
from .secrets import redacted_text

__all__ = ("CODES", "ERROR", "NOTE", "WAIVED", "WARNING", "Finding", "JobConfError", "error", "malformed", "sorted_out")

# A list of names in a message: enough to see what is meant, however many environments there are.
_MOST_NAMES = 20


@dataclass(frozen=True)
class Finding:
    """One thing that Galaxy would refuse, fail at later, or silently ignore. ``place`` is the path of keys to it."""

    code: str
    place: str
    message: str
    mend: str
    level: str = ""

    def __post_init__(self) -> None:
        if not self.level:
            object.__setattr__(self, "level", CODES[self.code].level)
        # It may quote native words, and those may hold a secret.
        object.__setattr__(self, "message", redacted_text(self.message))

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


def sorted_out(findings: Iterable[Finding], waive: Collection[str], rendered: bool) -> list[Finding]:
    """The same findings with their final levels: waived by code, and notes where rendering mends them."""
    result = []
    for finding in findings:
        code = CODES[finding.code]
        if finding.code in waive and code.waivable:
            result.append(replace(finding, level=WAIVED))
        elif rendered and code.mended:
            result.append(replace(finding, level=NOTE))
        else:
            result.append(finding)
    return result


def check_waived(waive: Iterable[str]) -> frozenset[str]:
    """The codes to be waived. Raises JobConfError for one that there is not, or that stands for what cannot be done at all."""
    codes = frozenset(waive)
    for code in sorted(codes):
        if code not in CODES:
            raise error("bad-option", "waive", f"{code!r} is no code of a finding", f"There are {', '.join(CODES)}.")
        if not CODES[code].waivable:
            mend = "Mend what it says."
            raise error("bad-option", "waive", f"{code!r} cannot be waived: {CODES[code].effect}", mend)
    return codes


def error(code: str, place: str, message: str, mend: str) -> JobConfError:
    """The exception of one finding."""
    return JobConfError([Finding(code, place, message, mend)])


def malformed(place: str, value: Any, wanted: str) -> JobConfError:
    """The error for a value of the wrong type. The value itself is not shown: it may be a secret."""
    return error("malformed", place, f"is {_kind(value)}, not {wanted}", f"Give {wanted}.")


def listed(names: Collection[str]) -> str:
    """Names in a message, not too many of them."""
    shown = list(names)[:_MOST_NAMES]
    return ", ".join(shown) + (f" and {len(names) - len(shown)} more" if len(names) > len(shown) else "")


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
