# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Galaxy would refuse at its start, fail at when a job comes, or silently ignore. One function a matter."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from .findings import WARNING, Finding
from .model import Environment, JobConf, Runner
from .runners import (
    JOB_PLUGINS,
    RULE_RUNNERS,
    RUNNER_TYPES,
    SHELL_PLUGINS,
    CliPlugin,
    RunnerType,
    loads,
    module_of,
    runner_type,
)

TOOL_CLASSES = ("local", "requires_galaxy", "user_defined")
Check = Callable[[JobConf], Iterable[Finding]]


def enabled(params: Mapping[str, Any]) -> bool:
    """Galaxy passes over a runner or an environment that says enabled: false."""
    return str(params.get("enabled", True)).lower() in ("true", "yes", "on", "y", "t", "1")


def check(conf: JobConf) -> list[Finding]:
    """Every finding, in the order of the sections."""
    return [finding for find in CHECKS for finding in find(conf)]


def runners(conf: JobConf) -> Iterator[Finding]:
    """Galaxy loads every plugin at its start and gives up on the first that does not take its parameters."""
    if not conf.runners:
        yield Finding("no-runner", "runners", "is empty; Galaxy would not start", "Define at least one runner.")
    for runner in conf.runners:
        if runner.id in RULE_RUNNERS or not enabled(runner.params):
            continue
        place = f"runners.{runner.id}"
        kind = runner_type(runner.load)
        yield from _workers(runner, place)
        if kind:
            yield from _parameters(runner, kind, place)
        else:
            yield from _load(runner, place)


def _load(runner: Runner, place: str) -> Iterator[Finding]:
    known = RUNNER_TYPES.get(module_of(runner.load))
    place = f"{place}.load"
    if not runner.load:
        yield Finding("no-load", place, "is missing; Galaxy would not start", "Name the runner's class, module:Class.")
    elif known:
        message = f"{runner.load!r} cannot be loaded; Galaxy would not start"
        yield Finding("unknown-runner-class", place, message, f"Write {loads(known)[0]}.")
    else:
        message = f"{runner.load!r} is not in this collection's tables; its parameters are not checked"
        mend = "Compare them with Galaxy's documentation."
        yield Finding("unchecked-runner", place, message, mend, WARNING)


def _workers(runner: Runner, place: str) -> Iterator[Finding]:
    if runner.workers is not None and not re.fullmatch(r"[1-9]\d*", str(runner.workers)):
        mend = "Leave it out for Galaxy's default, 4."
        yield Finding("bad-runner-value", f"{place}.workers", "is not an integer above 0", mend)


def _parameters(runner: Runner, kind: RunnerType, place: str) -> Iterator[Finding]:
    for name, value in runner.params.items():
        if name == "enabled":
            continue
        if name not in kind.params:
            message = f"is no parameter of {runner.load}; Galaxy would not start"
            mend = f"It takes {', '.join(('load', 'workers', 'enabled', *kind.params))}."
            yield Finding("unknown-runner-parameter", f"{place}.{name}", message, mend)
        elif not kind.params[name].accepts(value):
            mend = f"Give {kind.params[name].wanted}."
            yield Finding("bad-runner-value", f"{place}.{name}", "has a value that its runner refuses", mend)


def environments(conf: JobConf) -> Iterator[Finding]:
    """Galaxy starts with any of these; a job that comes to such an environment fails or runs otherwise than meant."""
    defined = [runner.id for runner in conf.runners if enabled(runner.params)] + list(RULE_RUNNERS)
    for environment in conf.environments:
        place = f"execution.environments.{environment.id}"
        if environment.runner not in defined:
            message = (
                f"{environment.runner!r} is not defined in runners; every job there would fail"
                if environment.runner
                else "is missing"
            )
            yield Finding(
                "unknown-runner", f"{place}.runner", message, f"Define it, or name one of {', '.join(defined)}."
            )
        for key in environment.hidden:
            yield Finding(
                "hidden-parameter",
                f"{place}.{key}",
                "is ignored by Galaxy, because there is an explicit params:",
                "Move it into params:.",
            )
        for index, entry in enumerate(environment.env):
            if not ({"file", "execute"} & set(entry) or {"name", "value"} <= set(entry)):
                yield Finding(
                    "bad-env",
                    f"{place}.env[{index}]",
                    "would break every job there",
                    "Give name and value, or file, or execute.",
                )


