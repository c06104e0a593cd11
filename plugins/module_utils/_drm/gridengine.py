# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Grid Engine (SGE, Son of Grid Engine, Open Grid Scheduler, Univa and Altair), by its commands. Measured on 8.1.9."""

from __future__ import annotations

import os
import pwd
import re
from dataclasses import replace
from typing import Dict, List, Optional, Sequence, Tuple

from . import gridengine_cluster
from .cluster import ClusterStatus
from .errors import ParseError
from .gridengine_answer import STATES, read_history, read_queue
from .gridengine_files import interpreter, output_path
from .gridengine_request import check, environment, output, parallel_environment
from .interface import Drm
from .model import Command, CommandResult, Control, EndReason, JobRequest, JobStatus, Outcome, Wrapper
from .word_lists import pieces

# qacct reads the whole accounting file for each job that it is asked for: from here on, once for all of them.
_MAX_SINGLE_QUESTIONS = 4

_UNREACHABLE = re.compile(
    "|".join(
        (
            "unable to (send|receive) message",
            "unable to contact qmaster",
            "commlib error",
            "got (select|send|read|write|syncron message receive timeout) error",
            "failed receiving gdi request",
            "can't (connect|resolve) .*qmaster",
            "cannot connect to .*qmaster",
            "can't read act_qmaster",
            "timed? ?out",
            "Connection (refused|reset|closed)",
            "No route to host",
            "(Network|Host) is (unreachable|down)",
            "qmaster .*(not running|is in shutdown)",
        )
    ),
    re.IGNORECASE,
)
# What qsub and the qmaster say when they have turned a job down. Everything else may have been a submission, and is
# asked for by its name before anything else is done.
_REFUSED = re.compile(
    "|".join(
        (
            "rejected",
            "denied",
            "not (permitted|allowed|contain)",
            "must not",
            "no suitable queues",
            "is not a ",
            "can't resolve hostname",
            "does(n't| not) (exist|have)",
            "Unable to read script file",
            "Unable to initialize environment",
            "[Uu]nknown (option|resource|attribute|queue)",
            "[Ii]nvalid ",
            "Wrong date/time format",
            "Unknown option",
            "ERROR! ",
            "exceed",
        )
    )
)
_QUOTED = re.compile(r'"[^"\n]*"')
_NO_SUCH_JOB = re.compile(r"does not exist|invalid queue or job|do not exist|job (id|name) \S+ not found")
_DONE = re.compile(r"has (registered|deleted)|modified hold|suspended job|already in deletion")
# Not shared with this host, or not readable; or no job has ended yet since the cluster was made.
_NO_ACCOUNTING = re.compile(r"accounting: No such file|unable to open \S*accounting")


