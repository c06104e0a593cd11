# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every DRM's registration by the DRM's name. AnsiballZ ships only what is imported by name, so each one stands here."""

from __future__ import annotations

from typing import Dict

from .errors import InvalidRequestError
from .gridengine_registration import GridEngineRegistration
from .htcondor_registration import HTCondorRegistration
from .interface import Drm
from .lsf_registration import LsfRegistration
from .pbs_registration import PbsProRegistration, TorqueRegistration
from .registration import Registration
from .slurm_registration import SlurmRegistration
from .torque_slurm import SlurmTorque

REGISTRATIONS: Dict[str, Registration] = {
    registration.name: registration
    for registration in (
        SlurmRegistration(),
        GridEngineRegistration(),
        PbsProRegistration(),
        TorqueRegistration(),
        LsfRegistration(),
        HTCondorRegistration(),
    )
}


def registration_of(drm: Drm) -> Registration:
    """Raises InvalidRequestError for a DRM that knows no submit hosts."""
    if isinstance(drm, SlurmTorque):
        raise InvalidRequestError(
            "drm", "torque is Slurm's Torque commands on this host, and Slurm registers hosts: say drm: slurm"
        )
    if drm.name not in REGISTRATIONS:
        raise InvalidRequestError("drm", "%s has no list of submit hosts" % drm.name)
    return REGISTRATIONS[drm.name]
