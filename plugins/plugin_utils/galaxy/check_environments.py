# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Environments: Galaxy starts with any of these, and a job that comes to such an environment fails or runs otherwise than meant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from .context import Subject, enabled
from .findings import Finding, listed
from .model import Environment
from .parameters import MISREAD, RunnerType
from .runners import ANY_ENVIRONMENT, ANY_PREFIX, RULE_RUNNERS

# What Galaxy calls by sudo; the first decides whether a job is submitted as the real user.
_REAL_USER = ("drmaa_external_runjob_script", "drmaa_external_killjob_script", "external_chown_script")
_OUTPUTS = "outputs_to_working_directory"
_REAL_USER_RUNNERS = ("drmaa", "slurm", "univa")
# Those that hand a job to a batch system and never ask whose it is.
_ALWAYS_GALAXY = ("cli", "condor", "htcondor", "pbs")
_STAGING = ("pbs_application_server", "pbs_stage_path", "pbs_dataset_server")
#: galaxy/job_metrics/instrumenters, of 24.1 and 26.1 alike.
METRICS = ("cgroup", "core", "cpuinfo", "env", "hostname", "meminfo", "uname")
_ENV = ("name", "value", "file", "execute")
# What the cli runner hands to its plugins, Pulsar to its manager, and the pbs runner to qsub: looked at elsewhere or free.
_HANDED_ON = {"cli": ("shell_", "job_"), "pulsar": ("submit_", "k8s_", "tes_", "amqp_"), "pbs": ("-",)}


def runners(subject: Subject) -> Iterator[Finding]:
    """An environment's runner is looked for when a job comes, and keys beside params: never."""
    rules = any(environment.runner in RULE_RUNNERS for environment in subject.environments)
    defined = {runner.id for runner in subject.conf.runners if enabled(runner.params)} | set(RULE_RUNNERS)
    for environment in subject.environments:
        place = f"execution.environments.{environment.id}"
        if _for_limits(environment) and rules:
            continue
        if environment.runner not in defined:
            named = f"{environment.runner!r} is not defined in runners; every job there would fail"
            ids = [runner.id for runner in subject.conf.runners if runner.id in defined]
            mend = f"Define it, or name one of {listed(list(dict.fromkeys((*ids, *RULE_RUNNERS))))}."
            yield Finding("unknown-runner", f"{place}.runner", named if environment.runner else "is missing", mend)
        elif environment.runner == "dynamic_tpv" and subject.context.lacks("25.0"):
            message = f"dynamic_tpv came with Galaxy 25.0, and this one is {subject.context.galaxy_release}"
            mend = "Write runner: dynamic, type: python, function: map_tool_to_destination and rules_module: tpv.rules."
            yield Finding("not-in-release", f"{place}.runner", message, mend)
        for key in environment.hidden:
            message = "is ignored by Galaxy, because there is an explicit params:"
            yield Finding("hidden-parameter", f"{place}.{key}", message, "Move it into params:.")


def _for_limits(environment: Environment) -> bool:
    """Tags alone: a rule makes an environment of this id, and Galaxy finds the limits of its tags here."""
    others = (environment.runner, environment.params, environment.env, environment.resubmit, environment.request)
    return bool(environment.tags) and not any(others)


def parameters(subject: Subject) -> Iterator[Finding]:
    """What the runner needs in each of its environments, what it can use, and what nobody reads."""
    for environment, kind, place in subject.placed:
        for name, parameter in kind.environment.items():
            value = environment.params.get(name)
            if parameter.required and value in (None, ""):
                message = f"is missing; {kind.class_name} fails every job without it"
                yield Finding("no-environment-parameter", f"{place}.{name}", message, "Set it.")
            elif name in environment.params and value is not None and not parameter.accepts(value):
                message, mend = f"has a value that {kind.class_name} cannot use", f"Give {parameter.wanted}."
                yield Finding("bad-environment-value", f"{place}.{name}", message, mend)
            elif parameter.misread(subject.as_read(value)):
                yield Finding("text-is-true", f"{place}.{name}", MISREAD, "Write false without quotes, and not in XML.")
        if kind.closed:
            yield from _unread(environment, kind, place)


def _unread(environment: Environment, kind: RunnerType, place: str) -> Iterator[Finding]:
    prefixes = (*ANY_PREFIX, *_HANDED_ON.get(kind.module, ()))
    for name in environment.params:
        if name in kind.environment or name in ANY_ENVIRONMENT or name.startswith(prefixes):
            continue
        close = get_close_matches(name, (*kind.environment, *ANY_ENVIRONMENT), 1)
        mend = f"Is {close[0]} meant?" if close else "Leave it out, or waive this where a rule of yours reads it."
        message = f"is read neither by {kind.class_name} nor by Galaxy"
        yield Finding("unknown-environment-parameter", f"{place}.{name}", message, mend)


