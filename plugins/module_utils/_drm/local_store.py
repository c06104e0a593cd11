# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the local DRM's jobs live. Travels to the target by itself: it imports the standard library alone.

Everything is below one private directory, and a kill at any point leaves it readable:

    submission.lock     held while a job comes into being
    counter             the last job number given
    queue/NUMBER        jobs that could start now; the lowest number goes first
    slots/N             one file a CPU; who holds its lock has the slot
    jobs/NUMBER/        one job
      job.json          the request; the job exists from the moment this file does
      alive             locked by the supervisor as long as it lives, removed once the job's end is recorded
      lock              held for a change of what is wanted, and while an element starts
      wanted.json       what was asked of the job since (written by the agent alone)
      INDEX.json        what became of an element; 0 where there is no array (written by the supervisor alone)
"""

from __future__ import annotations

import fcntl
import json
import os
import stat
from contextlib import contextmanager
from typing import Any, Dict, Iterable, Iterator, List, Optional, Sequence, Set, Tuple

from .local_request import array_elements, element_id

QUEUED = "queued"
HELD = "held"
RUNNING = "running"
SUSPENDED = "suspended"
DONE = "done"
FAILED = "failed"
CANCELLED = "cancelled"
LOST = "lost"
ELSEWHERE = "elsewhere"
ENDED = (DONE, FAILED, CANCELLED, LOST)


class Refused(Exception):
    """What was asked cannot be done. Nothing was changed."""


class NoSuchJob(Exception):
    """There is no such job (any more)."""


def state_path() -> str:
    """``$XDG_STATE_HOME/clusterjobs/local`` (XDG Base Directory Specification), ``~/.local/state`` by default."""
    base = os.environ.get("XDG_STATE_HOME", "")
    if not os.path.isabs(base):
        base = os.path.join(os.path.expanduser("~"), ".local", "state")
    return os.path.join(base, "clusterjobs", "local")


def state_directory(make: bool = False) -> str:
    """The state directory, the user's alone. Raises Refused where it is not."""
    state = state_path()
    ours = os.path.dirname(state)
    if make:
        os.makedirs(os.path.dirname(ours), mode=0o700, exist_ok=True)
    for path in (ours, state, *(os.path.join(state, name) for name in ("jobs", "queue", "slots"))):
        _check_private(path, make)
    return state


def _check_private(path: str, make: bool) -> None:
    """Nobody else can plant anything below a directory that this accepts."""
    try:
        if make:
            os.mkdir(path, 0o700)
    except FileExistsError:
        pass
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022:
        raise Refused(
            "%s must be a directory, no link, owned by uid %d and writable by nobody else" % (path, os.geteuid())
        )


def open_lock(path: str) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)


@contextmanager
def locked(path: str) -> Iterator[None]:
    """Hold the lock for the block. It is closed, not unlocked: a child that inherited it keeps it."""
    fd = open_lock(path)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)


def try_lock(path: str) -> Optional[int]:
    """The lock's file descriptor, or None where somebody else holds it."""
    fd = open_lock(path)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(fd)
        return None
    except BaseException:
        os.close(fd)
        raise
    return fd


def write_json(path: str, values: Any) -> None:
    """Replace a file in one step; it is on disk when this returns."""
    scratch = "%s.%d" % (path, os.getpid())
    fd = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(fd, "w", encoding="ascii") as stream:
            json.dump(values, stream)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(scratch, path)
    except BaseException:
        os.unlink(scratch)
        raise
    sync_directory(os.path.dirname(path))


