# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PBS Professional and OpenPBS, by their commands. Built on recordings of OpenPBS 23.06; needs PBS Pro 14 or later for qstat's JSON."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import List, Sequence, Tuple

from . import pbs_answer, pbs_cluster
from . import pbs_family as family
from .cluster import ClusterStatus
from .errors import InvalidRequestError, ParseError
from .interface import Drm
from .model import Command, CommandResult, Control, JobRequest, JobStatus, Outcome
from .pbs_errors import OPENPBS_ERRORS, error_name
from .pbspro_answer import STATES, read_jobs
from .word_lists import pieces

_INDEX = "^array_index^"
# prepare_path.c: what isprint(3) takes in the locale C.
_PATH = re.compile("[ -~]")
_RANGE = re.compile(r"[0-9]+-[0-9]+(:[0-9]+)?(%[0-9]+)?")
# PBSE_HOOKERROR, 15136: the site's hook turned the job down, in its own words.
_RC_HOOK = 32


class PbsPro(Drm):
    """PBS Pro: the queue by qstat, what has ended by ``qstat -x`` while the server keeps job history."""

    name = "pbspro"
    # qsub, qstat, qdel and qselect are TORQUE's and Grid Engine's names too; pbs_rstat, for reservations, is PBS Pro's alone.
    executables = ("qsub", "qstat", "qdel", "qselect", "pbs_rstat")
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

    def check_request(self, request: JobRequest) -> None:
        super().check_request(request)
        family.check_paths(request, _default_output(request), _PATH)
        _select(request)
        if request.array and not _RANGE.fullmatch(request.array):
            raise InvalidRequestError(
                "array", "%r: PBS Pro takes one range, as 1-10, 0-8:2 or 1-100%%5" % request.array
            )

    def native_options(self, request: JobRequest) -> List[str]:
        """qsub's options for the resources, then the user's own."""
        words = family.destination(request)
        words += ["-A", request.account] if request.account else []
        words += ["-p", str(request.priority)] if request.priority is not None else []
        for resource in _select(request):
            words += ["-l", resource]
        if request.walltime_seconds:
            words += ["-l", "walltime=%s" % family.clock(request.walltime_seconds)]
        return [*words, *request.native_options]

    def on_node(self, request: JobRequest, node: str) -> JobRequest:
        """A node stands in the chunk that is selected, beside its resources: all of them become native words."""
        (chunk, *_more) = _select(replace(request, slots=request.slots or 1, nodes=1))
        own = ("-l", "%s:host=%s" % (chunk, node))
        return replace(
            request, slots=None, nodes=None, gpus=None, memory_mb=None, native_options=(*request.native_options, *own)
        )

    def build_submit(self, request: JobRequest) -> Command:
        words = ["-J", request.array] if request.array else []
        words += ["-W", "depend=afterok:%s" % ":".join(request.depends_on)] if request.depends_on else []
        words += ["-h"] if request.hold else []
        words += family.output_options(request, _default_output(request))
        # The name comes after the user's own options: by it a submission is found again.
        # -f: else qsub leaves a process behind for a minute, which would hold what it inherits, the journal's lock.
        argv = ("qsub", "-f", *words, *self.native_options(request), "-N", request.job_name)
        return Command(argv, stdin=family.job_script(request))

    def parse_submit(self, result: CommandResult) -> str:
        found = re.search(r"^([0-9]+(?:\[\])?\.[A-Za-z0-9._-]+)$", result.stdout, re.MULTILINE)
        if found is None or not pbs_answer.JOB_ID.fullmatch(found.group(1)):
            raise ParseError("qsub", result.stdout)
        return found.group(1)

    def build_status(self, job_ids: Sequence[str], cluster: str) -> List[Command]:
        return [_qstat(ids) for ids in pieces(family.at_server(job_ids, cluster))]

    def parse_status(self, result: CommandResult) -> List[JobStatus]:
        return pbs_answer.read_selected(result) if result.command.argv[0] == "qselect" else read_jobs(result)

    def build_history(self, job_ids: Sequence[str], cluster: str) -> List[Command]:
        # Not for every question: where no history is kept, -x refuses jobs in the queue too.
        return [_qstat(ids, "-x") for ids in pieces(family.at_server(job_ids, cluster))]

    def parse_history(self, result: CommandResult) -> List[JobStatus]:
        return self.parse_status(result)

    def build_find(self, names: Sequence[str], cluster: str, since: int) -> List[Command]:
        return family.select_by_name(names, cluster)

    def build_find_history(self, names: Sequence[str], cluster: str, since: int) -> List[Command]:
        return family.select_by_name(names, cluster, "-x")

    def build_control(self, action: Control, job_ids: Sequence[str], cluster: str) -> List[Command]:
        words = {Control.CANCEL: ("qdel",), Control.HOLD: ("qhold", "-h", "u"), Control.RELEASE: ("qrls", "-h", "u")}
        return [Command((*words[action], *ids)) for ids in pieces(family.at_server(job_ids, cluster))]

    def classify(self, result: CommandResult) -> Outcome:
        if result.command.argv[0] == "qsub" and result.rc == _RC_HOOK and not result.timed_out:
            return Outcome.REFUSED
        return pbs_answer.classify(result)

    def error_name(self, result: CommandResult) -> str:
        return error_name(result.rc, OPENPBS_ERRORS)

    def build_cluster(self, cluster: str) -> List[Command]:
        return pbs_cluster.pbspro_commands(cluster)

    def parse_cluster(self, results: Sequence[CommandResult]) -> ClusterStatus:
        return pbs_cluster.read_pbspro(results)

    def output_paths(self, request: JobRequest, job_id: str, home: str) -> Tuple[str, str]:
        paths = family.output_paths(request, _default_output(request), home)
        element = re.search(r"\[([0-9]+)\]", job_id)
        if element is None:
            return paths
        return paths[0].replace(_INDEX, element.group(1)), paths[1].replace(_INDEX, element.group(1))


def _qstat(job_ids: Sequence[str], *more: str) -> Command:
    # -t: an array's elements too.
    elements = ("-t",) if any("[" in job_id for job_id in job_ids) else ()
    return Command(("qstat", *more, *elements, "-f", "-F", "json", *job_ids), environ=family.UTC)


def _default_output(request: JobRequest) -> str:
    own = family.option([*family.directives(request.script), *request.native_options], "-J")
    return request.job_name + (".o." + _INDEX if request.array or own else ".o")


def _select(request: JobRequest) -> List[str]:
    """pbs_resources(7): one chunk for each node. Without a request for resources, the queue's defaults hold."""
    if not (request.slots or request.nodes or request.gpus or request.memory_mb):
        return []
    nodes = request.nodes or 1
    chunks = []
    for count, cpus, gpus in family.spread(request):
        words = ["%d:ncpus=%d" % (count, cpus)]
        # So that an MPI program knows of all its slots.
        words += ["mpiprocs=%d" % cpus] if nodes > 1 else []
        words += ["ngpus=%d" % gpus] if gpus else []
        words += ["mem=%dmb" % -(-request.memory_mb // nodes)] if request.memory_mb else []
        chunks.append(":".join(words))
    return ["select=%s" % "+".join(chunks), *(["place=scatter"] if nodes > 1 else [])]
