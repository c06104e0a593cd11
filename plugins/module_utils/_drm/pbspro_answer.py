# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ``qstat -f -F json`` answers, as JobStatus. Measured on OpenPBS 23.06; the JSON form is there since PBS Pro 14.

The text form wraps at 79 columns, inside a word too, and gives a variable's newline as a raw line.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any, Dict, List, Mapping, Optional, Set

from .errors import ParseError
from .model import CommandResult, EndReason, JobState, JobStatus
from .pbs_answer import JOB_ID, as_asked, epoch, held_or_queued, how_it_ended, joined, nodes_of

#: qstat(1B), job_state; for F with the substate, without which it does not tell how the job ended.
STATES: Mapping[str, JobState] = {
    "Q": JobState.QUEUED,
    # It waits for its time (qsub -a), or is on its way to another queue.
    "W": JobState.QUEUED,
    "T": JobState.QUEUED,
    "H": JobState.HELD,
    "R": JobState.RUNNING,
    # An array of which something has begun.
    "B": JobState.RUNNING,
    # Its end is known, its output is being copied.
    "E": JobState.RUNNING,
    "S": JobState.SUSPENDED,
    # By somebody at the node's keyboard.
    "U": JobState.SUSPENDED,
    # Another server has it: this one cannot tell.
    "M": JobState.UNKNOWN,
    # An element that has ended while its array goes on; only its exit status tells how.
    "X": JobState.UNKNOWN,
    "F/91": JobState.CANCELLED,
    "F/92": JobState.DONE,
    "F/93": JobState.FAILED,
}
# OpenPBS src/include/job.h, JOB_EXEC_KILL_…
_KILLED: Mapping[int, EndReason] = {
    -24: EndReason.OTHER,
    -25: EndReason.OTHER,
    -26: EndReason.MEMORY,
    -27: EndReason.MEMORY,
    -28: EndReason.OTHER,
    -29: EndReason.WALLTIME,
}
_EXCEEDED = re.compile(r" and exceeded resource (\w+)$")
_RESOURCES = {"walltime": EndReason.WALLTIME, "mem": EndReason.MEMORY, "vmem": EndReason.MEMORY}
# What JSON has no meaning for: PBS before 20 left it in (issue 2541 of OpenPBS), and we write an invalid byte as \xff.
_ESCAPE = re.compile(r"\\(?:u[0-9a-fA-F]{4}|[\"\\/bfnrt]|.)", re.DOTALL)
_VALID_ESCAPE = re.compile(r"\\(?:u[0-9a-fA-F]{4}|[\"\\/bfnrt])")
# PBS before 20 writes the value 0012 of a variable as a number, which JSON cannot read.
_BARE_NUMBER = re.compile(r'^(\s*"[^"\n]*":\s*)([^\s"{\[\]},][^\s"{}]*?)(,?)$', re.MULTILINE)


def read_jobs(result: CommandResult) -> List[JobStatus]:
    """The jobs that were asked for, an array with its elements as ``tasks`` and each element as a row of its own."""
    if not result.stdout.strip():
        return []
    jobs = _document(result.stdout).get("Jobs", {})
    if not isinstance(jobs, dict) or not all(isinstance(fields, dict) for fields in jobs.values()):
        raise ParseError(result.command.argv[0], result.stdout)
    rows = as_asked(result, (_status(job_id, fields) for job_id, fields in jobs.items() if JOB_ID.fullmatch(job_id)))
    held = {row.job_id for row in rows if row.state is JobState.HELD}
    rows = [_element(row, held) if row.array_id else row for row in rows]
    elements: Dict[str, List[JobStatus]] = {}
    for row in rows:
        if row.array_id:
            elements.setdefault(row.array_id, []).append(row)
    return [_array(row, elements[row.job_id]) if row.job_id in elements else row for row in rows]


def _document(text: str) -> Dict[str, Any]:
    # Numbers as they stand: the value 0012 of a variable is no number, and 4,300 digits are more than Python reads.
    document: Any = None
    for mended in (_as_it_is, _with_escapes, _with_numbers):
        try:
            document = json.loads(mended(text), strict=False, parse_int=str, parse_float=str, parse_constant=str)
        except (ValueError, RecursionError):
            continue
        break
    if not isinstance(document, dict):
        raise ParseError("qstat", text)
    return document


def _as_it_is(text: str) -> str:
    return text


def _with_escapes(text: str) -> str:
    return _ESCAPE.sub(_escaped, text)


def _with_numbers(text: str) -> str:
    return _BARE_NUMBER.sub(r'\1"\2"\3', _with_escapes(text))


def _escaped(match: re.Match[str]) -> str:
    return match.group() if _VALID_ESCAPE.fullmatch(match.group()) else "\\" + match.group()