def cli_plugins(conf: JobConf) -> Iterator[Finding]:
    """Names of the cli runner's plugins and what those read: a wrong plugin fails, a wrong parameter is dropped with a line in the log."""
    types = {runner.id: runner_type(runner.load) for runner in conf.runners}
    for environment in conf.environments:
        kind = types.get(environment.runner)
        if kind and kind.module == "cli":
            yield from _cli_plugin(
                environment, "shell", SHELL_PLUGINS, environment.params.get("shell_plugin", "LocalShell")
            )
            yield from _cli_plugin(environment, "job", JOB_PLUGINS, environment.params.get("job_plugin"))


def _cli_plugin(environment: Environment, what: str, plugins: dict[str, CliPlugin], name: object) -> Iterator[Finding]:
    place = f"execution.environments.{environment.id}.{what}_"
    if not name:
        yield Finding(
            "no-cli-plugin",
            f"{place}plugin",
            "is missing; every job there would fail",
            f"Name one of {', '.join(plugins)}.",
        )
        return
    plugin = plugins.get(str(name))
    if plugin is None:
        message = f"{name!r} is no plugin that Galaxy brings along; where it is not installed, every job there fails"
        yield Finding("unknown-cli-plugin", f"{place}plugin", message, f"Galaxy brings {', '.join(plugins)}.", WARNING)
        return
    given = [
        key[len(what) + 1 :] for key in environment.params if key.startswith(f"{what}_") and key != f"{what}_plugin"
    ]
    for key in given:
        if key not in plugin.params and not (what == "job" and key.startswith("-")):
            mend = f"It reads {', '.join(plugin.params) or 'none'}" + (
                f", and options as {what}_--name." if what == "job" else "."
            )
            yield Finding("unknown-cli-parameter", f"{place}{key}", f"is not read by {name}", mend)
    for key in plugin.required:
        if key not in given:
            yield Finding(
                "no-cli-parameter", f"{place}{key}", f"is missing; {name} cannot connect without it", "Set it."
            )


def references(conf: JobConf) -> Iterator[Finding]:
    """Environments are named by id or tag. Only the default's name is looked at when Galaxy starts."""
    usable = [environment for environment in conf.environments if enabled(environment.params)]
    names = list(dict.fromkeys(name for environment in usable for name in (environment.id, *environment.tags)))
    mend = f"Name one of {', '.join(names)}." if names else "Define an environment."
    if not conf.default and len(names) != 1:
        yield Finding("no-default", "execution.default", "is missing; Galaxy would not start", mend)
    elif conf.default and conf.default not in names:
        yield Finding(
            "unknown-default", "execution.default", f"{conf.default!r} is no environment; Galaxy would not start", mend
        )
    wanted: list[tuple[str, str | None]] = [
        (f"tools[{index}].environment", tool.environment) for index, tool in enumerate(conf.tools)
    ]
    for environment in conf.environments:
        place = f"execution.environments.{environment.id}.resubmit"
        wanted += [
            (f"{place}[{index}].environment", entry.get("environment"))
            for index, entry in enumerate(environment.resubmit)
        ]
    for place, name in wanted:
        if name and name not in names:
            yield Finding("unknown-environment", place, f"{name!r} is no environment; the jobs would fail", mend)


def tools(conf: JobConf) -> Iterator[Finding]:
    """A tool is named by its id, or a class of tools by its class."""
    for index, tool in enumerate(conf.tools):
        if bool(tool.id) == bool(tool.tool_class):
            yield Finding(
                "bad-tool", f"tools[{index}]", "needs either id or class; Galaxy would not start", "Give one of them."
            )
        elif tool.tool_class and tool.tool_class not in TOOL_CLASSES:
            message = f"{tool.tool_class!r} is no class of tools; Galaxy would not start"
            yield Finding("bad-tool", f"tools[{index}].class", message, f"Use one of {', '.join(TOOL_CLASSES)}.")


def limits(conf: JobConf) -> Iterator[Finding]:
    """YAML reads 12:00:00 as a number of seconds, and Galaxy then does not start."""
    for index, limit in enumerate(conf.limits):
        kind = limit.get("type")
        if not kind:
            yield Finding(
                "bad-limit", f"limits[{index}].type", "is missing; Galaxy would not start", "Name the limit's type."
            )
        elif kind in ("walltime", "total_walltime") and not re.fullmatch(r"\d+:\d+:\d+", str(limit.get("value"))):
            yield Finding(
                "bad-limit",
                f"limits[{index}].value",
                "is not H:MM:SS; Galaxy would not start",
                "Write it in quotes: '12:00:00'.",
            )


CHECKS: tuple[Check, ...] = (runners, environments, cli_plugins, references, tools, limits)
