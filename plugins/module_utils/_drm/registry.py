# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every DRM by name. AnsiballZ ships only what is imported by name, so each one stands here.

A module's code is compiled at each start on the host, which takes longer than a submission: only the DRM that is used is imported.
"""

from __future__ import annotations

from typing import Callable, Dict, Iterator, Mapping, Optional, Tuple

from .errors import InvalidRequestError
from .interface import Drm


def _slurm() -> Drm:
    from .slurm import Slurm

    return Slurm()


def _gridengine() -> Drm:
    from .gridengine import GridEngine

    return GridEngine()


def _pbspro() -> Drm:
    from .pbspro import PbsPro

    return PbsPro()


def _torque() -> Drm:
    from .torque import Torque

    return Torque()


def _lsf() -> Drm:
    from .lsf import Lsf

    return Lsf()


def _htcondor() -> Drm:
    from .htcondor import HTCondor

    return HTCondor()


def _drmaa() -> Drm:
    from .drmaa import Drmaa

    return Drmaa()


def _local() -> Drm:
    from .local import Local

    return Local()


# Each with one of its commands, without which it need not be imported to know that it is not there.
_MAKERS: Dict[str, Tuple[Callable[[], Drm], str]] = {
    "slurm": (_slurm, "sbatch"),
    "gridengine": (_gridengine, "qconf"),
    "pbspro": (_pbspro, "pbs_rstat"),
    "torque": (_torque, "qsub"),
    "lsf": (_lsf, "bsub"),
    "htcondor": (_htcondor, "condor_submit"),
    "drmaa": (_drmaa, ""),
    "local": (_local, ""),
}
DRM_NAMES = tuple(_MAKERS)


class _Drms(Mapping[str, Drm]):
    """The DRMs by their names, each made when it is asked for."""

    def __init__(self) -> None:
        self._made: Dict[str, Drm] = {}

    def __getitem__(self, name: str) -> Drm:
        if name not in self._made:
            make, _command = _MAKERS[name]
            self._made[name] = make()
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(_MAKERS)

    def __len__(self) -> int:
        return len(_MAKERS)


DRMS = _Drms()


def choose(name: str, which: Callable[[str], Optional[str]]) -> Drm:
    """The DRM of this name; for ``auto`` the one whose commands are on this host. Raises InvalidRequestError where there is none."""
    if name == "torque" and which("sbatch") and not which("qselect"):
        from .torque_slurm import SlurmTorque

        return SlurmTorque()
    if name == "drmaa" and all(which(program) for program in DRMS["gridengine"].executables):
        from .drmaa_gridengine import GridEngineDrmaa

        return GridEngineDrmaa()
    if name != "auto":
        return DRMS[name]
    for found, (_make, command) in _MAKERS.items():
        if command and which(command) and all(which(program) for program in DRMS[found].executables):
            return DRMS[found]
    looked_for = ", ".join(
        "%s (%s)" % (drm.name, " ".join(drm.executables)) for drm in DRMS.values() if drm.executables
    )
    raise InvalidRequestError(
        "drm",
        "no DRM's commands are on this host's PATH; looked for %s. Install the client, set PATH by the task keyword 'environment', or say drm: local"
        " to run on the host itself" % looked_for,
    )
