# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values of a native structure, each of the shape that is wanted. All of them raise JobConfError, which names the place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .findings import error, malformed


def mapping(value: Any, place: str) -> dict[str, Any]:
    """A mapping by texts; nothing is an empty one."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise malformed(place, value, "a mapping")
    if all(isinstance(key, str) and key for key in value):
        return value
    result = {text(key, place): item for key, item in value.items()}
    if "" in result:
        raise malformed(f"{place}, a key,", "" if "" in value else None, "a name")
    if len(result) < len(value):
        message, mend = "has two keys that are the same as texts, such as 1 and '1'", "Give one of them another name."
        raise error("duplicate-id", place, message, mend)
    return result


def items(value: Any, place: str) -> Iterator[tuple[Any, str]]:
    """The items of a list with their places."""
    if value is not None and not isinstance(value, list):
        raise malformed(place, value, "a list")
    for index, item in enumerate(value or ()):
        if item is None:
            raise malformed(f"{place}[{index}]", item, "a value")
        yield item, f"{place}[{index}]"


def text(value: Any, place: str) -> str:
    """A text, made of whatever is one value; nothing is an empty one."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (dict, list)):
        raise malformed(place, value, "a text")
    return str(value)


def texts(value: Any, place: str) -> None:
    """Refuse what is no list of texts."""
    for item, where in items(value, place):
        if not isinstance(item, str):
            raise malformed(where, item, "a text")
