# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Any DRM that has a DRMAA 1.0 library, through the Python package ``drmaa`` in a process of its own (drmaa_agent.py).

DRMAA knows no queue to list, no accounting and no job by its name. What it leaves out is refused by name or UNKNOWN; where Grid Engine's own
commands are there as well, they answer instead (drmaa_gridengine.py).
"""

from __future__ import annotations

import json
import os
import re
import sys
from abc import abstractmethod
from types import ModuleType
from typing import Any, ClassVar, Dict, Hashable, List, Mapping, Optional, Pattern, Sequence, Tuple

# Imported by name so that AnsiballZ ships them with the modules; what runs is their text.
from . import drmaa_agent, drmaa_session, drmaa_store
from .errors import InvalidRequestError, ParseError, UnsupportedFieldError
from .interface import Drm
from .model import Answer, Command, CommandResult, Control, EndReason, JobRequest, JobState, JobStatus, Outcome
from .program import program
from .word_lists import pieces

# In the order in which they import each other.
_PARTS = (drmaa_store, drmaa_session, drmaa_agent)

# Debian's Grid Engine library needs more static TLS than a process has that was not started with this: "cannot allocate memory in static TLS block".
_TUNABLE = "glibc.rtld.optional_static_tls=4096"
# It also says "done" of a job that exited with another status than 0, and "gone" is a job that has left no trace here.
_SAY_NOTHING = ("done", "gone")
# The last exit status that a shell makes of a signal, of which there are 64.
_SHELLS_LAST = 192


def _environ() -> Dict[str, str]:
    own = os.environ.get("GLIBC_TUNABLES", "")
    return {"GLIBC_TUNABLES": own if _TUNABLE in own else ":".join(filter(None, (own, _TUNABLE)))}


def command(
    *words: str,
    request: Optional[Mapping[str, Any]] = None,
    environ: Optional[Mapping[str, str]] = None,
    parts: Sequence[ModuleType] = _PARTS,
    python: str = sys.executable,
) -> Command:
    argv = (python, "-", *words)
    return Command(argv, stdin=program(parts, request or {}), environ={**_environ(), **(environ or {})})


def job_values(request: JobRequest, name: str, native: Sequence[str], accounted: bool) -> Dict[str, Any]:
    """What the child needs of one request."""
    stdout, stderr = output_files(request, name)
    return {
        "name": name,
        "script": request.script,
        "args": list(request.args),
        "environment": dict(request.environment),
        "chdir": request.chdir or os.path.expanduser("~"),
        "stdout": stdout,
        "stderr": stderr,
        "hold": request.hold,
        "walltime_seconds": request.walltime_seconds,
        "native": " ".join(native),
        "accounted": accounted,
    }


def submission_command(
    jobs: Sequence[Mapping[str, Any]], system: str = "", environ: Optional[Mapping[str, str]] = None
) -> Command:
    """One job is submitted under its name, so that ``ps`` shows it. ``system`` is what the library must be for."""
    words = ("submit", str(jobs[0]["name"])) if len(jobs) == 1 else ("submit-many", str(len(jobs)))
    return command(*words, request={"jobs": list(jobs), "system": system}, environ=environ)


def output_files(request: JobRequest, name: str) -> Tuple[str, str]:
    directory = request.chdir or os.path.expanduser("~")
    stdout = os.path.join(directory, request.stdout or name + ".out")
    return stdout, os.path.join(directory, request.stderr) if request.stderr else stdout


def check_words(words: Sequence[str]) -> None:
    """DRMAA takes them as one text, which each library takes apart in a way of its own."""
    for word in words:
        if re.search(r"[\s'\"\\]", word):
            said = "%r: no item may have a blank, a quote or a backslash, as DRMAA takes them all as one text" % word
            raise InvalidRequestError("native_options", said)


def classify(result: CommandResult) -> Outcome:
    """The child's exit codes. Any other is one of a child that did not come to its answer."""
    outcomes = {
        0: Outcome.OK,
        drmaa_session.RC_NO_SUCH_JOB: Outcome.NO_SUCH_JOB,
        drmaa_session.RC_REFUSED: Outcome.REFUSED,
    }
    return Outcome.UNREACHABLE if result.timed_out else outcomes.get(result.rc, Outcome.UNREACHABLE)


class ByLibrary(Drm):
    """Submits jobs by the library, any number of them in one session."""

    @abstractmethod
    def submission(self, requests: Sequence[JobRequest]) -> Command:
        """The command that submits them."""

    def build_submit(self, request: JobRequest) -> Command:
        return self.submission([request])

    def parse_submit(self, result: CommandResult) -> str:
        return read_job_id(result, self.job_id_pattern)

    def submission_group(self, request: JobRequest) -> Hashable:
        return request.cluster

    def build_submit_many(self, requests: Sequence[JobRequest]) -> Command:
        return self.submission(requests)

    def parse_submit_many(self, result: CommandResult, requests: Sequence[JobRequest]) -> List[Answer]:
        if len(requests) == 1:
            return [Answer(self.parse_submit(result))]
        return read_answers(result, self.job_id_pattern, len(requests))


