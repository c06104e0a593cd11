# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ways in which a job configuration is written down: the native structure, galaxy_jobconf, and files as texts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from . import xml_reader, yaml_format
from .findings import Finding, JobConfError, error, malformed
from .model import PORTABLE, number
from .plain import plain

_WRAPPERS = ("galaxy_jobconf", "galaxy_job_config", "job_config")
_TOP = (
    *("plugin_workers", "plugins", "handlers", "default_destination", "destinations", "tools", "resources", "limits"),
    "dynamic",
)
_JOBCONF = {"plugin_workers", "plugins", "default_destination", "destinations"}
_HANDLERS = ("count", "assign_with", "assign", "default", "max_grab", "ready_window_size", "processes")
# What an environment has beside its parameters; the portable request is there too.
_ENVIRONMENT = ("runner", "shell", "tags", "metrics", "resubmit", *PORTABLE)


def native_of(value: Any, environ: Mapping[str, Any] | None = None, unread: list[Finding] | None = None) -> Any:
    """The native structure in any of the ways, of plain types. Raises JobConfError.

    ``environ`` are the variables that job_conf.xml may name; ``unread`` gets what Galaxy would pass over in it, which is an error otherwise.
    """
    value = _plain(value)
    if isinstance(value, str):
        text = value.lstrip("\ufeff \t\r\n")
        value = xml_reader.read(text, environ, unread) if text.startswith("<") else _plain(yaml_format.read(value))
        if isinstance(value, str):
            raise malformed("job configuration", value, "a mapping")
    if isinstance(value, dict) and len(value) == 1 and next(iter(value)) in _WRAPPERS:
        value = next(iter(value.values()))
    if isinstance(value, dict) and _JOBCONF & set(value) and not {"runners", "execution"} & set(value):
        return _Jobconf(value).native()
    return value


def _plain(value: Any) -> Any:
    """Ansible's values are subclasses that PyYAML refuses; YAML's may refer to themselves."""
    try:
        return plain(value)
    except TypeError as problem:
        mend = "Give texts, numbers, lists and mappings."
        raise error("malformed", "job configuration", str(problem), mend) from None


