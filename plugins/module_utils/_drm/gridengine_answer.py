# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What qstat (XML) and qacct (text) answer, as JobStatus."""

from __future__ import annotations

import calendar
import re
from dataclasses import replace
from typing import Dict, Iterator, List, Mapping, Optional, Tuple
from xml.etree import ElementTree

from .errors import ParseError
from .model import CommandResult, EndReason, JobState, JobStatus

_MAX_TASKS = 10000
_LAST_SIGNAL = 64

#: qstat's states, sge_status(5), and the codes of "failed" in the accounting. The manual's letters are in another order than qstat's.
_QUEUE_STATES: Mapping[str, JobState] = {
    **dict.fromkeys(("qw", "Rq"), JobState.QUEUED),
    **dict.fromkeys(("hqw", "hRq", "hRwq"), JobState.HELD),
    # It stays in the queue and does not run before someone clears the error: qmod -cj.
    **dict.fromkeys(("Eqw", "Ehqw", "ERq", "EhRq", "EhRqw"), JobState.HELD),
    **dict.fromkeys(("r", "hr", "t", "ht", "Rr", "hRr", "Rt", "hRt"), JobState.RUNNING),
    **dict.fromkeys(("s", "ts", "S", "tS", "T", "tT", "Rs", "Rts", "RS", "RtS", "RT", "RtT"), JobState.SUSPENDED),
    # Asked to go; how it ends is not known before it has.
    **dict.fromkeys(("dr", "dt", "dRr", "dRt"), JobState.RUNNING),
    **dict.fromkeys(("ds", "dS", "dT", "dRs", "dRS", "dRT"), JobState.SUSPENDED),
    # Ended, or deleted while it waited: the accounting tells, later, and of the one that never ran nothing.
    "z": JobState.UNKNOWN,
}
_FAILED_CODES = (1, 3, 4, *range(6, 22), *range(26, 39), 100)
_ENDED: Mapping[str, JobState] = {
    "failed 0": JobState.DONE,
    **{"failed %d" % code: JobState.FAILED for code in _FAILED_CODES},
    # These go on elsewhere: this was not the end.
    "failed 24": JobState.UNKNOWN,
    "failed 25": JobState.UNKNOWN,
}
STATES: Mapping[str, JobState] = {**_QUEUE_STATES, **_ENDED}
_BY_LETTERS = {"".join(sorted(native)): state for native, state in _QUEUE_STATES.items()}

_NOT_THE_END = ("failed 24", "failed 25")
_AFTER_THE_JOB = 100
_LIMIT_ENFORCED = 37
# The codes with which the job itself ran to an end, sge_status(5): its exit status is its own.
_RAN = (0, 12, 13, 14, 15, 16, 17, 20, 30, _LIMIT_ENFORCED, _AFTER_THE_JOB)
_BEFORE_THE_JOB = "Grid Engine failed before the job ran"

_MONTHS = {
    name: at
    for at, name in enumerate(["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"], 1)
}
_CLOCK = r"(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2}):(?P<second>[0-9]{2})"
_TIMES = (
    re.compile(r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})T" + _CLOCK),
    re.compile(r"\w{3} (?P<month>\w{3}) +(?P<day>[0-9]+) " + _CLOCK + " (?P<year>[0-9]{4})"),
    # Univa's and Altair's
    re.compile(r"(?P<month>[0-9]{2})/(?P<day>[0-9]{2})/(?P<year>[0-9]{4}) " + _CLOCK),
)
_GONE = "z"
_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


def read_queue(result: CommandResult) -> List[JobStatus]:
    """The rows of ``qstat -xml``, an array's waiting elements one by one."""
    if not result.stdout.strip():
        return _nothing(result)
    try:
        root = ElementTree.fromstring(result.stdout)
    except ElementTree.ParseError as error:
        raise ParseError("qstat (%s)" % error, result.stdout) from error
    wanted = _Wanted(result)
    found: Dict[str, JobStatus] = {}
    for row in root.iter("job_list"):
        for status in _queue_statuses(row, wanted):
            # A job that is there is not over because it has been so before.
            if status.native_state != _GONE or status.job_id not in found:
                found[status.job_id] = status
    # A job with a native state is there, and waited for; this one is not, whatever its end was.
    return [replace(status, native_state="") if status.native_state == _GONE else status for status in found.values()]


def _nothing(result: CommandResult) -> List[JobStatus]:
    if result.rc == 0:
        raise ParseError("qstat (no document)", result.stdout)
    return []


