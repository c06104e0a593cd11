# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs brought into a desired state, in slices that only the journal, the batch system and JSON connect."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List

import pytest

from ansible_collections.clusterjobs.drm.plugins.module_utils._drm import desired
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.desired import Targets
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.model import EndReason, JobState
from ansible_collections.clusterjobs.drm.tests.unit.helpers.fake_clock import FakeClock
from ansible_collections.clusterjobs.drm.tests.unit.helpers.fake_drm import UNREACHABLE, FakeCluster, answering, row
from ansible_collections.clusterjobs.drm.tests.unit.helpers.orders import order
from ansible_collections.clusterjobs.drm.tests.unit.helpers.slices import Play, wish


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    clock = FakeClock()
    monkeypatch.setattr(desired, "time", clock)
    return clock


@pytest.fixture
def cluster() -> FakeCluster:
    return FakeCluster()


@pytest.fixture
def play(cluster: FakeCluster, tmp_path: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> Play:
    monkeypatch.setenv("HOME", str(tmp_path))
    return Play(cluster, tmp_path / "state", clock)


def states(answer: Dict[str, Any]) -> List[str]:
    return [job["state"] for job in answer["jobs"]]


def start(cluster: FakeCluster, job_id: str) -> None:
    cluster.put(row(job_id, JobState.RUNNING, name=cluster.queue[job_id].name, nodes=("n1",)))


def test_submitted_does_not_wait(play: Play, cluster: FakeCluster, clock: FakeClock) -> None:
    answer = play.run(wish("submitted"), [order()])
    assert (answer["changed"], answer["timed_out"], clock.passed) == (True, False, 0)
    job = answer["jobs"][0]
    assert (job["job_id"], job["state"], job["key"], job["changed"]) == ("101", "QUEUED", "index", True)
    assert [diff["after_header"] for diff in answer["diff"]] == ["job work"]
    again = play.run(wish("submitted"), [order()], task="task-2")
    assert (again["changed"], again["jobs"][0]["changed"], again["diff"]) == (False, False, [])


def test_a_generated_key_is_not_shown(play: Play) -> None:
    assert play.run(wish("submitted"), [order("task:1#0", generated=True)])["jobs"][0]["key"] is None


def test_an_overnight_job(play: Play, cluster: FakeCluster, clock: FakeClock) -> None:
    clock.at(3 * 3600, lambda: start(cluster, "101"))
    clock.at(9 * 3600, lambda: cluster.end("101", JobState.DONE, exit_code=0))
    answer = play.run(wish("finished", wait_timeout=43200), [order()])
    assert (answer.get("msg"), answer["changed"], states(answer)) == (None, True, ["DONE"])
    assert 9 * 3600 <= clock.passed < 9 * 3600 + 31
    assert [event["state"] for event in play.events] == ["QUEUED", "RUNNING", "DONE"]
    assert len(cluster.submissions) == 1


def test_a_young_job_is_known_to_be_done_within_a_second(play: Play, cluster: FakeCluster, clock: FakeClock) -> None:
    clock.at(4.2, lambda: cluster.end("101", JobState.DONE, exit_code=0))
    play.run(wish("finished"), [order()])
    assert clock.passed < 5.2


def test_every_slice_says_that_this_task_submitted(play: Play, clock: FakeClock, cluster: FakeCluster) -> None:
    clock.at(100, lambda: cluster.end("101", JobState.DONE, exit_code=0))
    play.run(wish("finished"), [order()])
    assert len(play.slices) > 3
    assert all(answer["changed"] and answer["jobs"][0]["changed"] for answer in play.slices)


def test_started_is_enough(play: Play, cluster: FakeCluster, clock: FakeClock) -> None:
    clock.at(10, lambda: start(cluster, "101"))
    assert states(play.run(wish("started"), [order()])) == ["RUNNING"]
    assert clock.passed < 12


class TestTimeout:
    def test_it_says_what_is_there(self, play: Play, cluster: FakeCluster, clock: FakeClock) -> None:
        answer = play.run(wish("finished", wait_timeout=100), [order()])
        assert (answer["failed"], answer["timed_out"], answer["changed"]) == (True, True, True)
        assert answer["msg"] == "not finished after 100 s: 101 is QUEUED."
        assert answer["jobs"][0]["job_id"] == "101"
        assert 100 <= clock.passed <= 101
        assert not cluster.controls

    def test_no_time_is_one_look(self, play: Play, cluster: FakeCluster, clock: FakeClock) -> None:
        assert play.run(wish("finished", wait_timeout=0), [order()])["timed_out"] is True
        assert clock.passed == 0

    def test_cancel_on_timeout_ends_what_is_late(self, play: Play, cluster: FakeCluster, clock: FakeClock) -> None:
        clock.at(5, lambda: cluster.end("101", JobState.DONE, exit_code=0))
        answer = play.run(wish("finished", wait_timeout=20, cancel_on_timeout=True), [order("a"), order("b")])
        assert cluster.controls == [("cancel", "102")]
        assert "told to end" in answer["msg"]
        assert [job["job_id"] for job in answer["jobs"]] == ["101", "102"]

    def test_a_job_of_before_that_is_ended_is_a_change(self, play: Play, cluster: FakeCluster) -> None:
        play.run(wish("submitted"), [order()])
        answer = play.run(wish("finished", wait_timeout=20, cancel_on_timeout=True), [order()], task="task-2")
        assert (answer["changed"], answer["jobs"][0]["changed"]) == (True, True)

    def test_a_drm_that_is_silent_to_the_end(self, play: Play, cluster: FakeCluster, clock: FakeClock) -> None:
        cluster.faults["fqueue"] = [UNREACHABLE] * 1000
        answer = play.run(wish("finished", wait_timeout=50), [order()])
        assert (answer["timed_out"], states(answer)) == (True, ["UNKNOWN"])
        assert "no route to server" in answer["msg"]
        assert any("no route" in warning for warning in answer["warnings"])


class TestUnknown:
    def test_a_job_without_a_trace_is_not_done(self, play: Play, cluster: FakeCluster, clock: FakeClock) -> None:
        clock.at(10, lambda: cluster.end("101", JobState.DONE, forget=True))
        answer = play.run(wish("finished"), [order()])
        assert (answer["failed"], answer["timed_out"], states(answer)) == (True, False, ["UNKNOWN"])
        assert "it is not taken for done" in answer["msg"]
        assert "neither the queue nor the accounting knows" in answer["msg"]
        assert 60 < clock.passed < 110

    def test_only_what_is_lost_is_named(self, play: Play, cluster: FakeCluster, clock: FakeClock) -> None:
        clock.at(10, lambda: cluster.end("101", JobState.DONE, forget=True))
        answer = play.run(wish("finished"), [order("a"), order("b")])
        assert answer["msg"].startswith("job 101: neither")
        assert states(answer) == ["UNKNOWN", "QUEUED"]

    def test_one_that_comes_back_is_waited_for(self, play: Play, cluster: FakeCluster, clock: FakeClock) -> None:
        play.run(wish("submitted"), [order()])
        status = cluster.queue["101"]
        clock.at(10, cluster.queue.clear)
        clock.at(50, lambda: cluster.put(status))
        clock.at(90, cluster.queue.clear)
        clock.at(130, lambda: cluster.account(row("101", JobState.DONE, exit_code=0)))
        assert states(play.run(wish("finished"), [order()])) == ["DONE"]

    def test_an_accounting_that_is_down_is_waited_for(self, play: Play, cluster: FakeCluster, clock: FakeClock) -> None:
        clock.at(10, lambda: cluster.end("101", JobState.DONE, exit_code=0))
        cluster.faults["fhistory"] = [UNREACHABLE] * 1000
        clock.at(600, cluster.faults.clear)
        assert states(play.run(wish("finished"), [order()])) == ["DONE"]

    def test_a_forgotten_end_is_remembered_at_once(self, play: Play, cluster: FakeCluster, clock: FakeClock) -> None:
        cluster.accounting = None
        play.run(wish("submitted"), [order(), order("bad")])
        cluster.put(
            row("101", JobState.DONE, exit_code=0), row("102", JobState.FAILED, signal=9, end_reason=EndReason.MEMORY)
        )
        play.run(wish("finished"), [order(), order("bad")])
        cluster.queue.clear()
        before = clock.passed
        answer = play.run(wish("finished"), [order(), order("bad")], task="task-2")
        assert clock.passed == before
        assert states(answer) == ["DONE", "FAILED"]
        assert (answer["jobs"][1]["end_reason"], answer["jobs"][1]["signal"]) == ("MEMORY", 9)
        assert "job 102" in answer["msg"]
        known = play.run(wish("finished"), targets=Targets(keys=("index",)), task="task-3")
        assert (states(known), known.get("msg")) == (["DONE"], None)

    def test_the_drms_word_counts_more_than_the_memory(self, play: Play, cluster: FakeCluster) -> None:
        play.run(wish("submitted"), [order()])
        cluster.put(row("101", JobState.FAILED, exit_code=1))
        play.run(wish("finished", fail_on_job_failure=False), [order()])
        cluster.put(row("101", JobState.RUNNING))
        assert states(play.run(wish("started"), [order()], task="task-2")) == ["RUNNING"]


class TestFailure:
    @pytest.mark.parametrize("state", ["submitted", "started", "finished"])
    def test_a_job_that_failed_fails_the_task(self, play: Play, cluster: FakeCluster, state: str) -> None:
        play.run(wish("submitted"), [order()])
        cluster.end("101", JobState.FAILED, exit_code=3, end_reason=EndReason.OTHER, message="NonZeroExitCode")
        answer = play.run(wish(state), [order()], task="task-2")
        assert answer["failed"] is True
        assert "ended FAILED: other, exit code 3, NonZeroExitCode" in answer["msg"]
        assert answer["jobs"][0]["exit_code"] == 3
        allowed = play.run(wish(state, fail_on_job_failure=False), [order()], task="task-3")
        assert "failed" not in allowed
        assert states(allowed) == ["FAILED"]

    def test_a_cancelled_job_too(self, play: Play, cluster: FakeCluster, clock: FakeClock) -> None:
        clock.at(3, lambda: cluster.end("101", JobState.CANCELLED, end_reason=EndReason.CANCELLED))
        assert "ended CANCELLED: cancelled" in play.run(wish("finished"), [order()])["msg"]

    def test_a_signal_is_told(self, play: Play, cluster: FakeCluster) -> None:
        play.run(wish("submitted"), [order()])
        cluster.put(row("101", JobState.FAILED, name="work-0", signal=11, end_reason=EndReason.SIGNAL))
        assert play.run(wish("finished"), [order()])["msg"] == "job 101 (work-0) ended FAILED: signal, signal 11"

    def test_an_end_without_any_reason(self, play: Play, cluster: FakeCluster) -> None:
        play.run(wish("submitted"), [order()])
        cluster.put(row("101", JobState.FAILED, name="work-0"))
        assert play.run(wish("finished"), [order()])["msg"] == "job 101 (work-0) ended FAILED"

    def test_many_are_counted(self, play: Play, cluster: FakeCluster) -> None:
        orders = [order(str(number)) for number in range(7)]
        play.run(wish("submitted"), orders)
        for job_id in list(cluster.queue):
            cluster.end(job_id, JobState.FAILED, exit_code=1)
        assert play.run(wish("finished"), orders)["msg"].endswith("and 2 more")
        assert play.run(wish("finished"), orders[:5])["msg"].endswith("exit code 1")

    def test_on_failure_tries_again_once_and_waits_for_that(
        self, play: Play, cluster: FakeCluster, clock: FakeClock
    ) -> None:
        play.run(wish("submitted"), [order()])
        cluster.end("101", JobState.FAILED, exit_code=1)
        clock.at(100, lambda: cluster.end("102", JobState.FAILED, exit_code=2))
        answer = play.run(wish("finished"), [order(resubmit="on_failure")], task="task-2")
        assert (len(cluster.submissions), answer["jobs"][0]["job_id"], answer["jobs"][0]["exit_code"]) == (2, "102", 2)

    def test_a_job_that_fails_while_it_is_waited_for_is_the_answer(
        self, play: Play, cluster: FakeCluster, clock: FakeClock
    ) -> None:
        play.run(wish("submitted"), [order()])
        # It fails while no slice is looking.
        clock.at(3.1, lambda: cluster.end("101", JobState.FAILED, exit_code=1))
        answer = play.run(wish("finished"), [order(resubmit="on_failure")], task="task-2")
        assert (len(cluster.submissions), states(answer), answer["changed"]) == (1, ["FAILED"], False)


class TestManyJobs:
    def test_what_was_submitted_before_an_error_is_told(self, play: Play, cluster: FakeCluster) -> None:
        cluster.faults["fsub"] = [lambda do, command: do(), answering(1, stderr="no such queue")]
        answer = play.run(wish("finished"), [order("a"), order("b"), order("c")])
        assert (answer["failed"], answer["changed"]) == (True, True)
        assert [(job["job_id"], job["key"]) for job in answer["jobs"]] == [("101", "a")]
        assert "no such queue" in answer["msg"]
        assert answer["rc"] == 1

    def test_they_come_in_the_order_asked_for(self, play: Play, cluster: FakeCluster) -> None:
        play.run(wish("submitted"), [order("b")])
        answer = play.run(wish("submitted"), [order("a"), order("b"), order("c")])
        assert [(job["key"], job["job_id"]) for job in answer["jobs"]] == [("a", "102"), ("b", "101"), ("c", "103")]

    def test_a_job_that_another_play_replaced_is_not_waited_for(
        self, play: Play, cluster: FakeCluster, clock: FakeClock
    ) -> None:
        play.run(wish("submitted"), [order()])
        start(cluster, "101")

        def replaced() -> None:
            cluster.end("101", JobState.FAILED, forget=True)
            cluster.account(row("101", JobState.FAILED, exit_code=1))
            play.slice(wish("submitted"), [order(resubmit="on_failure")], Targets(), "task-3", {}, 0)
            cluster.end("102", JobState.DONE, exit_code=0)

        clock.at(3.1, replaced)
        answer = play.run(wish("finished"), targets=Targets(keys=("index",)), task="task-2")
        assert [(job["job_id"], job["state"]) for job in answer["jobs"]] == [("102", "DONE")]
        assert answer.get("msg") is None