class _Jobconf:
    """galaxy_jobconf: plugins, destinations and limits, as the European servers' playbooks have them."""

    def __init__(self, value: Mapping[str, Any]) -> None:
        self.value = value
        self._only(value, _TOP, "galaxy_jobconf")

    def native(self) -> dict[str, Any]:
        runners, dynamic = self._plugins()
        environments = dict(self._destinations())
        execution = {"default": self.value.get("default_destination"), "environments": environments}
        sections = {
            "runners": runners,
            "dynamic": dynamic or self.value.get("dynamic"),
            "handling": self._handlers(),
            "execution": {key: item for key, item in execution.items() if item},
            "tools": list(self._tools()),
            "resources": self._resources(),
            "limits": list(self._limits()),
        }
        return {name: section for name, section in sections.items() if section}

    def _plugins(self) -> tuple[dict[str, Any], dict[str, Any]]:
        common = {"workers": self.value["plugin_workers"]} if self.value.get("plugin_workers") else {}
        runners, dynamic = {}, {}
        for name, item in self._named("plugins"):
            params = dict(self._mapping(item.pop("params", {}), f"plugins.{name}.params"))
            params.update({key: item.pop(key) for key in list(item) if key not in ("load", "workers")})
            if item.get("load"):
                runner = {**common, **item, **({"kwds": params} if params else {})}
                runners[name] = {key: number(value) if key == "workers" else value for key, value in runner.items()}
            elif name == "dynamic":
                dynamic = params
            else:
                raise error("malformed", f"plugins.{name}", "has no load", "Name the runner's class, module:Class.")
        return runners, dynamic

    def _handlers(self) -> dict[str, Any]:
        handlers = dict(self._mapping(self.value.get("handlers"), "handlers"))
        self._only(handlers, _HANDLERS, "handlers")
        number, methods = handlers.pop("count", 0), handlers.pop("assign_with", None)
        if methods is not None:
            handlers["assign"] = (
                methods if isinstance(methods, list) else [item.strip() for item in str(methods).split(",")]
            )
        if not re.fullmatch(r"\d{1,4}", str(number)):
            raise malformed("handlers.count", number, "a number of handlers")
        if int(number):
            handlers.setdefault("processes", {f"handler_{index}": {} for index in range(int(number))})
        return handlers

    def _destinations(self) -> Iterator[tuple[str, dict[str, Any]]]:
        for name, item in self._named("destinations"):
            place = f"destinations.{name}"
            if "raw" in item:
                mend = "Write its elements as params, env and resubmit."
                raise error("not-in-dialect", f"{place}.raw", "is XML, and only its template understands it", mend)
            env = item.pop("env", None)
            if isinstance(env, dict):
                env = [{"name": key, "value": text} for key, text in env.items()]
            own = {key: item.pop(key) for key in _ENVIRONMENT if key in item}
            params = {**self._mapping(item.pop("params", {}), f"{place}.params"), **item}
            yield name, {**own, **({"env": env} if env else {}), "params": params}

    def _tools(self) -> Iterator[dict[str, Any]]:
        for index, item in enumerate(self._list("tools")):
            tool = dict(self._mapping(item, f"tools[{index}]"))
            if "destination" in tool:
                tool["environment"] = tool.pop("destination")
            yield tool

    def _resources(self) -> dict[str, Any]:
        resources = self.value.get("resources")
        if not isinstance(resources, list):
            return dict(self._mapping(resources, "resources"))
        items = [self._mapping(item, f"resources[{index}]") for index, item in enumerate(resources)]
        return {"groups": {str(item.get("id")): item.get("names") or [] for item in items}}

    def _limits(self) -> Iterator[dict[str, Any]]:
        limits = self.value.get("limits")
        if isinstance(limits, dict):
            limits = [{"type": kind, "value": item} for kind, item in limits.items()]
        if limits is not None and not isinstance(limits, list):
            raise malformed("limits", limits, "a list")
        for index, item in enumerate(limits or ()):
            limit = dict(self._mapping(item, f"limits[{index}]"))
            limit["type"] = re.sub("^destination_", "environment_", str(limit.get("type") or ""))
            # The template writes values as they are: a quoted text has quotes of its own there.
            if isinstance(limit.get("value"), str):
                limit["value"] = limit["value"].strip("'\"")
            yield limit

    def _named(self, section: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """A list of items with an id each, or a mapping by id."""
        items = self.value.get(section)
        if isinstance(items, dict):
            items = [{"id": name, **self._mapping(item, f"{section}.{name}")} for name, item in items.items()]
        if items is not None and not isinstance(items, list):
            raise malformed(section, items, "a list")
        seen: set[str] = set()
        for index, value in enumerate(items or ()):
            item = dict(self._mapping(value, f"{section}[{index}]"))
            name = str(item.pop("id", ""))
            if not name:
                raise error("malformed", f"{section}[{index}]", "has no id", "Give it one.")
            if name in seen:
                mend = "Give one of them another name, or remove it."
                raise error(
                    "duplicate-id", f"{section}[{index}].id", f"{name!r} stands there for the second time", mend
                )
            seen.add(name)
            yield name, item

    def _list(self, section: str) -> list[Any]:
        items = self.value.get(section)
        if items is not None and not isinstance(items, list):
            raise malformed(section, items, "a list")
        return items or []

    @staticmethod
    def _mapping(value: Any, place: str) -> Mapping[str, Any]:
        if value is not None and not isinstance(value, dict):
            raise malformed(place, value, "a mapping")
        return value or {}

    @staticmethod
    def _only(value: Mapping[str, Any], known: tuple[str, ...], place: str) -> None:
        for key in value:
            if key not in known:
                raise _not_there(f"{place}.{key}", known)


def _not_there(place: str, known: tuple[str, ...]) -> JobConfError:
    return error("not-in-dialect", place, "is no key of galaxy_jobconf", f"It has {', '.join(known)}.")
