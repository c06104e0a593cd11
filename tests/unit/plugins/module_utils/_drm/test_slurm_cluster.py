# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Slurm's partitions were recorded on 22.05 and 24.11; the nodes' lines follow scontrol(1) and what sinfo said there."""

from __future__ import annotations

import pytest

from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.cluster import (
    ClusterStatus,
    NodeState,
    NodeStatus,
    QueueState,
    QueueStatus,
)
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.errors import ParseError
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.model import Command, CommandResult, Outcome
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.slurm import Slurm
from ansible_collections.clusterjobs.drm.tests.unit.helpers.recordings import recorded

DRM = Slurm()
VERSIONS = ["22.05", "24.11"]
NODE = (
    "NodeName=%(name)s Arch=x86_64 CoresPerSocket=1  CPUAlloc=%(used)s CPUEfctv=16 CPUTot=16 CPULoad=0.57 AvailableFeatures=avx2,ib"
    " ActiveFeatures=avx2 Gres=%(gres)s NodeAddr=%(name)s NodeHostName=%(name)s Version=24.11.5 OS=Linux 6.1.0 #1 SMP Debian 6.1"
    " RealMemory=8000 AllocMem=0 FreeMem=18851 Sockets=16 Boards=1 State=%(state)s ThreadsPerCore=1 TmpDisk=0 Weight=1 Owner=N/A"
    " MCS_label=N/A Partitions=main,short  BootTime=2026-11-22T08:00:00 CfgTRES=cpu=16,mem=8000M,billing=16 AllocTRES=%(more)s\n"
)


def line(name: str = "node1", used: int = 0, state: str = "IDLE", gres: str = "(null)", more: str = "") -> str:
    return NODE % locals()


def told(nodes: str, version: str = "24.11", partitions: CommandResult | None = None) -> ClusterStatus:
    commands = DRM.build_cluster("")
    config = recorded("slurm/%s/cluster.config" % version)
    partitions = partitions or recorded("slurm/%s/cluster.partitions" % version)
    return DRM.parse_cluster([config, partitions, CommandResult(commands[2], 0, nodes, "")])


def node(**values: str | int) -> NodeStatus:
    [status] = told(line(**values)).nodes
    return status


def test_what_is_asked() -> None:
    assert [command.argv[1:] for command in DRM.build_cluster("west")] == [
        ("--clusters=west", "--all", "--oneliner", "show", what) for what in ("config", "partition", "node")
    ]


@pytest.mark.parametrize(("version", "whole"), [("22.05", "22.05.8"), ("24.11", "24.11.5")])
def test_the_partitions(version: str, whole: str) -> None:
    cluster = told(line(), version)
    assert (cluster.drm, cluster.version, cluster.name) == ("slurm", whole, "drm")
    host = cluster.queues[0].nodes[0]
    assert cluster.queues == (
        QueueStatus("main", QueueState.OPEN, "UP", True, 86400, None, 16, (host,)),
        QueueStatus("short", QueueState.OPEN, "UP", False, 300, None, 16, (host,)),
        QueueStatus("closed", QueueState.STOPPED, "DOWN", False, None, None, 16, (host,)),
    )


def test_a_node() -> None:
    assert node(used=4, state="MIXED", gres="gpu:a100:4(S:0-1),gpu:2,shard:8") == NodeStatus(
        "node1", NodeState.MIXED, "MIXED", 16, 4, 8000, 6, ("avx2",), ("main", "short"), ""
    )


