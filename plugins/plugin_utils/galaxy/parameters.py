# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tables of runners are made of: parameters with their types, and the releases that have them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any


@dataclass(frozen=True)
class Parameter:
    """One parameter: what it may be, Galaxy's default, and the first release that takes it (empty: every release that is known here).

    ``any_text_is_true``: Galaxy's code makes a boolean of it by bool().
    """

    wanted: str
    accepts: Callable[[Any], bool]
    default: Any = None
    required: bool = False
    since: str = ""
    any_text_is_true: bool = False

    def misread(self, value: Any) -> bool:
        """Whether Galaxy takes a text that says false for true."""
        return self.any_text_is_true and isinstance(value, str) and value.strip().lower() in _FALSE


@dataclass(frozen=True)
class RunnerType:
    """A class of runners.

    ``drm`` names the DRM whose words its environments speak, where that is certain. ``closed``: its environments have these parameters
    and Galaxy's own, and no others. ``raises`` are the ends that a resubmission can be made on. ``needs`` is what has to be on Galaxy's server.
    """

    module: str
    class_name: str
    params: Mapping[str, Parameter] = field(default_factory=dict)
    environment: Mapping[str, Parameter] = field(default_factory=dict)
    drm: str = ""
    closed: bool = True
    alone: bool = True
    raises: frozenset[str] = frozenset()
    needs: str = ""
    since: str = ""

    @property
    def load(self) -> str:
        """The usual ``load``."""
        return f"{PREFIX}{self.module}:{self.class_name}"


PREFIX = "galaxy.jobs.runners."
MISREAD = "is a text, and Galaxy takes any text for true there"
_TRUE = ("true", "yes", "on", "1", "y", "t")
_FALSE = ("false", "no", "off", "0", "n", "f")
WALLTIME = "walltime_reached"
MEMORY = "memory_limit_reached"


def release(text: str) -> tuple[int, int]:
    """A release as numbers, so that 22.05 comes before 22.10. Raises ValueError."""
    match = re.fullmatch(r"(?:release_)?v?(\d{2})\.(\d{1,2})(?:\.\w+)*", text.strip())
    if not match:
        raise ValueError(f"{text!r} is not a Galaxy release such as 26.1 or 22.05")
    return int(match.group(1)), int(match.group(2))


def _is_scalar(value: Any) -> bool:
    """Galaxy makes a text of anything; nothing at all is as if it were left out."""
    return value is None or isinstance(value, (str, int, float, bool))


def _is_count(value: Any) -> bool:
    """As int() takes it, which passes over a fraction."""
    return 0 <= value < float("inf") if isinstance(value, (int, float)) else str(value).strip().isdecimal()


def _is_positive(value: Any) -> bool:
    return not isinstance(value, (bool, float)) and _is_count(value) and int(value) > 0


def _is_number(value: Any) -> bool:
    return not isinstance(value, bool) and re.fullmatch(r"\d+(\.\d+)?", str(value).strip()) is not None


def _is_flag(value: Any) -> bool:
    return value is None or str(value).strip().lower() in (*_TRUE, *_FALSE)


def text(default: Any = None, required: bool = False, since: str = "") -> Parameter:
    """A text, or a number of which Galaxy makes one."""
    return Parameter("a text", _is_scalar, default, required, since)


def word(default: Any = None, required: bool = False) -> Parameter:
    """A text of which Galaxy's code makes no text first, so that nothing and a number are none."""
    return Parameter("a text", lambda value: isinstance(value, str) and bool(value), default, required)


def count(default: Any = None, required: bool = False, since: str = "") -> Parameter:
    """An integer from 0 on."""
    return Parameter("an integer, 0 or more", _is_count, default, required, since)


def positive(default: Any = None, since: str = "") -> Parameter:
    """An integer from 1 on."""
    return Parameter("an integer above 0", _is_positive, default, False, since)


def number(default: Any = None, since: str = "") -> Parameter:
    """A number that may have a fraction."""
    return Parameter("a number, 0 or more", _is_number, default, False, since)


def or_none(parameter: Parameter) -> Parameter:
    """The same, or the text None, by which Galaxy means no value."""

    def accepts(value: Any) -> bool:
        return bool(value == "None") or parameter.accepts(value)

    return replace(parameter, wanted=f"{parameter.wanted}, or None", accepts=accepts)


def flag(default: bool | None = False, since: str = "") -> Parameter:
    """A boolean, or its text."""
    return Parameter("true or false", _is_flag, default, False, since)


def truth(default: bool = False, since: str = "") -> Parameter:
    """A boolean of which no text may be made."""
    return Parameter("true or false", _is_scalar, default, False, since, any_text_is_true=True)


def one_of(*values: str, default: Any = None, since: str = "") -> Parameter:
    """One of these texts."""
    return Parameter(f"one of {', '.join(values)}", lambda value: value in values, default, False, since)


def anything(default: Any = None, since: str = "") -> Parameter:
    """Lists and mappings too."""
    return Parameter("a value", lambda value: True, default, False, since)


def account(default: Any = None, variable: str = "$gid") -> Parameter:
    """A number of a user or group, or the variable that stands for Galaxy's own."""
    return Parameter(
        f"a number or {variable}", lambda value: value in (None, "", variable) or _is_count(value), default
    )
