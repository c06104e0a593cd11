# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A batch system in memory, and the runner that asks it: what every DRM shares is tested against it."""

from __future__ import annotations

import json
import re
import time
from dataclasses import replace
from threading import Lock
from typing import Any, Callable, ClassVar, Mapping, Sequence

from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.errors import ParseError
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.interface import Drm
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.model import (
    Answer,
    Command,
    CommandResult,
    Control,
    EndReason,
    JobRequest,
    JobState,
    JobStatus,
    Outcome,
)

OUTCOMES = {0: Outcome.OK, 3: Outcome.NO_SUCH_JOB, 7: Outcome.UNREACHABLE, 9: Outcome.NO_ACCOUNTING}


def row(job_id: str, state: JobState, **values: Any) -> JobStatus:
    return JobStatus(job_id, state, native_state=values.pop("native_state", state.value.lower()), **values)


def _rows(result: CommandResult) -> list[JobStatus]:
    rows = []
    for values in json.loads(result.stdout or "[]"):
        reason = values.pop("end_reason")
        values.update(state=JobState(values["state"]), end_reason=EndReason(reason) if reason else None, tasks=())
        rows.append(JobStatus(**dict(values, nodes=tuple(values["nodes"]))))
    return rows


class FakeDrm(Drm):
    """Each command is named after what it asks; answers are JSON; the outcome is in the return code."""

    name = "fake"
    executables = ("fsub",)
    request_fields = frozenset(vars(JobRequest(script=""))) - {"gpus"}
    controls = frozenset((Control.CANCEL, Control.HOLD, Control.RELEASE))
    states: ClassVar[Mapping[str, JobState]] = {state.value.lower(): state for state in JobState}
    job_id_pattern = re.compile(r"[0-9]+(_[0-9]+)?")

    def native_options(self, request: JobRequest) -> list[str]:
        return []

    def build_submit(self, request: JobRequest) -> Command:
        return Command(("fsub", self.job_name(request)), request.script)

    def parse_submit(self, result: CommandResult) -> str:
        if not result.stdout.strip().isdigit():
            raise ParseError("submission", result.stdout)
        return result.stdout.strip()

    def build_dry_run(self, request: JobRequest) -> Command | None:
        return Command(("fdry", request.job_name), request.script)

    def build_status(self, job_ids: Sequence[str], cluster: str) -> list[Command]:
        return [Command(("fqueue", *job_ids))]

    def parse_status(self, result: CommandResult) -> list[JobStatus]:
        return _rows(result)

    def build_history(self, job_ids: Sequence[str], cluster: str) -> list[Command]:
        return [Command(("fhistory", *job_ids))]

    def parse_history(self, result: CommandResult) -> list[JobStatus]:
        return _rows(result)

    def build_find(self, names: Sequence[str], cluster: str, since: int) -> list[Command]:
        return [Command(("ffind", *names))]

    def build_find_history(self, names: Sequence[str], cluster: str, since: int) -> list[Command]:
        return [Command(("ffindhistory", str(since), *names))]

    def build_control(self, action: Control, job_ids: Sequence[str], cluster: str) -> list[Command]:
        return [Command(("fcontrol", action.value, *job_ids))]

    def classify(self, result: CommandResult) -> Outcome:
        return OUTCOMES.get(result.rc, Outcome.REFUSED)

    def output_paths(self, request: JobRequest, job_id: str, home: str) -> tuple[str, str]:
        return request.stdout or "%s/%s.out" % (home, job_id), request.stderr or "%s/%s.err" % (home, job_id)


class BulkDrm(FakeDrm):
    """Takes jobs of one queue by one command, whose answer has a line a job: an id, a dash for no answer, or why it was refused."""

    def submission_group(self, request: JobRequest) -> str | None:
        return None if request.array else "queue " + request.queue

    def build_submit_many(self, requests: Sequence[JobRequest]) -> Command:
        return Command(("fsubmany", *map(self.job_name, requests)))

    def parse_submit_many(self, result: CommandResult, requests: Sequence[JobRequest]) -> list[Answer]:
        lines = result.stdout.splitlines()
        if len(lines) != len(requests):
            raise ParseError("submission", result.stdout)
        return [Answer(job_id=line) if line.isdigit() else Answer(refusal=line.strip("-")) for line in lines]


Fault = Callable[[Callable[[], CommandResult], Command], CommandResult]


