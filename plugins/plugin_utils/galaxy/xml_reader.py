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

from .findings import Finding, JobConfError, error
from .model import number
from .xml_writer import CONTAINERS, ENV, HANDLING, LIMIT, RESUBMIT, TOOL

# What Galaxy's conversion looks at: the attributes of each element, and the elements in it.
_READ = {
    "job_conf": ("", "macros plugins handlers destinations resources tools limits"),
    "macros": ("", ""),
    "plugins": ("workers", "plugin"),
    "plugin": ("id type load workers", "param"),
    "handlers": ("default assign_with max_grab ready_window_size", "handler"),
    "handler": ("id tags", "plugin"),
    "destinations": ("default", "destination"),
    "destination": ("id runner tags metrics", "param env resubmit job_metrics"),
    "param": ("id", "container"),
    "container": ("type shell resolve_dependencies", ""),
    "env": ("id file exec raw", ""),
    "resubmit": ("condition destination handler delay", ""),
    "resources": ("default", "group"),
    "group": ("id fields", ""),
    "tools": ("", "tool"),
    "tool": ("id class destination handler resources", "param"),
    "limits": ("", "limit"),
    "limit": ("type id tag window", ""),
}
_KNOWN = {tag: (frozenset(names.split()), frozenset(tags.split())) for tag, (names, tags) in _READ.items()}
_ENVIRON = "Write its value, or read it by the filter from_job_conf with environ: the variables of Galaxy's service, {} for what stands there."
_MENDS = {
    "<param> from_environ": _ENVIRON,
    "<destinations> default_from_environ": _ENVIRON,
    "<handlers> default_from_environ": _ENVIRON,
    "<macros>": "Give the text that Galaxy makes of it: docs/job_conf.md says how.",
}
_MEND = "Write its value."
_TRUE, _FALSE = ("true", "yes", "on", "y", "t", "1"), ("false", "no", "off", "n", "f", "0")


def read(text: str, environ: Mapping[str, Any] | None = None, unread: list[Finding] | None = None) -> dict[str, Any]:
    """The native structure that Galaxy makes of this text, its service having these variables.

    Raises JobConfError for what only XML can say, and for what would be lost; with a list ``unread`` the latter goes there.
    """
    root = _parse(text)
    if environ is not None:
        _fill_in(root, environ)
    lost = _check(root)
    if unread is not None:
        unread += lost
    elif lost:
        raise JobConfError(lost)
    runners, dynamic = _read_plugins(root)
    execution = {**_read_default(root, "destinations"), "environments": dict(_read_destinations(root))}
    groups = {
        _id(group, place): [name for name in (group.get("fields") or group.text or "").split(",") if name]
        for group, place in _children(root, "resources", "group")
    }
    sections = {
        "runners": runners,
        "dynamic": dynamic,
        "handling": _read_handling(root),
        "execution": execution,
        "tools": [_read_tool(tool, place) for tool, place in _children(root, "tools", "tool")],
        "resources": {**_read_default(root, "resources"), **({"groups": groups} if groups else {})},
        "limits": [_read_limit(limit, place) for limit, place in _children(root, "limits", "limit")],
    }
    return {name: section for name, section in sections.items() if section}


def _parse(text: str) -> Element:
    # Entities are how XML reads other files and grows without bounds; no job_conf needs them.
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise error("not-xml", "the text", "declares a document type or entities", "Remove the declaration.")
    try:
        # A text is read as it is, whatever encoding its declaration names.
        root = ElementTree.fromstring(text)
    except (ElementTree.ParseError, ValueError) as problem:
        place = f"line {problem.position[0]}" if isinstance(problem, ElementTree.ParseError) else "the text"
        raise error("not-xml", place, "is not XML", "Mend it.") from None
    if root.tag != "job_conf":
        raise error("malformed", f"<{root.tag}>", "is no <job_conf>", "Give the text of a job_conf.xml.")
    return root


def _fill_in(root: Element, environ: Mapping[str, Any]) -> None:
    """What Galaxy takes from its environment, else what stands there."""
    for param in root.iter("param"):
        # Containers are elements, and stay an error.
        if "from_environ" in param.attrib and param.get("id") not in CONTAINERS:
            name = param.attrib.pop("from_environ")
            param.attrib.pop("from_config", "")
            param.text = str(environ[name]) if name in environ else param.text
    for section in (*root.findall("destinations"), *root.findall("handlers")):
        name = section.attrib.pop("default_from_environ", "")
        if name and name in environ:
            section.set("default", str(environ[name]))


def _check(root: Element) -> list[Finding]:
    """Every place that would be lost. Raises JobConfError for what only Galaxy can fill in."""
    # Plugins with whatever attributes they take.
    metrics = set(root.iterfind("destinations/destination/job_metrics/*"))
    metrics.update(root.iterfind("destinations/destination/job_metrics"))
    odd = [element for element in root.iter() if element not in metrics and not _is_read(element)]
    for element in odd:
        extra = [name for name in element.attrib if name.endswith(("from_environ", "from_config"))]
        # What Galaxy's expansion leaves behind is an empty one.
        if (element.tag == "macros" and len(element)) or element.tag == "expand" or extra:
            what = " ".join([f"<{element.tag}>", *extra])
            raise error("only-in-xml", what, "has no counterpart in the native structure", _MENDS.get(what, _MEND))
    return [finding for element in odd if element.tag in _KNOWN for finding in _unread(element)]


def _is_read(element: Element) -> bool:
    """Whether Galaxy looks at it, at all of its attributes and at what is in it."""
    known = _KNOWN.get(element.tag)
    return (
        known is not None
        and known[0].issuperset(element.attrib)
        and known[1].issuperset(child.tag for child in element)
    )


