# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The portable request in the words of each kind of runner. The DRM's own words come from where the module job has them too."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from ...module_utils._drm.errors import DrmError
from ...module_utils._drm.interface import Drm
from ...module_utils._drm.model import JobRequest
from ...module_utils._drm.registry import DRMS
from ...module_utils._drm.torque_slurm import SlurmTorque
from .cli_plugins import JOB_PLUGINS
from .model import PORTABLE, Environment
from .natives import RESERVED, SPELLINGS, split
from .options import Refused, pairs
from .parameters import RunnerType
from .slurm_drmaa import native_specification

# An option of Slurm's whose value may be missing takes it by = alone.
_VALUE_MAY_BE_MISSING = ("--exclusive", "--get-user-env", "--nice", "--oom-kill-step", "--propagate")
_SLURM_SHORT = {"--time": "-t", "--cpus-per-task": "-c", "--partition": "-p"}
_SLURM_TORQUE = SlurmTorque()
_PULSAR = ("REST", "MQ", "Embedded", "EmbeddedMQ", "Legacy")
_NAME_THE_DRM = "Name the DRM with the option drm, of the environment or of the task."


@dataclass(frozen=True)
class Resources:
    """A checked portable request. ``galaxy_variables`` is None where the DRM decides."""

    request: JobRequest
    galaxy_variables: bool | None
    drm: str = ""

    @cached_property
    def used(self) -> set[str]:
        """The portable options that are set, by their names in the environment."""
        fields = {
            "walltime": self.request.walltime_seconds,
            **{name: getattr(self.request, name, None) for name in PORTABLE if name not in ("walltime", "drm")},
        }
        return {name for name, value in fields.items() if value}

    def refuse_all_but(self, sayable: Iterable[str], why: str, mend: str) -> None:
        """Refuse, by name, what a runner has no words for."""
        for option in sorted(self.used - set(sayable) - {"galaxy_variables"}):
            raise Refused(option, why, mend)


Words = Callable[[Environment, RunnerType, Resources], dict[str, str]]


def translate(environment: Environment, kind: RunnerType, resources: Resources) -> dict[str, str]:
    """The parameters that say the request. Raises Refused, which names the option."""
    words = _WORDS.get(kind.module)
    if words is None:
        mend = "Put the runner's own parameters under params:."
        option = next(iter(sorted(resources.used)), "drm")
        raise Refused(option, f"cannot be translated: the runner {kind.module} has no words for it here", mend)
    return words(environment, kind, resources)


def _local(environment: Environment, kind: RunnerType, resources: Resources) -> dict[str, str]:
    """Galaxy's own processes: slots are what the tool is told. Memory is told as well where galaxy_variables asks for it, but not limited."""
    sayable = ["slots", *(["memory_mb"] if resources.galaxy_variables else [])]
    mend = "Leave it out, or use a runner of a DRM."
    if "memory_mb" in resources.used:
        mend = "With galaxy_variables: true the tool is told, as GALAXY_MEMORY_MB."
    resources.refuse_all_but(sayable, "the local runner has no limits and no queues", mend)
    return {"local_slots": str(resources.request.slots)} if resources.request.slots else {}


def _library(environment: Environment, kind: RunnerType, resources: Resources) -> dict[str, str]:
    """One string of native options. Both spellings of its name are the runner's, but only the first always wins."""
    text = _specification(resources, "Use the runner condor." if resources.drm == "htcondor" else _NAME_THE_DRM)
    for spelling in SPELLINGS:
        if text and spelling in environment.params:
            why = "stands beside the portable request, which sets it too"
            raise Refused(spelling, why, "Put its options into native_options.")
    return {"nativeSpecification": text} if text else {}


