# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs brought into a desired state: submitted if need be, then held, released, cancelled or waited for, one slice at a time."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from .batch import submit_all
from .client import Snapshot
from .errors import DrmError, DrmUnavailableError
from .model import Control, JobState, JobStatus
from .order import GENERATED_PREFIX, Order, Submitted
from .output import OutputReader
from .preview import submission_diff
from .submission import Submitter
from .wait import REACHED, SLICE_SECONDS, Clock, Pace, Watch, watch

# After this long without a trace in the queue or in an accounting that answers, a job will not come back.
UNKNOWN_GRACE_SECONDS = 60.0

CONTROLS: Dict[str, Dict[JobState, Control]] = {
    "held": {JobState.QUEUED: Control.HOLD},
    "released": {JobState.HELD: Control.RELEASE},
    "suspended": {JobState.RUNNING: Control.SUSPEND},
    "resumed": {JobState.SUSPENDED: Control.RESUME},
    "absent": dict.fromkeys((JobState.QUEUED, JobState.HELD, JobState.RUNNING, JobState.SUSPENDED), Control.CANCEL),
}
IMPOSSIBLE: Dict[str, Sequence[JobState]] = {
    "held": (JobState.RUNNING, JobState.SUSPENDED, JobState.DONE, JobState.FAILED, JobState.CANCELLED),
    "suspended": (JobState.HELD, JobState.DONE, JobState.FAILED, JobState.CANCELLED),
}
# These states follow from what was asked of the DRM; one that has not come about after this long will not.
CONTROL_SECONDS = 60.0


@dataclass(frozen=True)
class Wish:
    """What the user wants of the jobs, and how long to wait for it (seconds)."""

    state: str
    wait_timeout: float
    wait_interval: Optional[float]
    cancel_on_timeout: bool
    fail_on_job_failure: bool
    return_output: bool
    output_max_bytes: int


@dataclass(frozen=True)
class Slice:
    """Where the action plugin's string of slices is: seconds waited so far, seconds without a trace, and what it has shown already."""

    waited: float = 0.0
    unknown: float = 0.0
    known: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def statuses(self) -> Dict[str, JobStatus]:
        return {
            job_id: JobStatus(job_id, JobState(seen[0]), native_state=seen[1], message=seen[2])
            for job_id, seen in self.known.items()
        }


@dataclass(frozen=True)
class Targets:
    """Jobs that are there already: by their keys or by the DRM's ids."""

    keys: Tuple[str, ...] = ()
    job_ids: Tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.keys or self.job_ids)