def _unread(element: Element) -> Iterator[Finding]:
    """What stands where Galaxy does not look: it would be lost here as it is there."""
    names, tags = _KNOWN[element.tag]
    place = " ".join(filter(None, (element.tag, element.get("id"))))
    for name in element.attrib:
        if name not in names:
            mend = f"Remove it, or write one of {', '.join(sorted(names))}." if names else "Remove it."
            yield Finding("unread-in-xml", f"{place}@{name}", "is an attribute that Galaxy does not read", mend)
    for child in element:
        if child.tag not in tags:
            mend = "Move it to where it belongs, or remove it."
            yield Finding(
                "unread-in-xml", f"{place}/{child.tag}", "is an element that Galaxy does not read there", mend
            )


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
    return {name: _containers(param) if name in CONTAINERS else param.text for name, param in _params(element, place)}


def _params(element: Element, place: str) -> Iterator[tuple[str, Element]]:
    seen: set[str] = set()
    for param in element.findall("param"):
        name = _id(param, f"{place}/param")
        if name in seen:
            message = f"{name!r} stands there for the second time"
            raise error("duplicate-id", f"{place}/param", message, "Remove one of them; Galaxy would take the last.")
        seen.add(name)
        yield name, param


def _containers(param: Element) -> list[dict[str, Any]]:
    """A parameter whose value is a list of elements, the only kind that there is."""
    containers: list[dict[str, Any]] = []
    for element in param.findall("container"):
        container = {"type": "docker", **element.attrib, "identifier": (element.text or "").strip()}
        resolve = element.get("resolve_dependencies")
        containers.append({**container, **({"resolve_dependencies": _flag(resolve, "container")} if resolve else {})})
    return containers


def _flag(text: str, place: str) -> bool:
    """A boolean as Galaxy reads it: any other word ends its start."""
    if text.strip().lower() not in (*_TRUE, *_FALSE):
        raise error("malformed", place, "is neither true nor false; Galaxy would not start", "Write true or false.")
    return text.strip().lower() in _TRUE


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
        if plugin.get("type") != "runner":
            message = "is not of the type runner; Galaxy would pass over it"
            raise error("malformed", place, message, 'Write type="runner", or remove it.')
        if plugin.get("id") == "dynamic" and not plugin.get("load"):
            dynamic = params
        elif not plugin.get("load"):
            raise error("malformed", place, "has no load; Galaxy would pass over it", "Name its class, or remove it.")
        else:
            runner = {**common, **_named(plugin, {"load": "load", "workers": "workers"})}
            workers = {"workers": number(runner["workers"])} if "workers" in runner else {}
            runners[_id(plugin, place)] = {**runner, **workers, **params}
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
        if not element.get("runner"):
            raise error("malformed", place, "has no runner; Galaxy would pass over it", "Name one, or remove it.")
        options = {
            "runner": element.get("runner"),
            "tags": _split(element.get("tags", "")),
            "metrics": _read_metrics(element, place),
            "env": [_read_env(entry, f"{place}/env") for entry in element.findall("env")],
            "resubmit": [_named(entry, RESUBMIT) for entry in element.findall("resubmit")],
            "params": _with_sudo(_read_params(element, place)),
        }
        # A list without metrics turns them off.
        filled = {key: value for key, value in options.items() if value or (key, value) == ("metrics", [])}
        yield _id(element, place), filled


def _read_metrics(element: Element, place: str) -> dict[str, str] | list[dict[str, str]] | None:
    """Galaxy takes the attribute for a boolean before it takes it for a path, so that false is all it can say."""
    metrics, plugins = element.get("metrics"), element.find("job_metrics")
    if plugins is not None and (metrics or len(element.findall("job_metrics")) > 1):
        message = "is not the only word on metrics; Galaxy would read one of them"
        raise error("malformed", f"{place}/job_metrics", message, "Keep one.")
    if not metrics:
        return None if plugins is None else [{**plugin.attrib, "type": plugin.tag} for plugin in plugins]
    if _flag(metrics, f"{place}@metrics"):
        message = "can only be false: Galaxy would take the word for the name of a file"
        raise error("malformed", f"{place}@metrics", message, "Leave it out.")
    return {"src": "disabled"}


def _with_sudo(params: dict[str, Any]) -> dict[str, Any]:
    """Galaxy adds this to what it reads from XML alone."""
    return {**params, "docker_sudo": "true"} if params.get("docker_enabled") and "docker_sudo" not in params else params


def _read_env(element: Element, place: str) -> dict[str, Any]:
    entry: dict[str, Any] = dict(_named(element, ENV))
    if "raw" in entry:
        entry["raw"] = _flag(entry["raw"], f"{place}@raw")
    return {**entry, **({"value": element.text} if "name" in entry else {})}


def _read_tool(element: Element, place: str) -> dict[str, Any]:
    """Beside a flat parameter YAML has a class for one more."""
    tool, params = _named(element, TOOL), _read_params(element, place)
    flat = "class" not in tool and params.keys().isdisjoint((*TOOL, "destination", "params"))
    return {**tool, **(params if flat else {"params": params} if params else {})}


def _read_limit(element: Element, place: str) -> dict[str, Any]:
    if "type" not in element.attrib:
        raise error("malformed", place, "has no type; Galaxy would pass over it", "Give it one, or remove it.")
    limit = _named(element, {key: key for key in LIMIT})
    return {**limit, "type": re.sub("^destination_", "environment_", limit.get("type", "")), "value": element.text}


def _split(text: str) -> list[str]:
    return [item.strip() for item in text.split(",") if item.strip()]
