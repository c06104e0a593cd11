# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What squeue and sacct answer, as JobStatus. The text forms: squeue's JSON of 22.05 ignores job ids, sacct's loses exit codes."""

from __future__ import annotations

import re
import secrets
from dataclasses import replace
from itertools import islice
from typing import Iterator, List, Mapping, Optional, Sequence, Tuple

from .errors import ParseError
from .model import Command, CommandResult, EndReason, JobState, JobStatus

# One order for both commands. The name is last: it is the user's text and may hold anything, a newline too.
QUEUE_FIELDS = (
    "JobArrayID",
    "State",
    "exit_code",
    "SubmitTime",
    "StartTime",
    "EndTime",
    "Partition",
    "UserName",
    "NodeList",
    "Reason",
    "Name",
)
HISTORY_FIELDS = (
    "JobID",
    "State",
    "ExitCode",
    "Submit",
    "Start",
    "End",
    "Partition",
    "User",
    "NodeList",
    "Reason",
    "JobName",
)
# Epoch seconds instead of local time, and the whole of an array's task expression.
ENVIRON = {"SLURM_TIME_FORMAT": "%s", "SLURM_BITSTR_LEN": "0"}

#: squeue(1) and sacct(1), JOB STATE CODES.
STATES: Mapping[str, JobState] = {
    "PENDING": JobState.QUEUED,
    "REQUEUED": JobState.QUEUED,
    "REQUEUE_FED": JobState.QUEUED,
    # Its nodes are still being booted for it.
    "CONFIGURING": JobState.QUEUED,
    "REQUEUE_HOLD": JobState.HELD,
    "RESV_DEL_HOLD": JobState.HELD,
    # An epilog put it back and holds it.
    "SPECIAL_EXIT": JobState.HELD,
    "RUNNING": JobState.RUNNING,
    "RESIZING": JobState.RUNNING,
    "SIGNALING": JobState.RUNNING,
    # It has ended, but how is shown only when its last process or file is gone.
    "COMPLETING": JobState.RUNNING,
    "STAGE_OUT": JobState.RUNNING,
    "SUSPENDED": JobState.SUSPENDED,
    "STOPPED": JobState.SUSPENDED,
    "COMPLETED": JobState.DONE,
    "FAILED": JobState.FAILED,
    "TIMEOUT": JobState.FAILED,
    "OUT_OF_MEMORY": JobState.FAILED,
    "NODE_FAIL": JobState.FAILED,
    "BOOT_FAIL": JobState.FAILED,
    "DEADLINE": JobState.FAILED,
    # Final only where preemption cancels; where it requeues, the job is PENDING again.
    "PREEMPTED": JobState.FAILED,
    "CANCELLED": JobState.CANCELLED,
    # Another cluster of the federation runs the job: this one cannot tell.
    "REVOKED": JobState.UNKNOWN,
}
_END_REASONS: Mapping[str, EndReason] = {
    "TIMEOUT": EndReason.WALLTIME,
    "OUT_OF_MEMORY": EndReason.MEMORY,
    "NODE_FAIL": EndReason.NODE_FAILURE,
    "BOOT_FAIL": EndReason.NODE_FAILURE,
    "DEADLINE": EndReason.OTHER,
    "PREEMPTED": EndReason.PREEMPTED,
    "CANCELLED": EndReason.CANCELLED,
}
_HELD_REASON = re.compile(r"JobHeld|JobHoldMaxRequeue|requeued[ _]held|requeued[ _]in[ _](held|special)", re.IGNORECASE)
_NO_VALUE = ("", "None", "N/A", "Unknown", "None assigned", "(null)")
_ROW_ID = re.compile(r"([0-9]+)(?:[_+](?:[0-9]+|\[[^]]*\]))?")
_SEPARATOR = re.compile(r"\|[0-9a-f]{16}\|")
# How slurmstepd says that it could not open the job's working directory or output file; no signal has this number's meaning.
_CANNOT_OPEN = 53
_LAST_SIGNAL = 64
_MAX_NAMES = 10000


def new_separator() -> str:
    """What stands between two fields. Nobody could know it when a job was named, so no name can pass for another job's row."""
    return "|%s|" % secrets.token_hex(8)


def read_queue(result: CommandResult) -> List[JobStatus]:
    return [_queue_status(fields) for fields in _rows(result, len(QUEUE_FIELDS))]


def read_history(result: CommandResult) -> List[JobStatus]:
    statuses = (_history_status(fields) for fields in _rows(result, len(HISTORY_FIELDS)))
    return [element for status in statuses for element in _elements(status)]


def _rows(result: CommandResult, width: int) -> List[List[str]]:
    separator = _separator_of(result.command)
    rows: List[List[str]] = []
    for line in result.stdout.rstrip("\n").split("\n"):
        fields = line.split(separator)
        if len(fields) == width and _ROW_ID.fullmatch(fields[0]):
            rows.append(fields)
        elif len(fields) == 1 and rows:
            rows[-1][-1] += "\n" + line
        elif line and not line.startswith("CLUSTER: "):
            raise ParseError(result.command.argv[0], result.stdout)
    return rows


def _separator_of(command: Command) -> str:
    found = _SEPARATOR.search(" ".join(command.argv))
    if found is None:
        raise ParseError(command.argv[0], "(a command that was not built here)")
    return found.group()


