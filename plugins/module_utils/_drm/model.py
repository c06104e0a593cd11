# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The portable request, the status that every DRM's answer becomes, and the commands between them. No input or output here."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Dict, List, Mapping, Optional, Tuple


class JobState(str, Enum):
    """What a job is doing, the same words on every DRM."""

    QUEUED = "QUEUED"
    HELD = "HELD"
    RUNNING = "RUNNING"
    SUSPENDED = "SUSPENDED"
    DONE = "DONE"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    UNKNOWN = "UNKNOWN"

    @property
    def final(self) -> bool:
        """True when the state cannot change any more. UNKNOWN is never final."""
        return self in (JobState.DONE, JobState.FAILED, JobState.CANCELLED)


class EndReason(str, Enum):
    """Why a job that did not end well ended."""

    CANCELLED = "CANCELLED"
    WALLTIME = "WALLTIME"
    MEMORY = "MEMORY"
    NODE_FAILURE = "NODE_FAILURE"
    PREEMPTED = "PREEMPTED"
    DEPENDENCY = "DEPENDENCY"
    SIGNAL = "SIGNAL"
    REQUEUE_LIMIT = "REQUEUE_LIMIT"
    OTHER = "OTHER"


class Outcome(str, Enum):
    """What an answer of the DRM means for the next step."""

    OK = "ok"
    NO_SUCH_JOB = "no such job"
    UNREACHABLE = "unreachable"
    REFUSED = "refused"
    NO_ACCOUNTING = "no accounting"
    NOT_UNDERSTOOD = "not understood"


class Control(str, Enum):
    """What can be done to a job that is there."""

    CANCEL = "cancel"
    HOLD = "hold"
    RELEASE = "release"
    SUSPEND = "suspend"
    RESUME = "resume"


@dataclass(frozen=True)
class Command:
    """One command of the DRM: a list of arguments, never a shell line. ``environ`` is added to the caller's environment.

    ``nonce`` is a text in it that is new each time; what is told of the command leaves it out. ``job_ids`` are the jobs that it is
    about, where the DRM cannot be told and answers with all.
    ``directory`` is where it is run, for a DRM whose jobs start where they were submitted.
    ``otherwise`` is the same in an older version's words, for the one whose answer is NOT_UNDERSTOOD.
    """

    argv: Tuple[str, ...]
    stdin: Optional[str] = None
    environ: Mapping[str, str] = field(default_factory=dict)
    nonce: str = ""
    job_ids: Tuple[str, ...] = ()
    directory: str = ""
    otherwise: Optional[Command] = None

    @property
    def told(self) -> List[str]:
        return [item.replace(self.nonce, "") for item in self.argv] if self.nonce else list(self.argv)


@dataclass(frozen=True)
class Wrapper:
    """A shell script under the names of a DRM's commands, which starts the program of that name with some variables set."""

    script: str
    programs: str
    #: Its file of assignments, which a variable that is set already goes before.
    settings: str
    defaults: Mapping[str, str]


@dataclass(frozen=True)
class CommandResult:
    """What a command answered. ``rc`` is 124 where it was ended at its time limit (``timed_out``), negative where a signal ended it."""

    command: Command
    rc: int
    stdout: str
    stderr: str
    timed_out: bool = False


@dataclass(frozen=True)
class Answer:
    """What the DRM said to one submission: the job's id, or why it was turned down; neither where that is not known."""

    job_id: str = ""
    refusal: str = ""


@dataclass(frozen=True)
class JobRequest:
    """The portable request: what to run and with which resources. Units: ``walltime_seconds`` s, ``memory_mb`` MiB for the whole job."""

    script: str
    args: Tuple[str, ...] = ()
    name: str = "job"
    token: str = ""
    cluster: str = ""
    queue: str = ""
    account: str = ""
    priority: Optional[int] = None
    slots: Optional[int] = None
    nodes: Optional[int] = None
    gpus: Optional[int] = None
    memory_mb: Optional[int] = None
    walltime_seconds: Optional[int] = None
    array: str = ""
    depends_on: Tuple[str, ...] = ()
    hold: bool = False
    chdir: str = ""
    stdout: str = ""
    stderr: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    native_options: Tuple[str, ...] = ()

    @property
    def job_name(self) -> str:
        """The name the DRM sees. The token is in it because the name is what every queue and every accounting keeps."""
        return "%s-%s" % (self.name, self.token) if self.token else self.name


@dataclass(frozen=True)
class JobStatus:
    """One job as the DRM sees it. ``job_id`` is opaque; ``array_id`` is set on an element of an array; times are epoch seconds.

    An UNKNOWN job with a ``native_state`` is there, and waited for; one that has left, nobody can tell how, has none.
    """

    job_id: str
    state: JobState
    native_state: str = ""
    array_id: str = ""
    name: str = ""
    owner: str = ""
    end_reason: Optional[EndReason] = None
    exit_code: Optional[int] = None
    signal: Optional[int] = None
    queue: str = ""
    nodes: Tuple[str, ...] = ()
    submit_time: Optional[int] = None
    start_time: Optional[int] = None
    end_time: Optional[int] = None
    message: str = ""
    tasks: Tuple[JobStatus, ...] = ()

    def as_dict(self) -> Dict[str, Any]:
        """Plain types for a module's result; the elements of an array under ``tasks``."""
        # asdict copies each value apart, which of thousands of jobs takes longer than to ask for them.
        values = dict(vars(self))
        values["state"] = self.state.value
        values["end_reason"] = self.end_reason.value if self.end_reason else None
        values["nodes"] = list(self.nodes)
        values["tasks"] = [task.as_dict() for task in self.tasks]
        return values