@pytest.mark.parametrize(
    ("state", "used", "found"),
    [
        ("IDLE", 0, NodeState.IDLE),
        ("IDLE+PLANNED", 0, NodeState.IDLE),
        ("IDLE+CLOUD+POWERED_DOWN", 0, NodeState.IDLE),
        ("ALLOCATED", 16, NodeState.FULL),
        ("MIXED+COMPLETING", 3, NodeState.MIXED),
        ("IDLE+DRAIN", 0, NodeState.CLOSED),
        ("MIXED+DRAIN", 3, NodeState.CLOSED),
        ("IDLE+MAINTENANCE+RESERVED", 0, NodeState.CLOSED),
        ("IDLE+REBOOT_REQUESTED", 0, NodeState.CLOSED),
        ("DOWN", 0, NodeState.DOWN),
        ("DOWN*+DRAIN", 0, NodeState.DOWN),
        ("DOWN+DRAIN+NOT_RESPONDING", 0, NodeState.DOWN),
        ("IDLE*", 0, NodeState.DOWN),
        ("IDLE+NOT_RESPONDING", 0, NodeState.DOWN),
        ("FUTURE", 0, NodeState.DOWN),
        ("UNKNOWN", 0, NodeState.UNKNOWN),
        ("UNHEARD_OF+DRAIN", 0, NodeState.UNKNOWN),
    ],
)
def test_states_of_nodes(state: str, used: int, found: NodeState) -> None:
    status = node(state=state, used=used)
    assert (status.state, status.native_state) == (found, state)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("", ""),
        (" Reason=Not responding [slurm@2026-11-22T09:00:00]", "Not responding"),
        (
            " Reason=State=IDLE fan [2] broken [root@2026-11-22T09:00:00] Comment=CPUAlloc=0",
            "State=IDLE fan [2] broken",
        ),
        (" Comment=State=IDLE CPUTot=99 NodeName=other", ""),
    ],
)
def test_a_reason_is_text_and_forges_nothing(more: str, message: str) -> None:
    status = node(state="DOWN", more=more)
    assert (status.name, status.state, status.slots, status.slots_used, status.message) == (
        "node1",
        NodeState.DOWN,
        16,
        0,
        message,
    )


@pytest.mark.parametrize("state", ["UP", "DOWN", "DRAIN", "INACTIVE", "SIDEWAYS"])
def test_states_of_partitions(state: str) -> None:
    result = CommandResult(
        Command(("scontrol",)),
        0,
        "PartitionName=a Default=NO MaxTime=UNLIMITED Nodes=n[1-2] State=%s TotalCPUs=2\n" % state,
        "",
    )
    [queue] = told(line(), partitions=result).queues
    found = {"UP": "OPEN", "DOWN": "STOPPED", "DRAIN": "DRAINING", "INACTIVE": "CLOSED"}.get(state, "UNKNOWN")
    assert (queue.state, queue.native_state, queue.nodes) == (QueueState(found), state, ("n1", "n2"))


def test_a_partition_without_nodes_and_with_a_memory_limit() -> None:
    text = "PartitionName=a MaxTime=UNLIMITED Nodes=(null) State=UP TotalCPUs=0 DefMemPerNode=100 MaxMemPerNode=4000\n"
    [queue] = told(line(), partitions=CommandResult(Command(("scontrol",)), 0, text, "")).queues
    assert (queue.nodes, queue.memory_mb, queue.slots) == ((), 4000, 0)


def test_two_thousand_nodes() -> None:
    cluster = told("".join(line("node%04d" % number) for number in range(2000)))
    assert len(cluster.nodes) == 2000
    assert {status.state for status in cluster.nodes} == {NodeState.IDLE}


@pytest.mark.parametrize(
    "nodes",
    ["", "\n", "No nodes in the system\n", line()[:-40], line()[:-1], line() + "half a", line().replace("State=", "Stat="),
     line() + line(), "welcome\n" + line()],
)  # fmt: skip
def test_half_an_answer_is_an_error(nodes: str) -> None:
    with pytest.raises(ParseError):
        told(nodes)


def test_a_configuration_without_a_version_is_an_error() -> None:
    config = recorded("slurm/24.11/cluster.config")
    with pytest.raises(ParseError):
        DRM.parse_cluster([CommandResult(config.command, 0, "ClusterName = x\n", ""), config, config])


@pytest.mark.parametrize("version", VERSIONS)
def test_a_controller_that_is_down_is_no_empty_cluster(version: str) -> None:
    assert DRM.classify(recorded("slurm/%s/down.sinfo" % version)) is Outcome.UNREACHABLE
