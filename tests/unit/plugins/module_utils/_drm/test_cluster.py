# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Units, states by slots, and what queues and nodes say of each other."""

from __future__ import annotations

import json

import pytest

from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.client import Client
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.cluster import (
    ClusterStatus,
    NodeState,
    NodeStatus,
    QueueState,
    QueueStatus,
    clock_seconds,
    megabytes,
    occupancy,
    once,
    queue_state,
    with_nodes,
    with_queues,
)
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.errors import (
    DrmError,
    DrmUnavailableError,
    ParseError,
    UnsupportedFieldError,
)
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.local import Local
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.model import Command, CommandResult
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.slurm import Slurm
from ansible_collections.clusterjobs.drm.plugins.module_utils._runner import Runner
from ansible_collections.clusterjobs.drm.tests.unit.helpers.fake_drm import FakeCluster, FakeDrm
from ansible_collections.clusterjobs.drm.tests.unit.helpers.recordings import recorded


@pytest.mark.parametrize(
    ("text", "unit", "number"),
    [("8000", "M", 8000), ("23.5G", "", 24064), ("24684084kb", "", 24105), ("24105M", "", 24105), ("5 G", "", 5120),
     ("1048576", "", 1), ("20000 K", "", 19), ("2TiB", "", 2097152), ("-", "", None), ("", "M", None), ("UNLIMITED", "M", None), ("-5", "M", None)],
)  # fmt: skip
def test_memory_is_in_mib(text: str, unit: str, number: int | None) -> None:
    assert megabytes(text, unit) == number


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("00:05:00", 300), ("1-00:00:00", 86400), ("2-03:04:05", 183845), ("48:00:00", 172800), ("10:00", 600),
     ("UNLIMITED", None), ("INFINITY", None), ("", None)],
)  # fmt: skip
def test_times_are_in_seconds(text: str, seconds: int | None) -> None:
    assert clock_seconds(text) == seconds


@pytest.mark.parametrize(
    ("used", "slots", "state"),
    [(0, 4, NodeState.IDLE), (1, 4, NodeState.MIXED), (4, 4, NodeState.FULL), (5, 4, NodeState.FULL),
     (1, None, NodeState.MIXED), (None, 4, NodeState.UNKNOWN)],
)  # fmt: skip
def test_a_node_that_is_up_is_what_its_slots_are(used: int | None, slots: int | None, state: NodeState) -> None:
    assert occupancy(used, slots) is state


def test_what_a_queue_does() -> None:
    states = [queue_state(takes, starts) for takes in (True, False) for starts in (True, False)]
    assert states == [QueueState.OPEN, QueueState.STOPPED, QueueState.DRAINING, QueueState.CLOSED]


def test_queues_and_nodes_know_each_other_whichever_of_them_tells() -> None:
    nodes = [NodeStatus("a", NodeState.IDLE, slots=4), NodeStatus("b", NodeState.DOWN, slots=2)]
    queues = [QueueStatus("x", QueueState.OPEN, nodes=("a", "b")), QueueStatus("y", QueueState.OPEN, nodes=("b",))]
    told = with_queues(nodes, queues)
    assert [node.queues for node in told] == [("x",), ("x", "y")]
    bare = [
        QueueStatus("x", QueueState.OPEN),
        QueueStatus("y", QueueState.OPEN, slots=1),
        QueueStatus("z", QueueState.OPEN),
    ]
    assert [(queue.nodes, queue.slots) for queue in with_nodes(bare, told)] == [(("a", "b"), 6), (("b",), 1), ((), 0)]


def test_a_name_that_comes_twice_is_an_error() -> None:
    assert once("ab") == {"a", "b"}
    with pytest.raises(ValueError, match="a is there twice"):
        once("aba")


def test_a_cluster_in_plain_types() -> None:
    queue = QueueStatus("x", QueueState.OPEN, "UP", True, 60, None, 4, ("a",))
    node = NodeStatus("a", NodeState.IDLE, "IDLE", 4, 0, 100, 1, ("f",), ("x",), "")
    told = ClusterStatus("slurm", "24.11", "c", (queue,), (node,)).as_dict()
    assert json.loads(json.dumps(told)) == told
    assert told["queues"] == [
        {"name": "x", "state": "OPEN", "native_state": "UP", "default": True, "walltime_seconds": 60, "memory_mb": None, "slots": 4, "nodes": ["a"]}
    ]  # fmt: skip
    assert told["nodes"][0]["state"] == "IDLE"
    assert sorted(told["nodes"][0]) == [
        "features", "gpus", "memory_mb", "message", "name", "native_state", "queues", "slots", "slots_used", "state",
    ]  # fmt: skip


def test_a_drm_whose_facts_are_not_read_says_so() -> None:
    with pytest.raises(DrmError, match="fake tells nothing of queues and nodes: set drm"):
        Client(FakeDrm(), FakeCluster()).cluster_status()


def test_half_a_cluster_is_none() -> None:
    down = recorded("slurm/24.11/down.sinfo")

    class Answers:
        asked = 0

        def run(self, command: Command) -> CommandResult:
            self.asked += 1
            return (
                CommandResult(command, 0, "SLURM_VERSION = 1\n", "")
                if self.asked == 1
                else CommandResult(command, 1, "", down.stderr)
            )

    answers = Answers()
    with pytest.raises(DrmUnavailableError, match="cluster's facts: slurm did not answer"):
        Client(Slurm(), answers).cluster_status()
    assert answers.asked == 2


def test_this_host_as_a_cluster(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    told = Client(Local(), Runner(20)).cluster_status()
    [node] = told.nodes
    assert (told.drm, told.queues, node.slots_used, node.state) == ("local", (), 0, NodeState.IDLE)
    assert node.slots
    assert (node.memory_mb or 0) > 100
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["", "{}", '{"host": "a"}', "[]", "null"])
def test_half_an_answer_of_this_host(text: str) -> None:
    with pytest.raises(ParseError):
        Local().parse_cluster([CommandResult(Command(("python",)), 0, text, "")])


def test_this_host_is_no_other_cluster() -> None:
    with pytest.raises(UnsupportedFieldError):
        Local().build_cluster("west")
