# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The local DRM's commands, run on the target: submit, check, status, find and the controls.

Its program is made by local.py and read by Python from standard input. An answer is JSON on stdout; a refusal is a text on stderr and an exit code.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import sys
import time
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Set, Tuple

from .local_element import account, signal_session
from .local_request import array_elements, element_id, interpreter, output_paths
from .local_store import (
    CANCELLED,
    ENDED,
    HELD,
    LOST,
    QUEUED,
    RUNNING,
    SUSPENDED,
    Job,
    NoSuchJob,
    Refused,
    find_job,
    is_locked,
    job_numbers,
    locked,
    read_json,
    state_directory,
    state_path,
    sync_directory,
    write_json,
)
from .local_supervisor import cpu_count, launch

RC_NO_SUCH_JOB = 3
# sysexits.h: EX_DATAERR and EX_TEMPFAIL.
RC_REFUSED = 65
RC_TRY_AGAIN = 75

KEEP_SECONDS = 30 * 24 * 3600
APPLY_SECONDS = 5.0
_TRY_AGAIN = (
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EIO,
    errno.ESTALE,
    errno.EAGAIN,
    errno.EMFILE,
    errno.ENFILE,
    errno.ENOMEM,
    errno.ENOLCK,
    errno.ECHILD,
)

# For each control: the states of an element in which it does something, those in which there is nothing left to do,
# and the list in wanted.json that it changes.
_LIVE = (QUEUED, HELD, RUNNING, SUSPENDED)
CONTROLS: Dict[str, Tuple[Sequence[str], Sequence[str], str]] = {
    "cancel": (_LIVE, ENDED, CANCELLED),
    "hold": ((QUEUED,), (HELD,), HELD),
    "release": ((HELD,), (QUEUED, RUNNING, SUSPENDED), HELD),
    "suspend": ((RUNNING,), (SUSPENDED,), SUSPENDED),
    "resume": ((SUSPENDED,), (RUNNING,), SUSPENDED),
}
_TAKES_BACK = ("release", "resume")


def submit(request: Mapping[str, Any]) -> Dict[str, Any]:
    """Make the job and start its supervisor. Returns once the job is there for good."""
    check(request)
    state = state_directory(make=True)
    kept = {name: value for name, value in request.items() if name not in ("script", "environment")}
    facts = dict(
        kept, slots=request["slots"] or 1, owner=account()[0], host=os.uname().nodename, submit_time=int(time.time())
    )
    # The supervisor inherits this lock until it has made the job: who holds it sees no half-made one.
    with locked(os.path.join(state, "submission.lock")):
        _tidy(state)
        number = _take_number(state)
        launch(state, number, facts, request["script"], request["environment"])
    return {"job_id": number}


def check(request: Mapping[str, Any]) -> None:
    """Refuse what can never run here. Surroundings that may come to be before the job starts are not looked at."""
    if (request["slots"] or 1) > cpu_count():
        raise Refused("slots: %d asked for, and this host has %d" % (request["slots"], cpu_count()))
    try:
        array_elements(request["array"])
    except ValueError as error:
        raise Refused("array: %r: %s" % (request["array"], error)) from None
    state = state_directory()
    for job_id in request["depends_on"]:
        try:
            find_job(state, job_id)
        except NoSuchJob as error:
            raise Refused("depends_on: %s" % error) from None


def dry_run(request: Mapping[str, Any]) -> str:
    """Would this be taken, and are its directories and its interpreter there?"""
    check(request)
    home = os.path.expanduser("~")
    directory = os.path.join(home, request["chdir"])
    if not os.access(os.path.join(directory, "."), os.X_OK):
        raise Refused("chdir: %s is not there or cannot be entered" % directory)
    paths = output_paths(request, element_id("0", 0, request["array"]), home)
    for option, parent in zip(("stdout", "stderr"), map(os.path.dirname, paths)):
        if not os.access(parent, os.W_OK | os.X_OK):
            raise Refused("%s: %s is not there or cannot be written" % (option, parent))
    program = interpreter(request["script"])[0]
    if not os.access(program, os.X_OK):
        raise Refused("script: its first line names %r, which is not there or cannot be run" % program)
    return "it fits this host (%d of %d slots)" % (request["slots"] or 1, cpu_count())


def cluster() -> Dict[str, Any]:
    """This host's facts. The slots in use are those of this account's jobs: others have stores of their own."""
    state = state_directory()
    used = [is_locked(os.path.join(state, "slots", str(number))) for number in range(cpu_count())]
    return {
        "host": os.uname().nodename,
        "version": os.uname().release,
        "slots": cpu_count(),
        "slots_used": sum(used),
        "memory_mb": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 1024**2,
    }


def status(*job_ids: str) -> List[Dict[str, Any]]:
    """The jobs among these that are there, an array by its elements."""
    state = state_directory()
    found: List[Dict[str, Any]] = []
    for job_id in job_ids:
        try:
            job, indices = find_job(state, job_id)
        except NoSuchJob:
            continue
        found += job.statuses(indices)
    return found