def sync_directory(path: str) -> None:
    """A new name is safe only once its directory is on disk as well."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def read_json(path: str) -> Any:
    """What ``write_json`` wrote, or None where there is nothing yet."""
    try:
        with open(path, encoding="ascii") as stream:
            return json.load(stream)
    except FileNotFoundError:
        return None


class Job:
    """One job as its directory has it."""

    def __init__(self, state: str, number: str) -> None:
        self.state = state
        self.number = number
        self.directory = os.path.join(state, "jobs", number)
        found = read_json(self.path("job.json"))
        if found is None:
            raise NoSuchJob("there is no job %s" % number)
        self.facts: Dict[str, Any] = found
        self.indices, self.at_once = array_elements(found["array"])

    def path(self, name: str) -> str:
        return os.path.join(self.directory, name)

    def element_path(self, index: int) -> str:
        return self.path("%d.json" % index)

    def element_id(self, index: int) -> str:
        return element_id(self.number, index, self.facts["array"])

    def wanted(self) -> Dict[str, Set[int]]:
        """The elements that are to be held, suspended or cancelled."""
        found = read_json(self.path("wanted.json")) or {
            HELD: self.indices if self.facts["hold"] else [],
            SUSPENDED: [],
            CANCELLED: [],
        }
        return {what: set(indices) for what, indices in found.items()}

    def supervised(self) -> bool:
        """Whether the supervisor lives: the kernel drops its lock whatever ends it, a reboot included."""
        return is_locked(self.path("alive"))

    def records(self, indices: Iterable[int]) -> Dict[int, Dict[str, Any]]:
        """What is known of these elements; each has a ``native_state``."""
        # Asked before the records are read: an end that was recorded in between is then seen as the end that it was.
        supervised = self.supervised()
        wanted = self.wanted()
        found = {}
        for index in indices:
            record = read_json(self.element_path(index)) or {"native_state": HELD if index in wanted[HELD] else QUEUED}
            if record["native_state"] not in ENDED and not supervised:
                record = dict(record, **self._unsupervised())
            found[index] = record
        return found

    def _unsupervised(self) -> Dict[str, Any]:
        if self.facts["host"] != os.uname().nodename:
            return {
                "native_state": ELSEWHERE,
                "message": "this job is on host %s and only that host knows its state" % self.facts["host"],
            }
        return {
            "native_state": LOST,
            "end_reason": "NODE_FAILURE",
            "message": "the job's supervisor is gone: it was killed, or the host was restarted (%s may say more)"
            % self.path("supervisor.log"),
        }

    def statuses(self, indices: Iterable[int]) -> List[Dict[str, Any]]:
        """One status an element, in the words that JobStatus has."""
        common = {
            "array_id": self.number if self.facts["array"] else "",
            "name": self.facts["name"],
            "owner": self.facts["owner"],
            "submit_time": self.facts["submit_time"],
        }
        statuses = []
        for index, record in self.records(indices).items():
            status = dict(common, job_id=self.element_id(index), **record)
            if status.pop("session", None):
                status["nodes"] = [self.facts["host"]]
            if status["native_state"] == QUEUED:
                status["message"] = self._waits_for()
            statuses.append(status)
        return statuses

    def _waits_for(self) -> str:
        unfinished = [
            job_id
            for job_id, states in dependency_states(self.state, self.facts["depends_on"]).items()
            if states != {DONE}
        ]
        if unfinished:
            return "waits for job %s" % ", ".join(unfinished)
        return "waits for %d of this host's slots" % self.facts["slots"]


def is_locked(path: str) -> bool:
    try:
        fd = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
    return False


def job_numbers(state: str) -> List[str]:
    try:
        names = os.listdir(os.path.join(state, "jobs"))
    except FileNotFoundError:
        return []
    return sorted((name for name in names if name.isdigit()), key=int)


def find_job(state: str, job_id: str) -> Tuple[Job, List[int]]:
    """The job and those of its elements that an id names. Raises NoSuchJob."""
    number, underscore, index = job_id.partition("_")
    job = Job(state, number)
    if not underscore:
        return job, job.indices
    if not job.facts["array"] or int(index) not in job.indices:
        raise NoSuchJob("there is no job %s" % job_id)
    return job, [int(index)]


def dependency_states(state: str, job_ids: Sequence[str]) -> Dict[str, Set[str]]:
    """The native states of the elements behind each id. A job that is not there any more is a lost one."""
    states: Dict[str, Set[str]] = {}
    for job_id in job_ids:
        try:
            job, indices = find_job(state, job_id)
        except NoSuchJob:
            states[job_id] = {LOST}
        else:
            states[job_id] = {record["native_state"] for record in job.records(indices).values()}
    return states
