# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What condor_q and condor_history answer, as JobStatus. Both print the job's ClassAd attributes as JSON."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import AbstractSet, Any, Dict, Iterator, List, Mapping, Optional

from .errors import ParseError
from .model import CommandResult, EndReason, JobState, JobStatus

ATTRIBUTES = (
    "ClusterId",
    "ProcId",
    "JobStatus",
    "JobBatchName",
    "Owner",
    "QDate",
    "JobStartDate",
    "JobCurrentStartDate",
    "CompletionDate",
    "EnteredCurrentStatus",
    "ExitCode",
    "ExitBySignal",
    "ExitSignal",
    "HoldReason",
    "HoldReasonCode",
    "HoldReasonSubCode",
    "LastHoldReason",
    "LastHoldReasonCode",
    "LastHoldReasonSubCode",
    "RemoveReason",
    "RemoteHost",
    "LastRemoteHost",
    "TotalSubmitProcs",
    "ClusterjobsArrayIndex",
    "ClusterjobsUser",
)

#: JobStatus's numbers, in the words of the manual (Job ClassAd Attributes).
_NATIVE = {
    1: "Idle",
    2: "Running",
    3: "Removed",
    4: "Completed",
    5: "Held",
    6: "Transferring Output",
    7: "Suspended",
}
#: A job is Completed when its script has ended, whatever its exit code: that says whether it is DONE or FAILED.
STATES: Mapping[str, JobState] = {
    "Idle": JobState.QUEUED,
    "Running": JobState.RUNNING,
    "Removed": JobState.CANCELLED,
    "Completed": JobState.DONE,
    "Held": JobState.HELD,
    "Transferring Output": JobState.RUNNING,
    "Suspended": JobState.SUSPENDED,
}
#: Hold codes for more memory than was asked for: 34 of the starter's own limit, 21 with 102 of POLICY:HOLD_IF_MEMORY_EXCEEDED.
MEMORY_HOLD = "(HoldReasonCode =?= 34 || (HoldReasonCode =?= 21 && HoldReasonSubCode =?= 102))"
_BY_THE_USER = (1, 15, 16)
_TOO_LONG = (46, 47)
# The words of a person who removes a job end in that person's name.
_POLICY = re.compile(r"The (job attribute|system macro) \w+ expression '.*' evaluated to TRUE", re.DOTALL)
# A byte that is no UTF-8 arrives as a backslash, an x and two digits, which JSON does not know.
_ODD_BYTE = re.compile(r"(?<!\\)((?:\\\\)*)\\x([0-9a-f]{2})")
_LAST_SIGNAL = 64


def read_jobs(result: CommandResult) -> List[JobStatus]:
    """The jobs of an answer, the newest one where the history knows an id twice (a schedd that lost its queue counts from 1 again)."""
    jobs: Dict[str, JobStatus] = {}
    asked = frozenset(result.command.job_ids)
    for ad in _ads(result):
        for job in _named_as_asked(_status(ad, asked, result), asked):
            jobs.setdefault(job.job_id, job)
    return list(jobs.values())


def _ads(result: CommandResult) -> List[Dict[str, Any]]:
    """condor_q prints nothing at all where nothing matches."""
    text = result.stdout.strip()
    if not text:
        return []
    try:
        mended = _ODD_BYTE.sub(r"\1\\\\x\2", text) if "\\x" in text else text
        ads = json.loads(mended, strict=False)
    except ValueError as error:
        raise ParseError(result.command.argv[0], result.stdout) from error
    if not isinstance(ads, list) or not all(isinstance(ad, dict) for ad in ads):
        raise ParseError(result.command.argv[0], result.stdout)
    return ads


def _named_as_asked(job: JobStatus, asked: AbstractSet[str]) -> Iterator[JobStatus]:
    """A job that is no array's is asked for as 7.0 or, as condor_submit tells it to people, as 7."""
    cluster = job.job_id.partition(".")[0]
    if not asked or job.job_id in asked or (job.array_id and cluster in asked):
        yield job
    if not job.array_id and cluster in asked:
        yield replace(job, job_id=cluster)


def _status(ad: Mapping[str, Any], asked: AbstractSet[str], result: CommandResult) -> JobStatus:
    cluster, process = _number(ad, "ClusterId"), _number(ad, "ProcId")
    if cluster is None or process is None:
        raise ParseError(result.command.argv[0], result.stdout)
    several = (_number(ad, "TotalSubmitProcs") or 1) > 1
    # Jobs that one command of ours submitted are the processes of a cluster, and each is one of its own.
    together = several and "ClusterjobsUser" in ad and str(cluster) not in asked
    in_array = "ClusterjobsArrayIndex" in ad or (several and not together)
    job = JobStatus(
        job_id="%d.%d" % (cluster, process),
        state=JobState.UNKNOWN,
        array_id=str(cluster) if in_array else "",
        name=_text(ad, "JobBatchName"),
        owner=_text(ad, "Owner"),
        submit_time=_time(ad, "QDate"),
    )
    return _in_its_state(job, ad)


