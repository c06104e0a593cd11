# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Slurm's Torque commands (Debian's slurm-wlm-torque, 22.05 and 24.11): TORQUE's words for a job, Slurm's own answers about it.

Their ``qstat`` has no ``-x`` and no exit status: a job that failed shows C as one that ended well. In 24.11 ``qstat -f`` dies at the first job that has a
node. There is no qselect, and qhold takes a waiting job for a finished one. Slurm's own commands, which are there, tell it all.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import List, Sequence, Tuple

from . import pbs_family as family
from .cluster import ClusterStatus
from .errors import InvalidRequestError, ParseError
from .model import Command, CommandResult, Control, JobRequest, JobStatus, Outcome
from .slurm import Slurm
from .torque import Torque

_SLURM = Slurm()
# qsub writes sbatch's command line for a shell, without quotes.
_SAFE_PATH = re.compile(r"[\w./+=@,~^-]+")
_OUTPUT = "and the output was:"
_RC_USAGE = 2


class SlurmTorque(Torque):
    """A flavour of torque: chosen where there is a qsub and an sbatch, and no qselect."""

    executables = ("qsub", "qstat", "qdel", "sbatch", "squeue", "sacct", "scancel", "scontrol")
    request_fields = Torque.request_fields - {"cluster"}
    controls = _SLURM.controls
    states = _SLURM.states
    job_id_pattern = _SLURM.job_id_pattern
    forgets = False

    def check_request(self, request: JobRequest) -> None:
        super().check_request(request)
        if len(family.spread(request)) > 1:
            raise InvalidRequestError(
                "slots", "Slurm's Torque commands take the same number of slots and GPUs on each node"
            )
        for field, path in zip(("stdout", "stderr"), self.output_paths(request, "", "/")):
            if not _SAFE_PATH.fullmatch(path.replace("%a", "")):
                said = "%r: Slurm's Torque commands hand it to a shell as it stands; use letters, digits and _ . / + = @ , ~ ^ -, or drm: slurm"
                raise InvalidRequestError(field, said % path)

    def native_options(self, request: JobRequest) -> List[str]:
        """-p is Slurm's nice value here, and mem each node's."""
        nodes, memory_mb = request.nodes or 1, request.memory_mb
        return super().native_options(
            replace(
                request,
                priority=None if request.priority is None else -request.priority,
                memory_mb=-(-memory_mb // nodes) if memory_mb else None,
            )
        )

    def build_submit(self, request: JobRequest) -> Command:
        # Without a file qsub shows its usage. NONE: sbatch's default is the whole of Ansible's environment.
        argv = (*self._submission(request, _default_output(request)), "/dev/stdin")
        environ = {"SBATCH_EXPORT": "NONE", "SLURM_EXPORT_ENV": "ALL"}
        return Command(argv, stdin=family.job_script(request), environ=environ)

    def parse_submit(self, result: CommandResult) -> str:
        found = re.search(r"^([1-9][0-9]*)$", result.stdout, re.MULTILINE)
        if found is None:
            raise ParseError("qsub", result.stdout)
        return found.group(1)

    def build_status(self, job_ids: Sequence[str], cluster: str) -> List[Command]:
        return _SLURM.build_status(job_ids, cluster)

    def parse_status(self, result: CommandResult) -> List[JobStatus]:
        return _SLURM.parse_status(result)

    def build_history(self, job_ids: Sequence[str], cluster: str) -> List[Command]:
        return _SLURM.build_history(job_ids, cluster)

    def parse_history(self, result: CommandResult) -> List[JobStatus]:
        return _SLURM.parse_history(result)

    def build_find(self, names: Sequence[str], cluster: str, since: int) -> List[Command]:
        return _SLURM.build_find(names, cluster, since)

    def build_find_history(self, names: Sequence[str], cluster: str, since: int) -> List[Command]:
        return _SLURM.build_find_history(names, cluster, since)

    def build_control(self, action: Control, job_ids: Sequence[str], cluster: str) -> List[Command]:
        return _SLURM.build_control(action, job_ids, cluster)

    def classify(self, result: CommandResult) -> Outcome:
        if result.command.argv[0] != "qsub" or result.timed_out or result.rc == 0:
            return _SLURM.classify(result)
        if result.rc == _RC_USAGE and _OUTPUT not in result.stdout:
            return Outcome.REFUSED
        # Its errors are on standard output, after sbatch's whole command line, in which any word may stand.
        said = result.stdout.partition(_OUTPUT)[2]
        return _SLURM.classify(CommandResult(Command(("sbatch",)), result.rc, "", said))

    def error_name(self, result: CommandResult) -> str:
        return ""

    def build_cluster(self, cluster: str) -> List[Command]:
        return _SLURM.build_cluster(cluster)

    def parse_cluster(self, results: Sequence[CommandResult]) -> ClusterStatus:
        return replace(_SLURM.parse_cluster(results), drm=self.name)

    def output_paths(self, request: JobRequest, job_id: str, home: str) -> Tuple[str, str]:
        stdout, stderr = family.output_paths(request, _default_output(request), home)
        _whole, _line, index = job_id.partition("_")
        return (stdout.replace("%a", index), stderr.replace("%a", index)) if index else (stdout, stderr)


def _default_output(request: JobRequest) -> str:
    return request.job_name + (".o-%a" if request.array else ".o")
