# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values out of Ansible as the plain types that PyYAML writes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

# YAML's aliases can make a small text into one without end; a job_conf of 10,000 environments has some 300,000 values.
MOST_VALUES = 3_000_000
MOST_LEVELS = 60
_PLAIN = frozenset((str, bool, int, float))


def plain(value: Any) -> Any:
    """A copy made of dict, list, str, bool, int, float and None alone. Raises TypeError for anything else, and for what is too large.

    Ansible's values are subclasses: PyYAML refuses them or writes them as Python objects. A copy also shares nothing, so no YAML anchors appear.
    """
    return _copy(value, 0, [MOST_VALUES])


def _copy(value: Any, level: int, left: list[int]) -> Any:
    """The copy. ``left`` is how many values there may still be, counted by the collections that hold them."""
    if value is None or type(value) in _PLAIN:
        return value
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, Mapping):
        _spend(len(value), level, left)
        return {_copy(key, level + 1, left): _copy(item, level + 1, left) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        _spend(len(value), level, left)
        return [_copy(item, level + 1, left) for item in value]
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value)
    if getattr(value, "__ENCRYPTED__", False) or isinstance(value, date):
        return str.__str__(str(value))
    raise TypeError(f"{type(value).__name__} is no value of a job configuration")


def _spend(values: int, level: int, left: list[int]) -> None:
    left[0] -= values + 1
    if left[0] < 0 or level > MOST_LEVELS:
        raise TypeError("it refers to itself, or to the same parts too often, and is too large")
