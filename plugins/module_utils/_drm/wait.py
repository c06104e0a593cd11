# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting on the host: ask, compare, sleep. The clock is given, so that tests need no time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Callable, Dict, List, Optional, Tuple, TypeVar

from .client import Snapshot
from .errors import DrmUnavailableError
from .model import JobState, JobStatus

Answer = TypeVar("Answer")

SLICE_SECONDS = 30.0
MIN_INTERVAL_SECONDS = 0.5
MAX_INTERVAL_SECONDS = 30.0
# A change is reported before the slice is over, but not more often than this: each report costs a module's start.
MIN_REPORT_SECONDS = 3.0

_RAN = (JobState.RUNNING, JobState.SUSPENDED, JobState.DONE, JobState.FAILED, JobState.CANCELLED)
_FINAL = (JobState.DONE, JobState.FAILED, JobState.CANCELLED)
REACHED: Dict[str, Tuple[JobState, ...]] = {
    "submitted": tuple(JobState),
    "started": _RAN,
    "finished": _FINAL,
    "held": (JobState.HELD,),
    "released": (JobState.QUEUED, *_RAN),
    "suspended": (JobState.SUSPENDED,),
    "resumed": (JobState.RUNNING, JobState.QUEUED, *_FINAL),
    "absent": _FINAL,
}


@dataclass
class Watch:
    """What one slice of waiting saw: ``passed`` seconds of it, and how long (``unknown``) a job has been without a trace by its end."""

    jobs: Dict[str, JobStatus] = field(default_factory=dict)
    events: List[Dict[str, Any]] = field(default_factory=list)
    reached: bool = False
    trouble: str = ""
    passed: float = 0.0
    unknown: float = 0.0


@dataclass(frozen=True)
class Pace:
    """How often to ask. Without a fixed interval: at once for a young wait, a sixtieth of its age for an old one."""

    interval_seconds: Optional[float] = None

    def interval(self, waited_seconds: float) -> float:
        if self.interval_seconds:
            return self.interval_seconds
        return min(MAX_INTERVAL_SECONDS, max(MIN_INTERVAL_SECONDS, waited_seconds / 60))


@dataclass(frozen=True)
class Clock:
    now: Callable[[], float]
    sleep: Callable[[float], None]


def watch(
    ask: Callable[[], Snapshot],
    target: str,
    seconds: float,
    waited: float,
    pace: Pace,
    clock: Clock,
    known: Optional[Dict[str, JobStatus]] = None,
    unknown: float = 0.0,
    every_poll: bool = False,
) -> Watch:
    """Ask until all jobs are in the target state, one has changed and it is time to say so, or the seconds are over."""
    seen = Watch(jobs=dict(known or {}), unknown=unknown)
    begin = clock.now()
    changed = False
    while True:
        before = seen.passed
        changed = _poll(ask, seen, every_poll) or changed
        seen.reached = _all_reached(seen, target)
        seen.passed = clock.now() - begin
        seen.unknown = seen.unknown + seen.passed - before if _lost(seen) else 0.0
        if seen.reached or seen.passed >= seconds or (changed and seen.passed >= MIN_REPORT_SECONDS):
            return seen
        clock.sleep(max(0.0, min(pace.interval(waited + seen.passed), seconds - seen.passed)))


def _poll(ask: Callable[[], Snapshot], seen: Watch, every_poll: bool) -> bool:
    """One question. A DRM that does not answer is asked again: it says nothing about the jobs."""
    try:
        snapshot = ask()
    except DrmUnavailableError as error:
        seen.trouble = str(error)
        seen.events.append({"message": "no answer: %s" % error})
        return False
    seen.trouble = "; ".join(snapshot.unanswered)
    changed = False
    for job_id, status in snapshot.jobs.items():
        before = seen.jobs.get(job_id)
        moved = before is None or (before.state, before.native_state, before.message) != (
            status.state,
            status.native_state,
            status.message,
        )
        changed = changed or moved
        if moved or every_poll:
            seen.events.append(_event(status, moved))
    seen.jobs.update(snapshot.jobs)
    return changed


def _lost(seen: Watch) -> bool:
    """True while all that can answer has answered, and knows nothing of a job."""
    return not seen.trouble and any(_traceless(status) for status in seen.jobs.values())


def _traceless(status: JobStatus) -> bool:
    """A job that the DRM names in a state that tells nothing is there: its node may be out of reach, and come back."""
    return status.state is JobState.UNKNOWN and not status.native_state


def _all_reached(seen: Watch, target: str) -> bool:
    if not seen.jobs:
        return False
    states = REACHED[target]
    gone = target == "absent" and not seen.trouble
    return all(status.state in states or (gone and _traceless(status)) for status in seen.jobs.values())


def _event(status: JobStatus, moved: bool) -> Dict[str, Any]:
    return {
        "job_id": status.job_id,
        "state": status.state.value,
        "native_state": status.native_state,
        "message": status.message,
        "nodes": list(status.nodes),
        "moved": moved,
    }


def ask_until_answered(ask: Callable[[], Snapshot], seconds: float, clock: Clock) -> Snapshot:
    """One whole answer, asked for again while the queue or the accounting is silent. Raises DrmUnavailableError when the queue stays so."""
    return until_answered(ask, seconds, clock, lambda snapshot: not snapshot.unanswered)


def until_answered(
    ask: Callable[[], Answer], seconds: float, clock: Clock, whole: Callable[[Answer], bool] = lambda answer: True
) -> Answer:
    """An answer, asked for again until it is whole or the time is over. Raises DrmUnavailableError where there is none by then."""
    deadline = clock.now() + seconds
    while True:
        over = clock.now() >= deadline
        try:
            answer = ask()
        except DrmUnavailableError:
            if over:
                raise
        else:
            if over or whole(answer):
                return answer
        clock.sleep(min(2.0, max(0.0, deadline - clock.now())))