class GridEngine(Drm):
    """Grid Engine by its own commands: qstat's XML, qacct's text."""

    name = "gridengine"
    # qsub alone could be PBS's.
    # Debian's: it looks for the architecture twice, 60 ms of the 70 that a command takes.
    wrapper = Wrapper(
        script="/usr/share/gridengine/gridengine-wrapper",
        programs="/usr/lib/gridengine",
        settings="/etc/default/gridengine",
        defaults={"SGE_ROOT": "/var/lib/gridengine", "SGE_CELL": "default"},
    )
    executables = ("qsub", "qstat", "qdel", "qacct", "qconf")
    # Not here: nodes (a parallel environment spreads the slots), gpus (a complex of each site's own) and depends_on
    # (-hold_jid waits for an end, be it good or bad).
    request_fields = frozenset(
        (
            "args",
            "cluster",
            "queue",
            "account",
            "priority",
            "slots",
            "memory_mb",
            "walltime_seconds",
            "array",
            "hold",
            "chdir",
            "stdout",
            "stderr",
            "environment",
            "native_options",
        )
    )
    controls = frozenset(Control)
    untold_ends = frozenset((EndReason.MEMORY, EndReason.CANCELLED))
    states = STATES
    job_id_pattern = re.compile(r"[1-9][0-9]{0,9}(\.[1-9][0-9]{0,9})?")
    # The accounting file is written every 15 seconds (sge_conf(5), flush_time).
    settle_seconds = 20.0

    def job_name(self, request: JobRequest) -> str:
        """Older releases refuse a name that begins with a digit (sge_types(1), object_name)."""
        return "j" + request.job_name if request.job_name[0].isdigit() else request.job_name

    def check_request(self, request: JobRequest) -> None:
        super().check_request(request)
        check(request)

    def native_options(self, request: JobRequest) -> List[str]:
        """qsub's options for the resources, then the user's own, which win."""
        environment, native = parallel_environment(request)
        limits = []
        if request.walltime_seconds:
            limits.append("h_rt=%d" % request.walltime_seconds)
        if request.memory_mb:
            # A limit of h_vmem is for each slot.
            limits.append("h_vmem=%dM" % -(-request.memory_mb // (request.slots or 1)))
        options: Tuple[Tuple[str, object], ...] = (
            ("-q", request.queue),
            ("-A", request.account),
            ("-p", request.priority),
            ("-l", ",".join(limits)),
        )
        words = [word for name, value in options if value not in (None, "") for word in (name, str(value))]
        return [*words, *environment, *native]

    def on_node(self, request: JobRequest, node: str) -> JobRequest:
        return replace(request, native_options=(*request.native_options, "-l", "hostname=%s" % node))

    def build_submit(self, request: JobRequest) -> Command:
        return self._submission(request)

    def parse_submit(self, result: CommandResult) -> str:
        # Of an array "90.1-9:3". What a site's profile prints may stand around it.
        found = re.search(r"^([1-9][0-9]*)(\.[0-9]+-[0-9]+:[0-9]+)?$", result.stdout, re.MULTILINE)
        if found is None:
            raise ParseError("qsub", result.stdout)
        return found.group(1)

    def build_dry_run(self, request: JobRequest) -> Optional[Command]:
        return self._submission(request, "-w", "v")

    def _submission(self, request: JobRequest, *more: str) -> Command:
        argv = ["qsub"]
        if request.array:
            tasks, _percent, at_once = request.array.partition("%")
            argv += ["-t", tasks, *(["-tc", at_once] if at_once else [])]
        argv += ["-wd", request.chdir] if request.chdir else []
        argv += output(request)
        argv += ["-h"] if request.hold else []
        shell = interpreter(request.script)
        argv += ["-S", shell] if shell else []
        export, environ = environment(request)
        argv += [*export, *self.native_options(request)]
        # After the user's own options, and stronger than the script's: by the name a submission is found again.
        argv += [*more, "-terse", "-N", self.job_name(request)]
        argv += ["/dev/stdin", *request.args] if request.args else []
        return Command(tuple(argv), stdin=request.script, environ={**_cell(request.cluster), **environ})

    def build_status(self, job_ids: Sequence[str], cluster: str) -> List[Command]:
        return [_qstat("*", cluster, tuple(job_ids))] if job_ids else []

    def parse_status(self, result: CommandResult) -> List[JobStatus]:
        return read_queue(result)

    def build_history(self, job_ids: Sequence[str], cluster: str) -> List[Command]:
        """One question a job, or one for all: qacct takes one job, and reads the whole file for it."""
        numbers = list(dict.fromkeys(job_id.partition(".")[0] for job_id in job_ids))
        if len(numbers) > _MAX_SINGLE_QUESTIONS:
            return [_qacct(cluster, tuple(job_ids))]
        return [_qacct(cluster, tuple(job_ids), number) for number in numbers]

    def parse_history(self, result: CommandResult) -> List[JobStatus]:
        return read_history(result)

    def build_find(self, names: Sequence[str], cluster: str, since: int) -> List[Command]:
        return [_qstat(_user(), cluster, ())]

    def build_find_history(self, names: Sequence[str], cluster: str, since: int) -> List[Command]:
        # Nothing narrows it by time: -b looks at the start, which a job that failed before it does not have.
        # qacct takes one name, or none.
        name = names if len(names) == 1 else ()
        return [_qacct(cluster, (), *name, "-o", _user())]

    def build_control(self, action: Control, job_ids: Sequence[str], cluster: str) -> List[Command]:
        words = {
            Control.CANCEL: ("qdel",),
            Control.HOLD: ("qhold",),
            Control.RELEASE: ("qrls",),
            Control.SUSPEND: ("qmod", "-sj"),
            Control.RESUME: ("qmod", "-usj"),
        }[action]
        return [Command((*words, *some), environ=_cell(cluster)) for some in pieces(job_ids)]

    def classify(self, result: CommandResult) -> Outcome:
        program = result.command.argv[0]
        # qdel, qhold, qrls and qmod tell their errors on stdout.
        said = result.stderr + result.stdout if program not in ("qstat", "qacct") else result.stderr
        if result.timed_out:
            return Outcome.UNREACHABLE
        if result.rc == 0:
            return Outcome.OK
        if program == "qacct" and _NO_ACCOUNTING.search(said):
            return Outcome.NO_ACCOUNTING
        if _UNREACHABLE.search(said):
            return Outcome.UNREACHABLE
        if program == "qsub":
            # Of names of queues and jobs, which stand in quotes, nothing follows.
            return Outcome.REFUSED if _REFUSED.search(_QUOTED.sub("", said)) else Outcome.UNREACHABLE
        return _of_control(said)

    def build_cluster(self, cluster: str) -> List[Command]:
        return gridengine_cluster.commands(_cell(cluster))

    def parse_cluster(self, results: Sequence[CommandResult]) -> ClusterStatus:
        return gridengine_cluster.read(results)

    def output_paths(self, request: JobRequest, job_id: str, home: str) -> Tuple[str, str]:
        name = self.job_name(request)
        return output_path(request, name, job_id, home, "-o"), output_path(request, name, job_id, home, "-e")


def _of_control(said: str) -> Outcome:
    """One command is for many jobs: what it complains of decides, unless all of that is jobs that are not there."""
    complaints = [line for line in said.splitlines() if line.strip() and not _DONE.search(line)]
    unknown = [line for line in complaints if _NO_SUCH_JOB.search(line)]
    return Outcome.NO_SUCH_JOB if unknown and unknown == complaints else Outcome.REFUSED


def _qstat(user: str, cluster: str, job_ids: Tuple[str, ...]) -> Command:
    """All jobs that are there, and those that have ended a while ago (z): qstat -j shows neither holds nor errors."""
    argv = ("qstat", "-u", user, "-s", "prsz", "-xml")
    return Command(argv, environ=dict(_cell(cluster), TZ="UTC0"), job_ids=job_ids)


def _qacct(cluster: str, job_ids: Tuple[str, ...], *which: str) -> Command:
    return Command(("qacct", "-j", *which), environ=dict(_cell(cluster), TZ="UTC0"), job_ids=job_ids)


def _user() -> str:
    return pwd.getpwuid(os.geteuid()).pw_name


def _cell(cluster: str) -> Dict[str, str]:
    """Another cluster of the same host is another cell of $SGE_ROOT."""
    return {"SGE_CELL": cluster} if cluster else {}
