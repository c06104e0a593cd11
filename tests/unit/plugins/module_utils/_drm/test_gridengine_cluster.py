# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Grid Engine's hosts and queues, recorded on 8.1.9; other states are put into the same answers."""

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
LIMITS = recorded("gridengine/8.1.9/cluster.limits")
USAGE = CommandResult(Command(("qstat", "-help")), 0, "SGE 8.1.9\nusage: qstat [options]\n", "")


def told(hosts: str = HOSTS.stdout, limits: str = LIMITS.stdout, usage: CommandResult = USAGE) -> ClusterStatus:
    return gridengine_cluster.read([usage, replace(LIMITS, stdout=limits), replace(HOSTS, stdout=hosts)])


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
        ("qstat", "-f", "-F", "h_rt", "-u", "root", "-xml"),
        ("qhost", "-q", "-xml"),
    ]


def test_the_cluster_as_recorded() -> None:
    cluster = told()
    assert (cluster.drm, cluster.version) == ("gridengine", "SGE 8.1.9")
    assert cluster.queues == (
        QueueStatus("closed.q", QueueState.STOPPED, "d", False, None, None, 2, ("drm-sge-exec",)),
        QueueStatus("main.q", QueueState.OPEN, "-", False, None, None, 16, ("drm-sge-exec",)),
        QueueStatus("short.q", QueueState.OPEN, "-", False, 20, None, 4, ("drm-sge-exec",)),
        QueueStatus("staff.q", QueueState.OPEN, "-", False, None, None, 2, ("drm-sge-exec",)),
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
    none = "<?xml version='1.0'?><job_info><queue_info></queue_info></job_info>"
    [node] = told(head + " </host>" + rest.split("</host>")[1], none).nodes
    assert (node.state, node.slots, node.queues) == (NodeState.CLOSED, None, ())


def test_two_thousand_hosts() -> None:
    head, rest = HOSTS.stdout.split(" <host name='drm-sge-exec'>")
    host = " <host name='%04d'>" + rest.split("</host>")[0] + "</host>"
    first, _tag, last = LIMITS.stdout.rpartition("</queue_info>")
    before, instances = first.split("<queue_info>")
    limits = "".join(instances.replace("drm-sge-exec", "%04d" % number) for number in range(2000))
    cluster = told(
        head + "\n".join(host % number for number in range(2000)) + "</qhost>",
        before + "<queue_info>" + limits + "</queue_info>" + last,
    )
    assert len(cluster.nodes) == len(cluster.queues[0].nodes) == 2000
    assert {queue.name: queue.walltime_seconds for queue in cluster.queues}["short.q"] == 20


@pytest.mark.parametrize(
    ("hosts", "limits"),
    [
        ("", LIMITS.stdout),
        (HOSTS.stdout[:-30], LIMITS.stdout),
        ("<job_info/>", LIMITS.stdout),
        (HOSTS.stdout.replace("'global'", "'drm-sge-exec'"), LIMITS.stdout),
        (HOSTS.stdout, ""),
        (HOSTS.stdout, LIMITS.stdout[:300]),
        (HOSTS.stdout, "<qhost/>"),
        (HOSTS.stdout, LIMITS.stdout.replace("short.q@", "other.q@")),
        (HOSTS.stdout, LIMITS.stdout.replace("00:00:20", "")),
    ],
)
def test_half_an_answer_is_an_error(hosts: str, limits: str) -> None:
    with pytest.raises(ParseError):
        told(hosts, limits)


def test_a_queue_has_the_longest_of_its_hosts_limits() -> None:
    host = HOSTS.stdout.index(" <host name='drm-sge-exec'>")
    other = HOSTS.stdout[host:].split("</host>")[0].replace("drm-sge-exec", "other") + "</host>\n"
    rows = LIMITS.stdout.split("<queue_info>")[1].split("</queue_info>")[0].replace("drm-sge-exec", "other")
    hosts = HOSTS.stdout.replace(" <host name='drm-sge-exec'>", other + " <host name='drm-sge-exec'>")
    for limit, seconds in (("00:01:40", 100), ("00:00:10", 20), ("infinity", None)):
        more = rows.replace("00:00:20", limit)
        cluster = told(hosts, LIMITS.stdout.replace("</queue_info>", more + "</queue_info>"))
        assert {queue.name: queue.walltime_seconds for queue in cluster.queues}["short.q"] == seconds


def test_a_usage_without_a_version_is_an_error() -> None:
    with pytest.raises(ParseError):
        told(usage=replace(USAGE, stdout="usage: qstat\n"))
