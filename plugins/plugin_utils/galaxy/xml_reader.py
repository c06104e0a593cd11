# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""job_conf.xml read as the native structure, the way Galaxy converts it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from .findings import error
from .xml_writer import ENV, HANDLING, LIMIT, RESUBMIT, TOOL


def read(text: str) -> dict[str, Any]:
    """The native structure that Galaxy makes of this text. Raises JobConfError for what only XML can say."""
    root = _parse(text)
    runners, dynamic = _read_plugins(root)
    execution = {**_read_default(root, "destinations"), "environments": dict(_read_destinations(root))}
    groups = {
        _id(group, place): (group.get("fields") or group.text or "").split(",")
        for group, place in _children(root, "resources", "group")
    }
    sections = {
        "runners": runners,
        "dynamic": dynamic,
        "handling": _read_handling(root),
        "execution": execution,
        "tools": [
            {**_named(tool, TOOL), **_read_params(tool, place)} for tool, place in _children(root, "tools", "tool")
        ],
        "resources": {**_read_default(root, "resources"), **({"groups": groups} if groups else {})},
        "limits": [_read_limit(limit) for limit, place in _children(root, "limits", "limit")],
    }
    return {name: section for name, section in sections.items() if section}


def _parse(text: str) -> Element:
    # Entities are how XML reads other files and grows without bounds; no job_conf needs them.
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise error("not-xml", "the text", "declares a document type or entities", "Remove the declaration.")
    try:
        root = ElementTree.fromstring(text.encode("utf-8"))
    except (ElementTree.ParseError, ValueError) as problem:
        place = f"line {problem.position[0]}" if isinstance(problem, ElementTree.ParseError) else "the text"
        raise error("not-xml", place, "is not XML", "Mend it.") from None
    for element in root.iter():
        extra = [name for name in element.attrib if name.endswith(("from_environ", "from_config"))]
        if element.tag in ("macros", "expand", "job_metrics") or extra:
            what = " ".join([f"<{element.tag}>", *extra])
            raise error("only-in-xml", what, "has no counterpart in the native structure", "Write its value.")
    return root


def _children(root: Element, section: str, tag: str) -> Iterator[tuple[Element, str]]:
    """The elements of a section with their places. Tools and limits may come twice, what has a name of its own may not."""
    seen: set[str] = set()
    for index, element in enumerate(root.findall(f"{section}/{tag}")):
        place, name = f"{section}/{tag}[{index + 1}]", element.get("id", "")
        if name in seen and tag not in ("tool", "limit"):
            mend = "Give one of them another name, or remove it."
            raise error("duplicate-id", place, f"{name!r} stands there for the second time", mend)
        seen.update([name] if name else [])
        yield element, place


def _id(element: Element, place: str) -> str:
    name = element.get("id")
    if not name:
        raise error("malformed", place, "has no id", "Give it one.")
    return name


def _named(element: Element, names: Mapping[str, str]) -> dict[str, str]:
    return {key: element.attrib[xml] for key, xml in names.items() if xml in element.attrib}


def _read_params(element: Element, place: str) -> dict[str, Any]:
    return {_id(param, f"{place}/param"): param.text for param in element.findall("param")}


def _read_default(root: Element, section: str) -> dict[str, str]:
    element = root.find(section)
    return _named(element, {"default": "default"}) if element is not None else {}


def _read_plugins(root: Element) -> tuple[dict[str, Any], dict[str, Any]]:
    """The runners, and the parameters of the one plugin without a class, dynamic."""
    section = root.find("plugins")
    common = _named(section, {"workers": "workers"}) if section is not None else {}
    runners: dict[str, Any] = {}
    dynamic: dict[str, Any] = {}
    for plugin, place in _children(root, "plugins", "plugin"):
        params = _read_params(plugin, place)
        if plugin.get("load"):
            runners[_id(plugin, place)] = {**common, **_named(plugin, {"load": "load", "workers": "workers"}), **params}
        else:
            dynamic = params
    return runners, dynamic


def _read_handling(root: Element) -> dict[str, Any]:
    element = root.find("handlers")
    if element is None:
        return {}
    handling: dict[str, Any] = dict(_named(element, HANDLING))
    # Galaxy makes numbers of these two.
    for key in ("max_grab", "ready_window_size"):
        if handling.get(key, "").isdecimal():
            handling[key] = int(handling[key])
    if "assign" in handling:
        handling["assign"] = _split(handling["assign"])
    processes = {}
    for handler, place in _children(root, "handlers", "handler"):
        plugins = [_id(plugin, f"{place}/plugin") for plugin in handler.findall("plugin")]
        lists = {"tags": _split(handler.get("tags", "")), "plugins": plugins}
        processes[_id(handler, place)] = {key: items for key, items in lists.items() if items}
    return {**handling, **({"processes": processes} if processes else {})}


def _read_destinations(root: Element) -> Iterator[tuple[str, dict[str, Any]]]:
    for element, place in _children(root, "destinations", "destination"):
        metrics = element.get("metrics")
        options = {
            "runner": element.get("runner"),
            "tags": _split(element.get("tags", "")),
            "metrics": metrics
            and ({"src": "disabled"} if metrics.lower() == "false" else {"src": "path", "path": metrics}),
            "env": [_read_env(entry) for entry in element.findall("env")],
            "resubmit": [_named(entry, RESUBMIT) for entry in element.findall("resubmit")],
            "params": _with_sudo(_read_params(element, place)),
        }
        yield _id(element, place), {key: value for key, value in options.items() if value}


def _with_sudo(params: dict[str, Any]) -> dict[str, Any]:
    """Galaxy adds this to what it reads from XML alone."""
    return {**params, "docker_sudo": "true"} if params.get("docker_enabled") and "docker_sudo" not in params else params


def _read_env(element: Element) -> dict[str, Any]:
    entry: dict[str, Any] = dict(_named(element, ENV))
    if "raw" in entry:
        entry["raw"] = entry["raw"].lower() == "true"
    return {**entry, **({"value": element.text or ""} if "name" in entry else {})}


def _read_limit(element: Element) -> dict[str, Any]:
    limit = _named(element, {key: key for key in LIMIT})
    return {**limit, "type": re.sub("^destination_", "environment_", limit.get("type", "")), "value": element.text}


def _split(text: str) -> list[str]:
    return [item.strip() for item in text.split(",") if item.strip()]
