# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""TORQUE, by its commands. Built on recordings of 6.1.3."""

from __future__ import annotations

import re
from typing import ClassVar, List, Sequence, Tuple

from . import pbs_answer, pbs_cluster
from . import pbs_family as family
from .cluster import ClusterStatus
from .errors import InvalidRequestError, ParseError
from .interface import Drm
from .model import Command, CommandResult, Control, JobRequest, JobStatus, Outcome
from .pbs_errors import TORQUE_ERRORS, error_name
from .torque_answer import STATES, read_jobs
from .word_lists import pieces

# prepare_path.c: what isgraph(3) takes in the locale C, so no space.
_PATH = re.compile("[!-~]")
_MAX_INDICES = 10000
# While its server is slow, qsub says so on standard output, without a newline, and tries again.
_TRIES_AGAIN = "Trying again"


class Torque(Drm):
    """TORQUE has no accounting for users: a job is known while the server keeps it (keep_completed), and then by our journal alone."""

    name = "torque"
    # qsub, qstat, qdel and qselect are PBS Pro's and Grid Engine's names too; qchkpt is TORQUE's alone.
    executables: ClassVar[Tuple[str, ...]] = ("qsub", "qstat", "qdel", "qselect", "qchkpt")
    request_fields = frozenset(
        (
            "args",
            "cluster",
            "queue",
            "account",
            "priority",
            "slots",
            "nodes",
            "gpus",
            "memory_mb",
            "walltime_seconds",
            "array",
            "depends_on",
            "hold",
            "chdir",
            "stdout",
            "stderr",
            "environment",
            "native_options",
        )
    )
    # qsig -s suspend asks for an operator.
    controls = frozenset((Control.CANCEL, Control.HOLD, Control.RELEASE))
    states = STATES
    job_id_pattern = pbs_answer.JOB_ID
    forgets = True

    def check_request(self, request: JobRequest) -> None:
        super().check_request(request)
        family.check_paths(request, _default_output(request), _PATH)
        _resources(request)
        _indices(request.array)

    def native_options(self, request: JobRequest) -> List[str]:
        """qsub's options for the resources, then the user's own."""
        words = family.destination(request)
        words += ["-A", request.account] if request.account else []
        words += ["-p", str(request.priority)] if request.priority is not None else []
        resources = _resources(request)
        words += ["-l", ",".join(resources)] if resources else []
        return [*words, *request.native_options]

    def build_submit(self, request: JobRequest) -> Command:
        return Command(self._submission(request, _default_output(request)), stdin=family.job_script(request))

    def _submission(self, request: JobRequest, output: str) -> Tuple[str, ...]:
        # First, so that qstat's submit_args tell the indices whatever follows.
        words = ["-t", _indices(request.array)] if request.array else []
        words += ["-W", "depend=%s" % _depend(request.depends_on)] if request.depends_on else []
        words += ["-h"] if request.hold else []
        words += family.output_options(request, output)
        # The name comes after the user's own options: by it a submission is found again.
        return ("qsub", *words, *self.native_options(request), "-N", request.job_name)

    def parse_submit(self, result: CommandResult) -> str:
        text = result.stdout.replace(_TRIES_AGAIN, _TRIES_AGAIN + "\n")
        found = re.search(r"^([0-9]+(?:\[\])?\.[A-Za-z0-9._-]+)$", text, re.MULTILINE)
        if found is None or not pbs_answer.JOB_ID.fullmatch(found.group(1)):
            raise ParseError("qsub", result.stdout)
        return found.group(1)

    def build_status(self, job_ids: Sequence[str], cluster: str) -> List[Command]:
        return [_qstat(ids) for ids in pieces(family.at_server(job_ids, cluster))]

    def parse_status(self, result: CommandResult) -> List[JobStatus]:
        return pbs_answer.read_selected(result) if result.command.argv[0] == "qselect" else read_jobs(result)

    def build_history(self, job_ids: Sequence[str], cluster: str) -> List[Command]:
        """None: tracejob reads the server's own files, as root."""
        return []

    def parse_history(self, result: CommandResult) -> List[JobStatus]:
        return self.parse_status(result)

    def build_find(self, names: Sequence[str], cluster: str, since: int) -> List[Command]:
        return family.select_by_name(names, cluster)

    def build_control(self, action: Control, job_ids: Sequence[str], cluster: str) -> List[Command]:
        words = {Control.CANCEL: ("qdel",), Control.HOLD: ("qhold", "-h", "u"), Control.RELEASE: ("qrls", "-h", "u")}
        return [Command((*words[action], *ids)) for ids in pieces(family.at_server(job_ids, cluster))]

    def classify(self, result: CommandResult) -> Outcome:
        return pbs_answer.classify(result)

    def error_name(self, result: CommandResult) -> str:
        return error_name(result.rc, TORQUE_ERRORS)

    def build_cluster(self, cluster: str) -> List[Command]:
        return pbs_cluster.torque_commands(cluster)

    def parse_cluster(self, results: Sequence[CommandResult]) -> ClusterStatus:
        return pbs_cluster.read_torque(results)

    def output_paths(self, request: JobRequest, job_id: str, home: str) -> Tuple[str, str]:
        """The server puts an element's index at the end of the path."""
        stdout, stderr = family.output_paths(request, _default_output(request), home)
        element = re.search(r"\[([0-9]+)\]", job_id)
        end = "-" + element.group(1) if element else ""
        return stdout + end, stderr + end


def _qstat(job_ids: Sequence[str]) -> Command:
    # Without -t the answer to an array's id is all jobs of the server.
    elements = ("-t",) if any("[" in job_id for job_id in job_ids) else ()
    return Command(("qstat", *elements, "-x", *job_ids), environ=family.UTC)


def _default_output(request: JobRequest) -> str:
    return request.job_name + ".o"


def _resources(request: JobRequest) -> List[str]:
    """pbs_resources(7). ``mem`` is the whole job's."""
    words: List[str] = []
    if request.slots or request.nodes or request.gpus:
        parts = [
            "%d:ppn=%d%s" % (count, cpus, ":gpus=%d" % gpus if gpus else "")
            for count, cpus, gpus in family.spread(request)
        ]
        words.append("nodes=%s" % "+".join(parts))
    if request.memory_mb:
        words.append("mem=%dmb" % request.memory_mb)
    if request.walltime_seconds:
        words.append("walltime=%s" % family.clock(request.walltime_seconds))
    return words


def _indices(array: str) -> str:
    """qsub -t takes ranges and numbers, and no steps: those are counted out. Raises InvalidRequestError."""
    indices, percent, limit = array.partition("%")
    parts = []
    for part in indices.split(","):
        span, colon, step = part.partition(":")
        if not colon:
            parts.append(span)
            continue
        first, _dash, last = span.partition("-")
        steps = range(int(first), int(last) + 1, max(1, int(step)))
        if len(steps) > _MAX_INDICES:
            raise InvalidRequestError(
                "array", "%r: TORQUE takes no steps, and these are more than %d numbers" % (array, _MAX_INDICES)
            )
        parts += [str(index) for index in steps]
    return ",".join(parts) + percent + limit


def _depend(job_ids: Sequence[str]) -> str:
    """An array is waited for in a word of its own."""
    arrays = [job_id for job_id in job_ids if "[]" in job_id]
    jobs = [job_id for job_id in job_ids if "[]" not in job_id]
    words = ["afterok:%s" % ":".join(jobs)] if jobs else []
    return ",".join([*words, *(["afterokarray:%s" % ":".join(arrays)] if arrays else [])])
