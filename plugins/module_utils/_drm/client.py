# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every DRM has in common: ask the queue, then the accounting; unknown is never done; not answered is not gone."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import Dict, Iterable, List, Optional, Sequence, Set, Tuple

from .._runner import Runner
from .cluster import ClusterStatus
from .errors import CommandError, DrmError, DrmUnavailableError
from .interface import Drm
from .model import Command, CommandResult, Control, EndReason, JobRequest, JobState, JobStatus, Outcome


@dataclass(frozen=True)
class Snapshot:
    """What is known of some jobs now. ``unanswered`` names what did not answer: then UNKNOWN may only mean "not now"."""

    jobs: Dict[str, JobStatus]
    unanswered: Tuple[str, ...] = ()


@dataclass(frozen=True)
class Search:
    """The caller's jobs of one name. ``certain`` is False where a job may have been there and have left no trace."""

    jobs: List[JobStatus] = field(default_factory=list)
    certain: bool = True


class Client:
    """One DRM on one cluster, spoken to through one runner."""

    def __init__(self, drm: Drm, runner: Runner, cluster: str = "") -> None:
        self.drm = drm
        self.runner = runner
        self.cluster = cluster
        self._older: Set[str] = set()

    def ask(self, command: Command, inherit_fds: Sequence[int] = ()) -> CommandResult:
        """Run one command; where this version does not know its words, in the older ones, and the next of its program in those at once."""
        run = partial(self.runner.run, inherit_fds=inherit_fds) if inherit_fds else self.runner.run
        program, otherwise = command.argv[0], command.otherwise
        if otherwise is not None and program in self._older:
            command, otherwise = otherwise, None
        result = run(command)
        if otherwise is None or self.drm.classify(result) is not Outcome.NOT_UNDERSTOOD:
            return result
        self._older.add(program)
        return run(otherwise)

    def statuses(self, job_ids: Sequence[str]) -> Snapshot:
        """These jobs' states. Raises DrmUnavailableError when the queue does not answer."""
        self.drm.check_job_ids(job_ids)
        if not job_ids:
            return Snapshot({})
        queue = self._ask_queue(job_ids)
        rows = {row.job_id: row for row in queue}
        missing = [job_id for job_id in job_ids if _incomplete(job_id, rows)]
        unanswered: List[str] = []
        accounting = True
        if missing:
            accounting = self._add_history(missing, rows, unanswered)
        jobs = {job_id: _of_one(job_id, rows, accounting and not unanswered) for job_id in job_ids}
        return Snapshot(jobs, tuple(unanswered))

    def find(self, names: Sequence[str], since: int) -> Dict[str, Search]:
        """The caller's jobs of each name. Raises DrmUnavailableError where the queue or the accounting does not answer."""
        found: Dict[str, List[JobStatus]] = {name: [] for name in names}
        for command in self.drm.build_find(names, self.cluster, since):
            result = self.ask(command)
            self._require(result, _looking_for(names, "queue"), (Outcome.OK, Outcome.NO_SUCH_JOB))
            _sort_in(self.drm.parse_status(result), found)
        left = [name for name in names if not found[name]]
        certain = self._find_in_history(left, since, found) if left else True
        return {name: Search(_whole(rows), certain or bool(rows)) for name, rows in found.items()}

    def _find_in_history(self, names: Sequence[str], since: int, found: Dict[str, List[JobStatus]]) -> bool:
        """Ask the accounting; False where a job may have been there and have left no trace."""
        for command in self.drm.build_find_history(names, self.cluster, since):
            result = self.ask(command)
            if self.drm.classify(result) is Outcome.NO_ACCOUNTING:
                return False
            self._require(result, _looking_for(names, "accounting"), (Outcome.OK, Outcome.NO_SUCH_JOB))
            _sort_in(self.drm.parse_history(result), found)
        return not self.drm.forgets

    def control(self, action: Control, job_ids: Sequence[str]) -> None:
        """Cancel, hold, release, suspend or resume. Raises CommandError where the DRM refuses."""
        self.drm.check_job_ids(job_ids)
        if action not in self.drm.controls:
            raise DrmError("%s cannot %s a job" % (self.drm.name, action.value))
        for command in self.drm.build_control(action, job_ids, self.cluster):
            result = self.ask(command)
            self._require(result, "%s of %s" % (action.value, ", ".join(job_ids)), (Outcome.OK, Outcome.NO_SUCH_JOB))

    def cluster_status(self) -> ClusterStatus:
        """The cluster's queues and nodes. Raises DrmUnavailableError when one of its commands is not answered: half a cluster is none."""
        results = []
        for command in self.drm.build_cluster(self.cluster):
            results.append(self.ask(command))
            self._require(results[-1], "asking for the cluster's facts", (Outcome.OK,))
        return self.drm.parse_cluster(results)

    def dry_run(self, request: JobRequest) -> Optional[CommandResult]:
        """The DRM's own check of a submission, where it has one. Raises CommandError where it refuses."""
        command = self.drm.build_dry_run(request)
        if command is None:
            return None
        result = self.ask(command)
        self._require(result, "dry run of job %s" % request.name, (Outcome.OK,))
        return result

    def _ask_queue(self, job_ids: Sequence[str]) -> List[JobStatus]:
        rows: List[JobStatus] = []
        for command in self.drm.build_status(job_ids, self.cluster):
            result = self.ask(command)
            self._require(result, "asking the queue", (Outcome.OK, Outcome.NO_SUCH_JOB))
            rows += self.drm.parse_status(result)
        return rows

    def _add_history(self, job_ids: Sequence[str], rows: Dict[str, JobStatus], unanswered: List[str]) -> bool:
        """Fill in from the accounting what the queue did not say; False where there is no accounting."""
        commands = self.drm.build_history(job_ids, self.cluster)
        arrays = {row.array_id for row in rows.values()} - set(rows)
        for command in commands:
            result = self.ask(command)
            outcome = self.drm.classify(result)
            if outcome is Outcome.NO_ACCOUNTING:
                return False
            if outcome is Outcome.UNREACHABLE:
                unanswered.append(str(DrmUnavailableError("the accounting did not answer", result)))
                continue
            self._require(result, "asking the accounting", (Outcome.OK, Outcome.NO_SUCH_JOB))
            for row in self.drm.parse_history(result):
                # Slurm's accounting may show an array's last element under the array's own id, before it has its number.
                if row.job_id not in arrays:
                    rows[row.job_id] = _completed(rows.get(row.job_id), row)
        return bool(commands)

    def _require(self, result: CommandResult, what: str, accepted: Iterable[Outcome]) -> None:
        outcome = self.drm.classify(result)
        if outcome in accepted:
            return
        if outcome is Outcome.UNREACHABLE:
            raise DrmUnavailableError("%s: %s did not answer" % (what, self.drm.name), result)
        raise self.refusal(what, result)

    def refusal(self, what: str, result: CommandResult) -> CommandError:
        """The error for an answer that says no, with the DRM's own name for its return code."""
        name = self.drm.error_name(result)
        return CommandError("%s (%s)" % (what, name) if name else what, result)


