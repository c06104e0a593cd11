# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ``bjobs -l`` and ``bhist -l`` answer, as JobStatus. Measured on OpenLava 2.2; bhist's events are in its bhist.c.

The first line of a job holds its name and its command, which may hold anything. The events below it begin with a time at the
start of a line: no state is believed that they contradict.
"""

from __future__ import annotations

import re
import signal
from dataclasses import dataclass, replace
from typing import Dict, List, Optional, Sequence, Tuple

from .errors import ParseError
from .lsf_answer import STATES, End, element_name, end_of, epoch, job_status, nodes
from .model import CommandResult, EndReason, JobState, JobStatus

_RULE = re.compile(r"^-{60,}$", re.MULTILINE)
# Both wrap at 80 columns, inside words too, and go on at column 22; a space at the break may be lost.
_INDENT = " " * 21
_HEADER = re.compile(r"Job <([0-9]+(?:\[[0-9]+\])?)>, ?")
_STATUS = re.compile(r">, ?Status ?<([A-Z_]+)>, ?Queue ?<([^<>]*)>")
_NAME = re.compile(r"Job Name ?<(.*)>, ?User ?<", re.DOTALL)
_OWNER = re.compile(r"(?:^|>, ?)User ?<([^<>]*)>, ?Project ?<")
_EVENT = re.compile(
    r"((?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) [A-Z][a-z]{2} [ 0-9][0-9] [0-9:]{8}(?: [0-9]{4})?): +(?:\[[0-9]+\] )?(.*)"
)
_TO_QUEUE = re.compile(r"to ?Queue ?<([^<>]*)>")
_STARTED = re.compile(r"[Ss]tarted |Dispatched ")
_HOST_LIST = re.compile(r"(?:on|to)(?: [0-9]+ Hosts/Processors| Hosts?(?:\(s\))?)?((?: ?<[^<>]*>)+)")
_CODE = re.compile(r"Exited with exit code ([0-9]+)")
_SIGNAL = re.compile(r"Exited by signal ([0-9]+)")
_REASON = re.compile(r"(?:Completed <exit>|Exited); (TERM_.*)")
_KILLED = re.compile(r"Signal <([A-Z0-9_]+)> requested by user or administrator ?<([^<>]*)>")
_LIMITS = re.compile(r"^ ((?:[A-Z]+LIMIT *)+)\n +((?:[0-9.]+ min of [^\n]*))", re.MULTILINE)
_WHY = re.compile(r"^ (?:PENDING|SUSPENDING) REASONS:\n((?: \S.*\n?)+)", re.MULTILINE)
_UNREACHED = {
    "UNKWN": "LSF cannot reach the job's host: the job may be running there",
    "ZOMBI": "killed while LSF could not reach its host: it may be running there",
}
_SUMMARY = "Summary of time in seconds spent in various states"

# OpenLava's code for a job that bkill ended, and for one at its run limit (128 + SIGUSR2); a job can exit with either.
_KILL_CODE = 130
_RUN_LIMIT_CODE = 140


@dataclass(frozen=True)
class _Job:
    """One job of a long answer: its first line, the events as time and text, and all of it for what is neither."""

    job_id: str
    header: str
    events: Tuple[Tuple[Optional[int], str], ...]
    text: str

    @property
    def array_id(self) -> str:
        return self.job_id.partition("[")[0] if "[" in self.job_id else ""

    @property
    def head(self) -> str:
        """The first line up to the state: what follows is the command's, and a name can only have put more in front."""
        found = _STATUS.search(self.header)
        return self.header[: found.start() + 1] if found else self.header

    @property
    def name(self) -> str:
        found = _NAME.match(self.head)
        name = found.group(1) if found else ""
        return element_name(name) if self.array_id else name

    @property
    def owner(self) -> str:
        found = _OWNER.findall(self.head)
        return str(found[-1]) if found else ""

    def first(self, text: str) -> Optional[int]:
        return next((when for when, event in self.events if event.startswith(text)), None)

    @property
    def start(self) -> Tuple[Optional[int], Tuple[str, ...]]:
        """When and where it was started last."""
        for when, event in reversed(self.events):
            if _STARTED.match(event):
                found = _HOST_LIST.search(event)
                return when, nodes(re.findall("<([^<>]*)>", found.group(1))) if found else ()
        return None, ()