def _queue_status(fields: Sequence[str]) -> JobStatus:
    native, reason = fields[1], "" if fields[9] in _NO_VALUE else fields[9]
    state = STATES.get(native, JobState.UNKNOWN)
    if native == "PENDING" and _HELD_REASON.search(reason):
        state = JobState.HELD
    never = native == "CANCELLED" and reason == "DependencyNeverSatisfied"
    return _status(fields, state, native, EndReason.DEPENDENCY if never else None, reason)


def _history_status(fields: Sequence[str]) -> JobStatus:
    # The reason column is an old one: that of the last look at the job while it was pending.
    native, _space, who = fields[1].partition(" by ")
    state = STATES.get(native, JobState.UNKNOWN)
    message = ""
    if state is JobState.CANCELLED:
        message = "cancelled by uid %s" % who if who else "cancelled by Slurm itself, as for a failed dependency"
    status = _status(fields, state, native, None, message)
    if status.exit_code is not None and state is JobState.FAILED:
        hint = "sacct shows exit codes above 127 less 128: this may be %d" % (status.exit_code + 128)
        return replace(status, message=hint)
    return status


def _status(
    fields: Sequence[str], state: JobState, native: str, end_reason: Optional[EndReason], message: str
) -> JobStatus:
    exit_code, signal, said = _how_it_ended(native, fields[2])
    if native not in STATES:
        said = "Slurm's state %s is not known here" % native
    if end_reason is None:
        end_reason = _END_REASONS.get(native)
    if native == "FAILED" and exit_code is None:
        end_reason = EndReason.SIGNAL if signal else EndReason.OTHER
    nodes = expand_nodes(fields[8])
    # The queue shows when a waiting job is expected to start, and for one that never started when it was cancelled.
    started = bool(nodes) if state.final else state not in (JobState.QUEUED, JobState.HELD)
    return JobStatus(
        job_id=fields[0],
        state=state,
        native_state=native,
        array_id=_array_id(fields[0]),
        name=fields[10],
        owner=fields[7],
        end_reason=end_reason,
        exit_code=exit_code,
        signal=signal,
        queue=fields[6],
        nodes=nodes,
        submit_time=_epoch(fields[3]),
        start_time=_epoch(fields[4]) if started else None,
        end_time=_epoch(fields[5]) if state.final else None,
        message=said or message,
    )


def _how_it_ended(native: str, text: str) -> Tuple[Optional[int], Optional[int], str]:
    """Exit code, signal and a word on them. Other states than these have made-up codes, such as 1:0 for a lost node."""
    if native not in ("COMPLETED", "FAILED", "OUT_OF_MEMORY"):
        return None, None, ""
    code, number = _code_and_signal(text)
    if number == _CANNOT_OPEN:
        return None, None, "Slurm could not open the job's working directory or its output file on the node"
    if number:
        # 125 is Slurm's own number for a job that was out of memory.
        return (None, number, "ended by signal %d" % number) if number <= _LAST_SIGNAL else (None, None, "")
    return code if code or native == "COMPLETED" else None, None, ""


def _code_and_signal(text: str) -> Tuple[int, int]:
    """``3:0`` in sacct and newer squeue; the number that wait(2) gives in squeue 22.05."""
    code, colon, number = text.partition(":")
    if not code.isdigit() or (colon and not number.isdigit()):
        raise ParseError("exit code", text)
    return (int(code), int(number)) if colon else (int(code) >> 8, int(code) & 0x7F)


def _elements(status: JobStatus) -> List[JobStatus]:
    """One row stands for all of an array's elements that never started: ``62_[3-5,8%2]``."""
    match = re.fullmatch(r"([0-9]+)_\[([0-9,-]+)(?:%[0-9]+)?\]", status.job_id)
    if match is None:
        return [status]
    indices = list(islice(_numbers(match.group(2)), _MAX_NAMES + 1))
    if len(indices) > _MAX_NAMES:
        return [status]
    return [replace(status, job_id="%s_%s" % (match.group(1), index)) for index in indices]


def _array_id(job_id: str) -> str:
    """The id of the whole for an element of an array (62_3) or of a heterogeneous job (62+1)."""
    whole = re.split("[_+]", job_id)[0]
    return whole if whole != job_id else ""


def _epoch(text: str) -> Optional[int]:
    return int(text) if text.isdigit() and text != "0" else None


def expand_nodes(text: str) -> Tuple[str, ...]:
    """The names in a node list such as ``node[01-03,7],gpu1``; the list as it stands where it names too many."""
    if text in _NO_VALUE:
        return ()
    words = re.findall(r"(?:[^,\[\]]|\[[^\]]*\])+", text)
    names = tuple(islice((name for word in words for name in _names(word)), _MAX_NAMES + 1))
    return names if len(names) <= _MAX_NAMES else (text,)


def _names(word: str) -> Iterator[str]:
    match = re.fullmatch(r"([^\[]*)\[([^\]]*)\](.*)", word)
    if match is None:
        yield word
        return
    head, numbers, tail = match.groups()
    for number in _numbers(numbers):
        for rest in _names(tail):
            yield head + number + rest


def _numbers(text: str) -> Iterator[str]:
    for part in text.split(","):
        match = re.fullmatch(r"([0-9]+)-([0-9]+)", part)
        if match is None:
            yield part
            continue
        first, last = match.groups()
        for number in range(int(first), int(last) + 1):
            yield "%0*d" % (len(first), number)
