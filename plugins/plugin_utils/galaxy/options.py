# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A DRM's native options, taken apart for runners that do not take an argv."""

from __future__ import annotations

import re
from collections.abc import Sequence

_GALAXY_SETS = ("-o", "--output", "-e", "--error", "-J", "--job-name")


class Refused(Exception):
    """Something that a runner cannot say: which option, why, and what to write instead."""

    def __init__(self, option: str, reason: str, mend: str) -> None:
        super().__init__(reason)
        self.option = option
        self.mend = mend


def pairs(words: Sequence[str]) -> dict[str, str | None]:
    """Options with their values out of an argv, the last of the same name; the value is None where an option stands alone."""
    result: dict[str, str | None] = {}
    last = ""
    for word in words:
        if word.startswith("--"):
            last, equals, text = word.partition("=")
            value = text if equals else None
        elif re.match(r"-[A-Za-z]", word):
            last, value = word[:2], word[2:] or None
        elif last and result[last] is None:
            value = word
        else:
            raise Refused(
                "native_options",
                f"{word!r} belongs to no option before it",
                "Give one argument an item, options first.",
            )
        if last in _GALAXY_SETS:
            raise Refused(
                "native_options", f"{last} is set by Galaxy itself, which reads the job's output there", "Leave it out."
            )
        if value == "":
            raise Refused("native_options", f"{last} has an empty value", "Give it one, or leave the option out.")
        result.pop(last, None)
        result[last] = value
    return result
