# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What TORQUE's ``qstat -x`` (XML) answers, as JobStatus. Measured on 6.1.3. Its text form wraps, and keeps the newlines of variables."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Dict, List, Mapping, Optional, Set
from xml.etree import ElementTree

from .errors import ParseError
from .model import CommandResult, EndReason, JobState, JobStatus
from .pbs_answer import JOB_ID, as_asked, epoch, held_or_queued, how_it_ended, joined, nodes_of

#: qstat(1B), job_state; for C with what its exit status makes of it.
STATES: Mapping[str, JobState] = {
    "Q": JobState.QUEUED,
    # It waits for its time (qsub -a), or is on its way to another queue.
    "W": JobState.QUEUED,
    "T": JobState.QUEUED,
    "H": JobState.HELD,
    "R": JobState.RUNNING,
    # Its output is being copied.
    "E": JobState.RUNNING,
    "S": JobState.SUSPENDED,
    "C": JobState.UNKNOWN,
    "C/0": JobState.DONE,
    # The exit status of a job that qdel or qsig ended, whatever the signal was.
    "C/271": JobState.CANCELLED,
    # Any other.
    "C/n": JobState.FAILED,
}
# TORQUE's administrator guide, job exit status: JOB_EXEC_OVERLIMIT_MEM, _WT, _CPUT.
_KILLED: Mapping[int, EndReason] = {-10: EndReason.MEMORY, -11: EndReason.WALLTIME, -12: EndReason.OTHER}
_DELETED = 271
# XML has no way to write these; a variable's value may hold them.
_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_ARRAY_OPTION = re.compile(r"(?:^|\s)-t\s*([0-9][0-9,-]*)(?:%[0-9]+)?(?:\s|$)")
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
_MAX_ELEMENTS = 1000000


def read_jobs(result: CommandResult) -> List[JobStatus]:
    """The jobs that were asked for; of an array its elements, and the array itself as far as they tell of it.

    The array's own row is left out: it shows R after all its elements have ended. Without ``-t`` the answer names all jobs of the server.
    """
    if not result.stdout.strip():
        return []
    try:
        root = ElementTree.fromstring(_NO_XML.sub("?", result.stdout).strip())
    except ElementTree.ParseError as error:
        raise ParseError(result.command.argv[0], result.stdout) from error
    if root.tag != "Data":
        raise ParseError(result.command.argv[0], result.stdout)
    jobs = {_text(job, "Job_Id"): job for job in root.findall("Job")}
    rows = [_status(job_id, job) for job_id, job in jobs.items() if JOB_ID.fullmatch(job_id) and "[]" not in job_id]
    rows = as_asked(result, rows)
    arrays: Dict[str, List[JobStatus]] = {}
    for row in rows:
        if row.array_id:
            arrays.setdefault(row.array_id, []).append(row)
    wanted = {row.array_id: _indices(jobs.get(row.job_id)) for row in rows if row.array_id}
    whole = (_array(array_id, tasks, wanted[array_id]) for array_id, tasks in arrays.items())
    return rows + [row for row in whole if row is not None]


def _status(job_id: str, job: ElementTree.Element) -> JobStatus:
    letter, name = _text(job, "job_state"), _text(job, "Job_Name")
    state, index = STATES.get(letter, JobState.UNKNOWN), _text(job, "job_array_id")
    if state is JobState.HELD:
        # An element without a hold of its own waits for the limit of its array (-t 1-9%2).
        state = held_or_queued(_text(job, "Hold_Types") or ("l" if index else ""), _text(job, "depend"))
    # A job that was put back into the queue shows its last start.
    waits = state in (JobState.QUEUED, JobState.HELD)
    status = JobStatus(
        job_id=job_id,
        state=state,
        native_state=letter,
        # The name of an array's element is arr-1.
        name=name[: -len(index) - 1] if index and name.endswith("-" + index) else name,
        owner=_text(job, "Job_Owner").partition("@")[0],
        queue=_text(job, "queue"),
        nodes=() if waits else nodes_of(_text(job, "exec_host")),
        submit_time=epoch(_text(job, "ctime")),
        start_time=None if waits else epoch(_text(job, "start_time")),
        message=_text(job, "comment"),
    )
    if letter == "C":
        return _ended(replace(status, end_time=epoch(_text(job, "comp_time"))), job)
    if letter not in STATES:
        return replace(status, message="TORQUE's state %s is not known here" % letter)
    return status


def _ended(status: JobStatus, job: ElementTree.Element) -> JobStatus:
    """Only here is exit_status read: a job that was put back and runs again still shows an old one."""
    text = _text(job, "exit_status")
    if not re.fullmatch(r"-?[0-9]{1,9}", text):
        if status.start_time is None:
            said = "deleted before it began"
            return replace(status, state=JobState.CANCELLED, end_reason=EndReason.CANCELLED, message=said)
        return replace(
            status, state=JobState.UNKNOWN, native_state="", message="it has ended, and TORQUE does not tell how"
        )
    exit_status = int(text)
    native = "C/%d" % exit_status if exit_status in (0, _DELETED) else "C/n"
    status = replace(status, native_state=native, state=STATES[native])
    if exit_status == _DELETED:
        return _deleted(status)
    if exit_status < 0:
        said = "TORQUE ended or could not start it (exit status %d)" % exit_status
        return replace(
            status, end_reason=_KILLED.get(exit_status, EndReason.OTHER), message=joined(status.message, said)
        )
    code, number, reason, said = how_it_ended(exit_status)
    return replace(status, exit_code=code, signal=number, end_reason=reason, message=joined(status.message, said))


def _deleted(status: JobStatus) -> JobStatus:
    if "result of dependency" in status.message:
        return replace(status, end_reason=EndReason.DEPENDENCY)
    said = "ended from outside: by qdel, or by a signal of any number"
    return replace(status, end_reason=EndReason.CANCELLED, message=joined(status.message, said))


def _indices(element: Optional[ElementTree.Element]) -> Set[int]:
    """The indices that the array was submitted with; empty where its submission does not tell."""
    match = _ARRAY_OPTION.search(_text(element, "submit_args")) if element is not None else None
    indices: Set[int] = set()
    for part in match.group(1).split(",") if match else ():
        first, dash, last = part.partition("-")
        if not first.isdigit() or (dash and not last.isdigit()) or int(last or first) - int(first) > _MAX_ELEMENTS:
            return set()
        indices.update(range(int(first), int(last or first) + 1))
    return indices


def _array(array_id: str, tasks: List[JobStatus], wanted: Set[int]) -> Optional[JobStatus]:
    """The array while it goes on, and once all elements have ended. None where one that has ended is known no more: then its end is not known either."""
    worst = min(tasks, key=lambda task: _ARRAY_ORDER.index(task.state))
    known = {int(match.group(1)) for match in (re.search(r"\[([0-9]+)\]", task.job_id) for task in tasks) if match}
    if worst.state.final and (not wanted or wanted - known):
        return None
    nodes = tuple(sorted({node for task in tasks for node in task.nodes}))
    return replace(worst, job_id=array_id, array_id="", nodes=nodes, tasks=tuple(tasks))


def _text(element: Optional[ElementTree.Element], name: str) -> str:
    return (element.findtext(name) or "") if element is not None else ""
