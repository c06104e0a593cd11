# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every DRM but a mere DRMAA library tells its cluster's facts, in one shape, and takes no silence for an empty cluster."""

from __future__ import annotations

import pytest

from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.errors import DrmError, ParseError
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.interface import Drm
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.model import CommandResult, Outcome
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.registry import DRM_NAMES, DRMS
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.torque_slurm import SlurmTorque
from ansible_collections.clusterjobs.drm.tests.unit.helpers.recordings import recorded

NAMES = [name for name in DRM_NAMES if name != "drmaa"]
ALL = pytest.mark.parametrize("drm", [*map(DRMS.get, NAMES), SlurmTorque()], ids=[*NAMES, "torque of slurm"])


def test_drmaa_has_none() -> None:
    with pytest.raises(
        DrmError, match="drmaa tells nothing of queues and nodes: set drm to the name of the DRM itself"
    ):
        DRMS["drmaa"].build_cluster("")


@ALL
def test_answers_without_a_word_are_no_cluster(drm: Drm) -> None:
    commands = drm.build_cluster("")
    assert commands
    with pytest.raises(ParseError):
        drm.parse_cluster([CommandResult(command, 0, "", "") for command in commands])


@ALL
def test_a_command_that_was_ended_at_its_time_limit_was_not_answered(drm: Drm) -> None:
    for command in drm.build_cluster(""):
        assert drm.classify(CommandResult(command, 124, "", "ended at its time limit", True)) is Outcome.UNREACHABLE


@pytest.mark.parametrize(
    ("name", "down"),
    [
        ("slurm", "slurm/24.11/down.sinfo"),
        ("lsf", "lsf/openlava-2.2/lsid_daemons_down"),
        ("gridengine", "gridengine/8.1.9/down.hosts"),
        ("htcondor", "htcondor/23.9.6/down.status"),
    ],
)
def test_a_server_that_is_down_is_asked_again(name: str, down: str) -> None:
    assert DRMS[name].classify(recorded(down)) is Outcome.UNREACHABLE


def test_slurms_torque_commands_tell_slurms_cluster() -> None:
    commands = SlurmTorque().build_cluster("")
    answers = [recorded("slurm/24.11/cluster.config"), recorded("slurm/24.11/cluster.partitions")]
    node = "NodeName=n1 CPUAlloc=0 CPUTot=4 RealMemory=100 State=IDLE Partitions=main\n"
    cluster = SlurmTorque().parse_cluster([*answers, CommandResult(commands[2], 0, node, "")])
    assert (cluster.drm, len(cluster.queues), len(cluster.nodes)) == ("torque", 3, 1)
