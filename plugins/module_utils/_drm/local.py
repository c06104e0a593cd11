# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs on the host itself, without root and without a daemon. A command is one run of our agent (local_agent.py)."""

from __future__ import annotations

import json
import re
import sys
from typing import Any, ClassVar, List, Mapping, Optional, Sequence, Tuple

# Imported by name so that AnsiballZ ships them with the modules; what runs is their text.
from . import local_agent, local_element, local_request, local_store, local_supervisor
from .cluster import ClusterStatus, NodeStatus, occupancy
from .errors import ParseError, UnsupportedFieldError
from .interface import Drm
from .model import Command, CommandResult, Control, EndReason, JobRequest, JobState, JobStatus, Outcome
from .program import program
from .word_lists import pieces

# In the order in which they import each other.
_PARTS = (local_request, local_store, local_element, local_supervisor, local_agent)


def _command(*words: str, request: Any = None) -> Command:
    # -I: no module that lies in the working directory is imported. -S: site-packages are not needed and cost time.
    return Command((sys.executable, "-I", "-S", "-", *words), stdin=program(_PARTS, request))


class Local(Drm):
    """The host itself as a small batch system: as many slots as it has CPUs, first come, first served."""

    name = "local"
    executables = ()
    request_fields = frozenset(
        (
            "args",
            "slots",
            "memory_mb",
            "walltime_seconds",
            "array",
            "depends_on",
            "hold",
            "chdir",
            "stdout",
            "stderr",
            "environment",
        )
    )
    controls = frozenset(Control)
    states: ClassVar[Mapping[str, JobState]] = {
        local_store.QUEUED: JobState.QUEUED,
        local_store.HELD: JobState.HELD,
        local_store.RUNNING: JobState.RUNNING,
        local_store.SUSPENDED: JobState.SUSPENDED,
        local_store.DONE: JobState.DONE,
        local_store.FAILED: JobState.FAILED,
        local_store.CANCELLED: JobState.CANCELLED,
        local_store.LOST: JobState.FAILED,
        local_store.ELSEWHERE: JobState.UNKNOWN,
    }
    job_id_pattern = re.compile(r"[1-9][0-9]{0,17}(_[0-9]{1,9})?")

    def native_options(self, request: JobRequest) -> List[str]:
        """None: here the request itself is the native form."""
        return []

    def on_node(self, request: JobRequest, node: str) -> JobRequest:
        """There is but the one."""
        return request

    def build_submit(self, request: JobRequest) -> Command:
        return _command("submit", request.job_name, request=_request_values(request))

    def parse_submit(self, result: CommandResult) -> str:
        answer = _read("submission", result.stdout)
        if not isinstance(answer, dict) or not self.job_id_pattern.fullmatch(str(answer.get("job_id"))):
            raise ParseError("submission", result.stdout)
        return str(answer["job_id"])

    def build_dry_run(self, request: JobRequest) -> Optional[Command]:
        return _command("dry-run", request.job_name, request=_request_values(request))

    def build_status(self, job_ids: Sequence[str], cluster: str) -> List[Command]:
        self._refuse(cluster)
        return [_command("status", *some) for some in pieces(job_ids)]

    def parse_status(self, result: CommandResult) -> List[JobStatus]:
        rows = _read("status", result.stdout) if result.stdout.strip() else []
        try:
            return [self._status(row) for row in rows]
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ParseError("status", result.stdout) from error

    def build_history(self, job_ids: Sequence[str], cluster: str) -> List[Command]:
        """The same question: one store is queue and accounting."""
        return self.build_status(job_ids, cluster)

    def parse_history(self, result: CommandResult) -> List[JobStatus]:
        return self.parse_status(result)

    def build_find(self, names: Sequence[str], cluster: str, since: int) -> List[Command]:
        self._refuse(cluster)
        return [_command("find", str(since), *some) for some in pieces(names)]

    def build_control(self, action: Control, job_ids: Sequence[str], cluster: str) -> List[Command]:
        self._refuse(cluster)
        return [_command(action.value, *some) for some in pieces(job_ids)]

    def classify(self, result: CommandResult) -> Outcome:
        if result.timed_out or result.rc == local_agent.RC_TRY_AGAIN:
            return Outcome.UNREACHABLE
        if result.rc == local_agent.RC_NO_SUCH_JOB:
            return Outcome.NO_SUCH_JOB
        return Outcome.REFUSED if result.rc else Outcome.OK

    def build_cluster(self, cluster: str) -> List[Command]:
        self._refuse(cluster)
        return [_command("cluster")]

    def parse_cluster(self, results: Sequence[CommandResult]) -> ClusterStatus:
        """One node, and no queue."""
        facts = _read("cluster", results[0].stdout)
        try:
            state = occupancy(facts["slots_used"], facts["slots"])
            node = NodeStatus(facts["host"], state, "up", facts["slots"], facts["slots_used"], facts["memory_mb"])
        except (KeyError, TypeError) as error:
            raise ParseError("cluster", results[0].stdout) from error
        return ClusterStatus(self.name, facts["version"], facts["host"], nodes=(node,))

    def output_paths(self, request: JobRequest, job_id: str, home: str) -> Tuple[str, str]:
        return local_request.output_paths(_request_values(request), job_id, home)

    def _refuse(self, cluster: str) -> None:
        if cluster:
            raise UnsupportedFieldError(self.name, ["cluster"])

    def _status(self, row: Any) -> JobStatus:
        values = dict(
            row,
            nodes=tuple(row.get("nodes", ())),
            end_reason=EndReason(row["end_reason"]) if row.get("end_reason") else None,
        )
        return JobStatus(state=self.states.get(row["native_state"], JobState.UNKNOWN), **values)


def _request_values(request: JobRequest) -> Any:
    """What the agent keeps of a request, under the names that JobRequest has."""
    names = Local.request_fields | {"script"}
    values = {name: getattr(request, name) for name in sorted(names)}
    return dict(values, name=request.job_name, environment=dict(request.environment))


def _read(what: str, text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise ParseError(what, text) from error
