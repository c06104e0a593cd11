# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""job_conf.xml, Galaxy's older format, out of the native structure. What the format cannot say is refused by name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from .findings import JobConfError, error

# Galaxy's names for the same thing in its two formats.
RESUBMIT = {"condition": "condition", "environment": "destination", "handler": "handler", "delay": "delay"}
TOOL = {"id": "id", "class": "class", "environment": "destination", "handler": "handler", "resources": "resources"}
HANDLING = {
    "default": "default",
    "assign": "assign_with",
    "max_grab": "max_grab",
    "ready_window_size": "ready_window_size",
}
ENV = {"name": "id", "file": "file", "execute": "exec", "raw": "raw"}
LIMIT = ("type", "id", "tag", "window")
# Parameters that are lists of containers: elements of their own.
CONTAINERS = ("container", "container_override")
_CONTAINER = ("type", "shell", "resolve_dependencies")
_NAME = re.compile(r"[A-Za-z_][\w.-]*", re.ASCII)
_NOT_IN_XML = re.compile(r"[\x00-\x08\x0b-\x1f\ufffe\uffff]")


def write(native: dict[str, Any], comment: str) -> str:
    """The text, with a comment on top."""
    root = tree(native)
    ElementTree.indent(root, space="    ")
    text = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n<!-- {comment.replace("--", "- -")} -->\n{text}\n'


def tree(native: dict[str, Any]) -> Element:
    """The elements. Raises JobConfError for what the format cannot say."""
    root = Element("job_conf")
    _plugins(root, native)
    if native.get("handling"):
        _handlers(root, native["handling"])
    _destinations(root, native.get("execution", {}))
    _resources(root, native.get("resources", {}))
    _tools(root, native.get("tools", ()))
    _limits(root, native.get("limits", ()))
    return root


def _plugins(root: Element, native: Mapping[str, Any]) -> None:
    parent = SubElement(root, "plugins")
    rules = {"dynamic": native["dynamic"]} if native.get("dynamic") else {}
    for name, runner in {**rules, **native.get("runners", {})}.items():
        place = f"runners.{name}"
        attributes = {"id": name, "type": "runner", "load": runner.get("load"), "workers": runner.get("workers")}
        plugin = _add(parent, "plugin", attributes, place)
        _params(plugin, {key: value for key, value in runner.items() if key not in ("load", "workers")}, place)


def _handlers(root: Element, handling: Mapping[str, Any]) -> None:
    _only(handling, (*HANDLING, "processes"), "handling")
    attributes = {xml: handling.get(key) for key, xml in HANDLING.items()}
    methods = handling.get("assign") or []
    if not isinstance(methods, list):
        raise _cannot("handling.assign", "what is no list here")
    attributes["assign_with"] = _joined(methods, "handling.assign")
    parent = _add(root, "handlers", attributes, "handling")
    for name, process in (handling.get("processes") or {}).items():
        place = f"handling.processes.{name}"
        _only(process or {}, ("tags", "plugins"), place)
        tags = _joined((process or {}).get("tags") or (), f"{place}.tags")
        handler = _add(parent, "handler", {"id": name, "tags": tags}, place)
        for plugin in (process or {}).get("plugins") or ():
            _add(handler, "plugin", {"id": plugin}, f"{place}.plugins")


def _destinations(root: Element, execution: Mapping[str, Any]) -> None:
    parent = _add(root, "destinations", {"default": execution.get("default")}, "execution")
    for name, environment in execution.get("environments", {}).items():
        place = f"execution.environments.{name}"
        if "shell" in environment:
            raise _cannot(f"{place}.shell", "a shell")
        if not environment.get("runner"):
            raise _cannot(f"{place}.runner", "an environment without a runner: Galaxy would pass over it")
        own = ("runner", "tags", "metrics", "env", "resubmit", "params")
        params = environment.get("params", {key: value for key, value in environment.items() if key not in own})
        tags = _joined(environment.get("tags", ()), f"{place}.tags")
        attributes = {
            "id": name,
            "runner": environment.get("runner"),
            "tags": tags,
            "metrics": _metrics(environment, place),
        }
        destination = _add(parent, "destination", attributes, place)
        if isinstance(environment.get("metrics"), list):
            _job_metrics(destination, environment["metrics"], place)
        _params(destination, _without_sudo(params), place)
        for index, entry in enumerate(environment.get("env", ())):
            _env(destination, entry, f"{place}.env[{index}]")
        for index, entry in enumerate(environment.get("resubmit", ())):
            where = f"{place}.resubmit[{index}]"
            _only(entry, RESUBMIT, where)
            _add(destination, "resubmit", {xml: entry.get(key) for key, xml in RESUBMIT.items()}, where)


def _without_sudo(params: Mapping[str, Any]) -> Mapping[str, Any]:
    """Galaxy adds docker_sudo to what it reads from XML alone; the two formats are to mean the same."""
    return {**params, "docker_sudo": False} if params.get("docker_enabled") and "docker_sudo" not in params else params