class Desired:
    """One start of the module. ``result`` is whole at every moment: an error is reported with what was done before it."""

    def __init__(self, submitter: Submitter, wish: Wish, part: Slice, verbose: bool, result: Dict[str, Any]) -> None:
        self.client = submitter.client
        self.submitter = submitter
        self.wish = wish
        self.part = part
        self.verbose = verbose
        self.result = result
        self.reader = OutputReader()
        self.submitted: Dict[str, Submitted] = {}
        self.controlled: List[str] = []
        self.jobs: Dict[str, JobStatus] = {}
        self.job_ids: List[str] = []

    def run(self, orders: Sequence[Order], targets: Targets) -> None:
        """Submit, control, wait one slice. Raises DrmError; what was done by then is in ``result``."""
        try:
            # Once the wait has begun, a job that fails is this task's answer: whether to try it again was settled before.
            again = [replace(order, resubmit="never") for order in orders] if self.part.known else orders
            submit_all(self.submitter, again, self._take_new)
            for key in targets.keys:
                self._take(self.submitter.known(key, required=self.wish.state != "absent"))
            self.job_ids = [*self.submitted, *targets.job_ids]
            if self.job_ids:
                # No answer says nothing of the jobs: the wait goes on, and the next slice tells them again.
                with suppress(DrmUnavailableError):
                    self._control()
                self._wait()
        finally:
            self._report()

    def _take_new(self, order: Order, job: Submitted) -> None:
        self._take(job)
        if job.new:
            self.result["diff"].append(submission_diff(self.client.drm, order.request))

    def _take(self, job: Optional[Submitted]) -> None:
        if job is not None:
            self.submitted[job.job_id] = job
            self.jobs[job.job_id] = JobStatus(
                job.job_id, JobState.UNKNOWN, name=job.request.job_name, message="not asked about yet"
            )

    def _ask(self) -> Snapshot:
        """The jobs as the DRM knows them, or as the journal remembers their end."""
        snapshot = self.client.statuses(self.job_ids)
        for job_id, job in self.submitted.items():
            snapshot.jobs[job_id] = job.remembered(snapshot.jobs[job_id])
        return snapshot

    def _control(self) -> None:
        wanted = CONTROLS.get(self.wish.state)
        if wanted is None:
            return
        snapshot = self._ask()
        self.jobs.update(snapshot.jobs)
        refused = [job for job in snapshot.jobs.values() if job.state in IMPOSSIBLE.get(self.wish.state, ())]
        if refused:
            raise DrmError(
                "job %s is %s and cannot be %s. Nothing was changed."
                % (refused[0].job_id, refused[0].state.value, self.wish.state)
            )
        actions: Dict[Control, List[str]] = {}
        for job in snapshot.jobs.values():
            if job.state in wanted:
                actions.setdefault(wanted[job.state], []).append(job.job_id)
        for action, ids in actions.items():
            self.client.control(action, ids)
            self.controlled += ids

    def _wait(self) -> None:
        wish = self.wish
        limit = min(wish.wait_timeout, CONTROL_SECONDS) if wish.state in CONTROLS else wish.wait_timeout
        left = max(0.0, limit - self.part.waited) if wish.state != "submitted" else 0.0
        seen = watch(
            self._ask,
            wish.state,
            min(SLICE_SECONDS, left),
            self.part.waited,
            Pace(wish.wait_interval),
            Clock(time.monotonic, time.sleep),
            known={job_id: status for job_id, status in self.part.statuses().items() if job_id in self.job_ids},
            unknown=self.part.unknown,
            every_poll=self.verbose,
        )
        self.jobs.update(seen.jobs)
        self.result["events"] = seen.events
        if seen.trouble:
            self.result["warnings"] = ["the DRM did not answer: %s" % seen.trouble]
        self._remember_ends()
        if wish.state != "submitted" and not seen.reached:
            self._not_yet(seen, left)
        elif wish.fail_on_job_failure and wish.state in ("submitted", "started", "finished"):
            self._check_ends()

    def _not_yet(self, seen: Watch, left: float) -> None:
        if seen.unknown > UNKNOWN_GRACE_SECONDS:
            lost = [job_id for job_id, status in seen.jobs.items() if status.state is JobState.UNKNOWN]
            raise DrmError(
                "job %s: %s. Its end cannot be known; it is not taken for done."
                % (", ".join(lost), seen.jobs[lost[0]].message)
            )
        if left > seen.passed:
            known = {
                job_id: (status.state.value, status.native_state, status.message)
                for job_id, status in self.jobs.items()
            }
            self.result["pending"] = {"unknown": seen.unknown, "known": known}
            return
        self.result["timed_out"] = True
        late = [job_id for job_id, status in self.jobs.items() if status.state not in REACHED[self.wish.state]]
        said = "; ".join("%s is %s" % (job_id, self.jobs[job_id].state.value) for job_id in late[:5])
        texts = ["not %s after %.0f s: %s." % (self.wish.state, self.part.waited + seen.passed, said)]
        if self.wish.cancel_on_timeout and self.wish.state in ("started", "finished"):
            self.client.control(Control.CANCEL, late)
            self.controlled += late
            texts.append("They were told to end (cancel_on_timeout).")
        raise DrmError(" ".join([*texts, seen.trouble]).strip())

    def _check_ends(self) -> None:
        bad = [job for job in self.jobs.values() if job.state in (JobState.FAILED, JobState.CANCELLED)]
        if bad:
            raise DrmError(
                "; ".join(_ended_badly(job) for job in bad[:5])
                + (" and %d more" % (len(bad) - 5) if len(bad) > 5 else "")
            )

    def _remember_ends(self) -> None:
        for job_id, job in self.submitted.items():
            if self.jobs[job_id].state.final:
                self.submitter.note_end(job, self.jobs[job_id])

    def _report(self) -> None:
        self.result["changed"] = bool(self.controlled) or any(job.new for job in self.submitted.values())
        self.result["jobs"] = [self._job(job_id) for job_id in self.job_ids or self.submitted]

    def _job(self, job_id: str) -> Dict[str, Any]:
        status = self.jobs.get(job_id) or JobStatus(job_id, JobState.UNKNOWN, message="not asked about yet")
        values = status.as_dict()
        submitted = self.submitted.get(job_id)
        values["changed"] = job_id in self.controlled or bool(submitted and submitted.new)
        if submitted is None:
            return values
        values["key"] = None if submitted.key.startswith(GENERATED_PREFIX) else submitted.key
        paths = self.client.drm.output_paths(submitted.request, job_id, os.path.expanduser("~"))
        values["stdout_path"], values["stderr_path"] = paths
        if (
            self.wish.return_output
            and status.state.final
            and not submitted.request.array
            and "pending" not in self.result
        ):
            values.update(self._output(*paths))
        return values

    def _output(self, stdout_path: str, stderr_path: str) -> Dict[str, Any]:
        streams = (
            {"stdout": stdout_path} if stdout_path == stderr_path else {"stdout": stdout_path, "stderr": stderr_path}
        )
        values: Dict[str, Any] = {"stderr": ""}
        for stream, path in streams.items():
            read = self.reader.read(path, self.wish.output_max_bytes)
            values[stream] = read["text"]
            values[stream + "_truncated"] = read["truncated"]
            if "problem" in read:
                self.result.setdefault("warnings", []).append("%s of the job: %s" % (stream, read["problem"]))
        return values


def _ended_badly(job: JobStatus) -> str:
    how = [job.end_reason.value.lower()] if job.end_reason else []
    how += ["exit code %d" % job.exit_code] if job.exit_code is not None else []
    how += ["signal %d" % job.signal] if job.signal is not None else []
    text = "job %s (%s) ended %s" % (job.job_id, job.name, job.state.value)
    return "%s: %s" % (text, ", ".join(how + ([job.message] if job.message else []))) if how or job.message else text
