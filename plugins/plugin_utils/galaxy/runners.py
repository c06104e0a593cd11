# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Galaxy's runners take: the parameters of their plugins and of the environments that use them.

As the code of Galaxy 26.1 has it, which is not always what its admin pages and samples say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

PREFIX = "galaxy.jobs.runners."
#: Runners that are always there: a rule chooses the environment. They need no plugin.
RULE_RUNNERS = ("dynamic", "dynamic_tpv")


@dataclass(frozen=True)
class Parameter:
    """What a plugin's parameter may be."""

    wanted: str
    accepts: Callable[[Any], bool]


@dataclass(frozen=True)
class RunnerType:
    """A class of runners. ``drm`` names the DRM whose words its environments speak, where that is certain."""

    module: str
    class_name: str
    params: Mapping[str, Parameter] = field(default_factory=dict)
    drm: str = ""


@dataclass(frozen=True)
class CliPlugin:
    """A shell or job plugin of the cli runner, and the names that it reads after ``shell_`` or ``job_``."""

    params: tuple[str, ...] = ()
    required: tuple[str, ...] = ()


def _is_count(value: Any) -> bool:
    return not isinstance(value, bool) and str(value).strip().isdecimal()


TEXT = Parameter("a text", lambda value: isinstance(value, str) and bool(value))
COUNT = Parameter("an integer, 0 or more", _is_count)
STATE = Parameter("ok or error", lambda value: value in ("ok", "error"))

_ANY_RUNNER = {"recheck_missing_job_retries": COUNT}
_DRMAA = {
    **_ANY_RUNNER,
    "drmaa_library_path": TEXT,
    "invalidjobexception_state": STATE,
    "invalidjobexception_retries": COUNT,
    "internalexception_state": STATE,
    "internalexception_retries": COUNT,
}

RUNNER_TYPES = {
    kind.module: kind
    for kind in (
        RunnerType("local", "LocalJobRunner", _ANY_RUNNER),
        RunnerType("drmaa", "DRMAAJobRunner", _DRMAA),
        RunnerType("slurm", "SlurmJobRunner", _DRMAA, drm="slurm"),
        # Its constructor takes no keyword at all, not even the one that every other runner has.
        RunnerType("cli", "ShellJobRunner"),
    )
}

_REMOTE = ("rsh", "rcp", "hostname", "username")
_SECURE = (*_REMOTE, "private_key", "port", "strict_host_key_checking")
SHELL_PLUGINS = {
    "LocalShell": CliPlugin(),
    "RemoteShell": CliPlugin((*_REMOTE, "options")),
    "SecureShell": CliPlugin(_SECURE),
    "GlobusSecureShell": CliPlugin(_SECURE),
    "ParamikoShell": CliPlugin(
        ("username", "hostname", "password", "private_key", "port", "timeout", "strict_host_key_checking"),
        required=("username", "hostname"),
    ),
}

_TORQUE = CliPlugin(
    (
        *("destination", "Execution_Time", "Account_Name", "Checkpoint", "Error_Path", "Group_List", "Hold_Types"),
        *("Join_Paths", "Keep_Files", "Resource_List", "Mail_Points", "Mail_Users", "Job_Name", "Output_Path"),
        *("Priority", "Rerunable", "Shell_Path_List", "job_array_request", "User_List", "Variable_List"),
    )
)
JOB_PLUGINS = {
    "Slurm": CliPlugin(("time", "ncpus", "partition")),
    "Torque": _TORQUE,
    "SlurmTorque": _TORQUE,
    "OpenPBS": _TORQUE,
    "LSF": CliPlugin(("memory", "cores", "queue", "working_dir", "project", "excluded_hosts")),
}


def module_of(load: str) -> str:
    """The runner module that a ``load`` names, without Galaxy's prefix for its own."""
    return load.removeprefix(PREFIX).partition(":")[0]


def loads(kind: RunnerType) -> tuple[str, ...]:
    """Every ``load`` by which Galaxy finds this runner; the first is the usual one."""
    return (f"{PREFIX}{kind.module}:{kind.class_name}", f"{PREFIX}{kind.module}", kind.module)


def runner_type(load: str) -> RunnerType | None:
    """The type of runner that this ``load`` gives; None where it is not one of those above."""
    kind = RUNNER_TYPES.get(module_of(load))
    return kind if kind and load in loads(kind) else None
