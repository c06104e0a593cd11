# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Grid Engine's hosts and a queue, recorded on 8.1.9; other states are put into the same answer."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ansible_collections.clusterjobs.drm.plugins.module_utils._drm import gridengine_cluster
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.cluster import (
    ClusterStatus,
    NodeState,
    NodeStatus,
    QueueState,
    QueueStatus,
)
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.errors import ParseError
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.model import Command, CommandResult
from ansible_collections.clusterjobs.drm.tests.unit.helpers.recordings import recorded

HOSTS = recorded("gridengine/8.1.9/cluster.hosts")
QUEUE = recorded("gridengine/8.1.9/cluster.queue")
CLOSED = QUEUE.stdout.replace("main.q", "closed.q").replace(
    "h_rt                  INFINITY", "h_rt                  00:05:00,[\\\n   drm=1:00:00]"
)
USAGE = CommandResult(Command(("qstat", "-help")), 0, "SGE 8.1.9\nusage: qstat [options]\n", "")


def told(
    hosts: str = HOSTS.stdout, queues: str = QUEUE.stdout + "\n" + CLOSED, usage: CommandResult = USAGE
) -> ClusterStatus:
    return gridengine_cluster.read([usage, replace(QUEUE, stdout=queues), replace(HOSTS, stdout=hosts)])


def changed(*pairs: tuple[str, str]) -> ClusterStatus:
    text = HOSTS.stdout
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    return told(text)


def states(letters: str) -> list[tuple[str, str]]:
    """Each queue instance in this state; closed.q's was d."""
    return [
        ("'state_string'>d<", "'state_string'>%s<" % letters),
        ("'state_string'></", "'state_string'>%s</" % letters),
    ]


def test_what_is_asked() -> None:
    commands = gridengine_cluster.commands({"SGE_CELL": "west"})
    assert {command.environ["SGE_CELL"] for command in commands} == {"west"}
    assert [command.argv for command in commands] == [
        ("qstat", "-help"),
        ("qconf", "-sq", "*"),
        ("qhost", "-q", "-xml"),
    ]


def test_the_cluster_as_recorded() -> None:
    cluster = told()
    assert (cluster.drm, cluster.version) == ("gridengine", "SGE 8.1.9")
    assert cluster.queues == (
        QueueStatus("main.q", QueueState.OPEN, "-", False, None, None, 16, ("drm-sge-exec",)),
        QueueStatus("closed.q", QueueState.STOPPED, "d", False, 300, None, 2, ("drm-sge-exec",)),
    )
    queues = ("closed.q", "main.q", "short.q", "staff.q")
    assert cluster.nodes == (
        NodeStatus("drm-sge-exec", NodeState.IDLE, "closed.q:d", 16, 0, 24064, None, ("lx-amd64",), queues),
    )


@pytest.mark.parametrize(
    ("letters", "state"),
    [("a", NodeState.CLOSED), ("d", NodeState.CLOSED), ("E", NodeState.CLOSED), ("S", NodeState.CLOSED), ("au", NodeState.DOWN), ("Z", NodeState.UNKNOWN)],
)  # fmt: skip
def test_letters_of_every_queue_on_a_host(letters: str, state: NodeState) -> None:
    pairs = states(letters)
    [node] = changed(pairs[1], pairs[0]).nodes
    assert node.state is state
    assert "main.q:" + letters in node.native_state


def test_an_execd_that_does_not_answer_has_no_load() -> None:
    [node] = changed(("'load_avg'>5.90<", "'load_avg'>-<")).nodes
    assert (node.state, node.message) == (NodeState.DOWN, "its execd does not answer")


def test_slots_in_use() -> None:
    [node] = changed(("qname='main.q' name='slots_used'>0<", "qname='main.q' name='slots_used'>16<")).nodes
    assert (node.slots_used, node.state) == (16, NodeState.FULL)


def test_a_host_in_no_queue_takes_no_jobs() -> None:
    head, rest = HOSTS.stdout.split(" <queue name='closed.q'>")
    [node] = told(head + " </host>" + rest.split("</host>")[1]).nodes
    assert (node.state, node.slots, node.queues) == (NodeState.CLOSED, None, ())


def test_two_thousand_hosts() -> None:
    head, rest = HOSTS.stdout.split(" <host name='drm-sge-exec'>")
    host = " <host name='%04d'>" + rest.split("</host>")[0] + "</host>"
    cluster = told(head + "\n".join(host % number for number in range(2000)) + "</qhost>")
    assert len(cluster.nodes) == len(cluster.queues[0].nodes) == 2000


@pytest.mark.parametrize(
    ("hosts", "queues"),
    [
        ("", QUEUE.stdout),
        (HOSTS.stdout[:-30], QUEUE.stdout),
        ("<job_info/>", QUEUE.stdout),
        (HOSTS.stdout.replace("'global'", "'drm-sge-exec'"), QUEUE.stdout),
        (HOSTS.stdout, ""),
        (HOSTS.stdout, QUEUE.stdout[:300]),
        (HOSTS.stdout, "No cluster queue defined\n"),
    ],
)
def test_half_an_answer_is_an_error(hosts: str, queues: str) -> None:
    with pytest.raises(ParseError):
        told(hosts, queues)


def test_a_usage_without_a_version_is_an_error() -> None:
    with pytest.raises(ParseError):
        told(usage=replace(USAGE, stdout="usage: qstat\n"))