def read_jobs(result: CommandResult) -> List[JobStatus]:
    """The jobs of ``bjobs -l``."""
    return [_queue_status(job) for job in _jobs(result)]


def read_history(result: CommandResult) -> List[JobStatus]:
    """The jobs of ``bhist -l``. Raises ParseError where the end of one is missing: its last events may be."""
    if result.stdout.strip() in ("No matching job found", "No matching job array found"):
        return []
    jobs = _jobs(result)
    if not all(_SUMMARY in job.text for job in jobs):
        raise ParseError("bhist", result.stdout[-500:])
    return [_history_status(job) for job in jobs]


def _jobs(result: CommandResult) -> List[_Job]:
    blocks = [block.strip("\n") for block in _RULE.split(result.stdout)]
    found: Dict[str, _Job] = {}
    for block in blocks:
        if block.strip():
            job = _job(block, result)
            # A second block of a job can only be the text of some other's.
            found.setdefault(job.job_id, job)
    return list(found.values())


def _job(block: str, result: CommandResult) -> _Job:
    text = block.replace("\n" + _INDENT, "")
    header, _newline, rest = text.partition("\n")
    match = _HEADER.match(header)
    events = tuple((epoch(time), event) for time, event in _EVENT.findall(rest))
    if match is None or not any(event.startswith("Submitted from host") for _when, event in events):
        raise ParseError(result.command.argv[0], block)
    return _Job(match.group(1), header[match.end() :], events, text)


def _queue_status(job: _Job) -> JobStatus:
    started, hosts = job.start
    native, queue, doubt = _native_state(job)
    end = End(STATES.get(native, JobState.UNKNOWN), message=doubt or _UNREACHED.get(native, "") or _why(job))
    ended = None
    if native in ("DONE", "EXIT"):
        ended = next((when for when, event in reversed(job.events) if _is_end(event)), None)
        end = _end(job, started, ended) if native == "EXIT" else replace(end, message="")
    return _status(job, native, end, queue=queue, started=started, nodes=hosts, ended=ended)


def _status(
    job: _Job, native: str, end: End, queue: str, started: Optional[int], nodes: Tuple[str, ...], ended: Optional[int]
) -> JobStatus:
    waits = end.state in (JobState.QUEUED, JobState.HELD)
    return job_status(
        job.job_id,
        native,
        end,
        array_id=job.array_id,
        name=job.name,
        owner=job.owner,
        queue=queue,
        nodes=() if waits else nodes,
        submit_time=job.first("Submitted from host"),
        start_time=None if waits else started,
        end_time=ended if end.state.final else None,
    )


def _native_state(job: _Job) -> Tuple[str, str, str]:
    """The state and queue that the first line tells, and why it is not to be believed where that is so."""
    told = _STATUS.findall(job.header)
    if not told:
        raise ParseError("bjobs", job.header)
    submissions = sum(event.startswith("Submitted from host") for _when, event in job.events)
    ends = {"DONE" if "Done" in event or "<done>" in event else "EXIT" for _when, event in job.events if _is_end(event)}
    fitting = {state for state, _queue in told if state in ends or (state not in ("DONE", "EXIT") and not ends)}
    if len(told) == 1 and told[0][0] != "DONE":
        # Nothing to choose from: an EXIT in words that are not known here, a job that runs again after an end.
        fitting = {told[0][0]}
    if len(fitting) != 1 or submissions != 1:
        return "?", "", "bjobs tells no state that is sure: the job's name or command holds what looks like one"
    state = fitting.pop()
    return state, next(queue for told_state, queue in told if told_state == state), ""


def _is_end(event: str) -> bool:
    return bool(re.match(r"Done successfully|Exited\b(?!; job will be)|Completed <(done|exit)>", event))


def _end(job: _Job, started: Optional[int], ended: Optional[int]) -> End:
    """How bjobs tells an EXIT. What it leaves open stays without an exit code, and bhist is asked."""
    said = _endings(job)
    reason, code, number = _REASON.search(said), _CODE.search(said), _SIGNAL.search(said)
    exit_code = int(code.group(1)) if code else None
    if reason is None and number is None:
        if exit_code is None and started is None:
            return End(JobState.CANCELLED, EndReason.CANCELLED, message="ended before it started")
        if exit_code == _KILL_CODE:
            # brequeue's too: such a job is not at its end.
            return End(JobState.UNKNOWN, message="exit code 130: bkill's, brequeue's, or the job's own")
        if exit_code == _RUN_LIMIT_CODE and _reached_run_limit(job, started, ended):
            return End(JobState.FAILED, EndReason.WALLTIME, message="ended at its run limit")
    return end_of(exit_code, int(number.group(1)) if number else None, reason.group(1) if reason else "")


