# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""IBM Spectrum LSF, and OpenLava, which speaks its older words. Measured on OpenLava 2.2; LSF after IBM's command reference for 10.1."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Iterator, List, Optional, Sequence, Tuple

from . import lsf_cluster
from .cluster import ClusterStatus
from .errors import InvalidRequestError, ParseError, UnsupportedFieldError
from .interface import Drm
from .lsf_answer import ENVIRON, FIELDS, STATES, read_records
from .lsf_files import given, handed_on, output_options, output_path, script_of
from .lsf_long import read_history, read_jobs
from .model import Command, CommandResult, Control, JobRequest, JobStatus, Outcome
from .word_lists import pieces

_SUBMITTED = re.compile(r"^Job <([1-9][0-9]*)> is submitted to ", re.MULTILINE)
_CONTROLS = {
    Control.CANCEL: "bkill",
    # On a pending job bstop gives PSUSP, on a running one USUSP.
    Control.HOLD: "bstop",
    Control.RELEASE: "bresume",
    Control.SUSPEND: "bstop",
    Control.RESUME: "bresume",
}
# Up to so many names are looked for one by one.
_FEW_NAMES = 3
_READERS = ("bjobs", "bhist")

# A version that lacks an option says so before it asks anybody. OpenLava's bsub takes no unit after -M (and misspells why).
_NOT_UNDERSTOOD = re.compile(
    r"(invalid|illegal|unrecognized|unknown) option|^Usage\b|MEMLIMI?T value should be", re.I | re.M
)
_WAITING = re.compile(r"still trying|[Pp]lease wait")
_NO_SUCH_JOB = re.compile(
    r"is not found|No (unfinished |matching |pending |running |suspended |DONE/EXIT )?job( array)? ?(is )?found"
    r"|No job found|No matching job|Job has already finished|Job array does not exist"
)
_IN_PROGRESS = re.compile(r"Operation is in progress")
# The library's errors that tell of the way to the daemons and not of the job (OpenLava's lsb.err.c and ls_errmsg). bsub
# prints "Job not submitted" after these too, although the request may have arrived.
_UNREACHABLE = re.compile(
    "|".join(
        (
            "not responding",
            "still trying",
            "[Pp]lease wait",
            "LIM is down",
            "LSF is down",
            "mbatchd is down",
            "daemon is down",
            "try later",
            "[Tt]ime ?out",
            "timed out",
            "[Cc]onnection (refused|reset|closed|timed out)",
            "Server is not connected",
            "[Cc]annot connect",
            "(Network|Host) is (unreachable|down)",
            "No route to host",
            "Broken pipe",
            "Failed in an LSF library call",
            "System call failed",
            "internal error",
            "protocol error",
            "XDR",
            "End of file",
            "Batch service not registered",
            "Fail to bind",
            "daemon cannot fork",
            "Cannot allocate memory",
            "[Uu]nable to (contact|reach|open communication)",
            "Communication",
            "(Unable to|cannot|could not|failed to) resolve",
            "Temporary failure in name resolution",
            "Slave LIM configuration is not ready",
        )
    )
)
# bhist reads the events' files itself; a site may not let users do that.
_NO_ACCOUNTING = re.compile(
    r"lsb\.events?\S*.*(Permission denied|No such file|[Cc]annot open)|(open|stat).*lsb\.events"
)


