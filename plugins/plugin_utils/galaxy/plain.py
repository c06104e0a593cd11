# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values out of Ansible as the plain types that PyYAML writes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any


def plain(value: Any) -> Any:
    """A copy made of dict, list, str, bool, int, float and None alone.

    Ansible's values are subclasses: PyYAML refuses them or writes them as Python objects. A copy also shares nothing, so no YAML anchors appear.
    """
    if isinstance(value, Mapping):
        return {plain(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value)
    if isinstance(value, str) or getattr(value, "__ENCRYPTED__", False) or isinstance(value, date):
        return str.__str__(str(value))
    raise TypeError(f"{type(value).__name__} is no value of a job configuration")