def _specification(resources: Resources, mend: str) -> str:
    words = [] if resources.drm == "htcondor" and not resources.used else native_words(resources, resources.drm, mend)
    if resources.drm == "htcondor" and words:
        raise Refused(min(resources.used), "cannot be translated: no DRMAA library of HTCondor's is known here", mend)
    if resources.drm == "slurm":
        return native_specification(words)
    _refuse_reserved(words, resources.drm)
    return shlex.join(words)


def _refuse_reserved(words: Sequence[str], drm: str) -> None:
    for option in split("native_options", list(words), drm):
        if option.name in RESERVED.get(drm, RESERVED[""]):
            why = f"{option.name} is set by Galaxy itself, which reads the job's output there"
            raise Refused("native_options", why, "Leave it out.")


def _cli(environment: Environment, kind: RunnerType, resources: Resources) -> dict[str, str]:
    """A parameter for each option: the job plugin writes them into the script's head."""
    name = str(environment.params.get("job_plugin"))
    plugin = JOB_PLUGINS.get(name)
    mend = f"Use the job_ parameters of job plugin {name!r}."
    drm = _SLURM_TORQUE if name == "SlurmTorque" else None
    words = native_words(resources, plugin.drm if plugin else "", mend, drm)
    if plugin is None or not words:
        return {}
    if plugin.drm == "slurm":
        return _cli_slurm(words, {short: long for long, short in plugin.options.items()})
    _refuse_reserved(words, plugin.drm)
    own = {option: own for own, option in plugin.options.items()}
    if plugin.drm == "lsf":
        # The plugin's own word would write a -R of its own, in whatever unit it is given.
        own.pop("-M")
        return {f"job_{own.get(option, option)}": text for option, text in _lsf(words).items()}
    return {f"job_{own.get(option, option)}": text for option, text in _qsub(words, plugin.drm).items()}


def _cli_slurm(words: Sequence[str], own: dict[str, str]) -> dict[str, str]:
    params: dict[str, str] = {}
    for option, value in pairs(words).items():
        # Native options come last and win, here as in a job: -p after --partition is the same parameter.
        name, text = f"job_{own.get(_SLURM_SHORT.get(option, option), option)}", shlex.quote(value) if value else ""
        if value and option in _VALUE_MAY_BE_MISSING:
            name, text = f"job_{option}={text}", ""
        params[name] = text
    return params


def _lsf(words: Sequence[str]) -> dict[str, str]:
    """bsub takes the last of most options, but every -R counts: those are one."""
    result: dict[str, str] = {}
    for option in split("native_options", words, "lsf"):
        value = option.value
        if option.name == "-R" and "-R" in result:
            value = f"{result['-R'].strip(chr(34))} {value}"
        result[option.name] = f'"{value}"' if re.search(r"[\s\[]", value) else value
    return result


def _qsub(words: Sequence[str], drm: str) -> dict[str, str]:
    """qsub takes many -l; a parameter holds one, so that they are joined."""
    result: dict[str, str] = {}
    for option in split("native_options", words, drm):
        value = option.value
        if option.name == "-l" and "-l" in result:
            value = f"{result['-l']},{value}"
        elif re.search(r"\s", value):
            raise Refused("native_options", f"{option.name} has a value with blanks", "Leave it out.")
        result[option.name] = value
    return result


def _pbs(environment: Environment, kind: RunnerType, resources: Resources) -> dict[str, str]:
    words = native_words(resources, "torque", "Use the runner's own parameters.")
    _refuse_reserved(words, "torque")
    names = {"-q": "destination", "-A": "Account_Name", "-l": "Resource_List"}
    return {names.get(option, option): value for option, value in _qsub(words, "torque").items()}


def _condor(environment: Environment, kind: RunnerType, resources: Resources) -> dict[str, str]:
    """Each command of the submit description is a parameter."""
    params = _commands(native_words(resources, "htcondor", "Use the submit file's own words as parameters."))
    if kind.module == "htcondor":
        # It watches holds itself, and tells a job's time and memory apart by them.
        params.pop("periodic_remove", None)
        if resources.request.walltime_seconds:
            params["request_walltime"] = str(resources.request.walltime_seconds)
    return params