class _Wanted:
    """The jobs that were asked about; the commands tell of all."""

    def __init__(self, result: CommandResult) -> None:
        self.numbers = {job_id.partition(".")[0] for job_id in result.command.job_ids}

    def has(self, number: str) -> bool:
        return not self.numbers or number in self.numbers


def _text(row: ElementTree.Element, name: str) -> str:
    return (row.findtext(name) or "").strip()


def _queue_statuses(row: ElementTree.Element, wanted: _Wanted) -> Iterator[JobStatus]:
    number, native = _text(row, "JB_job_number"), _text(row, "state")
    if not number.isdigit():
        raise ParseError("qstat (a job without a number)", ElementTree.tostring(row, "unicode"))
    if not wanted.has(number):
        return iter(())
    # Not among the documented ones: unknown, whatever letters are in it.
    state = _BY_LETTERS.get("".join(sorted(native)))
    queue, _at, node = _text(row, "queue_name").partition("@")
    status = JobStatus(
        job_id=number,
        state=state or JobState.UNKNOWN,
        native_state=native,
        name=row.findtext("full_job_name") or row.findtext("JB_name") or "",
        owner=_text(row, "JB_owner"),
        queue=queue,
        nodes=(node,) if node else (),
        submit_time=_epoch(_text(row, "JB_submission_time")),
        start_time=_epoch(_text(row, "JAT_start_time")),
        message=_said_of(native, state, number),
    )
    tasks = _text(row, "tasks")
    return _elements(status, tasks) if tasks else iter((status,))


def _said_of(native: str, state: Optional[JobState], number: str) -> str:
    if state is None:
        return "Grid Engine's state %s is not known here" % native
    if native == _GONE:
        return "it has left the queue; the accounting does not tell yet how it ended, and never of a job that was deleted while it waited"
    if "E" in native:
        return (
            "Grid Engine could not start it and will not try again: 'qstat -j %s' says why, 'qmod -cj %s' lets it try"
            % (number, number)
        )
    return "it is being deleted" if "d" in native else ""


def _elements(status: JobStatus, tasks: str) -> Iterator[JobStatus]:
    """One row stands for all elements that wait: ``1-7:3`` or ``2,5-9:1``."""
    numbers = list(_task_numbers(tasks))
    if len(numbers) > _MAX_TASKS:
        # As many rows as that are of no use to anybody.
        yield replace(status, job_id="%s.[%s]" % (status.job_id, tasks), array_id=status.job_id)
        return
    for number in numbers:
        yield replace(status, job_id="%s.%d" % (status.job_id, number), array_id=status.job_id)


def _task_numbers(tasks: str) -> Iterator[int]:
    for part in tasks.split(","):
        found = re.fullmatch(r"\s*([0-9]{1,10})(?:-([0-9]{1,10})(?::([0-9]{1,10}))?)?\s*", part)
        if found is None:
            raise ParseError("qstat (an array's elements)", tasks)
        first = int(found.group(1))
        last, step = int(found.group(2) or first), int(found.group(3) or 1)
        yield from range(first, min(last, first + step * (_MAX_TASKS + 1)) + 1, step or 1)


def read_history(result: CommandResult) -> List[JobStatus]:
    """The last record of each job in ``qacct -j``: one that is run again has several, and so have a parallel job's tasks on other nodes."""
    wanted = _Wanted(result)
    found: Dict[str, JobStatus] = {}
    for record in _records(result):
        if not wanted.has(record.get("jobnumber", "")):
            continue
        status = _history_status(record)
        before = found.get(status.job_id)
        if before is None or status.native_state not in _NOT_THE_END or before.native_state in _NOT_THE_END:
            found[status.job_id] = status
    return list(found.values())


def _records(result: CommandResult) -> Iterator[Dict[str, str]]:
    """Blocks of ``name   value`` under a line of equals signs. A name that comes twice in a block is the user's text: the first counts."""
    record: Optional[Dict[str, str]] = None
    for line in result.stdout.split("\n"):
        # The sums under the records of all jobs.
        if line == "Total System Usage":
            break
        if len(line) > 20 and not line.strip("="):
            if record is not None:
                yield _whole(record, result)
            record = {}
        elif record is not None and line.strip():
            name, _space, value = line.partition(" ")
            record.setdefault(name, value.strip())
        elif line.strip():
            raise ParseError("qacct", result.stdout)
    if record is not None:
        yield _whole(record, result)


