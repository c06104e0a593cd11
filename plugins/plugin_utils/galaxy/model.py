# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Galaxy's job configuration as one model, out of and into the native structure: what stands in job_conf.yml and in galaxy.yml's job_config."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from . import empty
from .findings import error, malformed
from .shapes import items, mapping, text, texts

#: The portable request: options of an environment that are translated into its runner's words. The same names as the options of the module job.
PORTABLE = ("drm", "slots", "memory_mb", "walltime", "queue", "account", "gpus", "native_options", "galaxy_variables")

_SECTIONS = ("runners", "dynamic", "handling", "execution", "tools", "resources", "limits")
_RUNNER_KEYS = ("id", "load", "workers", "kwds")
_ENVIRONMENT_KEYS = ("id", "runner", "shell", "tags", "metrics", "env", "resubmit", "params")
_TOOL_KEYS = ("id", "class", "environment", "destination", "handler", "resources", "params")
_NO_PARAMETERS = frozenset((*_ENVIRONMENT_KEYS, *PORTABLE))


@dataclass(frozen=True)
class Runner:
    """A runner plugin. ``params`` are what its constructor takes, beside ``enabled``."""

    id: str
    load: str = ""
    workers: Any = None
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Environment:
    """Where jobs run. ``request`` is the portable request, empty once it is translated; ``hidden`` are keys that Galaxy ignores beside ``params:``."""

    id: str
    runner: str = ""
    shell: str = ""
    tags: tuple[str, ...] = ()
    metrics: Any = None
    env: tuple[Mapping[str, Any], ...] = ()
    resubmit: tuple[Mapping[str, Any], ...] = ()
    params: Mapping[str, Any] = field(default_factory=dict)
    request: Mapping[str, Any] = field(default_factory=dict)
    hidden: tuple[str, ...] = ()


@dataclass(frozen=True)
class Tool:
    """Which environment a tool, or a class of tools, runs in. ``explicit``: the conditions stand under ``params:``, where a class is none."""

    id: str = ""
    tool_class: str = ""
    environment: str = ""
    handler: str = ""
    resources: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)
    explicit: bool = False


@dataclass(frozen=True)
class JobConf:
    """All of it. Sections that no runner's words are in stay as they are.

    ``empty`` are the places with nothing after them at which Galaxy stops, ``empty_for_jobs`` those that no job survives.
    """

    runners: tuple[Runner, ...] = ()
    environments: tuple[Environment, ...] = ()
    default: str = ""
    tools: tuple[Tool, ...] = ()
    handling: Mapping[str, Any] = field(default_factory=dict)
    resources: Mapping[str, Any] = field(default_factory=dict)
    limits: tuple[Mapping[str, Any], ...] = ()
    dynamic: Mapping[str, Any] = field(default_factory=dict)
    empty: tuple[str, ...] = ()
    empty_for_jobs: tuple[str, ...] = ()


def from_native(native: Any) -> JobConf:
    """The model of a native structure of plain types. Raises JobConfError where its shape is not one that Galaxy reads."""
    top = mapping(native, "job configuration")
    for section in top:
        if section not in _SECTIONS:
            mend = f"Use one of {', '.join(_SECTIONS)}."
            raise error(
                "unknown-section", section, "is no section of a job configuration; Galaxy would ignore it", mend
            )
    execution = mapping(top.get("execution"), "execution")
    for key in execution:
        if key not in ("default", "environments"):
            message, mend = "is not read by Galaxy there", "Move it to where it belongs, or remove it."
            raise error("unknown-section", f"execution.{key}", message, mend)
    return JobConf(
        runners=tuple(_runner(name, item) for name, item in mapping(top.get("runners"), "runners").items()),
        environments=tuple(_environment(name, item) for name, item in _environments(execution.get("environments"))),
        default=text(execution.get("default"), "execution.default"),
        tools=tuple(_tool(item, place) for item, place in items(top.get("tools"), "tools")),
        handling=_handling(top.get("handling")),
        resources=_resources(top.get("resources")),
        limits=tuple(
            _with_texts(mapping(item, place), ("id", "tag"), place)
            for item, place in items(top.get("limits"), "limits")
        ),
        dynamic=mapping(top.get("dynamic"), "dynamic"),
        empty=tuple(empty.sections(top)),
        empty_for_jobs=tuple(empty.values(top)),
    )


