# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Environments of one DRM made into those of another, by way of the portable request. What has no portable word is listed, never dropped silently."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from .context import Context, Subject
from .findings import JobConfError, error, listed
from .model import Environment, JobConf, Runner, from_native, to_native
from .natives import Option, options_of, split
from .parameters import RunnerType
from .plain import plain
from .portable import READERS, Reading, read
from .request import translated
from .runners import ANY_ENVIRONMENT, ANY_PREFIX, runner_type


@dataclass(frozen=True)
class Target:
    """Where the environments go: a runner, what each of its environments has, and the DRM behind it where the runner does not tell."""

    runner: Mapping[str, Any]
    environment: Mapping[str, Any] = field(default_factory=dict)
    drm: str = "auto"
    native_options: Sequence[str] = ()

    @property
    def id(self) -> str:
        return str(self.runner.get("id") or "")


def migrate(
    native: Any, context: Context, target: Target, environments: Collection[str] | None = None
) -> dict[str, Any]:
    """``job_config`` in the native structure with portable requests, ``lost`` by environment, and what ``refused`` to be said there.

    Without ``environments`` all are taken whose words can be read. Raises JobConfError.
    """
    conf = from_native(native)
    subject = Subject(conf, context)
    known = {environment.id: (environment, kind) for environment, kind, _place in subject.placed}
    chosen = _chosen(subject, known, environments)
    moved: list[Environment] = []
    lost: list[dict[str, str]] = []
    for environment in conf.environments:
        if environment.id not in chosen:
            moved.append(environment)
            continue
        new, words = _moved(subject, *known[environment.id], target)
        moved.append(new)
        lost += [{"environment": environment.id, "lost": word} for word in words]
    result = replace(conf, environments=tuple(moved), runners=_runners(conf, moved, target))
    return {"job_config": to_native(result), "lost": lost, "refused": _refused(result, context)}


def _chosen(
    subject: Subject, known: Mapping[str, tuple[Environment, RunnerType]], names: Collection[str] | None
) -> set[str]:
    readable = {name for name, (environment, kind) in known.items() if subject.drm_of(environment, kind) in READERS}
    if names is None:
        return readable
    for name in names:
        if name not in readable:
            message = f"{name!r} is no environment whose words can be read"
            mend = f"Those are {listed(sorted(readable)) or 'none; name the DRM they are written for'}."
            raise error("bad-option", "environments", message, mend)
    return set(names)


def _moved(
    subject: Subject, environment: Environment, kind: RunnerType, target: Target
) -> tuple[Environment, list[str]]:
    drm = subject.drm_of(environment, kind)
    try:
        options = [*options_of(environment, kind, drm), *_given(environment, drm)]
    except ValueError as problem:
        place = f"execution.environments.{environment.id}"
        raise error(
            "bad-environment-value", place, f"cannot be split into words ({problem})", "Close the quotes."
        ) from None
    # In HTCondor every parameter is a word, and those that are Galaxy's stay.
    options = [option for option in options if not _is_galaxys(option.parameter)]
    reading = read(drm, options)
    kept = {name: value for name, value in environment.params.items() if _is_galaxys(name)}
    words = [*reading.lost, *_left(environment, options, kept)]
    env = tuple(entry for entry in environment.env if entry.get("execute") != "unset SGE_HGR_h_vmem")
    moved = replace(
        environment,
        runner=target.id,
        params={**kept, **plain(target.environment)},
        env=env,
        request=_request(environment, reading, target),
    )
    return moved, words


def _given(environment: Environment, drm: str) -> list[Option]:
    """The native options beside a portable request are in the old DRM's words too."""
    words = [str(word) for word in environment.request.get("native_options") or ()]
    if drm != "htcondor":
        return list(split("native_options", words, drm))
    pairs = (word.partition("=") for word in words)
    return [Option("native_options", name.strip().lower(), (value.strip(),)) for name, _equals, value in pairs]


def _request(environment: Environment, reading: Reading, target: Target) -> dict[str, Any]:
    own = {name: value for name, value in environment.request.items() if name not in ("drm", "native_options")}
    request = {**reading.request, **own}
    if target.drm != "auto":
        request["drm"] = target.drm
    if target.native_options:
        request["native_options"] = list(target.native_options)
    return request


def _is_galaxys(name: str) -> bool:
    return name in ANY_ENVIRONMENT or name.startswith(ANY_PREFIX)


def _left(environment: Environment, options: Sequence[Option], kept: Mapping[str, Any]) -> list[str]:
    """Parameters of the old runner that are no words of the DRM, by name alone: a value may be a secret."""
    read_from = {option.parameter for option in options} | {"job_plugin", "shell_plugin"}
    return [f"{name} (a parameter of the old runner)" for name in environment.params if name not in (*kept, *read_from)]


def _runners(conf: JobConf, environments: Sequence[Environment], target: Target) -> tuple[Runner, ...]:
    """The target's beside those that an environment still uses. Raises JobConfError where it is not defined."""
    if not target.id:
        raise error("bad-option", "runner", "has no id", "Give it one, and a load.")
    there = {runner.id: runner for runner in conf.runners}
    if target.id not in there:
        params = {name: value for name, value in target.runner.items() if name != "id"}
        there[target.id] = from_native({"runners": {target.id: params}}).runners[0]
    if runner_type(there[target.id].load) is None:
        mend = "Name one of Galaxy's own, by its load."
        raise error("bad-option", "runner", f"{target.id!r} is no runner whose words are known here", mend)
    used = {environment.runner for environment in environments} | {"local", target.id}
    return tuple(runner for runner in there.values() if runner.id in used)


def _refused(conf: JobConf, context: Context) -> list[dict[str, str]]:
    """What the new runner cannot say of what was read."""
    try:
        translated(conf, replace(context, drm="auto"))
    except JobConfError as problem:
        return [finding.as_dict() for finding in problem.findings]
    return []