def _status(job_id: str, fields: Mapping[str, Any]) -> JobStatus:
    letter, comment = _text(fields, "job_state"), _text(fields, "comment")
    native = "%s/%s" % (letter, _text(fields, "substate")) if letter == "F" else letter
    state = STATES.get(native, JobState.UNKNOWN)
    if state is JobState.HELD:
        state = held_or_queued(_text(fields, "Hold_Types"), _text(fields, "depend"))
    # A job that was put back into the queue shows its last start.
    waits = state in (JobState.QUEUED, JobState.HELD)
    ended = _text(fields, "history_timestamp") or _text(fields, "obittime")
    status = JobStatus(
        job_id=job_id,
        state=state,
        native_state=native,
        name=_text(fields, "Job_Name"),
        owner=_text(fields, "Job_Owner").partition("@")[0],
        queue=_text(fields, "queue"),
        nodes=() if waits else nodes_of(_text(fields, "exec_host")),
        submit_time=epoch(_text(fields, "ctime")),
        start_time=None if waits else epoch(_text(fields, "stime")),
        message=comment,
    )
    if letter in ("F", "X"):
        return replace(_ended(status, fields), end_time=epoch(ended))
    if native not in STATES:
        return replace(status, message="PBS's state %s is not known here" % native)
    return status


def _ended(status: JobStatus, fields: Mapping[str, Any]) -> JobStatus:
    exit_status = _number(_text(fields, "Exit_status"))
    if status.native_state not in STATES:
        return replace(status, message="PBS's state %s is not known here" % status.native_state)
    if exit_status is None:
        return _without_exit_status(status, fields)
    if "[]" in status.job_id:
        return _ended_array(status, exit_status)
    if exit_status < 0:
        return _pseudo(status, exit_status)
    code, number, reason, said = how_it_ended(exit_status)
    status = replace(status, exit_code=code, signal=number, message=joined(status.message, said))
    if status.state is JobState.CANCELLED:
        return replace(status, end_reason=EndReason.CANCELLED)
    exceeded = _EXCEEDED.search(_text(fields, "comment"))
    if exceeded:
        # Also where the script heard of it and ended with 0.
        reason = _RESOURCES.get(exceeded.group(1), EndReason.OTHER)
    if status.state is JobState.FAILED or exit_status or exceeded:
        return replace(status, state=JobState.FAILED, end_reason=reason if exit_status else reason or EndReason.OTHER)
    return replace(status, state=JobState.DONE)


def _ended_array(status: JobStatus, exit_status: int) -> JobStatus:
    """Its exit status is 1 where any element failed, which no shell ended with."""
    if status.state is JobState.CANCELLED:
        return replace(status, end_reason=EndReason.CANCELLED)
    if exit_status or status.state is not JobState.DONE:
        return replace(status, state=JobState.FAILED)
    return replace(status, exit_code=0)


def _without_exit_status(status: JobStatus, fields: Mapping[str, Any]) -> JobStatus:
    """Deleted before it began (91), or held by a dependency that can never be satisfied: that one ends as 92, like a job that ended well."""
    if status.state is JobState.CANCELLED:
        return replace(status, end_reason=EndReason.CANCELLED)
    if status.state is JobState.FAILED:
        return replace(status, end_reason=EndReason.OTHER)
    if status.native_state == "F/92" and "s" in _text(fields, "Hold_Types") and status.start_time is None:
        said = "never started: what it depends on (%s) did not end well" % (_text(fields, "depend") or "its dependency")
        return replace(status, state=JobState.CANCELLED, end_reason=EndReason.DEPENDENCY, message=said)
    if status.native_state == "X":
        said = "it has ended, and PBS does not tell how before its whole array has"
        return replace(status, state=JobState.UNKNOWN, message=joined(status.message, said))
    said = "it has ended, and PBS does not tell how"
    return replace(status, state=JobState.UNKNOWN, native_state="", message=joined(status.message, said))


def _pseudo(status: JobStatus, exit_status: int) -> JobStatus:
    """Numbers of PBS's own: it ended the job, or could not start it."""
    said = "PBS ended or could not start it (exit status %d)" % exit_status
    reason = EndReason.CANCELLED if status.state is JobState.CANCELLED else _KILLED.get(exit_status, EndReason.OTHER)
    state = status.state if status.state is JobState.CANCELLED else JobState.FAILED
    return replace(status, state=state, end_reason=reason, message=joined(status.message, said))


def _element(row: JobStatus, held: Set[str]) -> JobStatus:
    """A held array shows H, its elements Q."""
    return replace(row, state=JobState.HELD) if row.array_id in held and row.state is JobState.QUEUED else row


def _array(row: JobStatus, tasks: List[JobStatus]) -> JobStatus:
    """PBS tells how the whole ended; why, the worst element does."""
    row = replace(row, tasks=tuple(tasks))
    bad = [task for task in tasks if task.state in (JobState.FAILED, JobState.CANCELLED)]
    if row.state is not JobState.FAILED or not bad:
        return row
    worst = min(bad, key=lambda task: task.state is not JobState.FAILED)
    said = "%d of %d elements did not end well" % (len(bad), len(tasks))
    return replace(
        row,
        exit_code=worst.exit_code,
        signal=worst.signal,
        end_reason=worst.end_reason,
        message=joined(row.message, said),
    )


def _text(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name)
    return value if isinstance(value, str) else ""


def _number(text: str) -> Optional[int]:
    return int(text) if re.fullmatch(r"-?[0-9]{1,9}", text) else None
