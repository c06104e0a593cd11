# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """Options of every module that speaks to a DRM."""

    DOCUMENTATION = r"""
options:
  drm:
    description:
      - The batch system (distributed resource manager).
      - V(auto) takes the one whose commands are on the host's PATH, and fails where there is none.
      - V(pbspro) is PBS Pro and OpenPBS.
      - V(torque) is TORQUE, and Slurm's Torque commands where there is an C(sbatch) and no C(qselect).
      - V(drmaa) is any DRM by its DRMAA 1.0 library and the Python package C(drmaa); never chosen by V(auto).
      - A DRM that has a name of its own here is known better by that than by V(drmaa).
      - V(local) runs jobs on the host itself; it needs no daemon and no root, and is never chosen by V(auto).
    type: str
    choices: [auto, slurm, gridengine, pbspro, torque, lsf, htcondor, drmaa, local]
    default: auto
  cluster:
    description:
      - Another cluster or server of the DRM, where one host submits to several.
      - Slurm's C(-M), Grid Engine's cell, the server of PBS Pro's and TORQUE's C(queue@server), the schedd of HTCondor's C(-name).
      - It belongs to the identity of a O(clusterjobs.drm.job#module:key).
    type: str
    default: ""
  command_timeout:
    description:
      - Time limit of each command of the DRM, in seconds. Some of them hang for ever while a daemon is down.
    type: int
    default: 60
notes:
  - A DRM's commands are looked for on the PATH of the account. Where they are elsewhere, set the task keyword C(environment) with a PATH.
  - Targets need Python 3.8 or newer and its standard library alone; V(drmaa) needs the package C(drmaa) and a libdrmaa as well.
"""
