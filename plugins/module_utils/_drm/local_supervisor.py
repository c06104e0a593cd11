# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The process that looks after one local job: waits for its turn, runs its elements, keeps their limits, records their ends.

It is detached from whoever submitted the job. Travels to the target by itself: it imports the standard library alone.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
import signal
import time
import traceback
from typing import Any, Dict, List, Mapping, NoReturn, Optional, Sequence, Set

from .local_element import CannotStart, Element, ended, live_processes, spawn
from .local_request import interpreter
from .local_store import (
    CANCELLED,
    DONE,
    ENDED,
    FAILED,
    HELD,
    SUSPENDED,
    Job,
    dependency_states,
    is_locked,
    locked,
    try_lock,
    write_json,
)

POLL_SECONDS = 0.2
MEMORY_SECONDS = 0.5


def cpu_count() -> int:
    return len(os.sched_getaffinity(0))


class Supervisor:
    """One job's supervisor. What it could not write yet (a full disk) it keeps, and lives until it is written."""

    def __init__(self, job: Job, script: str, environment: Mapping[str, str]) -> None:
        self.job = job
        self.facts = job.facts
        self.program = interpreter(script)
        self.environment = environment
        self.pending = list(job.indices)
        self.depends_on: Sequence[str] = job.facts["depends_on"]
        self.running: Dict[int, Element] = {}
        self.unsaved: Dict[int, Dict[str, Any]] = {}
        self.next_memory_check = 0.0
        self.trouble = ""
        self.turn_path = os.path.join(job.state, "queue", job.number)

    def run(self) -> None:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
        while self.pending or self.running or self.unsaved:
            try:
                self._step()
            except OSError as error:
                # A full disk, too many open files: nothing is lost by another try.
                self._complain(str(error))
            signal.sigtimedwait({signal.SIGCHLD}, POLL_SECONDS)
        os.unlink(self.job.path("alive"))

    def _step(self) -> None:
        for index, element in list(self.running.items()):
            self._check_time(element)
            if element.ended():
                self.unsaved[index] = element.finish()
                del self.running[index]
        if not os.path.exists(self.job.path("job.json")):
            self._give_up()
            return
        self._save()
        self._check_memory()
        wanted = self.job.wanted()
        self._obey(wanted)
        self._start(wanted)
        self._save()

    def _complain(self, trouble: str) -> None:
        if trouble != self.trouble:
            # The log is on the same full disk.
            with contextlib.suppress(OSError):
                os.write(2, trouble.encode("utf-8", "backslashreplace") + b"\n")
        self.trouble = trouble

    def _save(self) -> None:
        for index, record in list(self.unsaved.items()):
            write_json(self.job.element_path(index), record)
            del self.unsaved[index]

    def _give_up(self) -> None:
        """Somebody removed the job's directory: what cannot be found must not run."""
        self.pending = []
        for element in self.running.values():
            element.end("CANCELLED", "")
        self.unsaved = {}

    def _check_time(self, element: Element) -> None:
        now = time.monotonic()
        if element.kill_at is not None and now >= element.kill_at:
            element.signal(signal.SIGKILL)
        elif element.deadline is not None and element.suspended_at is None and now >= element.deadline:
            element.end("WALLTIME", "ran longer than its walltime of %d s" % self.facts["walltime_seconds"])

    def _check_memory(self) -> None:
        limit_mb = self.facts["memory_mb"]
        if not limit_mb or not self.running or time.monotonic() < self.next_memory_check:
            return
        self.next_memory_check = time.monotonic() + MEMORY_SECONDS
        used: Dict[int, int] = {}
        for process in live_processes():
            used[process.session] = used.get(process.session, 0) + process.memory_bytes
        for element in self.running.values():
            mb = used.get(element.process.pid, 0) / 1048576
            if mb > limit_mb:
                element.end("MEMORY", "used %d of its %d MiB of memory" % (mb, limit_mb), at_once=True)

    def _obey(self, wanted: Mapping[str, Set[int]]) -> None:
        for index in [index for index in self.pending if index in wanted[CANCELLED]]:
            self.pending.remove(index)
            self.unsaved[index] = ended(CANCELLED, "CANCELLED")
        for index, element in self.running.items():
            before = element.record
            if index in wanted[CANCELLED]:
                element.end("CANCELLED", "")
            elif index in wanted[SUSPENDED] and element.suspended_at is None and not element.reason:
                element.suspend()
            elif index not in wanted[SUSPENDED] and element.suspended_at is not None:
                element.resume()
            if element.record is not before:
                self.unsaved[index] = element.record

    def _start(self, wanted: Mapping[str, Set[int]]) -> None:
        """Start what may start now; wait in the queue while there is something that could."""
        ready = [index for index in self.pending if index not in wanted[HELD]]
        if self.job.at_once:
            ready = ready[: max(0, self.job.at_once - len(self.running))]
        if ready and self._dependencies_done() and not self._start_all(ready):
            return
        if os.path.exists(self.turn_path):
            os.unlink(self.turn_path)

    def _start_all(self, ready: Sequence[int]) -> bool:
        """True when all have been started; False to stay in the queue."""
        if not self._is_next():
            return False
        for index in ready:
            slots = self._take_slots()
            if slots is None:
                return False
            try:
                self._start_element(index, slots)
            finally:
                if index not in self.running:
                    for fd in slots:
                        os.close(fd)
        return True

    def _dependencies_done(self) -> bool:
        states = dependency_states(self.job.state, self.depends_on)
        self.depends_on = [job_id for job_id, found in states.items() if found != {DONE}]
        failed = [job_id for job_id in self.depends_on if states[job_id].intersection(ENDED) - {DONE}]
        if failed:
            message = "depends on job %s, which is %s" % (failed[0], ", ".join(sorted(states[failed[0]])))
            self.unsaved.update({index: ended(CANCELLED, "DEPENDENCY", message) for index in self.pending})
            self.pending = []
        return not self.depends_on

    def _is_next(self) -> bool:
        """First come, first served among the jobs that could start: else a job of many slots would wait for ever."""
        os.close(os.open(self.turn_path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
        directory = os.path.dirname(self.turn_path)
        for number in sorted(filter(str.isdigit, os.listdir(directory)), key=int):
            if number == self.job.number:
                return True
            if is_locked(os.path.join(self.job.state, "jobs", number, "alive")):
                return False
            os.unlink(os.path.join(directory, number))
        return False

    def _take_slots(self) -> Optional[List[int]]:
        """The locks of as many slots as the job asked for, or None: all of them or none."""
        taken: List[int] = []
        try:
            for number in range(cpu_count()):
                fd = try_lock(os.path.join(self.job.state, "slots", str(number)))
                if fd is not None:
                    taken.append(fd)
                if len(taken) == self.facts["slots"]:
                    return taken
        except OSError:
            pass
        for fd in taken:
            os.close(fd)
        return None

    def _start_element(self, index: int, slots: List[int]) -> None:
        with locked(self.job.path("lock")):
            # Again, under the lock: a hold that was granted must not be overtaken.
            wanted = self.job.wanted()
            if index in wanted[HELD] or index in wanted[CANCELLED]:
                return
            self.pending.remove(index)
            try:
                process = spawn(self.job, index, self.program, self.environment)
            except CannotStart as error:
                self.unsaved[index] = ended(FAILED, "OTHER", "could not be started: %s" % error)
            else:
                element = self.running[index] = Element(process, slots, self.facts["walltime_seconds"])
                self.unsaved[index] = element.record
            self._save()


def launch(state: str, number: str, facts: Mapping[str, Any], script: str, environment: Mapping[str, str]) -> None:
    """Start a job's supervisor. The job is there when this returns; it is not, and never will be, when this raises OSError."""
    answer, said = os.pipe()
    child = os.fork()
    if child == 0:
        _detach(said, state, number, facts, script, environment)
    os.close(said)
    os.waitpid(child, 0)
    with os.fdopen(answer) as stream:
        text = stream.read()
    if not text:
        raise ChildProcessError(errno.ECHILD, "the job's supervisor died before the job was there")
    error = json.loads(text)
    if error:
        raise OSError(*error)


def _detach(
    said: int, state: str, number: str, facts: Mapping[str, Any], script: str, environment: Mapping[str, str]
) -> NoReturn:
    """Become the supervisor, in a session of its own, so that no lost connection ends it."""
    try:
        os.setsid()
        if os.fork() == 0:
            alive = _create(said, state, number, facts, script)
            _let_go(alive, os.path.join(state, "jobs", number, "supervisor.log"))
            Supervisor(Job(state, number), script, environment).run()
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(0)


def _create(said: int, state: str, number: str, facts: Mapping[str, Any], script: str) -> int:
    """Bring the job into being, by the process that will run it, and say so. Returns the lock that shows that it lives."""
    directory = os.path.join(state, "jobs", number)
    error: List[Any] = []
    try:
        alive = try_lock(os.path.join(directory, "alive"))
        with open(os.path.join(directory, "script"), "wb") as stream:
            stream.write(script.encode("utf-8", "surrogateescape"))
        write_json(os.path.join(directory, "job.json"), facts)
    except OSError as problem:
        error = [problem.errno, problem.strerror, problem.filename]
        shutil.rmtree(directory, ignore_errors=True)
    os.write(said, json.dumps(error).encode("ascii"))
    if error or alive is None:
        os._exit(1)
    return alive


def _let_go(alive: int, log: str) -> None:
    """Leave everything that belongs to the submitter: its directory, its terminal, its pipes and its locks."""
    os.chdir("/")
    nothing = os.open(os.devnull, os.O_RDWR)
    messages = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for fd, target in ((nothing, 0), (nothing, 1), (messages, 2)):
        os.dup2(fd, target)
    for name in os.listdir("/proc/self/fd"):
        if int(name) > 2 and int(name) != alive:
            # One of them is the listing's own, closed by now.
            with contextlib.suppress(OSError):
                os.close(int(name))