def _with_texts(options: dict[str, Any], keys: Collection[str], place: str) -> dict[str, Any]:
    """The same with names made texts, as those that they mean are."""
    return {**options, **{key: text(options[key], f"{place}.{key}") for key in keys if options.get(key)}}


def _handling(value: Any) -> dict[str, Any]:
    handling = _with_texts(mapping(value, "handling"), ("default",), "handling")
    if isinstance(handling.get("assign"), list):
        texts(handling["assign"], "handling.assign")
    processes = handling.get("processes")
    for name in processes if isinstance(processes, dict) else ():
        if not isinstance(name, str):
            # Galaxy would not start: it writes the names of the processes into its log.
            raise malformed(f"handling.processes.{name}, a key,", name, "a text")
    for name, item in mapping(processes, "handling.processes").items():
        place = f"handling.processes.{name}"
        process = mapping(item, place)
        for key in ("tags", "plugins"):
            texts(process.get(key), f"{place}.{key}")
    return handling


def _resources(value: Any) -> dict[str, Any]:
    resources = _with_texts(mapping(value, "resources"), ("default",), "resources")
    groups = mapping(resources.get("groups"), "resources.groups")
    for name, fields in groups.items():
        texts(fields, f"resources.groups.{name}")
    filled = {name: fields or [] for name, fields in groups.items()}
    return {**resources, **({"groups": filled} if groups else {})}


def to_native(conf: JobConf) -> dict[str, Any]:
    """The native structure of a model, always in the same order, without what is empty. Its parts are the model's own: not to be changed."""
    execution = {
        "default": conf.default,
        "environments": {item.id: _native_environment(item) for item in conf.environments},
    }
    sections = {
        "runners": {item.id: _native_runner(item) for item in conf.runners},
        "dynamic": conf.dynamic,
        "handling": _filled(conf.handling),
        "execution": _filled(execution),
        "tools": [_native_tool(item) for item in conf.tools],
        "resources": _filled(conf.resources),
        "limits": list(conf.limits),
    }
    return _filled(sections)


def _runner(name: str, value: Any) -> Runner:
    place = f"runners.{name}"
    options = mapping(value, place)
    if not isinstance(options.get("load", ""), (str, type(None))):
        raise malformed(f"{place}.load", options["load"], "a text")
    return Runner(
        id=text(name, place),
        load=text(options.get("load"), f"{place}.load"),
        workers=options.get("workers"),
        params=mapping(options["kwds"], f"{place}.kwds") if "kwds" in options else _others(options, _RUNNER_KEYS),
    )


def _native_runner(runner: Runner) -> dict[str, Any]:
    return {**_filled({"load": runner.load, "workers": number(runner.workers)}), **runner.params}


def _environments(value: Any) -> Iterator[tuple[str, Any]]:
    """Galaxy takes a mapping by id, or a list of environments that have an id each."""
    if not isinstance(value, list):
        yield from mapping(value, "execution.environments").items()
        return
    seen: set[str] = set()
    for item, place in items(value, "execution.environments"):
        value_of_id = mapping(item, place).get("id")
        name = text(value_of_id, f"{place}.id")
        if not name:
            raise malformed(f"{place}.id", value_of_id, "an id")
        if name in seen:
            mend = "Give one of them another name, or remove it."
            raise error("duplicate-id", f"{place}.id", f"{name!r} stands there for the second time", mend)
        seen.add(name)
        yield name, item


