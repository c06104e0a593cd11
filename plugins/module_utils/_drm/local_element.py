# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One running element of a local job: how it starts, its processes, and how it ends. Travels to the target by itself: it imports the standard library alone."""

from __future__ import annotations

import contextlib
import os
import pwd
import signal
import subprocess
import time
from typing import Any, Dict, Iterator, List, Mapping, Optional, Sequence, Set, Tuple

from .local_request import output_paths
from .local_store import CANCELLED, DONE, FAILED, RUNNING, SUSPENDED, Job

# Between SIGTERM and SIGKILL.
GRACE_SECONDS = 5.0
# A killed process is gone at once, unless it hangs in the kernel: then its job is not kept waiting for ever.
_FINISH_ATTEMPTS = 100
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class Process:
    """One process as /proc has it."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        with open("/proc/%d/stat" % pid, "rb") as stream:
            # The program's name is in parentheses and may hold any byte, parentheses too.
            fields = stream.read().rpartition(b")")[2].split()
        self.running = fields[0] not in (b"Z", b"X")
        self.session = int(fields[3])
        self.memory_bytes = int(fields[21]) * _PAGE_BYTES


def live_processes() -> List[Process]:
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                process = Process(int(name))
            except OSError:
                continue
            if process.running:
                found.append(process)
    return found


def signal_session(session: int, number: int, marker: str = "") -> bool:
    """Signal every process of a session, those too that are born meanwhile; False where there was none.

    With ``marker`` only those that have it in their environment are signalled.
    """
    done: Set[int] = set()
    while True:
        found = {process.pid for process in live_processes() if process.session == session} - done
        if not found:
            return bool(done)
        # Its leader first: a shell whose child is killed before it would still end with an exit code of its own.
        for pid in sorted(found, key=lambda pid: pid != session):
            if not marker or _has_marker(pid, marker):
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, number)
        done |= found


def _has_marker(pid: int, marker: str) -> bool:
    try:
        with open("/proc/%d/environ" % pid, "rb") as stream:
            return marker.encode("ascii") in stream.read().split(b"\0")
    except OSError:
        return False


def account() -> Tuple[str, str]:
    """The user's name and login shell; a container's bare uid has neither."""
    try:
        entry = pwd.getpwuid(os.geteuid())
    except KeyError:
        return str(os.geteuid()), "/bin/sh"
    return entry.pw_name, entry.pw_shell or "/bin/sh"


def ended(state: str, reason: Optional[str] = None, message: str = "", **values: Any) -> Dict[str, Any]:
    return dict(values, native_state=state, end_reason=reason, message=message, end_time=int(time.time()))


class Element:
    """A running element: its process, the slots it holds, and how it is being ended."""

    def __init__(self, process: subprocess.Popen[bytes], slots: List[int], walltime_seconds: Optional[int]) -> None:
        self.process = process
        self.slots = slots
        self.record: Dict[str, Any] = {"native_state": RUNNING, "start_time": int(time.time()), "session": process.pid}
        # Monotonic: a clock that is set must not end a job.
        self.deadline = time.monotonic() + walltime_seconds if walltime_seconds else None
        self.suspended_at: Optional[float] = None
        self.kill_at: Optional[float] = None
        self.reason = ""
        self.message = ""

    def signal(self, number: int) -> None:
        signal_session(self.process.pid, number)

    def suspend(self) -> None:
        self.signal(signal.SIGSTOP)
        self.suspended_at = time.monotonic()
        self.record = dict(self.record, native_state=SUSPENDED)

    def resume(self) -> None:
        if self.suspended_at is not None and self.deadline is not None:
            self.deadline += time.monotonic() - self.suspended_at
        self.suspended_at = None
        self.signal(signal.SIGCONT)
        self.record = dict(self.record, native_state=RUNNING)

    def end(self, reason: str, message: str, at_once: bool = False) -> None:
        """SIGTERM now, SIGKILL after the grace, or SIGKILL at once; the first reason counts."""
        if self.reason:
            return
        self.reason = reason
        self.message = message
        self.kill_at = time.monotonic() + GRACE_SECONDS
        self.signal(signal.SIGKILL if at_once else signal.SIGTERM)
        # A suspended process takes the SIGTERM once it goes on.
        self.signal(signal.SIGCONT)

    def ended(self) -> bool:
        """Whether the script's process has ended. It is not reaped, so that its number stays taken."""
        if os.waitid(os.P_PID, self.process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            return False
        # What was told to end has its grace, also where the shell that started it did not wait for it.
        return self.kill_at is None or time.monotonic() >= self.kill_at or not self._any_left()

    def _any_left(self) -> bool:
        return any(process.session == self.process.pid for process in live_processes())

    def finish(self) -> Dict[str, Any]:
        """End what the script left behind, and say how it ended itself."""
        for _attempt in range(_FINISH_ATTEMPTS):
            if not signal_session(self.process.pid, signal.SIGKILL):
                break
            time.sleep(0.01)
        code = self.process.wait()
        for fd in self.slots:
            os.close(fd)
        how = dict(self.record, exit_code=code if code >= 0 else None, signal=-code if code < 0 else None)
        if self.reason:
            state, reason = (CANCELLED if self.reason == "CANCELLED" else FAILED), self.reason
        elif code < 0:
            state, reason = FAILED, "SIGNAL"
        else:
            state, reason = (FAILED if code else DONE), None
        return dict(how, **ended(state, reason, self.message))


class CannotStart(Exception):
    """Why an element's script could not be started."""


@contextlib.contextmanager
def _blaming(what: str) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:
        raise CannotStart("%s: %s" % (what, getattr(error, "strerror", None) or error)) from error


def spawn(job: Job, index: int, program: Sequence[str], environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Start an element's script as the leader of a session. Raises CannotStart."""
    home = os.path.expanduser("~")
    directory = os.path.join(home, job.facts["chdir"])
    stdout_path, stderr_path = output_paths(job.facts, job.element_id(index), home)
    with _blaming("chdir %s" % directory):
        os.stat(os.path.join(directory, "."))
    with _blaming("stdout %s" % stdout_path):
        stdout = _open_output(job, stdout_path)
    with os.fdopen(stdout, "wb"):
        with _blaming("stderr %s" % stderr_path):
            stderr = os.dup(stdout) if stderr_path == stdout_path else _open_output(job, stderr_path)
        with os.fdopen(stderr, "wb"), _blaming("interpreter %r" % program[0]):
            return subprocess.Popen(
                [*program, job.path("script"), *job.facts["args"]],
                cwd=directory,
                env=_job_environment(job, index, home, environment),
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                start_new_session=True,
                preexec_fn=_plain_signals,
            )


def _open_output(job: Job, path: str) -> int:
    # Elements of an array may share a file, so none of them empties it.
    start = 0 if job.facts["array"] else os.O_TRUNC
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | start, 0o666)


def _job_environment(job: Job, index: int, home: str, environment: Mapping[str, str]) -> Dict[str, str]:
    """A login's few variables, what tells the job its resources, and what it asked for; nothing else of the submitter's."""
    owner, shell = account()
    values = {
        "HOME": home,
        "USER": owner,
        "LOGNAME": owner,
        "SHELL": shell,
        "PATH": os.environ.get("PATH", os.defpath),
        "LANG": os.environ.get("LANG", "C.UTF-8"),
        "GALAXY_SLOTS": str(job.facts["slots"]),
    }
    if job.facts["memory_mb"]:
        values["GALAXY_MEMORY_MB"] = str(job.facts["memory_mb"])
    if job.facts["array"]:
        values["CLUSTERJOBS_ARRAY_INDEX"] = str(index)
    values.update(environment)
    values["CLUSTERJOBS_JOB_ID"] = job.element_id(index)
    return values


def _plain_signals() -> None:
    """In the new process: nothing that the submitter ignored or that we block is so for the job."""
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
