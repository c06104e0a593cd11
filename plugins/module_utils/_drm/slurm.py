# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Slurm, by its commands. Measured on 22.05 and 24.11."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from typing import Dict, Iterator, List, Optional, Sequence, Tuple

from . import slurm_cluster
from .cluster import ClusterStatus
from .errors import ParseError
from .interface import Drm
from .model import Command, CommandResult, Control, JobRequest, JobStatus, Outcome
from .slurm_answer import ENVIRON, HISTORY_FIELDS, QUEUE_FIELDS, STATES, new_separator, read_history, read_queue
from .slurm_files import directives, option, output_path
from .word_lists import pieces, variable_words

# The clocks of this host and of the accounting may differ; the job's name is exact, so looking wide costs nothing.
_CLOCK_MARGIN_SECONDS = 24 * 3600
# Without states, sacct leaves out a job that never became eligible: held, then cancelled. It has no word for "all".
_ALL_STATES = "BF,CA,CD,DL,F,NF,OOM,PD,PR,R,RQ,RS,RV,S,TO"

_NO_ACCOUNTING = re.compile(r"accounting storage is disabled", re.IGNORECASE)
_NO_SUCH_JOB = re.compile(r"Invalid job id specified")
_UNREACHABLE = re.compile(
    "|".join(
        (
            "Unable to contact slurm controller",
            "Unexpected message received",
            "Zero Bytes were transmitted",
            "(Message|Communication) (connection|send|receive|shutdown) failure",
            "Connection (refused|reset|timed out|rejected|forced)",
            "timed out",
            "Transport endpoint",
            "(Network|Host) is (unreachable|down)",
            "No route to host",
            "Broken pipe",
            "Insane message length",
            "authentication error",
            "Munge (encode|decode) failed",
            "Problem talking to (the )?database",
            "backup controller in standby mode",
            "Rate limit exceeded",
            "(Unable to|cannot|can't|could not|failed to) resolve",
            "Name or service not known",
            "Temporary failure in name resolution",
            "getaddrinfo",
            "Unknown host",
            "DNS SRV lookup failed",
            "failed to (fetch|load) .*config",
            "Resource temporarily unavailable",
            "try again later",
        )
    )
)
# What sbatch and the controller say when they have turned a job down. Everything else that is not known to be one of
# these may have been a submission, and is asked for by its name before anything else is done.
_REFUSED = re.compile(
    "|".join(
        (
            "[Ii]nvalid",
            "[Uu]nrecognized",
            "[Uu]nable to open file",
            "denied",
            "disabled",
            "[Dd]uplicate",
            "exceed",
            "violates",
            "not (permitted|available|supported|usable|allow|allowed|specified|found)",
            "[Cc]an ?not",
            "limit reached",
            "too (many|long|big|large)",
            "[Mm]ore processors requested",
            "No partition specified",
            "does not look like a batch script",
            "Batch script (is empty|contains)",
            "Requested ",
            "Job dependency problem",
            "No cluster '.*' known",
            # A plugin of the site (job_submit) turned it down, in its own words on the lines before.
            "Unspecified error",
            "Unable to process configuration file",
        )
    )
)


