# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An array is what its least finished element is; once all have ended, what its worst one is."""

from __future__ import annotations

from typing import List

import pytest

from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.client import Client
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.model import JobState, JobStatus
from ansible_collections.clusterjobs.drm.tests.unit.helpers.fake_drm import UNREACHABLE, FakeCluster, FakeDrm, row


@pytest.fixture
def cluster() -> FakeCluster:
    return FakeCluster()


def whole(cluster: FakeCluster) -> JobStatus:
    return Client(FakeDrm(), cluster).statuses(["1"]).jobs["1"]


def element(index: object, state: JobState, **values: object) -> JobStatus:
    return row("1_%s" % index, state, array_id="1", name="work", **values)


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ("RUNNING QUEUED DONE FAILED", "RUNNING"),
        ("QUEUED DONE FAILED", "QUEUED"),
        ("HELD DONE", "HELD"),
        ("SUSPENDED QUEUED", "SUSPENDED"),
        ("UNKNOWN DONE FAILED", "UNKNOWN"),
        ("DONE FAILED CANCELLED", "FAILED"),
        ("DONE CANCELLED", "CANCELLED"),
        ("DONE DONE", "DONE"),
    ],
)
def test_states_are_put_together(cluster: FakeCluster, states: str, expected: str) -> None:
    for elements in (states.split(), states.split()[::-1]):
        cluster.accounting = {}
        cluster.queue = {}
        for index, state in enumerate(elements):
            status = element(index, JobState(state), exit_code={"FAILED": 3, "DONE": 0}.get(state))
            if status.state.final:
                cluster.account(status)
            else:
                cluster.put(status)
        found = whole(cluster)
        assert (found.job_id, found.array_id, found.name, found.state.value) == ("1", "", "work", expected)
        assert [task.state.value for task in found.tasks] == elements
        if expected == "FAILED":
            assert found.exit_code == 3


def test_elements_come_in_the_order_of_their_indices(cluster: FakeCluster) -> None:
    cluster.put(*(element(index, JobState.RUNNING, nodes=("n%d" % (index % 3),)) for index in (10, 9, 2, 1)))
    found = whole(cluster)
    assert [task.job_id for task in found.tasks] == ["1_1", "1_2", "1_9", "1_10"]
    assert found.nodes == ("n0", "n1", "n2")


def test_an_element_can_be_asked_for_alone(cluster: FakeCluster) -> None:
    cluster.put(element(1, JobState.RUNNING), element(2, JobState.QUEUED))
    assert Client(FakeDrm(), cluster).statuses(["1_2"]).jobs["1_2"] == element(2, JobState.QUEUED)


def test_elements_that_left_the_queue_are_in_the_accounting(cluster: FakeCluster) -> None:
    cluster.put(element(2, JobState.DONE, exit_code=0))
    cluster.account(element(1, JobState.FAILED, exit_code=1))
    assert whole(cluster).state is JobState.FAILED


def rows_done(cluster: FakeCluster) -> List[str]:
    cluster.put(element(2, JobState.DONE, exit_code=0))
    found = whole(cluster)
    assert found.exit_code is None or found.state is JobState.DONE
    return [found.state.value, found.message]


def test_without_accounting_the_elements_that_are_left_do_not_speak_for_the_others(cluster: FakeCluster) -> None:
    cluster.accounting = None
    state, message = rows_done(cluster)
    assert state == "UNKNOWN"
    assert "without accounting" in message


def test_an_accounting_that_does_not_answer_leaves_the_array_unknown(cluster: FakeCluster) -> None:
    cluster.faults["fhistory"] = [UNREACHABLE]
    assert rows_done(cluster)[0] == "UNKNOWN"
    assert rows_done(cluster)[0] == "DONE"


def test_the_row_for_elements_not_started_gives_way_to_their_own(cluster: FakeCluster) -> None:
    cluster.put(element(2, JobState.RUNNING), element(3, JobState.QUEUED))
    cluster.account(element("[2-3]", JobState.QUEUED), element(1, JobState.DONE, exit_code=0))
    found = whole(cluster)
    assert [task.job_id for task in found.tasks] == ["1_1", "1_2", "1_3"]
    assert found.state is JobState.RUNNING


def test_it_counts_where_there_is_no_other(cluster: FakeCluster) -> None:
    cluster.account(element("[2-3]", JobState.QUEUED), element(1, JobState.DONE, exit_code=0))
    assert whole(cluster).state is JobState.QUEUED
    cluster.account(element("[2-3]", JobState.CANCELLED))
    assert whole(cluster).state is JobState.CANCELLED


def test_an_end_that_the_queue_explains_stands(cluster: FakeCluster) -> None:
    """Slurm's accounting shows an exit code of 137 as 9."""
    cluster.put(element(1, JobState.FAILED, exit_code=137))
    cluster.account(element(1, JobState.FAILED, exit_code=9))
    assert whole(cluster).exit_code == 137


def test_an_accountings_row_under_the_arrays_own_id_does_not_hide_its_elements(cluster: FakeCluster) -> None:
    """Slurm 22.05 keeps an array's last element under the array's id, and may show it so for a moment."""
    cluster.put(element(1, JobState.DONE, exit_code=0), element(2, JobState.FAILED, exit_code=4))
    cluster.account(row("1", JobState.DONE, exit_code=0))
    found = whole(cluster)
    assert (found.state, found.exit_code, len(found.tasks)) == (JobState.FAILED, 4, 2)
