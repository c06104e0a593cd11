# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is taken, what is refused, and what a waiver does."""

from __future__ import annotations

import copy
import json
import re
from typing import Any

import pytest

from ansible_collections.clusterjobs.drm.plugins.plugin_utils.verify.judge import finish
from ansible_collections.clusterjobs.drm.plugins.plugin_utils.verify.reading import ShapeError, read
from ansible_collections.clusterjobs.drm.tests.unit.helpers.reports import check, measured, result, site

NODES = ["node1", "node2", "node3"]


def changed(*path: Any, to: Any) -> dict[str, Any]:
    data = copy.deepcopy(site(NODES))
    *way, last = path
    place: Any = data
    for step in way:
        place = place[step]
    place[last] = to
    return data


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ([], "measured is list, not a mapping"),
        (changed("schema", to=2), "schema is 2"),
        (changed("run", to=None), "run is NoneType"),
        (changed("run", "started", to="today"), "run.started is 'today'"),
        (changed("run", "ended", to=float("nan")), "run.ended is nan"),
        (changed("run", "galaxy_host", to=" "), "run.galaxy_host is ' '"),
        (changed("run", "nodes", to="node1"), "nodes is str, not a list"),
        (changed("checks", to={}), "checks is dict, not a list"),
        (changed("checks", 0, "name", to="Same uid"), "checks[0].name is 'Same uid'"),
        (changed("checks", 0, "name", to="job_conf"), "'job_conf' is there 2 times"),
        (changed("checks", 0, "level", to="fatal"), "submit.level is 'fatal', not one of error, warning"),
        (changed("checks", 0, "results", 0, "status", to="done"), "submit.results[0].status is 'done'"),
        (changed("checks", 0, "results", 0, "status", to="error"), "submit.results[0].mend is empty"),
        (changed("checks", 0, "results", 0, "numbers", to=[1]), "submit.results[0].numbers is list"),
        (changed("checks", 3, "level", to="warning"), "answered: an error for node3, but the check's level is warning"),
        (changed("checks", 4, "results", 1, "subject", to="node1"), "same_uid: there are two results for node1"),
    ],
)
def test_what_our_own_side_said_wrong_is_refused_by_name(data: Any, said: str) -> None:
    with pytest.raises(ShapeError, match=re.escape(said)):
        read(data)


def test_what_a_node_said_is_taken_whatever_it_is() -> None:
    numbers = {f"n{index}": index for index in range(60)}
    row = result("node1", message="\x1b" + "m" * 3000, numbers={"bad\n": [1], "nan_s": float("nan"), **numbers})
    (taken,) = read(measured([check("shell", "Shell", [row])], ["node1"])).checks[0].results
    assert taken.message.startswith("\\x1bmmm")
    assert len(taken.message) < 2020
    assert taken.numbers["bad\\n"] == "[1]"
    assert taken.numbers["nan_s"] == "nan"
    assert len(taken.numbers) == 50


def test_counts() -> None:
    report = finish(site(NODES), {})
    # By hand: 3 of the server, 2 answered, 2 uids, 2 shells, 4 paths, 1 lag, 2 free, 2 umask, 2 clocks, 3 ends.
    assert report.counts == {"ok": 22, "warning": 4, "error": 2, "skipped": 2, "waived": 0}
    assert report.failed_checks == ["answered", "same_uid"]
    assert not report.ready


def test_a_waiver_waives_warnings_and_errors_of_its_check_alone() -> None:
    reasons = {"same_uid": "node2 is being made anew", "answered": "node3 is in repair"}
    report = finish(site(NODES), reasons)
    assert report.counts == {"ok": 22, "warning": 4, "error": 0, "skipped": 2, "waived": 2}
    assert report.ready
    uids = [(row.subject, row.user, row.status, row.was) for row in report.checks[4].results]
    assert uids == [
        ("node1", "", "ok", ""),
        ("node2", "", "ok", ""),
        ("node2", "alice", "waived", "error"),
        ("node3", "", "skipped", ""),
    ]
    assert report.as_dict()["waived"] == reasons


@pytest.mark.parametrize(
    ("waived", "said"),
    [
        ({"same_gid": "why"}, "there is no check 'same_gid'; there are submit, job_conf"),
        ({"same_uid": ""}, "waived.same_uid is ''"),
        ({"same_uid": None}, "waived.same_uid is None"),
    ],
)
def test_a_waiver_that_waives_nothing_is_refused(waived: dict[str, Any], said: str) -> None:
    with pytest.raises(ShapeError, match=re.escape(said)):
        finish(site(NODES), waived)


def test_what_was_measured_waives_nothing_itself() -> None:
    row = result("node1", "waived", "no", "Mend it.", was="error")
    with pytest.raises(ShapeError, match="waived"):
        finish(measured([check("shell", "Shell", [row])], ["node1"]), {})


@pytest.mark.parametrize(
    ("rows", "stopped", "ready"),
    [
        ([result("node1")], "", True),
        ([result("node1", "warning", "slow", "Wait.")], "", False),
        ([result("node1"), result("node2", "warning", "slow", "Wait.")], "", True),
        ([result("node1")], "time limit of 600 s reached", False),
        ([result("node1", "skipped")], "", False),
        ([], "", False),
    ],
)
def test_ready_is_what_was_seen_to_be(rows: list[dict[str, Any]], stopped: str, ready: bool) -> None:
    assert finish(measured([check("shell", "Shell", rows)], ["node1"], stopped=stopped), {}).ready is ready


def test_a_finished_report_is_read_again_as_it_was() -> None:
    report = finish(site(NODES), {"same_uid": "known"})
    again = read(json.loads(json.dumps(report.as_dict())))
    assert again.checks == report.checks
    assert again.run == report.run
