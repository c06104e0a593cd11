# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys with nothing after them, which YAML gives no value: most of them Galaxy passes over, some it stops at. (26.1, each tried)"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_SECTIONS = (
    *("runners", "execution", "tools", "resources", "handling", "limits"),
    *("execution.environments", "resources.groups", "handling.processes", "handling.assign"),
    *("handling.ready_window_size", "runners.dynamic"),
)


def sections(top: Mapping[str, Any]) -> Iterator[str]:
    """The places at which Galaxy stops."""
    for place in _SECTIONS:
        section, _dot, key = place.rpartition(".")
        options = top.get(section) if section else top
        if isinstance(options, Mapping) and options.get(key, "") is None:
            yield place
    yield from _items(top.get("runners"), "runners", "kwds")
    execution = top.get("execution")
    if isinstance(execution, Mapping):
        if execution.get("default") == "":
            yield "execution.default"
        environments = execution.get("environments")
        for name, item in environments.items() if isinstance(environments, Mapping) else ():
            if item is None:
                yield f"execution.environments.{name}"
    yield from _tools(top, ("id", "class"))


def values(top: Mapping[str, Any]) -> Iterator[str]:
    """The places at which a job fails, or finds no worker, no environment, no handler."""
    execution = top.get("execution")
    yield from _items(top.get("runners"), "runners", "workers")
    if isinstance(execution, Mapping):
        yield from _items(execution.get("environments"), "execution.environments", "env")
    yield from _tools(top, ("environment", "handler"))


def _tools(top: Mapping[str, Any], keys: tuple[str, ...]) -> Iterator[str]:
    """Where Galaxy asks whether there is something, be it an empty text."""
    tools = top.get("tools")
    for index, tool in enumerate(tools if isinstance(tools, list) else ()):
        for key in keys:
            if isinstance(tool, Mapping) and tool.get(key) == "":
                yield f"tools[{index}].{key}"


def _items(section: Any, place: str, key: str) -> Iterator[str]:
    if isinstance(section, list):
        section = {item.get("id"): item for item in section if isinstance(item, Mapping)}
    for name, item in section.items() if isinstance(section, Mapping) else ():
        if isinstance(item, Mapping) and item.get(key, "") is None:
            yield f"{place}.{name}.{key}"