class Lsf(Drm):
    """LSF by its own commands: the queue in JSON where bjobs has it, else in its long form; the history in bhist's long form."""

    name = "lsf"
    executables = ("bsub", "bjobs", "bkill", "bhist")
    request_fields = frozenset(
        (
            "args",
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
    controls = frozenset(Control)
    states = STATES
    job_id_pattern = re.compile(r"[1-9][0-9]{0,9}(\[[1-9][0-9]{0,9}\])?")

    def check_request(self, request: JobRequest) -> None:
        super().check_request(request)
        script_of(request)
        nodes, slots = request.nodes or 1, request.slots or request.nodes or 1
        if -(-slots // -(-slots // nodes)) != nodes:
            said = "LSF places the same number of slots on each node, so %d slots cannot be on exactly %d nodes"
            raise InvalidRequestError("nodes", said % (slots, nodes))
        if request.gpus and request.gpus % nodes:
            said = "LSF gives each node the same number of GPUs, and %d is no multiple of %d nodes"
            raise InvalidRequestError("gpus", said % (request.gpus, nodes))
        if re.search(r"(^|,)0", request.array):
            raise InvalidRequestError("array", "LSF counts an array's elements from 1, and %r has a 0" % request.array)

    def native_options(self, request: JobRequest) -> List[str]:
        """bsub's options for the resources, then the user's own, which win."""
        return [*_resources(request, "MB"), *request.native_options]

    def on_node(self, request: JobRequest, node: str) -> JobRequest:
        return replace(request, native_options=(*request.native_options, "-m", node))

    def build_submit(self, request: JobRequest) -> Command:
        older = self._submission(request, None) if request.memory_mb else None
        return self._submission(request, "MB", older)

    def _submission(self, request: JobRequest, unit: Optional[str], otherwise: Optional[Command] = None) -> Command:
        after = " && ".join("done(%s)" % job_id for job_id in request.depends_on)
        argv = ["bsub", *(["-w", after] if after else []), *(["-H"] if request.hold else [])]
        argv += [*output_options(request), *_resources(request, unit), *request.native_options]
        # The name comes after the user's own options: by it a submission is found again.
        argv += ["-J", _array_name(request)]
        return Command(
            tuple(argv),
            stdin=script_of(request),
            environ=handed_on(request.environment),
            # A job starts in the directory it was submitted from; OpenLava has no -cwd.
            directory=request.chdir,
            otherwise=otherwise,
        )

    def parse_submit(self, result: CommandResult) -> str:
        # BSUB_STDERR=y in the site's environment sends it to the other stream.
        found = _SUBMITTED.findall(result.stdout) or _SUBMITTED.findall(result.stderr)
        if len(found) != 1:
            raise ParseError("bsub", result.stdout)
        return str(found[0])

    def build_status(self, job_ids: Sequence[str], cluster: str) -> List[Command]:
        return [_bjobs(*ids) for ids in pieces(job_ids)]

    def parse_status(self, result: CommandResult) -> List[JobStatus]:
        return read_records(result) if "-json" in result.command.argv else read_jobs(result)

    def build_history(self, job_ids: Sequence[str], cluster: str) -> List[Command]:
        return [_bhist(*ids) for ids in pieces(job_ids)]

    def parse_history(self, result: CommandResult) -> List[JobStatus]:
        return read_history(result)

    def build_find(self, names: Sequence[str], cluster: str, since: int) -> List[Command]:
        return [_bjobs("-a", *which) for which in _named(names)]

    def build_find_history(self, names: Sequence[str], cluster: str, since: int) -> List[Command]:
        return [_bhist("-a", *which) for which in _named(names)]

    def build_control(self, action: Control, job_ids: Sequence[str], cluster: str) -> List[Command]:
        return [Command((_CONTROLS[action], *ids)) for ids in pieces(job_ids)]

    def classify(self, result: CommandResult) -> Outcome:
        program = result.command.argv[0]
        if result.timed_out:
            return Outcome.UNREACHABLE
        if result.rc and result.command.otherwise and _NOT_UNDERSTOOD.search(result.stderr):
            return Outcome.NOT_UNDERSTOOD
        if program == "bsub":
            return _of_submission(result)
        if result.rc == 0 and (program not in _READERS or result.stdout.strip()):
            return Outcome.OK
        said = "%s\n%s" % (result.stderr, result.stdout if program == "bhist" else "")
        lines = [line for line in said.split("\n") if line.strip() and not _WAITING.search(line)]
        if lines and all(_NO_SUCH_JOB.search(line) or _IN_PROGRESS.search(line) for line in lines):
            return Outcome.OK if _IN_PROGRESS.search(said) else Outcome.NO_SUCH_JOB
        # A question that got no word in answer was not answered.
        if _UNREACHABLE.search(result.stderr) or result.rc == 0:
            return Outcome.UNREACHABLE
        if program == "bhist" and _NO_ACCOUNTING.search(result.stderr):
            return Outcome.NO_ACCOUNTING
        return Outcome.REFUSED

    def build_cluster(self, cluster: str) -> List[Command]:
        if cluster:
            raise UnsupportedFieldError(self.name, ["cluster"])
        return lsf_cluster.commands()

    def parse_cluster(self, results: Sequence[CommandResult]) -> ClusterStatus:
        return lsf_cluster.read(results)

    def output_paths(self, request: JobRequest, job_id: str, home: str) -> Tuple[str, str]:
        return output_path(request, job_id, home, "stdout"), output_path(request, job_id, home, "stderr")


def _of_submission(result: CommandResult) -> Outcome:
    """With ``-K`` among the user's options bsub ends as the job does: what counts is whether it names one."""
    if _SUBMITTED.search(result.stdout) or _SUBMITTED.search(result.stderr):
        return Outcome.OK
    if result.rc == 0:
        return Outcome.UNREACHABLE
    refused = "not submitted" in result.stderr or _NOT_UNDERSTOOD.search(result.stderr)
    return Outcome.REFUSED if refused and not _UNREACHABLE.search(result.stderr) else Outcome.UNREACHABLE


def _resources(request: JobRequest, unit: Optional[str]) -> Iterator[str]:
    """``unit`` None: the older words, in which -M is in KB and rusage in MB, whatever LSF_UNIT_FOR_LIMITS says."""
    nodes, slots = request.nodes or 1, request.slots or request.nodes
    needs = []
    if nodes > 1 and slots:
        needs.append("span[ptile=%d]" % -(-slots // nodes))
    elif slots:
        needs.append("span[hosts=1]")
    if request.memory_mb:
        # Reserved on each host; the limit is the whole job's.
        needs.append("rusage[mem=%d%s]" % (-(-request.memory_mb // nodes), unit or ""))
    options = (
        ("-q", request.queue),
        ("-P", request.account),
        ("-sp", request.priority),
        ("-n", slots),
        ("-gpu", "num=%d" % (request.gpus // nodes) if request.gpus else None),
        ("-R", " ".join(needs)),
        ("-M", _memory_limit(request.memory_mb, unit)),
        ("-W", _minutes(request.walltime_seconds)),
    )
    for name, value in options:
        # Of two -M or -W OpenLava takes the first.
        if value not in (None, "") and not (name in ("-M", "-W") and given(request.native_options, name)):
            yield from (name, str(value))


def _memory_limit(memory_mb: Optional[int], unit: Optional[str]) -> str:
    if not memory_mb:
        return ""
    return "%d%s" % (memory_mb, unit) if unit else str(memory_mb * 1024)


def _minutes(seconds: Optional[int]) -> str:
    """LSF has no seconds: a started minute is a whole one."""
    minutes = -(-seconds // 60) if seconds else 0
    return "%d:%02d" % (minutes // 60, minutes % 60) if minutes else ""


def _array_name(request: JobRequest) -> str:
    if not request.array:
        return request.job_name
    indices, percent, limit = request.array.partition("%")
    return "%s[%s]%s%s" % (request.job_name, indices, percent, limit)


def _bjobs(*which: str) -> Command:
    older = Command(("bjobs", "-l", *which), environ=ENVIRON)
    return Command(("bjobs", "-o", " ".join(FIELDS), "-json", *which), environ=ENVIRON, otherwise=older)


def _named(names: Sequence[str]) -> List[Tuple[str, ...]]:
    """A question takes one name; for many all of the caller's jobs are asked for at once."""
    return [("-J", name) for name in names] if len(names) <= _FEW_NAMES else [()]


def _bhist(*which: str) -> Command:
    # All event files: a busy server starts a new one each thousand jobs.
    return Command(("bhist", "-n", "0", "-l", *which), environ=ENVIRON)