def _whole(record: Dict[str, str], result: CommandResult) -> Dict[str, str]:
    """A record that was cut off tells nothing."""
    needed = ("jobname", "jobnumber", "taskid", "failed", "exit_status", "ru_wallclock")
    if not all(record.get(name) for name in needed) or not record["jobnumber"].isdigit():
        raise ParseError("qacct (half a record)", result.stdout)
    return record


def _history_status(record: Mapping[str, str]) -> JobStatus:
    number, task = record["jobnumber"], record["taskid"]
    array = task.isdigit() and task != "0"
    code, exit_status = _number(record, "failed"), _number(record, "exit_status")
    native = "failed %d" % code
    state, reason, exit_code, signal, message = _end(code, exit_status, record)
    return JobStatus(
        job_id="%s.%s" % (number, task) if array else number,
        state=state,
        native_state=native,
        array_id=number if array else "",
        name=record["jobname"],
        owner=record.get("owner", ""),
        end_reason=reason,
        exit_code=exit_code,
        signal=signal,
        queue=_known(record.get("qname", "")),
        nodes=tuple(filter(None, (_known(record.get("hostname", "")),))),
        submit_time=_epoch(record.get("qsub_time", "")),
        start_time=_epoch(record.get("start_time", "")),
        end_time=_epoch(record.get("end_time", "")),
        message=message,
    )


End = Tuple[JobState, Optional[EndReason], Optional[int], Optional[int], str]


def _end(code: int, exit_status: int, record: Mapping[str, str]) -> End:
    said = record["failed"].partition(":")[2].strip()
    state = _ENDED.get("failed %d" % code, JobState.UNKNOWN)
    if state is JobState.UNKNOWN:
        return state, None, None, None, "Grid Engine's failure code %s" % record["failed"]
    if code == 0 and exit_status <= 255:
        return (JobState.FAILED if exit_status else JobState.DONE), None, exit_status, None, ""
    if record.get("deleted_by", "NONE") not in ("NONE", ""):
        # Univa's and Altair's accounting names who; 8.1.9's does not tell a deleted job from a killed one.
        return JobState.CANCELLED, EndReason.CANCELLED, None, None, "deleted by %s" % record["deleted_by"]
    signal = exit_status - 128 if 128 < exit_status <= 128 + _LAST_SIGNAL else None
    if code == _LIMIT_ENFORCED:
        return JobState.FAILED, _limit(record), None, None, said
    if code in _RAN and signal:
        told = "ended by signal %d: deleted, beyond a limit or killed; Grid Engine does not tell which" % signal
        return JobState.FAILED, EndReason.SIGNAL, None, signal, told
    if code in _RAN:
        return JobState.FAILED, EndReason.OTHER, exit_status or None, None, said
    return JobState.FAILED, EndReason.OTHER, None, None, "%s: %s" % (_BEFORE_THE_JOB, said)


def _limit(record: Mapping[str, str]) -> EndReason:
    """One code for three limits: memory where the job had as much as it asked for, else time, of which queues have limits of their own."""
    asked = re.search(r"h_vmem=([0-9.]+[KMGkmg]?)", record.get("category", ""))
    used = _bytes(record.get("maxvmem", ""))
    return EndReason.MEMORY if asked and used and used >= _bytes(asked.group(1)) else EndReason.WALLTIME


def _bytes(text: str) -> float:
    found = re.match(r"([0-9]+(?:\.[0-9]+)?)([KMGkmg]?)", text)
    return float(found.group(1)) * _UNITS[found.group(2).upper()] if found else 0.0


def _number(record: Mapping[str, str], name: str) -> int:
    found = re.match(r"[0-9]{1,9}(?![0-9])", record[name])
    if found is None:
        raise ParseError("qacct (%s)" % name, record[name])
    return int(found.group())


def _known(text: str) -> str:
    return "" if text in ("UNKNOWN", "NONE") else text


def _epoch(text: str) -> Optional[int]:
    """The commands are asked for UTC. 1970 stands for never."""
    found = next(filter(None, (pattern.match(text) for pattern in _TIMES)), None)
    if found is None:
        return None
    part = found.groupdict()
    month = int(part["month"]) if part["month"].isdigit() else _MONTHS.get(part["month"], 0)
    if not 1 <= month <= 12:
        return None
    values = (int(part["year"]), month, *(int(part[name]) for name in ("day", "hour", "minute", "second")))
    return calendar.timegm((*values, 0, 0, 0)) or None
