# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The portable request of an environment in the words of its runner, by the translation that serves the module job too."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, replace
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ...module_utils._arguments import REQUEST_SPEC, resources_from
from ...module_utils._drm.errors import DrmError, InvalidRequestError
from ...module_utils._drm.model import JobRequest
from ...module_utils._drm.registry import DRMS
from .findings import Finding, JobConfError
from .model import PORTABLE, Environment, JobConf
from .options import Refused, pairs
from .runners import RULE_RUNNERS, RunnerType, runner_type
from .slurm_drmaa import native_specification

_SPEC = {
    **{name: REQUEST_SPEC[name] for name in PORTABLE if name in REQUEST_SPEC},
    "galaxy_variables": {"type": "bool", "default": False},
}
_CLI_DRMS = {"Slurm": "slurm"}

# The cli runner's own names for Slurm's options; every other option goes through under its own.
_CLI_SLURM = {"--time": "time", "--cpus-per-task": "ncpus", "--partition": "partition"}
_CLI_SLURM.update({"-t": "time", "-c": "ncpus", "-p": "partition"})
# An option whose value may be missing takes it by = alone.
_VALUE_MAY_BE_MISSING = ("--exclusive", "--get-user-env", "--nice", "--oom-kill-step", "--propagate")


@dataclass(frozen=True)
class Resources:
    """A checked portable request."""

    request: JobRequest
    galaxy_variables: bool

    def used(self) -> set[str]:
        """The portable options that are set, by their names in the environment."""
        fields = {
            "walltime": self.request.walltime_seconds,
            **{name: getattr(self.request, name, None) for name in PORTABLE if name != "walltime"},
        }
        return {name for name, value in fields.items() if value}


def translated(conf: JobConf, drm: str) -> JobConf:
    """The same job configuration without portable requests. Raises JobConfError with everything that some runner cannot say."""
    runners = {runner.id: runner_type(runner.load) for runner in conf.runners}
    environments, findings = [], []
    for environment in conf.environments:
        try:
            environments.append(_translate(environment, runners.get(environment.runner), drm))
        except Refused as refusal:
            place = f"execution.environments.{environment.id}.{refusal.option}".rstrip(".")
            findings.append(Finding("untranslatable-request", place, str(refusal), refusal.mend))
    if findings:
        raise JobConfError(findings)
    return replace(conf, environments=tuple(environments))


def _translate(environment: Environment, kind: RunnerType | None, drm: str) -> Environment:
    if not environment.request:
        return environment
    if kind is None:
        rule = environment.runner in RULE_RUNNERS
        why = (
            "a rule chooses where its jobs go" if rule else f"no words of runner {environment.runner!r} are known here"
        )
        mend = "Put the runner's own parameters under params:."
        raise Refused(next(iter(environment.request)), f"cannot be translated: {why}", mend)
    resources = _resources(environment.request)
    words = _WORDS[kind.module](environment, kind, resources, drm)
    twice = sorted(set(words) & set(environment.params))
    if twice:
        raise Refused(twice[0], "stands beside the portable request, which sets it too", "Keep one of the two.")
    return replace(
        environment, params={**environment.params, **words}, env=_with_variables(environment, resources), request={}
    )


def _resources(options: Any) -> Resources:
    """Types and values as the module job takes them."""
    mend = "The options are described at the module clusterjobs.drm.job."
    result = ArgumentSpecValidator(_SPEC).validate(dict(options))
    if result.error_messages:
        raise Refused("", "; ".join(result.error_messages), mend)
    checked = result.validated_parameters
    try:
        return Resources(JobRequest(script="", **resources_from(checked)), checked["galaxy_variables"])
    except InvalidRequestError as error:
        raise Refused(error.field, str(error).removeprefix(f"{error.field}: "), mend) from error


def _with_variables(environment: Environment, resources: Resources) -> tuple[Any, ...]:
    """Galaxy makes GALAXY_MEMORY_MB_PER_SLOT out of these two by itself."""
    if not resources.galaxy_variables:
        return environment.env
    values = {"GALAXY_SLOTS": resources.request.slots, "GALAXY_MEMORY_MB": resources.request.memory_mb}
    named = {entry.get("name") for entry in environment.env}
    for name, value in values.items():
        if value and name in named:
            raise Refused("galaxy_variables", f"sets {name}, which stands in env too", "Keep one of the two.")
    return (*environment.env, *({"name": name, "value": str(value)} for name, value in values.items() if value))


def _local(environment: Environment, kind: RunnerType, resources: Resources, drm: str) -> dict[str, str]:
    """Galaxy's own processes: slots are what the tool is told. Memory is told as well where galaxy_variables asks for it, but not limited."""
    sayable = {"slots", "galaxy_variables"} | ({"memory_mb"} if resources.galaxy_variables else set())
    for option in sorted(resources.used() - sayable):
        mend = "Leave it out, or use a runner of a DRM."
        if option == "memory_mb":
            mend = "With galaxy_variables: true the tool is told, as GALAXY_MEMORY_MB."
        raise Refused(option, "the local runner has no limits and no queues", mend)
    return {"local_slots": str(resources.request.slots)} if resources.request.slots else {}


def _drmaa(environment: Environment, kind: RunnerType, resources: Resources, drm: str) -> dict[str, str]:
    """One string of native options. Both spellings of its name are the runner's, but only the first always wins."""
    words = _native_options(resources, kind.drm or drm, "Name the DRM with the option drm.")
    for spelling in ("nativeSpecification", "native_specification"):
        if words and spelling in environment.params:
            why = "stands beside the portable request, which sets it too"
            raise Refused(spelling, why, "Put its options into native_options.")
    return {"nativeSpecification": native_specification(words)} if words else {}


def _cli(environment: Environment, kind: RunnerType, resources: Resources, drm: str) -> dict[str, str]:
    """A parameter for each option: the job plugin writes them into the script's head."""
    plugin = str(environment.params.get("job_plugin"))
    words = _native_options(resources, _CLI_DRMS.get(plugin, ""), f"Use the job_ parameters of job plugin {plugin!r}.")
    params: dict[str, str] = {}
    for option, value in pairs(words).items():
        name, text = f"job_{_CLI_SLURM.get(option, option)}", shlex.quote(value) if value else ""
        if value and option in _VALUE_MAY_BE_MISSING:
            name, text = f"job_{option}={text}", ""
        # Native options come last and win, here as in a job: -p after --partition is the same parameter.
        params[name] = text
    return params


def _native_options(resources: Resources, drm: str, mend: str) -> list[str]:
    if not resources.used():
        return []
    if drm not in DRMS or not DRMS[drm].executables:
        why = "cannot be translated: the DRM behind this environment is not known here"
        raise Refused(min(resources.used()), why, mend)
    try:
        DRMS[drm].check_request(resources.request)
    except DrmError as error:
        raise Refused("", str(error), mend) from error
    return DRMS[drm].native_options(resources.request)


_WORDS = {"local": _local, "drmaa": _drmaa, "slurm": _drmaa, "cli": _cli}