def find(since: str, *names: str) -> List[Dict[str, Any]]:
    """The jobs of these names that were submitted at or after an epoch second. A submission that is under way is waited for."""
    state = state_directory(make=True)
    found: List[Dict[str, Any]] = []
    with locked(os.path.join(state, "submission.lock")):
        for number in job_numbers(state):
            try:
                job = Job(state, number)
            except NoSuchJob:
                continue
            if job.facts["name"] in names and job.facts["submit_time"] >= int(since):
                found += job.statuses(job.indices)
    return found


def control(action: str, *job_ids: str) -> Dict[str, Any]:
    """Do this to every job that it can be done to; then complain about the others."""
    state = state_directory()
    complaints: List[str] = []
    unknown: List[str] = []
    for job_id in job_ids:
        try:
            job, indices = find_job(state, job_id)
            _control_one(action, job, indices, job_id)
        except NoSuchJob as error:
            unknown.append(str(error))
        except Refused as error:
            complaints.append(str(error))
    if complaints:
        raise Refused("; ".join(complaints + unknown))
    if unknown:
        raise NoSuchJob("; ".join(unknown))
    return {}


def _control_one(action: str, job: Job, indices: Sequence[int], job_id: str) -> None:
    acts, nothing_to_do, what = CONTROLS[action]
    with locked(job.path("lock")):
        states = {index: record["native_state"] for index, record in job.records(indices).items()}
        changing = {index for index in indices if states[index] in acts}
        if not changing and not any(state in nothing_to_do for state in states.values()):
            raise Refused("cannot %s job %s: it is %s" % (action, job_id, ", ".join(sorted(set(states.values())))))
        if LOST in states.values():
            _bury(job)
        if changing:
            wanted = job.wanted()
            wanted[what] = wanted[what] - changing if action in _TAKES_BACK else wanted[what] | changing
            write_json(job.path("wanted.json"), {name: sorted(found) for name, found in wanted.items()})
    if action in ("suspend", "resume"):
        _await_change(job, changing, acts)


def _await_change(job: Job, indices: Set[int], before: Sequence[str]) -> None:
    """The supervisor looks several times a second; who asked should see what they asked for."""
    deadline = time.monotonic() + APPLY_SECONDS
    while any(record["native_state"] in before for record in job.records(indices).values()):
        if time.monotonic() > deadline:
            raise TimeoutError(errno.EAGAIN, "the supervisor of job %s does not answer" % job.number)
        time.sleep(0.05)


def _bury(job: Job) -> None:
    """Write down the end of a job whose supervisor is gone, and end what may be left of it. The caller holds the job's lock."""
    for index, record in job.records(job.indices).items():
        if record["native_state"] == LOST and read_json(job.element_path(index)) != record:
            if record.get("session"):
                signal_session(
                    record["session"], signal.SIGKILL, marker="CLUSTERJOBS_JOB_ID=%s" % job.element_id(index)
                )
            write_json(job.element_path(index), record)
    if os.path.exists(job.path("alive")):
        os.unlink(job.path("alive"))


def _tidy(state: str) -> None:
    """Before a new job: leftovers of interrupted submissions go, lost jobs are buried, old ones forgotten."""
    oldest = time.time() - KEEP_SECONDS
    for number in job_numbers(state):
        directory = os.path.join(state, "jobs", number)
        alive = os.path.join(directory, "alive")
        if not os.path.exists(os.path.join(directory, "job.json")):
            shutil.rmtree(directory)
        elif not os.path.exists(alive):
            if os.stat(directory).st_mtime < oldest:
                # First what makes it a job: half removed, it must not look like a lost one.
                os.unlink(os.path.join(directory, "job.json"))
                shutil.rmtree(directory)
        elif not is_locked(alive):
            job = Job(state, number)
            if job.facts["host"] == os.uname().nodename:
                with locked(job.path("lock")):
                    _bury(job)


def _take_number(state: str) -> str:
    """A number that no job had before, and its directory."""
    counter = os.path.join(state, "counter")
    number = read_json(counter) or 0
    while True:
        number += 1
        try:
            os.mkdir(os.path.join(state, "jobs", str(number)), 0o700)
            break
        except FileExistsError:
            continue
    write_json(counter, number)
    sync_directory(os.path.join(state, "jobs"))
    return str(number)


def main(arguments: Sequence[str], request: Optional[Mapping[str, Any]] = None) -> int:
    """Run one command; its exit code."""
    action, words = arguments[0], arguments[1:]
    actions: Dict[str, Callable[[], Any]] = {
        "submit": lambda: submit(request or {}),
        "dry-run": lambda: dry_run(request or {}),
        "cluster": cluster,
        "status": lambda: status(*words),
        "find": lambda: find(*words),
    }
    try:
        answer = actions[action]() if action in actions else control(action, *words)
    except NoSuchJob as error:
        return _say(str(error), RC_NO_SUCH_JOB)
    except Refused as error:
        return _say(str(error), RC_REFUSED)
    except OSError as error:
        text = "%s. Local jobs are kept below %s" % (error, state_path())
        return _say(text, RC_TRY_AGAIN if error.errno in _TRY_AGAIN else RC_REFUSED)
    sys.stdout.write((answer if isinstance(answer, str) else json.dumps(answer)) + "\n")
    return 0


def _say(text: str, code: int) -> int:
    sys.stderr.write(text + "\n")
    return code