class FakeCluster:
    """The batch system's own memory (``queue``, ``accounting``) and the runner in front of it.

    ``faults`` puts a fault in the way of the next commands of a name; ``accounting`` is None where there is none.
    """

    def __init__(self) -> None:
        self.queue: dict[str, JobStatus] = {}
        self.accounting: dict[str, JobStatus] | None = {}
        self.submit_times: dict[str, int] = {}
        self.now = int(time.time())
        self.submissions: list[Command] = []
        self.inherited: list[tuple[int, ...]] = []
        self.controls: list[tuple[str, ...]] = []
        self.faults: dict[str, list[Fault]] = {}
        self.commands: list[list[str]] = []
        # A real server answers one after the other, too.
        self._lock = Lock()

    def run(self, command: Command, inherit_fds: Sequence[int] = ()) -> CommandResult:
        self.commands.append(list(command.argv))
        if command.argv[0] in ("fsub", "fsubmany"):
            self.inherited.append(tuple(inherit_fds))
        faults = self.faults.get(command.argv[0])
        if faults:
            return faults.pop(0)(lambda: self._answer(command), command)
        return self._answer(command)

    def ran(self, program: str) -> int:
        return sum(argv[0] == program for argv in self.commands)

    def put(self, *rows: JobStatus) -> None:
        self.queue.update({status.job_id: status for status in rows})

    def account(self, *rows: JobStatus) -> None:
        assert self.accounting is not None
        self.accounting.update({status.job_id: status for status in rows})

    def end(self, job_id: str, state: JobState, forget: bool = False, **values: Any) -> None:
        """The job leaves the queue for the accounting, or for nowhere."""
        ended = replace(self.queue.pop(job_id), state=state, native_state=state.value.lower(), **values)
        if not forget:
            self.account(ended)

    def _answer(self, command: Command) -> CommandResult:
        program, arguments = command.argv[0], command.argv[1:]
        answer = {
            "fsub": self._submit,
            "fsubmany": self._submit_many,
            "fdry": self._dry,
            "fqueue": self._ask_queue,
            "fhistory": self._ask_history,
            "ffind": self._find,
            "ffindhistory": self._find_history,
            "fcontrol": self._control,
        }[program]
        with self._lock:
            rc, stdout = answer(command, arguments)
        return CommandResult(command, rc, stdout, "")

    def _submit(self, command: Command, arguments: tuple[str, ...]) -> tuple[int, str]:
        self.submissions.append(command)
        job_id = str(100 + len(self.submissions))
        self.submit_times[job_id] = self.now
        self.put(row(job_id, JobState.QUEUED, name=arguments[0]))
        return 0, job_id + "\n"

    def _submit_many(self, command: Command, arguments: tuple[str, ...]) -> tuple[int, str]:
        return 0, "".join(self._submit(command, (name,))[1] for name in arguments)

    def _dry(self, command: Command, arguments: tuple[str, ...]) -> tuple[int, str]:
        return 0, "would start at once"

    def _ask_queue(self, command: Command, arguments: tuple[str, ...]) -> tuple[int, str]:
        return 0, _json(status for status in self.queue.values() if {status.job_id, status.array_id} & set(arguments))

    def _ask_history(self, command: Command, arguments: tuple[str, ...]) -> tuple[int, str]:
        if self.accounting is None:
            return 9, ""
        return 0, _json(s for s in self.accounting.values() if {s.job_id, s.array_id} & set(arguments))

    def _find(self, command: Command, arguments: tuple[str, ...]) -> tuple[int, str]:
        return 0, _json(status for status in self.queue.values() if status.name in arguments)

    def _find_history(self, command: Command, arguments: tuple[str, ...]) -> tuple[int, str]:
        if self.accounting is None:
            return 9, ""
        since, *names = arguments
        return 0, _json(
            status
            for status in self.accounting.values()
            if status.name in names and self.submit_times.get(status.job_id, self.now) >= int(since)
        )

    def _control(self, command: Command, arguments: tuple[str, ...]) -> tuple[int, str]:
        self.controls.append(arguments)
        become = {"hold": JobState.HELD, "release": JobState.QUEUED, "cancel": JobState.CANCELLED}[arguments[0]]
        for job_id in arguments[1:]:
            if job_id in self.queue and become is JobState.CANCELLED:
                self.end(job_id, become, end_reason=EndReason.CANCELLED)
            elif job_id in self.queue:
                self.put(replace(self.queue[job_id], state=become))
        return 0, ""


def _json(rows: Any) -> str:
    return json.dumps([status.as_dict() for status in rows])


def answering(
    rc: int, stdout: str = "", stderr: str = "said no", first: bool = False, timed_out: bool = False
) -> Fault:
    """An answer in place of the real one; with ``first`` the command does its work before that."""

    def fault(do: Callable[[], CommandResult], command: Command) -> CommandResult:
        if first:
            do()
        return CommandResult(command, rc, stdout, stderr, timed_out)

    return fault


def raising(error: BaseException, first: bool = False) -> Fault:
    def fault(do: Callable[[], CommandResult], command: Command) -> CommandResult:
        if first:
            do()
        raise error

    return fault


UNREACHABLE = answering(7, stderr="no route to server")
UNREACHABLE_AFTERWARDS = answering(7, stderr="connection reset", first=True)