def _environment(name: str, value: Any) -> Environment:
    place = f"execution.environments.{name}"
    options = mapping(value, place)
    flat = _others(options, _NO_PARAMETERS)
    explicit = options.get("params")
    return Environment(
        id=text(name, place),
        runner=text(options.get("runner"), f"{place}.runner"),
        shell=text(options.get("shell"), f"{place}.shell"),
        tags=tuple(text(tag, where) for tag, where in items(options.get("tags"), f"{place}.tags")),
        metrics=_metrics(options.get("metrics"), f"{place}.metrics"),
        env=tuple(_entry(item, where) for item, where in items(options.get("env"), f"{place}.env")),
        resubmit=tuple(_resubmit(item, where) for item, where in items(options.get("resubmit"), f"{place}.resubmit")),
        params=flat if explicit is None else mapping(explicit, f"{place}.params"),
        request={key: options[key] for key in PORTABLE if options.get(key) is not None},
        hidden=() if explicit is None else tuple(flat),
    )


def _native_environment(environment: Environment) -> dict[str, Any]:
    place = f"execution.environments.{environment.id}.env"
    head = {"runner": environment.runner, "shell": environment.shell, "tags": list(environment.tags)}
    rest = {
        "env": [_env(entry, f"{place}[{index}]") for index, entry in enumerate(environment.env)],
        "resubmit": list(environment.resubmit),
    }
    # An empty list turns them off. Beside flat parameters Galaxy takes them for one more.
    metrics = {} if environment.metrics is None else {"metrics": environment.metrics}
    # Flat keys are how admins write params; a name that means something else there needs the explicit form.
    flat = not metrics and _NO_PARAMETERS.isdisjoint(environment.params)
    params = environment.params if flat else {"params": environment.params}
    return {**_filled(head), **metrics, **_filled(rest), **params, **environment.request}


def _metrics(value: Any, place: str) -> Any:
    if value is not None and not isinstance(value, (dict, list)):
        raise malformed(place, value, "a list, empty for none at all, or a mapping such as {src: disabled}")
    if not isinstance(value, list):
        return value
    plugins = [mapping(item, where) for item, where in items(value, place)]
    for index, plugin in enumerate(plugins):
        if not isinstance(plugin.get("type"), str) or not plugin["type"]:
            raise malformed(f"{place}[{index}].type", plugin.get("type"), "a type, such as core")
    return plugins


def _resubmit(value: Any, place: str) -> dict[str, Any]:
    return _with_texts(mapping(value, place), ("condition", "environment", "handler"), place)


def _entry(value: Any, place: str) -> dict[str, Any]:
    """An entry of env as it stands: what is no text there is a finding, and a list or mapping none that could be one."""
    entry = mapping(value, place)
    _env(entry, place)
    return entry


def _env(entry: Mapping[str, Any], place: str) -> dict[str, Any]:
    """An entry of env. The job script is made from its values as texts: an integer would break the job, not Galaxy's start."""
    return {
        key: item if key == "raw" else text(item, f"{place}.{key}")
        for key, item in entry.items()
        if item is not None or key == "value"
    }


def _tool(value: Any, place: str) -> Tool:
    options = mapping(value, place)
    if not isinstance(options.get("id", ""), (str, type(None))):
        raise malformed(f"{place}.id", options["id"], "a text")
    explicit = options.get("params") is not None
    given = {key: text(options.get(key), f"{place}.{key}") for key in _TOOL_KEYS if key != "params"}
    return Tool(
        id=given["id"],
        tool_class=given["class"],
        environment=given["environment"] or given["destination"],
        handler=given["handler"],
        resources=given["resources"],
        params=mapping(options["params"], f"{place}.params") if explicit else _others(options, _TOOL_KEYS),
        explicit=explicit,
    )


def _native_tool(tool: Tool) -> dict[str, Any]:
    options = {
        "id": tool.id,
        "class": tool.tool_class,
        "environment": tool.environment,
        "handler": tool.handler,
        "resources": tool.resources,
    }
    return {**_filled(options), **({"params": tool.params} if tool.explicit else tool.params)}


def number(value: Any) -> Any:
    """A number of workers: Galaxy makes one of XML's texts, and of a text in YAML none."""
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() else value


def _others(options: Mapping[str, Any], known: Collection[str]) -> dict[str, Any]:
    return {key: value for key, value in options.items() if key not in known}


def _filled(options: Mapping[str, Any]) -> dict[str, Any]:
    # False and 0 say something.
    return {key: value for key, value in options.items() if value or isinstance(value, (int, float))}