class Drmaa(ByLibrary):
    """A DRM of which nothing is known but its DRMAA library."""

    name = "drmaa"
    executables = ()
    request_fields = frozenset(
        (
            "args",
            "walltime_seconds",
            "hold",
            "chdir",
            "stdout",
            "stderr",
            "environment",
            "native_options",
        )
    )
    untold_ends = frozenset((EndReason.MEMORY, EndReason.WALLTIME))
    controls = frozenset(Control)
    # No accounting, and no job is found by its name but one whose id was noted here.
    forgets = True
    #: drmaa_job_ps(3), and what the child makes of an end: of a job's exit status, or of one that we cancelled and that left none.
    states: ClassVar[Mapping[str, JobState]] = {
        "undetermined": JobState.UNKNOWN,
        "queued_active": JobState.QUEUED,
        "system_on_hold": JobState.HELD,
        "user_on_hold": JobState.HELD,
        "user_system_on_hold": JobState.HELD,
        "running": JobState.RUNNING,
        "system_suspended": JobState.SUSPENDED,
        "user_suspended": JobState.SUSPENDED,
        "user_system_suspended": JobState.SUSPENDED,
        "done": JobState.UNKNOWN,
        "done/0": JobState.DONE,
        "done/n": JobState.FAILED,
        "failed": JobState.FAILED,
        "terminated": JobState.CANCELLED,
        "gone": JobState.UNKNOWN,
    }
    # 117, 117.1, 12_3, 5[2].server, 12.server, submit-host.7.0; never DRMAA_JOB_IDS_SESSION_ALL.
    job_id_pattern = re.compile(
        r"(?:[A-Za-z][A-Za-z0-9-]*\.)*[1-9][0-9]{0,17}(?:[._][0-9]{1,9}|\[[0-9]{1,9}\])?(?:[.@][A-Za-z0-9][A-Za-z0-9.-]*)?"
    )

    def job_name(self, request: JobRequest) -> str:
        """A name that begins with a digit is not for every DRM."""
        return "j" + request.job_name if request.job_name[0].isdigit() else request.job_name

    def check_request(self, request: JobRequest) -> None:
        super().check_request(request)
        check_words(request.native_options)

    def native_options(self, request: JobRequest) -> List[str]:
        """The user's own alone: there is nothing that every DRM would understand."""
        return list(request.native_options)

    def submission(self, requests: Sequence[JobRequest]) -> Command:
        jobs = [job_values(each, self.job_name(each), self.native_options(each), accounted=False) for each in requests]
        return submission_command(jobs)

    def build_status(self, job_ids: Sequence[str], cluster: str) -> List[Command]:
        self._refuse(cluster)
        return [command("status", *some) for some in pieces(job_ids)]

    def parse_status(self, result: CommandResult) -> List[JobStatus]:
        try:
            return [self._status(row) for row in _read("status", result.stdout)]
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ParseError("status", result.stdout) from error

    def build_history(self, job_ids: Sequence[str], cluster: str) -> List[Command]:
        return []

    def parse_history(self, result: CommandResult) -> List[JobStatus]:
        return self.parse_status(result)

    def build_find(self, names: Sequence[str], cluster: str, since: int) -> List[Command]:
        self._refuse(cluster)
        return [command("find", *some) for some in pieces(names)]

    def build_control(self, action: Control, job_ids: Sequence[str], cluster: str) -> List[Command]:
        self._refuse(cluster)
        return [command(action.value, *some) for some in pieces(job_ids)]

    def classify(self, result: CommandResult) -> Outcome:
        return classify(result)

    def output_paths(self, request: JobRequest, job_id: str, home: str) -> Tuple[str, str]:
        return output_files(request, self.job_name(request))

    def _refuse(self, cluster: str) -> None:
        if cluster:
            raise UnsupportedFieldError(self.name, ["cluster"])

    def _status(self, row: Mapping[str, Any]) -> JobStatus:
        native = str(row["native_state"])
        state = self.states.get(native, JobState.UNKNOWN)
        code, number = row.get("exit_code"), row.get("signal")
        reason = EndReason.CANCELLED if state is JobState.CANCELLED else EndReason.SIGNAL if number else None
        return JobStatus(
            job_id=str(row["job_id"]),
            state=state,
            # A job with a native state is there, and waited for.
            native_state="" if native in _SAY_NOTHING else native,
            name=str(row.get("name", "")),
            end_reason=reason,
            exit_code=code if state is JobState.DONE or code else None,
            signal=int(number) if number else None,
            submit_time=row.get("submit_time"),
            end_time=row.get("end_time"),
            message=_message(native, code, number),
        )


def _message(native: str, code: Optional[int], number: Optional[int]) -> str:
    if native == "done":
        return "DRMAA says that it has ended, and with that not how: its exit status left no trace"
    if native == "gone":
        return "DRMAA does not know it any more, and it left no exit status"
    if native == "terminated":
        return "it was told to end, is gone, and left no exit status"
    if native == "failed" and not number:
        return "DRMAA says that it failed; it may wait in the queue in an error state"
    if code and 128 < code <= _SHELLS_LAST:
        return "%d is a script's own, or a shell's after a command that signal %d ended" % (code, code - 128)
    return "ended by signal %d" % number if number else ""


def read_job_id(result: CommandResult, pattern: Pattern[str]) -> str:
    """The id in the answer to a submission. Raises ParseError."""
    answer = _read("submission", result.stdout)
    job_id = answer.get("job_id") if isinstance(answer, dict) else None
    if not isinstance(job_id, str) or not pattern.fullmatch(job_id):
        raise ParseError("submission", result.stdout)
    return job_id


def read_answers(result: CommandResult, pattern: Pattern[str], count: int) -> List[Answer]:
    """What became of each job of one session. Raises ParseError."""
    rows = _read("submission", result.stdout)
    if not isinstance(rows, list) or len(rows) != count or not all(isinstance(row, dict) for row in rows):
        raise ParseError("submission", result.stdout)
    answers = [Answer(str(row.get("job_id", "")), str(row.get("refused", ""))) for row in rows]
    if any(answer.job_id and not pattern.fullmatch(answer.job_id) for answer in answers):
        raise ParseError("submission", result.stdout)
    return answers


def _read(what: str, text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise ParseError(what, text) from error
