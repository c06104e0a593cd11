# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cli runner's plugins, and the names that they read after ``shell_`` and ``job_``, as Galaxy 26.1 has them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .parameters import MEMORY, WALLTIME, Parameter, anything, count, flag, positive, text, word
from .runners_drm import QSUB_NAMES


@dataclass(frozen=True)
class CliPlugin:
    """A shell or job plugin. ``options`` are its own names for the DRM's options; ``drm`` is whose words it speaks."""

    params: Mapping[str, Parameter] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)
    drm: str = ""
    raises: frozenset[str] = frozenset()
    since: str = ""


_REMOTE = {"rsh": word("rsh"), "rcp": word("rcp"), "hostname": word("localhost"), "username": word()}
_SECURE = {
    **_REMOTE,
    "rsh": word("ssh"),
    "rcp": word("scp"),
    "private_key": word(),
    "port": positive(),
    "strict_host_key_checking": flag(True),
}
SHELL_PLUGINS = {
    "LocalShell": CliPlugin(),
    "RemoteShell": CliPlugin({**_REMOTE, "options": anything()}),
    "SecureShell": CliPlugin(_SECURE),
    "GlobusSecureShell": CliPlugin({**_SECURE, "rsh": word("gsissh"), "rcp": word("gsiscp")}),
    "ParamikoShell": CliPlugin(
        {
            "username": word(required=True),
            "hostname": word(required=True),
            "password": word(),
            "private_key": word(),
            "port": positive(22),
            "timeout": count(60),
            "strict_host_key_checking": flag(True),
        }
    ),
}


def _job(
    drm: str, options: Mapping[str, str], raises: tuple[str, ...] = (), more: tuple[str, ...] = (), since: str = ""
) -> CliPlugin:
    return CliPlugin({name: text() for name in (*options, *more)}, options, drm, frozenset(raises), since)


JOB_PLUGINS = {
    "Slurm": _job("slurm", {"time": "-t", "ncpus": "-c", "partition": "-p"}),
    "Torque": _job("torque", QSUB_NAMES),
    "SlurmTorque": _job("torque", QSUB_NAMES),
    "OpenPBS": _job("pbspro", QSUB_NAMES, since="22.01"),
    "LSF": _job(
        "lsf",
        {"memory": "-M", "cores": "-n", "queue": "-q", "working_dir": "-cwd", "project": "-P"},
        (WALLTIME, MEMORY),
        ("excluded_hosts",),
    ),
}
