# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any, Dict, List, Optional

import pytest

from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.client import Snapshot
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.errors import CommandError, DrmUnavailableError
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.model import (
    Command,
    CommandResult,
    JobState,
    JobStatus,
)
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.wait import (
    MIN_REPORT_SECONDS,
    REACHED,
    Clock,
    Pace,
    Watch,
    ask_until_answered,
    watch,
)
from ansible_collections.clusterjobs.drm.tests.unit.helpers.fake_clock import FakeClock

RESULT = CommandResult(Command(("fqueue",)), 7, "", "no route")


class Jobs:
    """What the DRM answers, until it answers otherwise."""

    def __init__(self, clock: FakeClock, **states: str) -> None:
        self.clock = clock
        self.states = states
        self.unanswered: List[str] = []
        self.down: Optional[Exception] = None
        self.asked: List[float] = []

    def ask(self) -> Snapshot:
        self.asked.append(self.clock.passed)
        if self.down:
            raise self.down
        jobs = {job_id: JobStatus(job_id, JobState(state)) for job_id, state in self.states.items()}
        return Snapshot(jobs, tuple(self.unanswered))

    def at(self, seconds: float, **changes: Any) -> None:
        self.clock.at(seconds, lambda: self.__dict__.update(changes))


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def watched(jobs: Jobs, target: str = "finished", seconds: float = 30, waited: float = 0, **more: Any) -> Watch:
    clock = Clock(jobs.clock.monotonic, jobs.clock.sleep)
    return watch(jobs.ask, target, seconds, waited, more.pop("pace", Pace()), clock, **more)


@pytest.mark.parametrize(("waited", "interval"), [(0, 0.5), (29, 0.5), (60, 1), (600, 10), (1800, 30), (100000, 30)])
def test_a_young_wait_asks_often_and_an_old_one_seldom(waited: float, interval: float) -> None:
    assert Pace().interval(waited) == interval
    assert Pace(7).interval(waited) == 7


def test_a_state_that_is_there_needs_one_question(clock: FakeClock) -> None:
    seen = watched(Jobs(clock, a="DONE"))
    assert (seen.reached, seen.passed, clock.sleeps) == (True, 0, [])
    assert seen.jobs["a"].state is JobState.DONE


def test_an_end_is_known_within_a_second(clock: FakeClock) -> None:
    jobs = Jobs(clock, a="RUNNING")
    jobs.at(2.2, states={"a": "DONE"})
    seen = watched(jobs)
    assert seen.reached
    assert 2.2 <= seen.passed <= 3.2
    assert [(event["state"], event["moved"]) for event in seen.events] == [("RUNNING", True), ("DONE", True)]


def test_a_slice_ends_in_time_though_the_pace_is_slower(clock: FakeClock) -> None:
    jobs = Jobs(clock, a="RUNNING")
    seen = watched(jobs, pace=Pace(20), known={"a": JobStatus("a", JobState.RUNNING)})
    assert (seen.reached, seen.passed, seen.events) == (False, 30, [])
    assert jobs.asked == [0, 20, 30]


def test_no_seconds_are_one_question(clock: FakeClock) -> None:
    jobs = Jobs(clock, a="RUNNING")
    assert watched(jobs, seconds=0).reached is False
    assert jobs.asked == [0]


def test_a_change_is_told_before_the_slice_is_over_but_not_at_once(clock: FakeClock) -> None:
    jobs = Jobs(clock, a="QUEUED")
    known = {"a": JobStatus("a", JobState.QUEUED)}
    jobs.at(1, states={"a": "RUNNING"})
    seen = watched(jobs, known=known)
    assert MIN_REPORT_SECONDS <= seen.passed <= MIN_REPORT_SECONDS + 0.5
    jobs.at(clock.passed + 10, states={"a": "SUSPENDED"})
    assert 10 <= watched(jobs, known=seen.jobs).passed <= 10.5


@pytest.mark.parametrize("field", ["message", "native_state"])
def test_another_reason_is_a_change_too(clock: FakeClock, field: str) -> None:
    known = {"a": JobStatus("a", JobState.QUEUED, **{field: "Priority"})}
    jobs = Jobs(clock, a="QUEUED")
    assert watched(jobs, known=known).events[0]["moved"] is True


def test_every_poll_is_told_where_it_is_wanted(clock: FakeClock) -> None:
    jobs = Jobs(clock, a="RUNNING")
    seen = watched(jobs, seconds=2, known={"a": JobStatus("a", JobState.RUNNING)}, every_poll=True)
    assert [event["moved"] for event in seen.events] == [False] * 5


def test_all_jobs_must_be_there(clock: FakeClock) -> None:
    jobs = Jobs(clock, a="DONE", b="RUNNING", c="FAILED")
    jobs.at(20, states={"a": "DONE", "b": "CANCELLED", "c": "FAILED"})
    seen = watched(jobs, known=dict(jobs.ask().jobs))
    assert seen.reached
    assert 20 <= seen.passed < 21


def test_a_drm_that_does_not_answer_is_asked_again(clock: FakeClock) -> None:
    jobs = Jobs(clock, a="DONE")
    jobs.down = DrmUnavailableError("asking the queue", RESULT)
    jobs.at(5, down=None)
    seen = watched(jobs)
    assert (seen.reached, seen.trouble) == (True, "")
    assert "no answer: asking the queue" in seen.events[0]["message"]
    assert len(jobs.asked) == 11


