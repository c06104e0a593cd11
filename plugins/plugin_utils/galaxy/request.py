# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The portable request of an environment in the words of its runner, by the translation that serves the module job too."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ...module_utils._arguments import DRM_SPEC, REQUEST_SPEC, resources_from
from ...module_utils._drm.errors import InvalidRequestError
from ...module_utils._drm.model import JobRequest
from .context import Context, Subject
from .findings import Finding, JobConfError
from .model import PORTABLE, Environment, JobConf
from .options import Refused
from .parameters import RunnerType
from .runners import RULE_RUNNERS
from .words import Resources, translate

_SPEC = {
    **{name: REQUEST_SPEC[name] for name in PORTABLE if name in REQUEST_SPEC},
    "drm": {"type": "str", "choices": DRM_SPEC["drm"]["choices"]},
    "galaxy_variables": {"type": "bool"},
}
_VALIDATOR = ArgumentSpecValidator(_SPEC)
_MEND = "The options are described at the module clusterjobs.drm.job."
# Where Galaxy's job script finds out neither slots nor memory, or less than both.
_TOLD = ("lsf", "pbspro", "torque", "htcondor", "gridengine")
_FORGET_H_VMEM = {"execute": "unset SGE_HGR_h_vmem"}


def translated(conf: JobConf, context: Context) -> JobConf:
    """The same job configuration without portable requests. Raises JobConfError with everything that some runner cannot say."""
    subject = Subject(conf, context)
    environments, findings = [], []
    checked: dict[str, Resources] = {}
    for environment in conf.environments:
        try:
            environments.append(_translate(subject, environment, checked) if environment.request else environment)
        except Refused as refusal:
            place = f"execution.environments.{environment.id}.{refusal.option}".rstrip(".")
            findings.append(Finding("untranslatable-request", place, str(refusal), refusal.mend))
    if findings:
        raise JobConfError(findings)
    return replace(conf, environments=tuple(environments))


def _translate(subject: Subject, environment: Environment, checked: dict[str, Resources]) -> Environment:
    """The environment with its runner's own words. ``checked``: requests are checked once each, and most environments share theirs."""
    kind = subject.kinds.get(environment.runner)
    if kind is None:
        rule = environment.runner in RULE_RUNNERS
        why = (
            "a rule chooses where its jobs go" if rule else f"no words of runner {environment.runner!r} are known here"
        )
        mend = "Put the runner's own parameters under params:."
        raise Refused(next(iter(environment.request)), f"cannot be translated: {why}", mend)
    _check_drm(subject, environment, kind)
    drm = subject.drm_of(environment, kind)
    same = repr((drm, environment.request))
    resources = checked[same] = checked.get(same) or _resources(environment.request, drm)
    words = translate(environment, kind, resources)
    twice = sorted(set(words) & set(environment.params))
    if twice:
        raise Refused(twice[0], "stands beside the portable request, which sets it too", "Keep one of the two.")
    env = (*environment.env, *_variables(environment, kind, resources))
    return replace(environment, params={**environment.params, **words}, env=env, request={})


def _check_drm(subject: Subject, environment: Environment, kind: RunnerType) -> None:
    """A DRM that an environment names must be the one that its runner speaks to."""
    named, known = str(environment.request.get("drm") or "auto"), subject.drm_of(environment, kind)
    if named not in ("auto", known) and named in DRM_SPEC["drm"]["choices"] and kind.module not in ("local", "tasks"):
        raise Refused("drm", f"is {named}, but the runner speaks {known or 'no DRM known here'}", "Leave it out.")


def _resources(options: Any, drm: str) -> Resources:
    """Types and values as the module job takes them."""
    result = _VALIDATOR.validate(dict(options))
    if result.error_messages:
        raise Refused("", "; ".join(result.error_messages), _MEND)
    checked = result.validated_parameters
    try:
        return Resources(JobRequest(script="", **resources_from(checked)), checked.get("galaxy_variables"), drm)
    except InvalidRequestError as error:
        raise Refused(error.field, str(error).removeprefix(f"{error.field}: "), _MEND) from error


def _variables(environment: Environment, kind: RunnerType, resources: Resources) -> Iterator[dict[str, str]]:
    """What the tool is told of its slots and memory, where Galaxy cannot find it out, or where that is asked for."""
    asked = resources.galaxy_variables
    if asked is False or (asked is None and (resources.drm not in _TOLD or kind.module == "htcondor")):
        return
    slots, memory = resources.request.slots, resources.request.memory_mb
    values = {
        "GALAXY_SLOTS": slots,
        "GALAXY_MEMORY_MB": memory,
        "GALAXY_MEMORY_MB_PER_SLOT": memory // (slots or 1) if memory else None,
    }
    named = {entry.get("name") for entry in environment.env}
    if resources.drm == "gridengine" and memory:
        # Galaxy computes with what h_vmem was written as, and takes the unit M for a digit.
        yield _FORGET_H_VMEM
    for name, value in values.items():
        if value and name in named and asked:
            raise Refused("galaxy_variables", f"sets {name}, which stands in env too", "Keep one of the two.")
        if value and name not in named:
            yield {"name": name, "value": str(value)}
