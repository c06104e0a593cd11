# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a DRM's file provides: constants and pure methods. No input or output, no state."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar, FrozenSet, Hashable, List, Mapping, Optional, Pattern, Sequence, Tuple

from .cluster import ClusterStatus
from .errors import DrmError, InvalidRequestError, UnsupportedFieldError
from .model import (
    Answer,
    Command,
    CommandResult,
    Control,
    EndReason,
    JobRequest,
    JobState,
    JobStatus,
    Outcome,
    Wrapper,
)

# A request always has these; no DRM can refuse them.
ALWAYS_HONOURED = frozenset(("script", "name", "token"))


class Drm(ABC):
    """One batch system: the portable request in its words, its answers as JobStatus."""

    name: ClassVar[str]
    #: Commands that must all be on the PATH for this DRM to be there; empty where none is needed.
    executables: ClassVar[Tuple[str, ...]]
    #: Fields of JobRequest that this DRM honours, beside ALWAYS_HONOURED.
    request_fields: ClassVar[FrozenSet[str]]
    #: What the commands may be in place of the programs themselves, and costs time.
    wrapper: ClassVar[Optional[Wrapper]] = None
    #: How many submissions the DRM takes side by side before one of them waits for another.
    submissions_at_once: ClassVar[int] = 1
    #: What can be done to a job here.
    controls: ClassVar[FrozenSet[Control]]
    #: True where an ended job soon leaves no trace that a user could ask for.
    forgets: ClassVar[bool] = False
    #: Why a job ended, where this DRM does not tell that from any other failure.
    untold_ends: ClassVar[FrozenSet[EndReason]] = frozenset()
    #: Every native state and what it means. A state that is not here is UNKNOWN.
    states: ClassVar[Mapping[str, JobState]]
    #: What a job id of this DRM looks like; the whole id must match.
    job_id_pattern: ClassVar[Pattern[str]]
    #: A submission that the server took in before it stalled, or whose job has ended already, can be found by its name after this long.
    settle_seconds: ClassVar[float] = 3.0

    def job_name(self, request: JobRequest) -> str:
        """The name that the DRM sees, by which a submission is found again. The token in it stays whole."""
        return request.job_name

    def check_request(self, request: JobRequest) -> None:
        """Refuse, by name, the fields that this DRM cannot honour. Raises UnsupportedFieldError."""
        default = JobRequest(script="")
        used = {field for field in vars(request) if getattr(request, field) != getattr(default, field)}
        refused = used - self.request_fields - ALWAYS_HONOURED
        if refused:
            raise UnsupportedFieldError(self.name, refused)

    def check_job_ids(self, job_ids: Sequence[str]) -> None:
        """Refuse what is not an id of this DRM: an option, a shell word, another DRM's form. Raises InvalidRequestError."""
        for job_id in job_ids:
            if not self.job_id_pattern.fullmatch(job_id):
                raise InvalidRequestError("job_id", "%r is not a job id of %s" % (job_id, self.name))

    @abstractmethod
    def native_options(self, request: JobRequest) -> List[str]:
        """The portable request's resources in this DRM's words. job_conf uses it too."""

    def on_node(self, request: JobRequest, node: str) -> JobRequest:
        """The same request for this one node, as cluster_info names it. Raises UnsupportedFieldError where a job cannot be sent to a node."""
        raise UnsupportedFieldError(self.name, {"node"})

    @abstractmethod
    def build_submit(self, request: JobRequest) -> Command:
        """The command that submits; the script goes in by standard input."""

    @abstractmethod
    def parse_submit(self, result: CommandResult) -> str:
        """The job id out of an OK answer. Raises ParseError."""

    def submission_group(self, request: JobRequest) -> Optional[Hashable]:
        """Requests with the same group can be submitted by one command; one with None only alone."""
        return None

    def build_submit_many(self, requests: Sequence[JobRequest]) -> Command:
        """The command that submits one request, or several of one group."""
        (request,) = requests
        return self.build_submit(request)

    def parse_submit_many(self, result: CommandResult, requests: Sequence[JobRequest]) -> List[Answer]:
        """What an OK answer says to each of these requests. Raises ParseError where it says nothing that can be read."""
        return [Answer(self.parse_submit(result))]

    def build_dry_run(self, request: JobRequest) -> Optional[Command]:
        """The DRM's own dry run, or None where it has none."""
        return None

    @abstractmethod
    def build_status(self, job_ids: Sequence[str], cluster: str) -> List[Command]:
        """Ask the queue for these jobs."""

    @abstractmethod
    def parse_status(self, result: CommandResult) -> List[JobStatus]:
        """The jobs that one answer of the queue names; jobs that it does not know are left out."""

    @abstractmethod
    def build_history(self, job_ids: Sequence[str], cluster: str) -> List[Command]:
        """Ask the accounting for these jobs; an empty list where the DRM has none."""

    @abstractmethod
    def parse_history(self, result: CommandResult) -> List[JobStatus]:
        """The jobs that one answer of the accounting names."""

    @abstractmethod
    def build_find(self, names: Sequence[str], cluster: str, since: int) -> List[Command]:
        """Ask the queue for the caller's jobs of these names, submitted at or after epoch ``since``. Jobs of other names may be among the answers."""

    def build_find_history(self, names: Sequence[str], cluster: str, since: int) -> List[Command]:
        """Ask the accounting the same; an empty list where the DRM has none."""
        return []

    @abstractmethod
    def build_control(self, action: Control, job_ids: Sequence[str], cluster: str) -> List[Command]:
        """Cancel, hold, release, suspend or resume these jobs."""

    @abstractmethod
    def classify(self, result: CommandResult) -> Outcome:
        """What an answer means. "The server did not answer" and "there is no such job" are different."""

    def error_name(self, result: CommandResult) -> str:
        """What the DRM itself calls this return code; empty where it has no name for it."""
        return ""

    @abstractmethod
    def output_paths(self, request: JobRequest, job_id: str, home: str) -> Tuple[str, str]:
        """Where the job's stdout and stderr are, as absolute paths; the same path twice where they are joined."""

    def build_cluster(self, cluster: str) -> List[Command]:
        """Ask for the cluster's queues and nodes. Raises DrmError where there is no way to."""
        raise DrmError("%s tells nothing of queues and nodes: set drm to the name of the DRM itself" % self.name)

    def parse_cluster(self, results: Sequence[CommandResult]) -> ClusterStatus:
        """The facts out of the OK answers to ``build_cluster``, in its order. Raises ParseError."""
        raise NotImplementedError
