# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""OpenPBS 23.06.06 and TORQUE 6.1.3: server, queues and nodes as recorded; OpenPBS's queues are told in TORQUE's form."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.clusterjobs.drm.plugins.module_utils._drm import pbs_cluster
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.cluster import (
    ClusterStatus,
    NodeState,
    NodeStatus,
    QueueState,
    QueueStatus,
)
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.errors import InvalidRequestError, ParseError
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.model import CommandResult
from ansible_collections.clusterjobs.drm.tests.unit.helpers.recordings import recorded

PBS_SERVER = recorded("pbspro/23.06.06/cluster.qstat_Bf")
PBS_NODES = recorded("pbspro/23.06.06/cluster.pbsnodes_a_json")
PBS_DOWN = recorded("pbspro/23.06.06/cluster.pbsnodes_mom_down")
SERVER = recorded("torque/6.1.3.h5/cluster.qstat_Bf")
QUEUES = recorded("torque/6.1.3.h5/cluster.qstat_Qf")
NODES = recorded("torque/6.1.3.h5/cluster.pbsnodes_x")

TWIN = "<Node><name>torquenode</name><state>down</state><np>1</np></Node>"


def pbspro(nodes: CommandResult = PBS_NODES, queues: str = QUEUES.stdout) -> ClusterStatus:
    return pbs_cluster.read_pbspro([PBS_SERVER, replace(QUEUES, stdout=queues), nodes])


def torque(nodes: str = NODES.stdout, queues: str = QUEUES.stdout, server: str = SERVER.stdout) -> ClusterStatus:
    return pbs_cluster.read_torque(
        [replace(SERVER, stdout=server), replace(QUEUES, stdout=queues), replace(NODES, stdout=nodes)]
    )


def pbs_node(**values: Any) -> NodeStatus:
    told = json.loads(PBS_NODES.stdout)
    told["nodes"]["pbsnode"].update(values)
    [node] = pbspro(replace(PBS_NODES, stdout=json.dumps(told))).nodes
    return node


def torque_node(state: str = "free", more: str = "") -> NodeStatus:
    text = NODES.stdout.replace("<state>free</state>", "<state>%s</state>%s" % (state, more))
    [node] = torque(text).nodes
    return node


def test_what_is_asked() -> None:
    assert [command.argv for command in pbs_cluster.torque_commands("pbs1:15001")] == [
        ("qstat", "-B", "-f", "pbs1:15001"),
        ("qstat", "-Q", "-f", "@pbs1:15001"),
        ("pbsnodes", "-s", "pbs1:15001", "-x"),
    ]
    assert pbs_cluster.pbspro_commands("")[2].argv == ("pbsnodes", "-a", "-F", "json")


@pytest.mark.parametrize("cluster", ["-x", "a b", "a;id", "@a", "../a"])
def test_a_server_that_could_be_an_option(cluster: str) -> None:
    for build in (pbs_cluster.torque_commands, pbs_cluster.pbspro_commands):
        with pytest.raises(InvalidRequestError):
            build(cluster)


def test_torque_as_recorded() -> None:
    cluster = torque()
    assert (cluster.drm, cluster.version, cluster.name) == ("torque", "6.1.3.h5", "torquenode")
    both, stopped, disabled = "enabled=True started=True", "enabled=True started=False", "enabled=False started=True"
    assert cluster.queues == tuple(
        QueueStatus(name, state, native, name == "batch", walltime, None, 4, ("torquenode",))
        for name, state, native, walltime in (
            ("short", QueueState.OPEN, both, 600),
            ("opsonly", QueueState.OPEN, both, None),
            ("stopped", QueueState.STOPPED, stopped, None),
            ("disabled", QueueState.DRAINING, disabled, None),
            ("batch", QueueState.OPEN, both, None),
            ("nokeep", QueueState.OPEN, both, None),
        )
    )
    names = tuple(queue.name for queue in cluster.queues)
    assert cluster.nodes == (NodeStatus("torquenode", NodeState.IDLE, "free", 4, 0, 24105, 0, (), names),)


def test_openpbs_as_recorded() -> None:
    cluster = pbspro()
    assert (cluster.drm, cluster.version, cluster.name) == ("pbspro", "23.06.06", "pbsnode")
    [node] = cluster.nodes
    assert (node.name, node.state, node.slots, node.slots_used) == ("pbsnode", NodeState.IDLE, 4, 0)
    assert (node.memory_mb, node.features, len(node.queues)) == (24105, ("linux",), 6)


def test_a_mom_that_is_down_as_recorded() -> None:
    [node] = pbspro(PBS_DOWN).nodes
    assert (node.state, node.slots_used, node.message) == (NodeState.DOWN, 1, "node down: communication closed")


