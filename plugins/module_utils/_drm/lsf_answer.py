# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How LSF's jobs end, and what ``bjobs -o … -json`` answers, as JobStatus. After IBM's reference for Spectrum LSF 10.1."""

from __future__ import annotations

import calendar
import json
import re
import time
from dataclasses import dataclass
from datetime import date
from typing import Any, Dict, List, Mapping, Optional, Tuple

from .errors import ParseError
from .model import CommandResult, EndReason, JobState, JobStatus

# The name is last: of two values of one key the first is taken, so none can be forged by a name that LSF does not escape.
FIELDS = (
    "jobid",
    "jobindex",
    "stat",
    "exit_code",
    "exit_reason",
    "user",
    "queue",
    "exec_host",
    "submit_time",
    "start_time",
    "finish_time",
    "pend_reason",
    "job_name",
)
# Times are printed in the zone of whoever asks.
ENVIRON = {"TZ": "UTC0"}

#: bjobs(1), STAT; FWD_PEND is the multicluster's.
STATES: Mapping[str, JobState] = {
    "PEND": JobState.QUEUED,
    "FWD_PEND": JobState.QUEUED,
    # Its host is being woken up.
    "PROV": JobState.QUEUED,
    # A member of a chunk that waits for the one before it.
    "WAIT": JobState.QUEUED,
    "PSUSP": JobState.HELD,
    "RUN": JobState.RUNNING,
    "USUSP": JobState.SUSPENDED,
    "SSUSP": JobState.SUSPENDED,
    "DONE": JobState.DONE,
    "EXIT": JobState.FAILED,
    # The host does not answer; the job may be running there.
    "UNKWN": JobState.UNKNOWN,
    # Killed while its host did not answer: it may still be running there.
    "ZOMBI": JobState.UNKNOWN,
}
_CANCELLED = ("TERM_OWNER", "TERM_ADMIN", "TERM_FORCE_OWNER", "TERM_FORCE_ADMIN", "TERM_BUCKET_KILL")
#: IBM's table of termination reasons; those that are not here are OTHER.
_END_REASONS: Mapping[str, EndReason] = {
    "TERM_RUNLIMIT": EndReason.WALLTIME,
    "TERM_MEMLIMIT": EndReason.MEMORY,
    "TERM_SWAP": EndReason.MEMORY,
    "TERM_PREEMPT": EndReason.PREEMPTED,
    "TERM_RC": EndReason.PREEMPTED,
    "TERM_RC_RECLAIM": EndReason.PREEMPTED,
    "TERM_MC_RECALL": EndReason.PREEMPTED,
    "TERM_EXTERNAL_SIGNAL": EndReason.SIGNAL,
    "TERM_ORPHAN_SYSTEM": EndReason.DEPENDENCY,
}
_TERM = re.compile(r"\b(TERM_[A-Z_]+)\b")
_LAST_SIGNAL = 64
_TIME = re.compile(
    r"(?:(?P<day>[A-Z][a-z]{2}) )?(?P<month>[A-Z][a-z]{2}) +(?P<mday>[0-9]{1,2}) "
    r"(?P<clock>[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?)(?: (?P<year>[0-9]{4}))?(?: [A-Z])?"
)
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True)
class End:
    """How a job ended, in the fields of JobStatus."""

    state: JobState
    end_reason: Optional[EndReason] = None
    exit_code: Optional[int] = None
    signal: Optional[int] = None
    message: str = ""


def end_of(code: Optional[int], signal: Optional[int], reason: str) -> End:
    """The end of a job in state EXIT: its exit code or signal and LSF's termination reason, as far as they are known."""
    found = _TERM.search(reason)
    term = found.group(1) if found else ""
    if term in _CANCELLED:
        return End(JobState.CANCELLED, EndReason.CANCELLED, message=reason)
    if term and term != "TERM_UNKNOWN":
        why = _END_REASONS.get(term, EndReason.OTHER)
        if why is EndReason.SIGNAL and signal is None and code and 128 < code <= 128 + _LAST_SIGNAL:
            signal = code - 128
        state = JobState.CANCELLED if why is EndReason.DEPENDENCY else JobState.FAILED
        return End(state, why, signal=signal if why is EndReason.SIGNAL else None, message=reason)
    if signal:
        return End(JobState.FAILED, EndReason.SIGNAL, signal=signal, message="ended by signal %d" % signal)
    if not code:
        return End(JobState.FAILED, EndReason.OTHER, message=reason or "LSF does not know how it ended")
    message = reason
    if 128 < code <= 128 + _LAST_SIGNAL:
        message = "%d is 128 + %d: the script, or a command in it, was ended by that signal or said so" % (
            code,
            code - 128,
        )
    return End(JobState.FAILED, exit_code=code, message=message)


