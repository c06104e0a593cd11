# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the commands of PBS Pro and of TORQUE answer, as far as they answer alike."""

from __future__ import annotations

import calendar
import re
from dataclasses import replace
from typing import Dict, Iterable, List, Mapping, Optional, Tuple

from .model import CommandResult, EndReason, JobState, JobStatus, Outcome

#: ``12.server``, ``12[].server`` for an array, ``12[3].server`` for its element; without the server for the default one's. The first job's number is 0.
JOB_ID = re.compile(
    r"(?:[1-9][0-9]{0,17}|0(?=[\[.]))(?:\[[0-9]{0,9}\])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9._-]{0,253}[A-Za-z0-9])?)?"
)

_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_TIME = re.compile(r"[A-Z][a-z]{2} ([A-Z][a-z]{2}) +([0-9]{1,2}) ([0-9]{2}):([0-9]{2}):([0-9]{2}) ([0-9]{4})")
_LAST_SIGNAL = 64
# PBSE_UNKJOBID, 15001 in both. TORQUE's qhold says nothing beside it.
_RC_UNKNOWN_JOB = 153

_UNREACHABLE = re.compile(
    "|".join(
        (
            "cannot connect to server",
            "Couldn't connect to cluster",
            "Unable to communicate with",
            "Connection (refused|reset|timed out)",
            "connect(ion)? .*timed out",
            "Time ?out",
            "trqauthd",
            "pbs_iff",
            "Cannot resolve",
            "Can not resolve",
            "Unknown Host",
            "No route to host",
            "(Network|Host) is (unreachable|down)",
            "Broken pipe",
            "Server shutting down",
            "Server busy",
            "No free connections",
            "Batch protocol error",
            "End of File",
            "Socket (is )?closed?",
            "Invalid credential",
            "Expired credential",
            "Server could not connect to MOM",
            "try again",
            "temporarily unavailable",
        )
    ),
    re.IGNORECASE,
)
_NO_SUCH_JOB = re.compile(r"Unknown Job Id|nonexistent job id|Job has finished|Unknown Array ID|Job not found")
_ENDED_ALREADY = re.compile(r"invalid for state of job|Job already in exit state", re.IGNORECASE)
_NO_HISTORY = re.compile(r"not configured to maintain job history")
# What qsub and the servers say when they have turned a job down. After any other failure the job is looked for by its name.
_REFUSED = re.compile(
    "|".join(
        (
            "usage: ?qsub",
            "illegal",
            "invalid",
            "Unknown (queue|resource|node)",
            "is not enabled",
            "not (allowed|permitted|support|supported|a regular|a file)",
            "No support for",
            "Unauthorized Request",
            "denied",
            "Bad UID|Bad GID|Bad Job Array Request",
            "exceeds?",
            "violates",
            "Maximum number of jobs",
            "would exceed",
            "too (long|large|many|big)",
            "cannot be (used|loaded|run)",
            "can ?not be run as root",
            "does not allow",
            "No default queue",
            "Undefined attribute",
            "script file",
            "directive error",
            "rejected",
        )
    ),
    re.IGNORECASE,
)


def read_selected(result: CommandResult) -> List[JobStatus]:
    """qselect's answer: ids alone, and what was asked for is their name."""
    argv = result.command.argv
    name = argv[argv.index("-N") + 1]
    ids = [line.strip() for line in result.stdout.splitlines()]
    return [JobStatus(job_id, JobState.UNKNOWN, name=name) for job_id in ids if JOB_ID.fullmatch(job_id)]


def as_asked(result: CommandResult, rows: Iterable[JobStatus]) -> List[JobStatus]:
    """The rows of the jobs that were asked for and of their elements, under the ids by which they were: the server may be left out, or be named in full."""
    asked = _by_number(word.partition("@")[0] for word in result.command.argv[1:])
    found = []
    for row in rows:
        whole = re.sub(r"\[[0-9]+\]", "[]", row.job_id)
        own, array = _match(row.job_id, asked), _match(whole, asked) if whole != row.job_id else None
        if own or array:
            found.append(
                replace(row, job_id=own or row.job_id, array_id=array or (whole if whole != row.job_id else ""))
            )
    return found