def _metrics(environment: Mapping[str, Any], place: str) -> str | None:
    metrics = environment.get("metrics")
    if metrics is None or metrics == {"src": "default"} or isinstance(metrics, list):
        return None
    if metrics == {"src": "disabled"}:
        return "false"
    # Galaxy's attribute could name a file, but is taken for a boolean first, which a path is not.
    raise _cannot(f"{place}.metrics", "metrics other than default, disabled or a list")


def _job_metrics(destination: Element, metrics: Iterable[Mapping[str, Any]], place: str) -> None:
    parent = SubElement(destination, "job_metrics")
    for index, plugin in enumerate(metrics):
        where, options = f"{place}.metrics[{index}]", {key: plugin[key] for key in plugin if key != "type"}
        for name in (plugin["type"], *options):
            if not _NAME.fullmatch(name):
                raise _cannot(f"{where}.{name}", "what is no name in XML")
        _add(parent, plugin["type"], options, where)


def _env(parent: Element, entry: Mapping[str, Any], place: str) -> None:
    _only(entry, (*ENV, "value"), place)
    attributes = {xml: entry.get(key) for key, xml in ENV.items() if entry.get(key)}
    element = _add(parent, "env", attributes, place)
    if "name" in entry:
        element.text = _scalar(entry.get("value"), place, "value")


def _resources(root: Element, resources: Mapping[str, Any]) -> None:
    if resources:
        _only(resources, ("default", "groups"), "resources")
        parent = _add(root, "resources", {"default": resources.get("default")}, "resources")
        for name, fields in (resources.get("groups") or {}).items():
            place = f"resources.groups.{name}"
            _add(parent, "group", {"id": name}, place).text = _joined(fields or (), place)


def _tools(root: Element, tools: Iterable[Mapping[str, Any]]) -> None:
    parent = None
    for index, tool in enumerate(tools):
        place = f"tools[{index}]"
        parent = SubElement(root, "tools") if parent is None else parent
        element = _add(parent, "tool", {xml: tool.get(key) for key, xml in TOOL.items()}, place)
        params = tool.get("params") or {key: value for key, value in tool.items() if key not in (*TOOL, "params")}
        _params(element, params, place)


def _limits(root: Element, limits: Iterable[Mapping[str, Any]]) -> None:
    parent = None
    for index, limit in enumerate(limits):
        place = f"limits[{index}]"
        _only(limit, (*LIMIT, "value"), place)
        parent = SubElement(root, "limits") if parent is None else parent
        kind = re.sub("^environment_", "destination_", str(limit.get("type")))
        element = _add(parent, "limit", {**{key: limit.get(key) for key in LIMIT}, "type": kind}, place)
        element.text = _scalar(limit.get("value"), place, "value")


def _params(parent: Element, params: Mapping[str, Any], place: str) -> None:
    for name, value in params.items():
        param = _add(parent, "param", {"id": name}, place)
        if name in CONTAINERS and isinstance(value, list):
            _containers(param, value, f"{place}.{name}")
        elif value is not None:
            param.text = _scalar(value, place, name)


def _containers(param: Element, containers: Iterable[Any], place: str) -> None:
    for index, container in enumerate(containers):
        where = f"{place}[{index}]"
        if not isinstance(container, dict):
            raise _cannot(where, "a container that is no mapping")
        _only(container, (*_CONTAINER, "identifier"), where)
        attributes = {key: container.get(key) for key in _CONTAINER}
        _add(param, "container", attributes, where).text = _scalar(container.get("identifier"), f"{where}.identifier")


def _add(parent: Element, tag: str, attributes: Mapping[str, Any], place: str) -> Element:
    texts = {key: _scalar(value, place, key) for key, value in attributes.items() if value is not None}
    return SubElement(parent, tag, texts)


def _joined(names: Iterable[Any], place: str) -> str | None:
    """A list in one text: a name with a comma or blanks around it would be another one when it is read."""
    texts = [_scalar(name, place) for name in names]
    for text in texts:
        if "," in text or text != text.strip():
            raise _cannot(place, "a name with a comma or blanks around it in a list")
    return ",".join(texts) or None


def _scalar(value: Any, place: str, key: str = "") -> str:
    """A value as text. Galaxy reads an empty element as no value at all, which is not the same as an empty one."""
    if isinstance(value, str) and value and not _NOT_IN_XML.search(value):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    place = f"{place}.{key}" if key else place
    if isinstance(value, (dict, list)):
        raise _cannot(place, "lists and mappings")
    text = "" if value is None else str(value)
    if not text:
        raise _cannot(place, "an empty value")
    if _NOT_IN_XML.search(text):
        raise _cannot(place, "control characters")
    return text


def _only(options: Mapping[str, Any], known: Iterable[str], place: str) -> None:
    for key in options:
        if key not in known:
            raise _cannot(f"{place}.{key}", f"the key {key}")


def _cannot(place: str, what: str) -> JobConfError:
    return error("not-in-xml", place, f"job_conf.xml cannot say {what}", "Render YAML, that is a path without .xml.")