def _in_its_state(job: JobStatus, ad: Mapping[str, Any]) -> JobStatus:
    number = _number(ad, "JobStatus")
    native = _NATIVE.get(number or 0, "")
    if not native:
        told = str(ad.get("JobStatus"))
        return replace(job, native_state=told, message="HTCondor's JobStatus %.100s is not known here" % told)
    job = replace(job, native_state=native, state=STATES[native])
    if native == "Idle":
        return job
    if native == "Held":
        return _held(job, ad)
    if native == "Completed" or (native == "Removed" and _time(ad, "CompletionDate")):
        # leave_in_queue keeps a job that has ended; what is removed then is only its place in the queue.
        return _completed(job, ad)
    if native == "Removed":
        return _removed(job, ad)
    return _with_places(job, ad)


def _with_places(job: JobStatus, ad: Mapping[str, Any]) -> JobStatus:
    host = _text(ad, "RemoteHost") or _text(ad, "LastRemoteHost")
    started = _time(ad, "JobCurrentStartDate") or _time(ad, "JobStartDate")
    # slot1_2@node
    return replace(job, nodes=(host.rpartition("@")[2],) if host else (), start_time=started)


def _held(job: JobStatus, ad: Mapping[str, Any]) -> JobStatus:
    """Not an end: an administrator's policy, or anybody who may, can release it. The reason says what would have to be mended."""
    code = _number(ad, "HoldReasonCode")
    reason = None if code in _BY_THE_USER else _why_held(code, _number(ad, "HoldReasonSubCode"))
    return replace(job, end_reason=reason, message=_text(ad, "HoldReason"))


def _why_held(code: Optional[int], subcode: Optional[int]) -> EndReason:
    if code == 34 or (code, subcode) == (21, 102):
        return EndReason.MEMORY
    return EndReason.WALLTIME if code in _TOO_LONG else EndReason.OTHER


def _removed(job: JobStatus, ad: Mapping[str, Any]) -> JobStatus:
    """By somebody, or by the policy that build_submit gave the job. The signal is HTCondor's own way of ending it."""
    said = _text(ad, "RemoveReason")
    job = _with_places(job, ad)
    if _text(ad, "RemoteHost"):
        # Its processes have been told to end; some take their time over it.
        return replace(job, state=JobState.RUNNING, message="being removed: %s" % said)
    job = replace(job, end_reason=EndReason.CANCELLED, message=said, end_time=_time(ad, "EnteredCurrentStatus"))
    return _removed_by_policy(job, ad, said) if _POLICY.fullmatch(said) else job


def _removed_by_policy(job: JobStatus, ad: Mapping[str, Any], said: str) -> JobStatus:
    last = _why_held(_number(ad, "LastHoldReasonCode"), _number(ad, "LastHoldReasonSubCode"))
    if MEMORY_HOLD in said and last is EndReason.MEMORY:
        return replace(
            job, state=JobState.FAILED, end_reason=EndReason.MEMORY, message=_text(ad, "LastHoldReason") or said
        )
    if "JobCurrentStartExecutingDate >" in said:
        return replace(
            job, state=JobState.FAILED, end_reason=EndReason.WALLTIME, message="the job was longer than its walltime"
        )
    return replace(job, end_reason=EndReason.OTHER)


def _completed(job: JobStatus, ad: Mapping[str, Any]) -> JobStatus:
    job = replace(_with_places(job, ad), end_time=_time(ad, "CompletionDate") or _time(ad, "EnteredCurrentStatus"))
    if ad.get("ExitBySignal") is True:
        number = _number(ad, "ExitSignal")
        signal = number if number is not None and 0 < number <= _LAST_SIGNAL else None
        said = "ended by signal %d" % signal if signal else ""
        return replace(job, state=JobState.FAILED, end_reason=EndReason.SIGNAL, signal=signal, message=said)
    code = _number(ad, "ExitCode")
    if code is None:
        return replace(
            job, state=JobState.UNKNOWN, native_state="", message="HTCondor says that the job is completed, and not how"
        )
    return replace(job, state=JobState.FAILED if code else JobState.DONE, exit_code=code)


def _number(ad: Mapping[str, Any], name: str) -> Optional[int]:
    value = ad.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _time(ad: Mapping[str, Any], name: str) -> Optional[int]:
    return _number(ad, name) or None


def _text(ad: Mapping[str, Any], name: str) -> str:
    value = ad.get(name)
    return value if isinstance(value, str) else ""
