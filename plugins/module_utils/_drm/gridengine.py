# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Grid Engine (SGE, Son of Grid Engine, Open Grid Scheduler, Univa and Altair), by its commands. Measured on 8.1.9."""

from __future__ import annotations

import os
import pwd
import re
from typing import Dict, List, Mapping, Optional, Sequence, Tuple

from . import gridengine_cluster
from .cluster import ClusterStatus
from .errors import InvalidRequestError, ParseError
from .gridengine_answer import STATES, read_history, read_queue
from .gridengine_files import directives, interpreter, output_path
from .interface import Drm
from .model import Command, CommandResult, Control, JobRequest, JobStatus, Outcome
from .word_lists import MAX_LIST_LENGTH, pieces

# qacct reads the whole accounting file for each job that it is asked for: from here on, once for all of them.
_MAX_SINGLE_QUESTIONS = 4
# A value that -v takes as it stands, so that a PATH for the job is not qsub's own.
_PLAIN_VALUE = re.compile(r"[A-Za-z0-9_./:=+@-]{1,4000}")
# With these qsub waits for the job and deletes it when the wait is cut off, submits nothing, or takes something else
# for the script. -sync n on the command line is no help against the script's own -sync y.
_NOT_FOR_US = ("-sync", "-now", "-I", "-verify", "-b", "-C", "-@", "-t", "-terse", "-help")
# qsub(1), -t: one range of numbers from 1 on; -tc: how many at once.
_ARRAY = re.compile(r"([0-9]+(?:-[0-9]+(?::[0-9]+)?)?)(?:%([0-9]+))?")

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
_NO_SUCH_JOB = re.compile(r"does not exist|invalid queue or job|do not exist|job (id|name) \S+ not found")
_DONE = re.compile(r"has (registered|deleted)|modified hold|suspended job|already in deletion")
# Not shared with this host, or not readable; or no job has ended yet since the cluster was made.
_NO_ACCOUNTING = re.compile(r"accounting: No such file|unable to open \S*accounting")


class GridEngine(Drm):
    """Grid Engine by its own commands: qstat's XML, qacct's text."""

    name = "gridengine"
    # qsub alone could be PBS's.
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
    states = STATES
    job_id_pattern = re.compile(r"[1-9][0-9]{0,9}(\.[1-9][0-9]{0,9})?")
    # The accounting file is written every 15 seconds (sge_conf(5), flush_time).
    settle_seconds = 20.0

    def job_name(self, request: JobRequest) -> str:
        """Older releases refuse a name that begins with a digit (sge_types(1), object_name)."""
        return "j" + request.job_name if request.job_name[0].isdigit() else request.job_name

    def check_request(self, request: JobRequest) -> None:
        super().check_request(request)
        self._check_array(request.array)
        _parallel_environment(request)
        _check_options("native_options", request.native_options)
        _check_options("script", directives(request.script))
        for field in ("stdout", "stderr"):
            if "," in getattr(request, field):
                raise InvalidRequestError(field, "Grid Engine takes no comma in the path of an output file")
        if ":" in request.account:
            raise InvalidRequestError("account", "Grid Engine takes no colon in an account")
        for name, value in request.environment.items():
            if "\\n" in value:
                said = "%s: of a backslash before an n Grid Engine makes the end of a line. Set it in the script" % name
                raise InvalidRequestError("environment", said)

    def _check_array(self, array: str) -> None:
        if not array:
            return
        found = _ARRAY.fullmatch(array)
        if found is None or found.group(1).split("-")[0].lstrip("0") == "":
            raise InvalidRequestError(
                "array", "%r: Grid Engine takes one range of numbers from 1 on, such as 1-10, 2-20:2 or 1-10%%4" % array
            )

    def native_options(self, request: JobRequest) -> List[str]:
        """qsub's options for the resources, then the user's own, which win."""
        environment, native = _parallel_environment(request)
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
        argv += _output(request)
        argv += ["-h"] if request.hold else []
        shell = interpreter(request.script)
        argv += ["-S", shell] if shell else []
        export, environ = _environment(request)
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
            return Outcome.REFUSED if _REFUSED.search(said) else Outcome.UNREACHABLE
        return _of_control(said)

    def build_cluster(self, cluster: str) -> List[Command]:
        return gridengine_cluster.commands(_cell(cluster))

    def parse_cluster(self, results: Sequence[CommandResult]) -> ClusterStatus:
        return gridengine_cluster.read(results)

    def output_paths(self, request: JobRequest, job_id: str, home: str) -> Tuple[str, str]:
        name = self.job_name(request)
        return output_path(request, name, job_id, home, "-o"), output_path(request, name, job_id, home, "-e")


def _check_options(field: str, words: Sequence[str]) -> None:
    found = [word for word in words if word in _NOT_FOR_US]
    if found:
        said = "%s: the job is submitted as a script and its end waited for apart (state: finished)" % found[0]
        raise InvalidRequestError(field, said)


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


def _output(request: JobRequest) -> List[str]:
    """A path after a colon is one on every host, whatever colons are in it."""
    words: List[str] = []
    for option, path in (("-o", request.stdout), ("-e", request.stderr)):
        words += [option, ":" + path if ":" in path else path] if path else []
    return words if request.stderr else [*words, "-j", "y"]


def _parallel_environment(request: JobRequest) -> Tuple[List[str], List[str]]:
    """``-pe`` with its number of slots, and the user's other options.

    More than one slot needs a parallel environment, whose name each site chooses: the user names it in the native options, where its
    number may be left out.
    """
    native = list(request.native_options)
    slots = request.slots or 1
    if "-pe" not in native:
        if slots > 1:
            raise InvalidRequestError(
                "slots",
                "Grid Engine gives %d slots only in a parallel environment, and those have names of each site's own (qconf -spl)."
                " Name yours in native_options, for example [-pe, smp]" % slots,
            )
        return [], native
    at = native.index("-pe")
    name = native[at + 1 : at + 2]
    if not name or name[0].startswith("-"):
        raise InvalidRequestError("native_options", "-pe needs the name of a parallel environment")
    number = next(iter(native[at + 2 : at + 3]), "")
    if not re.fullmatch(r"[0-9][0-9,-]*", number):
        return ["-pe", name[0], str(slots)], native[:at] + native[at + 2 :]
    if request.slots and number != str(request.slots):
        raise InvalidRequestError("slots", "%d, but native_options say -pe %s %s" % (slots, name[0], number))
    return ["-pe", name[0], number], native[:at] + native[at + 3 :]


def _environment(request: JobRequest) -> Tuple[List[str], Dict[str, str]]:
    """The request's variables and nothing of the caller's: values that -v would cut at a comma go by name, and qsub looks them up."""
    values: Mapping[str, str] = request.environment
    words, hidden, length = [], {}, 0
    for name, value in sorted(values.items()):
        plain = _PLAIN_VALUE.fullmatch(value) and length < MAX_LIST_LENGTH
        words.append("%s=%s" % (name, value) if plain else name)
        length += len(words[-1]) + 1
        if not plain:
            hidden[name] = value
    return ["-v", ",".join(words)] if words else [], hidden
