# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every DRM by name. AnsiballZ ships only what is imported by name, so each one stands here."""

from __future__ import annotations

from typing import Callable, Dict, Optional

from .drmaa import Drmaa
from .drmaa_gridengine import GridEngineDrmaa
from .errors import InvalidRequestError
from .gridengine import GridEngine
from .htcondor import HTCondor
from .interface import Drm
from .local import Local
from .lsf import Lsf
from .pbspro import PbsPro
from .slurm import Slurm
from .torque import Torque
from .torque_slurm import SlurmTorque

DRMS: Dict[str, Drm] = {
    drm.name: drm for drm in (Slurm(), GridEngine(), PbsPro(), Torque(), Lsf(), HTCondor(), Drmaa(), Local())
}
DRM_NAMES = tuple(DRMS)


def choose(name: str, which: Callable[[str], Optional[str]]) -> Drm:
    """The DRM of this name; for ``auto`` the one whose commands are on this host. Raises InvalidRequestError where there is none."""
    if name == Torque.name and which("sbatch") and not which("qselect"):
        return SlurmTorque()
    if name == Drmaa.name and all(which(program) for program in GridEngine.executables):
        return GridEngineDrmaa()
    if name != "auto":
        return DRMS[name]
    for drm in DRMS.values():
        if drm.executables and all(which(program) for program in drm.executables):
            return drm
    looked_for = ", ".join(
        "%s (%s)" % (drm.name, " ".join(drm.executables)) for drm in DRMS.values() if drm.executables
    )
    raise InvalidRequestError(
        "drm",
        "no DRM's commands are on this host's PATH; looked for %s. Install the client, set PATH by the task keyword 'environment', or say drm: local"
        " to run on the host itself" % looked_for,
    )