def _endings(job: _Job) -> str:
    """What is told of its last end: a job that was run again has had others."""
    ends: List[str] = []
    for _when, event in reversed(job.events):
        if ends and not _is_end(event):
            break
        ends += [event] if _is_end(event) else []
    return "\n".join(ends)


def _reached_run_limit(job: _Job, started: Optional[int], ended: Optional[int]) -> bool:
    for names, values in _LIMITS.findall(job.text):
        limits = dict(zip(names.split(), re.findall(r"([0-9.]+) min of", values)))
        if "RUNLIMIT" in limits and started and ended:
            return ended - started >= float(limits["RUNLIMIT"]) * 60
    return False


def _why(job: _Job) -> str:
    found = _WHY.search(job.text)
    return " ".join(found.group(1).split()) if found else ""


# The words with which bhist's events begin, the longer of two first, and the state that follows.
_EVENTS: Sequence[Tuple[str, str]] = (
    ("Suspended by the user or administrator while pending", "PSUSP"),
    ("Suspended by the user or administrator", "USUSP"),
    ("Suspended:", "SSUSP"),
    ("Terminated:", "SSUSP"),
    ("Pending", "PEND"),
    ("Dispatched", "RUN"),
    ("Starting", "RUN"),
    ("Started", "RUN"),
    ("Running", "RUN"),
    ("Waiting", "WAIT"),
    ("Unknown", "UNKWN"),
    ("Termination request issued; but unable", "ZOMBI"),
    ("sbatchd startup; kill ZOMBIE job", "ZOMBI"),
    ("Exited; job will be requeued", "PEND"),
    ("Execution host unavailable; job is killed", "EXIT"),
    ("Exited", "EXIT"),
    ("Completed <exit>", "EXIT"),
    ("Completed <done>", "DONE"),
    ("Done successfully", "DONE"),
)


def _history_status(job: _Job) -> JobStatus:
    native, ended, kill, submitted = "?", None, None, 0
    for when, event in job.events:
        if event.startswith("Submitted from host"):
            native = "PSUSP" if " with hold" in event.partition(",")[0] else "PEND"
            submitted += 1
            continue
        state = next((state for words, state in _EVENTS if event.startswith(words)), native)
        # What was asked of it before it was queued again ended another run.
        kill = _KILLED.match(event) or (None if event.startswith(("Pending", "Dispatched")) else kill)
        native, ended = state, when if state != native else ended
    if submitted != 1:
        native = "?"
    if native == "EXIT" and kill is not None and kill.group(1).startswith("REQUEUE"):
        native = "PEND"
    started, hosts = job.start
    end = End(STATES.get(native, JobState.UNKNOWN), message=_UNREACHED.get(native, ""))
    if native == "EXIT":
        end = _history_end(job, kill, started, ended)
    queue = next((found.group(1) for _when, event in job.events for found in [_TO_QUEUE.search(event)] if found), "")
    return _status(job, native, end, queue=queue, started=started, nodes=hosts, ended=ended)


def _history_end(job: _Job, kill: Optional[re.Match[str]], started: Optional[int], ended: Optional[int]) -> End:
    """bhist tells who asked for a kill: this is how bkill's 130 and the job's own are told apart."""
    end = _end(job, started, ended)
    code = _CODE.search(_endings(job))
    exit_code = int(code.group(1)) if code else None
    if kill is not None and end.end_reason in (None, EndReason.OTHER, EndReason.SIGNAL):
        name, who = kill.groups()
        number = int(getattr(signal, "SIG" + name, 0))
        if name == "KILL":
            own = exit_code if exit_code and exit_code <= 128 else None
            return End(JobState.CANCELLED, EndReason.CANCELLED, exit_code=own, message="killed by %s" % who)
        if number and exit_code == 128 + number:
            return End(JobState.FAILED, EndReason.SIGNAL, signal=number, message="sent %s by %s" % (name, who))
    return end_of(exit_code, None, "") if end.state is JobState.UNKNOWN else end