def env(subject: Subject) -> Iterator[Finding]:
    """The job script is made of these: what is no text stops it from being made."""
    for environment in subject.environments:
        place = f"execution.environments.{environment.id}.env"
        for index, entry in enumerate(environment.env):
            if not (entry.get("file") or entry.get("execute") or (entry.get("name") and "value" in entry)):
                message, mend = "would break every job there", "Give name and value, or file, or execute."
                yield Finding("bad-env", f"{place}[{index}]", message, mend)
            for key in sorted(set(entry) - {*_ENV, "raw"}):
                message = "is not looked at; the rest of the entry is"
                yield Finding("unknown-env-key", f"{place}[{index}].{key}", message, "Leave it out.")
            for key in _ENV:
                if key in entry and not isinstance(entry[key], str) and not isinstance(entry[key], (dict, list)):
                    yield Finding(
                        "env-not-text", f"{place}[{index}].{key}", "is no text; every job there would fail", "Quote it."
                    )


def metrics(subject: Subject) -> Iterator[Finding]:
    """What is measured of a job, each by a class of Galaxy's."""
    # Galaxy reads them of what is off, too.
    for environment in subject.conf.environments:
        place = f"execution.environments.{environment.id}.metrics"
        if isinstance(environment.metrics, dict) and environment.metrics.get("src") == "xml_element":
            message = "'xml_element' is XML's; Galaxy would not start"
            yield Finding("bad-metrics", f"{place}.src", message, "Give a list of metrics.")
        for index, plugin in enumerate(environment.metrics if isinstance(environment.metrics, list) else ()):
            if plugin["type"] not in METRICS:
                message = f"{plugin['type']!r} is nothing that Galaxy measures; it would not start"
                yield Finding("bad-metrics", f"{place}[{index}].type", message, f"Use one of {', '.join(METRICS)}.")


def real_users(subject: Subject) -> Iterator[Finding]:
    """Jobs as the real user: Galaxy's slurm and univa runners can, and want all of the settings or none."""
    for environment, kind, place in subject.placed:
        settings = {name: _setting(subject, environment, name) for name in (*_REAL_USER, _OUTPUTS)}
        if settings[_REAL_USER[0]] and kind.module == "drmaa":
            # It asks its own session, in which jobs that another process submitted are not.
            message = "the drmaa runner cannot follow jobs that are submitted as real users"
            mend = f"Use the slurm or the univa runner, or set {', '.join(_REAL_USER)} to nothing there."
            yield Finding("drmaa-real-user", f"{place}.runner", message, mend)
        elif settings[_REAL_USER[0]] and kind.module in _ALWAYS_GALAXY:
            message = f"the {kind.module} runner knows no real users: its jobs run as the Galaxy account all the same"
            mend = f"Use the slurm or the univa runner, or set {_REAL_USER[0]} to nothing there, if that is meant."
            yield Finding("real-user-ignored", f"{place}.runner", message, mend)
        elif kind.module in _REAL_USER_RUNNERS:
            yield from _incomplete(subject, place, settings)


def _incomplete(subject: Subject, place: str, settings: Mapping[str, Any]) -> Iterator[Finding]:
    """One program without the others; what Galaxy's settings say has to be known for that."""
    if not subject.context.galaxy:
        return
    programs = [name for name in _REAL_USER if settings[name]]
    wanted = (*_REAL_USER, _OUTPUTS) if programs else ()
    for missing in (name for name in wanted if not settings[name]):
        message = f"is not set, but {programs[0]} is: a job would be neither the user's nor the Galaxy account's"
        mend = f"Set all of {', '.join(_REAL_USER)}, and {_OUTPUTS}; or none of the programs."
        yield Finding("real-user-incomplete", f"{place}.{missing}", message, mend)


def _setting(subject: Subject, environment: Environment, name: str) -> bool:
    """As Galaxy takes it: the environment's own, be it nothing, else that of galaxy.yml."""
    value = environment.params.get(name, subject.context.galaxy.get(name))
    return str(value).strip().lower() not in ("", "none", "false", "no", "off")


def particular(subject: Subject) -> Iterator[Finding]:
    """What single runners are known for."""
    staging = [name for name in _STAGING if subject.context.galaxy.get(name)]
    for environment, kind, place in subject.placed:
        if kind.module in ("condor", "htcondor") and _has_sudo(subject, environment):
            message = "becomes a line of the submit file, which condor_submit does not know"
            mend = "Leave it out." if "docker_sudo" in environment.params else "Render YAML: to XML Galaxy adds it."
            yield Finding("condor-docker-sudo", f"{place}.docker_sudo", message, mend)
        if kind.module == "univa" and subject.drm_of(environment, kind) != "gridengine":
            message = f"the univa runner asks qstat and qacct, which {subject.drm_of(environment, kind)} does not have"
            mend = "Use the runner drmaa, or slurm. Where real users are not mapped, the jobs run, but their ends are unknown."
            yield Finding("univa-commands", f"{place}.runner", message, mend)
        if kind.module == "pbs" and staging:
            message = f"galaxy.{staging[0]} turns file staging on, which nobody is known to have used for years"
            mend = "Use a shared file system, or Pulsar."
            yield Finding("pbs-file-staging", f"{place}.runner", message, mend)


def _has_sudo(subject: Subject, environment: Environment) -> bool:
    return "docker_sudo" in environment.params or subject.context.form == "xml"