def _by_number(words: Iterable[str]) -> Dict[str, List[str]]:
    asked: Dict[str, List[str]] = {}
    for word in words:
        if JOB_ID.fullmatch(word):
            asked.setdefault(word.partition(".")[0], []).append(word)
    return asked


def _match(job_id: str, asked: Mapping[str, List[str]]) -> Optional[str]:
    number, _dot, server = job_id.partition(".")
    for word in asked.get(number, ()):
        name = word.partition(".")[2]
        if not name or not server or name.split(".")[0].lower() == server.split(".")[0].lower():
            return word
    return None


def nodes_of(exec_host: str) -> Tuple[str, ...]:
    """``node1/0*2+node2/0-3``: the names, each once."""
    return tuple(dict.fromkeys(part.partition("/")[0] for part in exec_host.split("+") if part))


def epoch(text: str) -> Optional[int]:
    """Seconds out of a number, or of ctime(3)'s form, which was written in UTC because we asked for it."""
    if text.isdigit() and text.isascii():
        return int(text) if len(text) < 16 else None
    match = _TIME.fullmatch(text.strip())
    if match is None or match.group(1) not in _MONTHS:
        return None
    month, day, hour, minute, second, year = match.groups()
    return calendar.timegm((int(year), _MONTHS.index(month) + 1, int(day), int(hour), int(minute), int(second)))


def how_it_ended(exit_status: int) -> Tuple[Optional[int], Optional[int], Optional[EndReason], str]:
    """Exit code, signal, end reason and a word on them, for an exit status that is not negative.

    256 and more: the job's shell itself was ended by a signal. Up to 255 it ended by itself, if only because a program in it was killed.
    """
    if exit_status > 256:
        number = exit_status - 256
        known = number <= _LAST_SIGNAL
        return None, number if known else None, EndReason.SIGNAL, "ended by signal %d" % number if known else ""
    if exit_status == 256:
        return None, None, EndReason.OTHER, "exit status 256 is none that a job's shell can have"
    said = ""
    if 128 < exit_status <= 128 + _LAST_SIGNAL:
        said = "a shell exits with %d where its command was ended by signal %d" % (exit_status, exit_status - 128)
    elif exit_status == 254:
        said = "254 is also what PBS gives where it cannot run the job's shell"
    return exit_status, None, None, said


def held_or_queued(hold_types: str, depend: str) -> JobState:
    """H alone says little: a hold of the system's (s) is a dependency's, and one that is no u, o or s is the limit of an array's slots."""
    if "u" in hold_types or "o" in hold_types or ("s" in hold_types and not depend):
        return JobState.HELD
    return JobState.QUEUED if depend or hold_types else JobState.HELD


def joined(*texts: str) -> str:
    return "; ".join(text for text in texts if text)


def classify(result: CommandResult) -> Outcome:
    """What an answer means. The text tells more than the return code: that is the last error's alone, and 170 and 172 mean two things."""
    program, said = result.command.argv[0], result.stderr
    if result.timed_out:
        return Outcome.UNREACHABLE
    if program != "qsub" and _NO_HISTORY.search(said):
        return Outcome.NO_ACCOUNTING
    if result.rc == 0:
        return Outcome.OK
    if _UNREACHABLE.search(said):
        return Outcome.UNREACHABLE
    if program == "qsub":
        return Outcome.REFUSED if _REFUSED.search(said) else Outcome.UNREACHABLE
    gone = [_NO_SUCH_JOB] + ([_ENDED_ALREADY] if program == "qdel" else [])
    rest = [line for line in said.splitlines() if line.strip() and not any(text.search(line) for text in gone)]
    if not rest and (said.strip() or result.rc == _RC_UNKNOWN_JOB):
        return Outcome.NO_SUCH_JOB
    # Killed, or failed without a word: nothing is known of the job.
    return Outcome.REFUSED if rest else Outcome.UNREACHABLE
