# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One value of a user's at a time, checked: each function returns it as the request has it, or raises InvalidRequestError."""

from __future__ import annotations

import os
import re
from typing import Any, Dict, List, Mapping, Optional, Tuple

from ._drm.errors import InvalidRequestError
from ._drm.order import GENERATED_PREFIX

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]{0,63}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ARRAY = re.compile(r"\d+(-\d+(:\d+)?)?(,\d+(-\d+(:\d+)?)?)*(%\d+)?", re.ASCII)
_CLOCK = re.compile(r"(?:(\d+)-(\d{2})|(\d+)):([0-5]\d):([0-5]\d)", re.ASCII)
_WORD = re.compile(r"[A-Za-z0-9_@][A-Za-z0-9_.@:/,+-]*")

# execve(2): one argument or variable may have 128 KiB. The sum is far below ARG_MAX, which the DRM's own variables share.
MAX_VALUE_BYTES = 120 * 1024
MAX_ENVIRONMENT_BYTES = 1024 * 1024
MIN_SECRET_LENGTH = 6


def parse_walltime(value: Any) -> Optional[int]:
    """Seconds out of an integer, ``H:MM:SS`` or ``D-HH:MM:SS``. Anything else is refused: DRMs read ``90:00`` in two ways."""
    if value is None or value == "":
        return None
    text = str(value).strip()
    if not isinstance(value, bool) and re.fullmatch(r"[0-9]+", text):
        seconds = int(text)
    else:
        match = _CLOCK.fullmatch(text)
        if not match:
            raise InvalidRequestError(
                "walltime",
                "%r is not an integer of seconds, H:MM:SS or D-HH:MM:SS (quote it in YAML: '12:00:00')" % (value,),
            )
        days, day_hours, hours, minutes, secs = match.groups()
        if day_hours is not None and int(day_hours) > 23:
            raise InvalidRequestError(
                "walltime", "%r has %s hours beside its days; D-HH:MM:SS takes 00 to 23" % (value, day_hours)
            )
        seconds = int(days or 0) * 86400 + int(day_hours or hours) * 3600 + int(minutes) * 60 + int(secs)
    if seconds <= 0:
        raise InvalidRequestError("walltime", "%r is not more than 0 seconds" % (value,))
    return seconds


def check_key(value: Optional[str]) -> Optional[str]:
    if value is not None and (not value.strip() or value.startswith(GENERATED_PREFIX)):
        raise InvalidRequestError(
            "key",
            "%r is empty or starts with %r; name what this job makes, or leave it out" % (value, GENERATED_PREFIX),
        )
    return value


def check_name(value: str) -> str:
    if not _NAME.fullmatch(value):
        raise InvalidRequestError(
            "name", "%.80r: use 1 to 64 letters, digits and _ . + -, not starting with a dot, plus or minus" % value
        )
    return value


def check_word(option: str, value: Optional[str]) -> str:
    """A queue's, account's or cluster's name: never an option, never more than one word."""
    if value and not _WORD.fullmatch(value):
        raise InvalidRequestError(option, "%.200r is not a name that a DRM gives to a %s" % (value, option))
    return value or ""


def check_array(value: Optional[str]) -> str:
    if value and not _ARRAY.fullmatch(value):
        raise InvalidRequestError(
            "array", "%.200r is not of the form 1-10, 0-8:2, 1,3,5 or 1-100%%5 (at most 5 at once)" % value
        )
    return value or ""


def check_positive(option: str, value: Optional[int]) -> Optional[int]:
    if isinstance(value, bool):
        raise InvalidRequestError(option, "%r is no number" % value)
    if value is not None and value < 1:
        raise InvalidRequestError(option, "%d is less than 1" % value)
    return value


def check_absolute(option: str, value: str) -> str:
    if not os.path.isabs(value):
        raise InvalidRequestError(option, "%r is not an absolute path" % value)
    return check_path(option, value)


def check_path(option: str, value: Optional[str]) -> str:
    if value and re.search(r"[\0\n]", value):
        raise InvalidRequestError(option, "%.200r holds a newline or NUL" % value)
    return value or ""


def check_items(option: str, values: Optional[List[str]], newlines: bool = True) -> Tuple[str, ...]:
    for index, value in enumerate(values or ()):
        refuse_nul("%s[%d]" % (option, index), value)
        if not newlines and ("\n" in value or not value):
            raise InvalidRequestError(
                "%s[%d]" % (option, index), "%.200r is empty or holds a newline; give one argument an item" % value
            )
    return tuple(values or ())


def check_environment(values: Mapping[str, Any]) -> Dict[str, str]:
    result = {}
    total = 0
    for name, value in values.items():
        text = _variable("environment", name, value)
        size = len(text.encode("utf-8", "surrogatepass"))
        total += size + len(name) + 2
        if size > MAX_VALUE_BYTES or total > MAX_ENVIRONMENT_BYTES:
            raise InvalidRequestError(
                "environment",
                "%s makes it too large: a value may have %d bytes and all of them %d; put it into a file and name the file"
                % (name, MAX_VALUE_BYTES, MAX_ENVIRONMENT_BYTES),
            )
        result[name] = text
    return result


def check_secrets(values: Mapping[str, Any]) -> Dict[str, str]:
    result = {name: _variable("secret_environment", name, value) for name, value in values.items()}
    for name, value in result.items():
        if len(value) < MIN_SECRET_LENGTH:
            raise InvalidRequestError(
                "secret_environment",
                "%s has fewer than %d characters: Ansible would mask that text everywhere in its output; use environment"
                % (name, MIN_SECRET_LENGTH),
            )
    return result


def _variable(option: str, name: str, value: Any) -> str:
    if not _VARIABLE.fullmatch(name):
        raise InvalidRequestError(
            option, "%.200r is not a variable's name (letters, digits and _, not starting with a digit)" % name
        )
    if isinstance(value, (dict, list)):
        raise InvalidRequestError(option, "%s is a %s; a variable's value is a text" % (name, type(value).__name__))
    text = "" if value is None else str(value)
    refuse_nul("%s: %s" % (option, name), text)
    return text


def refuse_nul(option: str, value: str) -> None:
    if "\0" in value:
        raise InvalidRequestError(option, "holds a NUL character, which no command line or environment can carry")