def _unexplained(row: JobStatus) -> bool:
    return row.exit_code is None and row.signal is None and row.end_reason in (None, EndReason.OTHER)


def _incomplete(job_id: str, rows: Dict[str, JobStatus]) -> bool:
    """True where the accounting may know more: the job left the queue, failed without a reason, or is an array, whose elements leave one by one."""
    row = rows.get(job_id)
    if row is not None:
        return (
            row.state.final and _unexplained(row) and row.state is not JobState.CANCELLED
        ) or row.state is JobState.UNKNOWN
    return True


def _completed(queue: Optional[JobStatus], other: JobStatus) -> JobStatus:
    """The queue's word on the state, which is newer, and the other source's on what the queue leaves out."""
    if queue is None or queue.state is JobState.UNKNOWN:
        return other
    # An end that the queue explains stands: Slurm's accounting shows an exit code of 137 as 9.
    if not (queue.state.final and other.state.final and _unexplained(queue)):
        return queue
    return replace(
        queue,
        state=other.state,
        native_state=other.native_state or queue.native_state,
        exit_code=other.exit_code,
        signal=other.signal,
        end_reason=other.end_reason or queue.end_reason,
        end_time=other.end_time or queue.end_time,
        message=other.message or queue.message,
    )


def _looking_for(names: Sequence[str], where: str) -> str:
    more = " and %d more" % (len(names) - 1) if len(names) > 1 else ""
    return "looking for job %s%s in the %s" % (names[0], more, where)


def _sort_in(rows: Iterable[JobStatus], found: Dict[str, List[JobStatus]]) -> None:
    for row in rows:
        if row.name in found:
            found[row.name].append(row)


def _whole(rows: Sequence[JobStatus]) -> List[JobStatus]:
    """Jobs, with their arrays' elements put together."""
    by_id = {row.job_id: row for row in rows}
    return [_of_one(job_id, by_id, True) for job_id in dict.fromkeys(row.array_id or row.job_id for row in rows)]


def _of_one(job_id: str, rows: Dict[str, JobStatus], complete: bool) -> JobStatus:
    """The status of one id: its own row, or its array's elements put together, or UNKNOWN."""
    if job_id in rows and rows[job_id].array_id != job_id:
        return rows[job_id]
    tasks = [row for row in rows.values() if row.array_id == job_id]
    if not tasks:
        said = (
            "neither the queue nor the accounting knows this job"
            if complete
            else "the queue does not know this job, and the accounting said nothing"
        )
        return JobStatus(job_id, JobState.UNKNOWN, message=said)
    return _of_array(job_id, tasks, complete)


# An array is what its least finished element is; once all have ended, what its worst one is.
_ARRAY_ORDER = (
    JobState.RUNNING,
    JobState.SUSPENDED,
    JobState.QUEUED,
    JobState.HELD,
    JobState.UNKNOWN,
    JobState.FAILED,
    JobState.CANCELLED,
    JobState.DONE,
)


def _of_array(job_id: str, tasks: List[JobStatus], complete: bool) -> JobStatus:
    # The accounting's row for elements that have not started stands for rows that the queue gives one by one.
    if any(not task.state.final and "[" not in task.job_id for task in tasks):
        tasks = [task for task in tasks if "[" not in task.job_id]
    worst = min(tasks, key=lambda task: _ARRAY_ORDER.index(task.state))
    if worst.state is JobState.DONE and not complete:
        message = "the elements that the queue still knows are done; without accounting nothing tells of the others"
        return replace(
            worst,
            job_id=job_id,
            array_id="",
            state=JobState.UNKNOWN,
            exit_code=None,
            message=message,
            tasks=tuple(tasks),
        )
    nodes = tuple(sorted({node for task in tasks for node in task.nodes}))
    return replace(worst, job_id=job_id, array_id="", nodes=nodes, tasks=tuple(sorted(tasks, key=_task_order)))


def _task_order(task: JobStatus) -> Tuple[int, str]:
    return (len(task.job_id), task.job_id)