class Slurm(Drm):
    """Slurm by its own commands, in their text forms."""

    name = "slurm"
    executables = ("sbatch", "squeue", "scancel", "scontrol")
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
    # sbatch is mostly start-up and a wait for the controller.
    submissions_at_once = 4
    controls = frozenset(Control)
    states = STATES
    job_id_pattern = re.compile(r"[1-9][0-9]{0,18}([_+][0-9]{1,9})?")

    def native_options(self, request: JobRequest) -> List[str]:
        """sbatch's options for the resources, then the user's own, which win."""
        nodes, slots, memory_mb = request.nodes or 1, request.slots, request.memory_mb
        options: Tuple[Tuple[str, object], ...] = (
            ("partition", request.queue),
            ("account", request.account),
            ("nice", None if request.priority is None else -request.priority),
            ("nodes", request.nodes or (1 if slots else None)),
            # On one node the slots are one task's, so that srun starts a program once.
            ("ntasks", (1 if nodes == 1 else slots) if slots else None),
            ("cpus-per-task", slots if nodes == 1 else None),
            ("gpus", request.gpus),
            # Slurm's is for each node.
            ("mem", "%dM" % -(-memory_mb // nodes) if memory_mb else None),
            ("time", _clock(request.walltime_seconds) if request.walltime_seconds else None),
        )
        return ["--%s=%s" % (name, value) for name, value in options if value not in (None, "")] + [
            *request.native_options
        ]

    def on_node(self, request: JobRequest, node: str) -> JobRequest:
        return replace(request, native_options=(*request.native_options, "--nodelist=%s" % node))

    def build_submit(self, request: JobRequest) -> Command:
        return self._submission(request)

    def parse_submit(self, result: CommandResult) -> str:
        # With --clusters it is "62;name". A site's wrapper may say more around it.
        found = re.search(r"^([1-9][0-9]*)(;.*)?$", result.stdout, re.MULTILINE)
        if found is None:
            raise ParseError("sbatch", result.stdout)
        return found.group(1)

    def build_dry_run(self, request: JobRequest) -> Optional[Command]:
        return self._submission(request, "--test-only")

    def _submission(self, request: JobRequest, *more: str) -> Command:
        after = ":".join(("afterok", *request.depends_on)) if request.depends_on else ""
        options = (
            ("array", request.array),
            ("dependency", after),
            # Else a job whose dependency has failed waits for ever.
            ("kill-on-invalid-dep", "yes" if after else ""),
            ("chdir", request.chdir),
            ("output", request.stdout),
            ("error", request.stderr),
        )
        export, environ = _environment(request)
        argv = ["sbatch", *_cluster(request.cluster), *("--%s=%s" % item for item in options if item[1]), *export]
        argv += ["--hold"] if request.hold else []
        # The name comes after the user's own options: by it a submission is found again.
        argv += [*self.native_options(request), "--job-name=%s" % request.job_name, "--parsable", *more]
        argv += ["/dev/stdin", *request.args] if request.args else []
        return Command(tuple(argv), stdin=request.script, environ=environ)

    def build_status(self, job_ids: Sequence[str], cluster: str) -> List[Command]:
        return [_squeue(cluster, "--jobs=%s" % ids) for ids in _joined(job_ids)]

    def parse_status(self, result: CommandResult) -> List[JobStatus]:
        return read_queue(result)

    def build_history(self, job_ids: Sequence[str], cluster: str) -> List[Command]:
        return [_sacct(cluster, "--jobs=%s" % ids) for ids in _joined(job_ids)]

    def parse_history(self, result: CommandResult) -> List[JobStatus]:
        return read_history(result)

    def build_find(self, names: Sequence[str], cluster: str, since: int) -> List[Command]:
        return [_squeue(cluster, "--me", "--name=%s" % part) for part in _joined(names)]

    def build_find_history(self, names: Sequence[str], cluster: str, since: int) -> List[Command]:
        begin = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(max(0, since - _CLOCK_MARGIN_SECONDS)))
        window = ("--starttime=%s" % begin, "--endtime=now+1days", "--state=%s" % _ALL_STATES)
        return [_sacct(cluster, "--name=%s" % part, *window) for part in _joined(names)]

    def build_control(self, action: Control, job_ids: Sequence[str], cluster: str) -> List[Command]:
        if action is Control.CANCEL:
            return [Command(("scancel", *_cluster(cluster), *ids.split(","))) for ids in _joined(job_ids)]
        # One job a command: scontrol's answer for several does not tell what became of each.
        return [Command(("scontrol", *_cluster(cluster), action.value, job_id)) for job_id in job_ids]

    def classify(self, result: CommandResult) -> Outcome:
        program = result.command.argv[0]
        if result.timed_out:
            return Outcome.UNREACHABLE
        if result.rc == 0:
            # scancel and squeue over several clusters end well although one of them did not answer.
            silent = not result.stdout.strip() and _UNREACHABLE.search(result.stderr)
            return Outcome.UNREACHABLE if silent and program != "sbatch" else Outcome.OK
        if _NO_ACCOUNTING.search(result.stderr):
            return Outcome.NO_ACCOUNTING
        if _UNREACHABLE.search(result.stderr):
            return Outcome.UNREACHABLE
        if program == "sbatch":
            # 255: sbatch's own options. It asked nobody.
            known = result.rc == 255 or _REFUSED.search(result.stderr)
            return Outcome.REFUSED if known else Outcome.UNREACHABLE
        return Outcome.NO_SUCH_JOB if _NO_SUCH_JOB.search(result.stderr) else Outcome.REFUSED

    def build_cluster(self, cluster: str) -> List[Command]:
        return slurm_cluster.commands(_cluster(cluster))

    def parse_cluster(self, results: Sequence[CommandResult]) -> ClusterStatus:
        return slurm_cluster.read(results)

    def output_paths(self, request: JobRequest, job_id: str, home: str) -> Tuple[str, str]:
        return output_path(request, job_id, home, "output"), output_path(request, job_id, home, "error")


def _squeue(cluster: str, *which: str) -> Command:
    # Hidden partitions too, ended jobs while they are kept, and every element of an array in a row of its own.
    fixed = ("squeue", *_cluster(cluster), "--noheader", "--all", "--array", "--states=all")
    separator = new_separator()
    fields = [name + ":0" + separator for name in QUEUE_FIELDS[:-1]] + [QUEUE_FIELDS[-1] + ":0"]
    return Command((*fixed, "--Format=%s" % ",".join(fields), *which), environ=ENVIRON, nonce=separator)


def _sacct(cluster: str, *which: str) -> Command:
    fixed = ("sacct", *_cluster(cluster), "--noheader", "--allocations", "--parsable2")
    separator = new_separator()
    how = ("--delimiter=%s" % separator, "--format=%s" % ",".join(HISTORY_FIELDS))
    # UTC: --starttime is read in the local time of whoever asks.
    return Command((*fixed, *how, *which), environ=dict(ENVIRON, TZ="UTC0"), nonce=separator)


def _cluster(cluster: str) -> Tuple[str, ...]:
    return ("--clusters=%s" % cluster,) if cluster else ()


def _joined(words: Sequence[str]) -> Iterator[str]:
    """Ids or names with commas between them."""
    return (",".join(some) for some in pieces(words))


def _clock(seconds: int) -> str:
    return "%d-%02d:%02d:%02d" % (seconds // 86400, seconds // 3600 % 24, seconds // 60 % 60, seconds % 60)


def _environment(request: JobRequest) -> Tuple[List[str], Dict[str, str]]:
    """The job gets what a login on its node gives and the request's variables, and nothing of what Ansible set here.

    sbatch's default is the caller's whole environment. NONE, or names, make slurmd ask ``su -`` for the user's: this takes up to a
    second more, works without a login shell too (with sbatch's variables alone), and a user's own --export turns it off.
    """
    values = request.environment
    asked = option(request.native_options, "--export")
    if asked is None and not values:
        asked = option(directives(request.script), "--export")
    if asked is not None:
        return [], dict(values)
    words, hidden = variable_words(values)
    # Else srun in the job would take --export's value for its own, and its tasks had no PATH.
    return ["--export=%s" % (",".join(words) or "NONE")], dict(hidden, SLURM_EXPORT_ENV="ALL")