STATES = [
    ("free", NodeState.IDLE),
    ("job-exclusive", NodeState.FULL),
    ("offline", NodeState.CLOSED),
    ("offline,job-exclusive", NodeState.CLOSED),
    ("down", NodeState.DOWN),
    ("down,offline", NodeState.DOWN),
    ("state-unknown,down", NodeState.DOWN),
    ("state-unknown", NodeState.UNKNOWN),
    ("busy", NodeState.CLOSED),
    ("sideways", NodeState.UNKNOWN),
    ("", NodeState.UNKNOWN),
]


@pytest.mark.parametrize(("native", "state"), STATES)
def test_states_of_nodes(native: str, state: NodeState) -> None:
    for node in (pbs_node(state=native), torque_node(native)):
        assert (node.state, node.native_state) == (state, native)


@pytest.mark.parametrize(
    ("jobs", "used"),
    [
        ("0/64.torquenode", 1),
        ("0/64.torquenode, 1/65.torquenode", 2),
        ("0-2/64.torquenode,3/67[1].torquenode", 4),
        ("0,2/64.torquenode", 2),
    ],
)
def test_slots_that_torques_jobs_have(jobs: str, used: int) -> None:
    node = torque_node("free", "<jobs>%s</jobs>" % jobs)
    assert (node.slots_used, node.state) == (used, NodeState.FULL if used == 4 else NodeState.MIXED)


def test_properties_gpus_and_a_note() -> None:
    node = torque_node("offline", "<properties>ib,bigmem</properties><gpus>2</gpus><note>state = free, fan</note>")
    assert (node.features, node.gpus, node.message, node.state) == (
        ("ib", "bigmem"),
        2,
        "state = free, fan",
        NodeState.CLOSED,
    )
    has = {"ncpus": 8, "ngpus": 2, "mem": "1gb", "arch": "linux", "fast": "True", "slow": "False"}
    node = pbs_node(resources_available=has, resources_assigned={"ncpus": 8})
    assert (node.features, node.gpus, node.memory_mb, node.state) == (("linux", "fast"), 2, 1024, NodeState.FULL)


def test_a_node_that_is_kept_for_a_queue() -> None:
    assert pbs_node(queue="short").queues == ("short",)


def test_a_queue_that_wants_a_property_and_a_route() -> None:
    queues = QUEUES.stdout.replace(
        "    queue_type = Execution\n", "    queue_type = Execution\n    resources_default.neednodes = ib\n", 1
    )
    assert torque(queues=queues).queues[0].nodes == ()
    with_property = NODES.stdout.replace("<ntype>", "<properties>ib</properties><ntype>")
    assert torque(with_property, queues).queues[0].nodes == ("torquenode",)
    route = QUEUES.stdout.replace("queue_type = Execution", "queue_type = Route", 1)
    assert (torque(queues=route).queues[0].nodes, torque(queues=route).queues[0].slots) == ((), 0)


def test_two_thousand_nodes() -> None:
    [node] = NODES.stdout.strip().partition("<Data>")[2:]
    node = node.replace("</Data>", "")
    text = "<Data>%s</Data>" % "".join(node.replace("<name>torquenode", "<name>n%d" % number) for number in range(2000))
    assert len(torque(text).nodes) == 2000
    told = json.loads(PBS_NODES.stdout)
    told["nodes"] = {"n%d" % number: told["nodes"]["pbsnode"] for number in range(2000)}
    assert len(pbspro(replace(PBS_NODES, stdout=json.dumps(told))).nodes) == 2000


@pytest.mark.parametrize("text", ["", "<Data></Data>", "<Data>", NODES.stdout[:200], "<Node/>", NODES.stdout.replace("<np>4</np>", ""),
                                  NODES.stdout.replace("<np>4<", "<np>x<"), NODES.stdout.replace("</Node>", "</Node>" + TWIN)])  # fmt: skip
def test_half_an_answer_of_torque_is_an_error(text: str) -> None:
    with pytest.raises(ParseError):
        torque(text)


@pytest.mark.parametrize("text", ["", "{}", "{", PBS_NODES.stdout[:200], '{"nodes": []}', '{"nodes": {"a": {}}}', '{"nodes": {"a": {"state": "free"}}}',
                                  '{"nodes": {"a": 1}, "nodes": {}}'])  # fmt: skip
def test_half_an_answer_of_openpbs_is_an_error(text: str) -> None:
    with pytest.raises(ParseError):
        pbspro(replace(PBS_NODES, stdout=text))


@pytest.mark.parametrize(
    ("queues", "server"),
    [("", SERVER.stdout), ("Queue: a\n", SERVER.stdout), ("welcome\n" + QUEUES.stdout, SERVER.stdout), (QUEUES.stdout, ""), (QUEUES.stdout, "Server: x\n")],
)  # fmt: skip
def test_half_a_server_is_an_error(queues: str, server: str) -> None:
    with pytest.raises(ParseError):
        torque(queues=queues, server=server)