def _commands(words: Sequence[str]) -> dict[str, str]:
    found = (word.partition("=") for word in words)
    return {name.strip(): value.strip() for name, _equals, value in found}


def _pulsar(environment: Environment, kind: RunnerType, resources: Resources) -> dict[str, str]:
    """What the manager behind Pulsar submits with: a specification for DRMAA, commands for HTCondor."""
    kinds = [f"Pulsar{name}JobRunner" for name in _PULSAR]
    if kind.class_name not in kinds:
        why = f"{kind.class_name} has no manager that could submit with it"
        resources.refuse_all_but((), why, "Use its own parameters.")
    if resources.drm == "htcondor":
        words = native_words(resources, "htcondor", _NAME_THE_DRM)
        return {f"submit_{name}": value for name, value in _commands(words).items()}
    text = _specification(resources, _NAME_THE_DRM)
    return {"submit_native_specification": text} if text else {}


def _kubernetes(environment: Environment, kind: RunnerType, resources: Resources) -> dict[str, str]:
    mend = "A pod's time is k8s_walltime_limit of the runner; the rest is set at the runner too."
    resources.refuse_all_but(("slots", "memory_mb"), "a pod has processors and memory alone", mend)
    slots, memory = resources.request.slots, resources.request.memory_mb
    cpu = {"requests_cpu": str(slots), "limits_cpu": str(slots)} if slots else {}
    return {**cpu, **({"requests_memory": f"{memory}Mi", "limits_memory": f"{memory}Mi"} if memory else {})}


def _aws(environment: Environment, kind: RunnerType, resources: Resources) -> dict[str, str]:
    sayable = {"slots": "vcpu", "memory_mb": "memory", "gpus": "gpu", "queue": "job_queue"}
    resources.refuse_all_but(sayable, "AWS Batch has no word for it in an environment", "Leave it out.")
    values = {name: getattr(resources.request, option) for option, name in sayable.items()}
    return {name: str(value) for name, value in values.items() if value}


def _gcp(environment: Environment, kind: RunnerType, resources: Resources) -> dict[str, str]:
    resources.refuse_all_but(
        ("slots", "memory_mb", "walltime"), "Google Batch has no word for it here", "Leave it out."
    )
    request = resources.request
    time = f"{request.walltime_seconds}s" if request.walltime_seconds else None
    values = {"vcpu": request.slots, "memory_mib": request.memory_mb, "max_run_duration": time}
    return {name: str(value) for name, value in values.items() if value}


def native_words(resources: Resources, name: str, mend: str, drm: Drm | None = None) -> list[str]:
    """The DRM's own words for the request, as the module job gives them. Raises Refused."""
    if not resources.used - {"galaxy_variables"}:
        return []
    drm = drm or DRMS.get(name)
    if drm is None or not drm.executables:
        why = "cannot be translated: the DRM behind this environment is not known here"
        raise Refused(min(resources.used), why, mend)
    try:
        drm.check_request(resources.request)
        return drm.native_options(resources.request)
    except DrmError as error:
        fields = getattr(error, "fields", None) or [getattr(error, "field", "")]
        option = fields[0].replace("walltime_seconds", "walltime")
        text = (
            str(error)
            .removeprefix(f"{fields[0]}: ")
            .replace("Nothing was submitted: l", "L")
            .replace(" Nothing was submitted.", "")
        )
        raise Refused(option, text.rstrip("."), mend) from error


_WORDS: dict[str, Words] = {
    "local": _local,
    "drmaa": _library,
    "slurm": _library,
    "univa": _library,
    "cli": _cli,
    "pbs": _pbs,
    "condor": _condor,
    "htcondor": _condor,
    "pulsar": _pulsar,
    "kubernetes": _kubernetes,
    "aws": _aws,
    "gcp_batch": _gcp,
}
