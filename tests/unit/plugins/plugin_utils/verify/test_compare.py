# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two runs."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.clusterjobs.drm.plugins.plugin_utils.verify.compare import comparable, told
from ansible_collections.clusterjobs.drm.plugins.plugin_utils.verify.judge import finish
from ansible_collections.clusterjobs.drm.plugins.plugin_utils.verify.model import Report
from ansible_collections.clusterjobs.drm.tests.unit.helpers.reports import check, measured, result

Statuses = dict[str, dict[str, str]]


def data(statuses: Statuses, **run: Any) -> dict[str, Any]:
    """By check, then by place: a node, or a node and a user."""
    checks = []
    for name, places in statuses.items():
        rows = []
        for place, status in places.items():
            subject, user = [*place.split(), ""][:2]
            rows.append(result(subject, status, "seen", "Mend it.", user=user))
        checks.append(check(name, f"Title of {name}", rows))
    return measured(checks, ["n1", "n2", "n3"], **run)


def compared(before: Statuses, now: Statuses, **waived: str) -> Report:
    return finish(data(now), waived, finish(data(before, tag="v-before", started=1795515300), {}))


def lines(report: Report) -> list[tuple[str, str, str, str]]:
    return [(change.kind, change.check, str(change.where), change.how) for change in told(report)]


def test_the_first_run_has_nothing_to_compare_with() -> None:
    report = finish(data({"uid": {"n1": "ok"}}), {})
    assert report.compared is None
    assert told(report) == []


def test_better_and_worse() -> None:
    before = {"uid": {"n1": "ok", "n2": "error", "n2 alice": "warning", "n3": "ok"}}
    now = {"uid": {"n1": "warning", "n2": "warning", "n2 alice": "error", "n3": "ok"}}
    report = compared(before, now)
    assert report.compared == {
        "previous": {"tag": "v-before", "started": 1795515300},
        "worse": [
            {"check": "uid", "subject": "n1", "from": "ok", "to": "warning"},
            {"check": "uid", "subject": "n2", "user": "alice", "from": "warning", "to": "error"},
        ],
        "better": [{"check": "uid", "subject": "n2", "from": "error", "to": "warning"}],
        "new": [],
        "gone": [],
    }
    assert lines(report) == [
        ("worse", "Title of uid", "n1", "was ok, is warning"),
        ("worse", "Title of uid", "n2, as alice", "was warning, is error"),
        ("better", "Title of uid", "n2", "was error, is warning"),
    ]


def test_many_nodes_are_one_line() -> None:
    report = compared(
        {"uid": dict.fromkeys(["n1", "n2", "n3"], "ok")}, {"uid": dict.fromkeys(["n1", "n2", "n3"], "error")}
    )
    assert lines(report) == [("worse", "Title of uid", "n[1-3]", "was ok, is error")]


def test_a_node_or_a_check_that_is_new_or_gone_as_a_whole_is_one_line() -> None:
    before = {"uid": {"n1": "ok", "n2": "ok"}, "old": {"n1": "error"}, "path": {"n1": "ok", "n2": "warning"}}
    now = {"uid": {"n1": "ok", "n3": "ok"}, "path": {"n1": "ok", "n3": "error"}, "clock": {"n1": "ok"}}
    assert lines(compared(before, now)) == [
        ("new", "", "n3", "2 results, 1 not ok"),
        ("new", "Title of clock", "n1", "1 result"),
        ("gone", "", "n2", "2 results, 1 not ok"),
        ("gone", "old", "n1", "1 result, 1 not ok"),
    ]


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        ("ok", "skipped", [("gone", "Title of uid", "n1", "was ok")]),
        ("skipped", "error", [("new", "Title of uid", "n1", "is error")]),
        ("skipped", "skipped", []),
    ],
)
def test_what_was_not_asked_is_neither_better_nor_worse(before: str, now: str, expected: list[Any]) -> None:
    others = {"path": {"n1": "ok"}}
    report = compared({"uid": {"n1": before, "n2": "ok"}, **others}, {"uid": {"n1": now, "n2": "ok"}, **others})
    assert lines(report) == expected


def test_a_waiver_mends_nothing() -> None:
    report = compared({"uid": {"n1": "error"}}, {"uid": {"n1": "error"}}, uid="known")
    assert report.ready is False
    assert lines(report) == []
    assert lines(compared({"uid": {"n1": "ok"}}, {"uid": {"n1": "error"}}, uid="known"))[0][3] == "was ok, is error"


@pytest.mark.parametrize(("field", "value"), [("galaxy_host", "galaxy2"), ("drm", "gridengine")])
def test_another_server_or_drm_is_not_compared(field: str, value: str) -> None:
    here, there = (finish(data({"uid": {"n1": "ok"}}, **run), {}) for run in ({}, {field: value}))
    assert comparable(here, here)
    assert not comparable(there, here)