def read_records(result: CommandResult) -> List[JobStatus]:
    """The jobs in bjobs's JSON; a record with an ERROR is of a job that is not there."""
    start = result.stdout.find("{")
    if start < 0 and not result.stdout.strip() and result.rc:
        return []
    try:
        answer = json.loads(result.stdout[max(0, start) :], strict=False, object_pairs_hook=_first_values)
        records = answer["RECORDS"]
        statuses = [_status(record) for record in records if not record.get("ERROR")]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ParseError("bjobs", result.stdout) from error
    return statuses


def _first_values(pairs: List[Tuple[str, Any]]) -> Dict[str, Any]:
    return dict(reversed(pairs))


def _status(record: Mapping[str, str]) -> JobStatus:
    values = {field: str(record.get(field.upper(), "")).strip() for field in FIELDS}
    native, values["jobid"] = values["stat"], str(record["JOBID"])
    if not native or not re.fullmatch(r"[0-9]+(\[[0-9]+\])?", values["jobid"]):
        raise ValueError("no job id or state")
    job_id, array_id = _ids(values["jobid"], values["jobindex"])
    end = End(STATES.get(native, JobState.UNKNOWN), message=values["pend_reason"])
    if native == "EXIT":
        code = values["exit_code"]
        end = end_of(int(code) if code.isdigit() else None, None, values["exit_reason"])
    return job_status(
        job_id,
        native,
        end,
        array_id=array_id,
        name=element_name(values["job_name"]) if array_id else values["job_name"],
        owner=values["user"],
        queue=values["queue"],
        nodes=nodes(values["exec_host"].split(":")),
        submit_time=epoch(values["submit_time"]),
        start_time=epoch(values["start_time"]),
        end_time=epoch(values["finish_time"]) if end.state.final else None,
    )


def job_status(job_id: str, native: str, end: End, **values: Any) -> JobStatus:
    message = end.message if native in STATES else "LSF's state %s is not known here" % native
    code = 0 if end.state is JobState.DONE else end.exit_code
    return JobStatus(
        job_id,
        end.state,
        native_state=native,
        end_reason=end.end_reason,
        exit_code=code,
        signal=end.signal,
        message=message,
        **values,
    )


def _ids(job_id: str, index: str) -> Tuple[str, str]:
    """The id of a job or of an element (``105[3]``), and the array's for the latter."""
    if "[" in job_id:
        return job_id, job_id.partition("[")[0]
    if index.isdigit() and index != "0":
        return "%s[%s]" % (job_id, index), job_id
    return job_id, ""


def element_name(name: str) -> str:
    """An element's name has its index behind it."""
    return re.sub(r"\[[^\[\]]*\]$", "", name)


def nodes(words: List[str]) -> Tuple[str, ...]:
    """The hosts, each once: ``4*hostA`` is four slots on one, and so is its name four times."""
    names = (re.sub(r"^[0-9]+\*", "", word.strip()) for word in words)
    return tuple(dict.fromkeys(name for name in names if name and name != "-"))


def epoch(text: str, now: Optional[float] = None) -> Optional[int]:
    """Seconds of a time in UTC. Where the year is left out it is the last one that fits the day of the week and is not ahead of us."""
    match = _TIME.fullmatch(text.strip())
    if match is None or match.group("month") not in _MONTHS:
        return None
    month, day = _MONTHS.index(match.group("month")) + 1, int(match.group("mday"))
    clock = [int(part) for part in match.group("clock").split(":")] + [0]
    latest = (time.time() if now is None else now) + 86400
    this_year = time.gmtime(latest).tm_year
    years = [int(match.group("year"))] if match.group("year") else range(this_year, this_year - 29, -1)
    for year in years:
        try:
            weekday = _DAYS[date(year, month, day).weekday()]
        except ValueError:
            continue
        seconds = calendar.timegm((year, month, day, clock[0], clock[1], clock[2]))
        if match.group("year") or (match.group("day") in (None, weekday) and seconds <= latest):
            return seconds
    return None