def test_a_drm_that_stays_silent_is_trouble_and_says_nothing_of_the_jobs(clock: FakeClock) -> None:
    jobs = Jobs(clock, a="DONE")
    jobs.down = DrmUnavailableError("asking the queue", RESULT)
    known = {"a": JobStatus("a", JobState.RUNNING)}
    seen = watched(jobs, known=known, unknown=10)
    assert (seen.reached, seen.jobs, seen.unknown) == (False, known, 0)
    assert "no route" in seen.trouble


def test_another_error_ends_the_wait(clock: FakeClock) -> None:
    jobs = Jobs(clock)
    jobs.down = CommandError("asking the queue", RESULT)
    with pytest.raises(CommandError):
        watched(jobs)


def test_time_without_a_trace_is_counted_over_slices(clock: FakeClock) -> None:
    jobs = Jobs(clock, a="UNKNOWN", b="DONE")
    first = watched(jobs, known=dict(jobs.ask().jobs))
    second = watched(jobs, known=first.jobs, unknown=first.unknown)
    assert (first.unknown, second.unknown) == (30, 60)
    jobs.at(clock.passed + 20, states={"a": "RUNNING", "b": "DONE"})
    assert watched(jobs, known=second.jobs, unknown=second.unknown).unknown == 0


def test_time_without_an_answer_is_not_time_without_a_trace(clock: FakeClock) -> None:
    jobs = Jobs(clock, a="UNKNOWN")
    jobs.unanswered = ["the accounting did not answer"]
    seen = watched(jobs, known=dict(jobs.ask().jobs), unknown=10)
    assert (seen.unknown, seen.trouble) == (0, "the accounting did not answer")


STATES = {
    "submitted": "QUEUED HELD RUNNING SUSPENDED DONE FAILED CANCELLED UNKNOWN",
    "started": "RUNNING SUSPENDED DONE FAILED CANCELLED",
    "finished": "DONE FAILED CANCELLED",
    "held": "HELD",
    "released": "QUEUED RUNNING SUSPENDED DONE FAILED CANCELLED",
    "suspended": "SUSPENDED",
    "resumed": "QUEUED RUNNING DONE FAILED CANCELLED",
    "absent": "DONE FAILED CANCELLED UNKNOWN",
}


@pytest.mark.parametrize("target", list(STATES))
def test_when_a_state_is_reached(clock: FakeClock, target: str) -> None:
    reached = {state.value for state in JobState if watched(Jobs(clock, a=state.value), target, seconds=0).reached}
    assert reached == set(STATES[target].split())
    assert set(REACHED) == set(STATES)


def test_a_job_that_the_drm_names_in_a_state_that_tells_nothing_is_there(clock: FakeClock) -> None:
    """LSF's UNKWN: the host does not answer, and may come back with the job."""

    def ask() -> Snapshot:
        return Snapshot({"a": JobStatus("a", JobState.UNKNOWN, native_state="UNKWN")})

    seen = watch(ask, "absent", 30, 0, Pace(), Clock(clock.monotonic, clock.sleep), ask().jobs)
    assert (seen.reached, seen.unknown, seen.passed) == (False, 0, 30)


def test_an_absent_job_is_gone_only_where_all_have_answered(clock: FakeClock) -> None:
    jobs = Jobs(clock, a="UNKNOWN")
    jobs.unanswered = ["the accounting did not answer"]
    assert not watched(jobs, "absent", seconds=0).reached


class TestAskUntilAnswered:
    def ask(self, jobs: Jobs, seconds: float = 10) -> Dict[str, JobStatus]:
        return ask_until_answered(jobs.ask, seconds, Clock(jobs.clock.monotonic, jobs.clock.sleep)).jobs

    def test_an_answer_is_enough(self, clock: FakeClock) -> None:
        jobs = Jobs(clock, a="RUNNING")
        assert self.ask(jobs, 0)["a"].state is JobState.RUNNING
        assert jobs.asked == [0]

    def test_silence_is_waited_out(self, clock: FakeClock) -> None:
        jobs = Jobs(clock, a="RUNNING")
        jobs.down = DrmUnavailableError("asking the queue", RESULT)
        jobs.at(5, down=None)
        assert self.ask(jobs)["a"].state is JobState.RUNNING
        assert jobs.asked == [0, 2, 4, 6]

    def test_silence_without_end_is_an_error_in_time(self, clock: FakeClock) -> None:
        jobs = Jobs(clock)
        jobs.down = DrmUnavailableError("asking the queue", RESULT)
        with pytest.raises(DrmUnavailableError):
            self.ask(jobs, 5)
        assert jobs.asked == [0, 2, 4, 5]

    def test_half_an_answer_is_taken_in_the_end(self, clock: FakeClock) -> None:
        jobs = Jobs(clock, a="UNKNOWN")
        jobs.unanswered = ["the accounting did not answer"]
        assert self.ask(jobs, 3)["a"].state is JobState.UNKNOWN
        assert jobs.asked == [0, 2, 3]
