# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTCondor's machines: one partitionable slot as recorded on 23.9.6; others follow condor_status(1)."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.clusterjobs.drm.plugins.module_utils._drm import htcondor_cluster
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.cluster import ClusterStatus, NodeState, NodeStatus
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.errors import ParseError
from ansible_collections.clusterjobs.drm.tests.unit.helpers.recordings import recorded

VERSION = recorded("htcondor/23.9.6/cluster.version")
STATUS = recorded("htcondor/23.9.6/cluster.status")
[SLOT] = json.loads(STATUS.stdout)


def told(*slots: dict[str, Any]) -> ClusterStatus:
    return htcondor_cluster.read([VERSION, replace(STATUS, stdout=json.dumps(slots))])


def node(**values: Any) -> NodeStatus:
    [found] = told(dict(SLOT, **values)).nodes
    return found


def test_the_pool_as_recorded() -> None:
    cluster = htcondor_cluster.read([VERSION, STATUS])
    assert (cluster.drm, cluster.version, cluster.queues) == ("htcondor", "23.9.6", ())
    assert cluster.nodes == (
        NodeStatus("drm-condor-exec", NodeState.IDLE, "Unclaimed/Idle", 16, 0, 8000, 0, ("X86_64", "Debian13"), ()),
    )


def test_only_the_attributes_that_are_read_are_asked_for() -> None:
    asked = htcondor_cluster.commands()[1].argv[-1].split(",")
    kept = {name: value for name, value in SLOT.items() if name in asked}
    assert told(kept) == told(SLOT)


def test_what_is_left_of_a_partitionable_slot() -> None:
    dynamic = dict(
        SLOT, Name="slot1_1@x", SlotType="Dynamic", State="Claimed", Activity="Busy", Cpus=4, TotalSlotCpus=4
    )
    cluster = told(dict(SLOT, Cpus=12), dynamic)
    assert [(found.state, found.slots, found.slots_used) for found in cluster.nodes] == [(NodeState.MIXED, 16, 4)]
    assert node(Cpus=0).state is NodeState.FULL


def test_static_slots_make_up_a_machine() -> None:
    slots = [
        dict(
            SLOT,
            Name="slot%d@m" % number,
            SlotType="Static",
            State=state,
            Cpus=1,
            TotalSlotCpus=1,
            TotalSlotMemory=1000,
        )
        for number, state in enumerate(("Claimed", "Unclaimed", "Owner"))
    ]
    [machine] = told(*slots).nodes
    assert (machine.state, machine.slots, machine.slots_used, machine.memory_mb) == (NodeState.MIXED, 3, 1, 3000)


@pytest.mark.parametrize(
    ("values", "state"),
    [
        ({"State": "Drained", "Activity": "Retiring"}, NodeState.CLOSED),
        ({"State": "Owner"}, NodeState.CLOSED),
        ({"Offline": True}, NodeState.DOWN),
        ({"State": "Backfill"}, NodeState.IDLE),
        ({"State": "Quantum"}, NodeState.UNKNOWN),
    ],
)
def test_states_of_machines(values: dict[str, Any], state: NodeState) -> None:
    assert node(**values).state is state


def test_an_expression_without_a_value_is_no_number() -> None:
    assert node(TotalGPUs="undefined", TotalSlotMemory=None).gpus is None
    assert node(TotalCpus=16.0, TotalSlotCpus=16.0).slots == 16


def test_two_thousand_machines() -> None:
    cluster = told(*(dict(SLOT, Name="slot1@%d" % number, Machine="m%d" % number) for number in range(2000)))
    assert len(cluster.nodes) == 2000


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "[",
        STATUS.stdout[:-20],
        "null",
        '[{"Name": "a"}]',
        "[1]",
        '[{"Name": "a", "Machine": "m", "State": 1}]',
    ],
)
def test_half_an_answer_and_none_are_errors(text: str) -> None:
    """condor_status prints nothing, with rc 0, where it finds no machine."""
    with pytest.raises(ParseError):
        htcondor_cluster.read([VERSION, replace(STATUS, stdout=text)])


def test_a_slot_that_comes_twice_is_an_error() -> None:
    with pytest.raises(ParseError):
        told(SLOT, SLOT)


def test_no_version_is_an_error() -> None:
    with pytest.raises(ParseError):
        htcondor_cluster.read([replace(VERSION, stdout=""), STATUS])
