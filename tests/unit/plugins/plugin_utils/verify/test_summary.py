# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The summary as a reader of a terminal sees it."""

from __future__ import annotations

import copy

import pytest

from ansible_collections.clusterjobs.drm.plugins.plugin_utils.verify.judge import finish
from ansible_collections.clusterjobs.drm.plugins.plugin_utils.verify.summary import summary
from ansible_collections.clusterjobs.drm.tests.unit.helpers.reports import check, measured, result, site

NODES = ["node1", "node2", "node3"]
WHOLE = """\
galaxy1 on slurm 23.11.4, 3 nodes, as galaxy, 2026-11-25 10:15 UTC, 90 s
Not ready: 2 errors and 2 warnings; 22 ok, 2 waived, 2 skipped

ERROR   answered: The node ran its job and answered
        node3: sinfo says down*: Not responding
        -> scontrol update nodename=node3 state=resume
           If it comes back down, see slurmd's log on node3.

ERROR   same_uid: The account has the same uid, gid and groups
        node2, as alice: alice has uid 1702 on node2, 1701 on galaxy1
        -> usermod -u 1701 alice
           on node2, or join it to the directory service.

WARNING job_conf: The job configuration fits the live cluster
        galaxy1, big: environment big asks for 48:00:00 in the queue main
        -> Give the environment big no more than the 24:00:00 that the queue main allows, or another
           queue.

WARNING attribute_cache: New files are seen at once
        node2, /data/galaxy/files: node2 saw a new file 10.2 s late; jobs end as failed although
        they did not
        -> Set retry_job_output_collection to 15 in galaxy.yml; if that is not enough, mount with
           actimeo=1.

WAIVED  data_source_url on node[1-2]: No way out by design.
WAIVED  clock nothing to waive: Nobody minds.

Since 2026-11-24 10:15 UTC:
worse   The node ran its job and answered on node3: was ok, is error
better  The account has a real shell on node[1-2]: was error, is ok"""


def test_the_whole() -> None:
    before = copy.deepcopy(site(NODES))
    before["run"].update(started=1795515300)
    answered, shells = before["checks"][3]["results"], before["checks"][5]["results"]
    answered[2].update(status="ok")
    for row in shells:
        row.update(status="error", mend="chsh")
    waived = {"data_source_url": "No way out by design.", "clock": "Nobody minds."}
    assert summary(finish(site(NODES), waived, finish(before, {}))) == WHOLE


def verdict_of(rows: list[dict[str, object]], **run: object) -> str:
    return summary(finish(measured([check("shell", "Shell", rows)], ["n1"], **run), {})).splitlines()[1]


def test_verdicts() -> None:
    slow = result("n2", "warning", "slow", "Wait.")
    assert verdict_of([result("n1")]) == "Ready; 1 ok"
    assert verdict_of([result("n1"), slow]) == "Ready, with 1 warning; 1 ok"
    assert verdict_of([result("n1", "skipped")]) == "Not known: no check was ok; 1 skipped"
    assert (
        verdict_of([result("n1"), slow], stopped="time limit of 9 s")
        == "Not finished: time limit of 9 s, 1 warning; 1 ok"
    )


def test_nothing_has_changed() -> None:
    data = measured([check("shell", "Shell", [result("n1")])], ["n1"])
    assert summary(finish(data, {}, finish(data, {}))).endswith("\nSince 2026-11-25 10:15 UTC: nothing has changed")


def test_what_a_hundred_nodes_say_in_the_same_way_is_told_once() -> None:
    nodes = [f"cn{number:03}" for number in range(1, 101)]
    rows = [result(node, "error", f"{node} has no /data", f"mount /data on {node}") for node in nodes]
    told = summary(finish(measured([check("path", "Path", rows)], nodes), {})).splitlines()
    assert told[4:] == ["        cn[001-100]: cn[001-100] has no /data", "        -> mount /data on cn[001-100]"]


def test_what_each_says_in_its_own_way_is_cut() -> None:
    nodes = [f"cn{number:03}" for number in range(1, 101)]
    rows = [result(node, "error", f"{number} s late", "Run chrony.") for number, node in enumerate(nodes)]
    told = summary(finish(measured([check("clock", "Clock", rows)], nodes), {})).splitlines()
    assert told[4:6] == ["        cn001: 0 s late", "        cn002: 1 s late"]
    assert told[8:] == ["        and 96 results more", "        -> Run chrony."]


@pytest.mark.parametrize("other", ["c{}", "{}.example.org", "{}-ib", "{}1", "rack-{}"])
def test_a_name_within_another_is_another(other: str) -> None:
    rows = [result(node, "error", f"{other.format(node)} is away", "Mend.") for node in ("n1", "n2")]
    told = summary(finish(measured([check("path", "Path", rows)], ["n1", "n2"]), {})).splitlines()
    assert told[4:6] == [f"        {node}: {other.format(node)} is away" for node in ("n1", "n2")]


def test_a_name_at_the_end_of_a_sentence_is_the_name() -> None:
    rows = [result(node, "error", f"No /data at {node}.", "Mend.") for node in ("n1", "n2")]
    told = summary(finish(measured([check("path", "Path", rows)], ["n1", "n2"]), {})).splitlines()
    assert told[4] == "        n[1-2]: No /data at n[1-2]."
