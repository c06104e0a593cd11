# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTCondor, by its own commands. Measured on 23.9.6."""

from __future__ import annotations

import os
import pwd
import re
from dataclasses import replace
from typing import Hashable, List, Optional, Sequence, Tuple

from . import htcondor_cluster
from .cluster import ClusterStatus
from .errors import ParseError
from .htcondor_answer import ATTRIBUTES, STATES, read_jobs
from .htcondor_description import (
    ARRAY_INDEX,
    USER,
    array_indices,
    check_encoded,
    description,
    description_of_many,
    group,
    job_commands,
    output_path,
)
from .htcondor_words import check_native, resource_commands
from .interface import Drm
from .model import Answer, Command, CommandResult, Control, JobRequest, JobStatus, Outcome
from .word_lists import pieces

# From here on jobs are asked for by ranges of clusters, which may hold a few more; so near to each other two are in one.
_MOST_SINGLE_IDS = 100
_NEAR = 20

_PROGRAMS = {
    Control.CANCEL: "condor_rm",
    Control.HOLD: "condor_hold",
    Control.RELEASE: "condor_release",
    Control.SUSPEND: "condor_suspend",
    Control.RESUME: "condor_continue",
}
# What condor_submit says when it has turned a description down: its jobs become jobs in one step at the end, so none of them was
# submitted. Any failure that is not known to be such a one may have been a submission, and is asked for by its name.
_REFUSED = re.compile(
    "|".join(
        (
            "Parse error in expression",
            "No such (directory|file or directory)",
            "does not exist",
            "[Ii]nvalid",
            "not valid",
            "must (be|eval)",
            "jobs? require",
            "not defined for",
            "parameter was provided",
            "I don't know about",
            "Cannot allocate a cluster id",
            "Failed to create proc",
            "unknown host",
            "[Pp]ermission denied",
        )
    )
)
_UNREACHABLE = re.compile(
    "|".join(
        (
            "Can't find address",
            "[Ff]ailed to (connect|fetch|end|send|receive)",
            "[Cc]ommunication error",
            "CEDAR:",
            "SECMAN:",
            "AUTHENTICATE:",
            "[Cc]onnection (refused|reset|closed|timed out)",
            "[Tt]imed out",
            "[Uu]nable to (locate|connect|contact)",
            "no record of",
            "[Cc]an't connect",
            "Could not (connect|fetch|locate)",
        )
    )
)
_LAST_STEP = "Failed to commit job submission into the queue."
# The history is a file of the schedd's, which a site may turn off or keep to itself.
_NO_ACCOUNTING = re.compile(r"HISTORY is unset|Error opening history file")
# The same words for a job that is not there, one that is not in the state for it, and one of another user's whose id is a cluster's.
_NO_SUCH_JOB = re.compile(
    r"Couldn't find/|not found|already marked for removal|already (held|suspended)|not held to be"
)


class HTCondor(Drm):
    """HTCondor by condor_submit, condor_q, condor_history and the commands that act on jobs."""

    name = "htcondor"
    executables = ("condor_submit", "condor_q", "condor_history", "condor_rm")
    request_fields = frozenset(
        (
            "args",
            "cluster",
            "account",
            "priority",
            "slots",
            "gpus",
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
    job_id_pattern = re.compile(r"[1-9][0-9]{0,9}(\.[0-9]{1,9})?")

    def check_request(self, request: JobRequest) -> None:
        super().check_request(request)
        check_native(request)
        check_encoded(request)
        array_indices(request.array)

    def native_options(self, request: JobRequest) -> List[str]:
        """Commands of a submit description: the resources', then the user's own, of which the last one counts."""
        return [*resource_commands(request), *request.native_options]

    def on_node(self, request: JobRequest, node: str) -> JobRequest:
        return replace(request, native_options=(*request.native_options, 'requirements = (Machine == "%s")' % node))

    def build_submit(self, request: JobRequest) -> Command:
        return self._submission(request, "-terse")

    def parse_submit(self, result: CommandResult) -> str:
        cluster, first, last = _range(result)
        # At the beginning of a line: a script may say anything, but not there.
        is_array = first != last or "\nMy.%s = " % ARRAY_INDEX in (result.command.stdin or "")
        return cluster if is_array else "%s.%d" % (cluster, first)

    def submission_group(self, request: JobRequest) -> Optional[Hashable]:
        return group(request, self.native_options(request))

    def build_submit_many(self, requests: Sequence[JobRequest]) -> Command:
        if len(requests) == 1:
            return self.build_submit(requests[0])
        user = _user()
        text = description_of_many([job_commands(each, self.native_options(each), user) for each in requests])
        return _submit(requests[0].cluster, text, "-terse")

    def parse_submit_many(self, result: CommandResult, requests: Sequence[JobRequest]) -> List[Answer]:
        """All or none: the processes of one cluster, in the sequence of their requests."""
        if len(requests) == 1:
            return [Answer(self.parse_submit(result))]
        cluster, first, last = _range(result)
        if (first, last) != (0, len(requests) - 1):
            raise ParseError("condor_submit", result.stdout)
        return [Answer("%s.%d" % (cluster, process)) for process in range(last + 1)]

    def build_dry_run(self, request: JobRequest) -> Optional[Command]:
        # The first dash is where the job's ClassAd goes to.
        return self._submission(request, "-dry-run", "-")

    def _submission(self, request: JobRequest, *how: str) -> Command:
        return _submit(request.cluster, description(request, self.native_options(request), _user()), *how)

    def build_status(self, job_ids: Sequence[str], cluster: str) -> List[Command]:
        return [_about(job_ids, "condor_q", cluster, "-allusers", *which) for which in _which(job_ids)]

    def parse_status(self, result: CommandResult) -> List[JobStatus]:
        return read_jobs(result)

    def build_history(self, job_ids: Sequence[str], cluster: str) -> List[Command]:
        """The newest come first: once all are found, the rest of the history need not be read."""
        return [_about(job_ids, "condor_history", cluster, *_limit(which), *which) for which in _which(job_ids)]

    def parse_history(self, result: CommandResult) -> List[JobStatus]:
        return read_jobs(result)

    def build_find(self, names: Sequence[str], cluster: str, since: int) -> List[Command]:
        return [_ask("condor_q", cluster, "-allusers", "-constraint", named) for named in _named(names)]

    def build_find_history(self, names: Sequence[str], cluster: str, since: int) -> List[Command]:
        return [_ask("condor_history", cluster, "-constraint", named) for named in _named(names)]

    def build_control(self, action: Control, job_ids: Sequence[str], cluster: str) -> List[Command]:
        start = (_PROGRAMS[action], *_schedd(cluster))
        if action is Control.CANCEL:
            return [Command((*start, *ids)) for ids in pieces(job_ids)]
        # One job a command: the answer for several does not tell what became of each.
        return [Command((*start, job_id)) for job_id in job_ids]

    def classify(self, result: CommandResult) -> Outcome:
        program, said = result.command.argv[0], result.stderr
        if result.timed_out:
            return Outcome.UNREACHABLE
        if result.rc == 0:
            return Outcome.OK
        if program == "condor_submit":
            return Outcome.REFUSED if _turned_down(said) else Outcome.UNREACHABLE
        if program == "condor_history" and _NO_ACCOUNTING.search(said):
            return Outcome.NO_ACCOUNTING
        if _UNREACHABLE.search(said) or "unknown host" in said:
            return Outcome.UNREACHABLE
        return Outcome.NO_SUCH_JOB if _NO_SUCH_JOB.search(said) else Outcome.REFUSED

    def build_cluster(self, cluster: str) -> List[Command]:
        return htcondor_cluster.commands()

    def parse_cluster(self, results: Sequence[CommandResult]) -> ClusterStatus:
        return htcondor_cluster.read(results)

    def output_paths(self, request: JobRequest, job_id: str, home: str) -> Tuple[str, str]:
        stdout = output_path(request, job_id, home, request.stdout)
        return stdout, output_path(request, job_id, home, request.stderr) if request.stderr else stdout


def _submit(cluster: str, text: str, *how: str) -> Command:
    return Command(("condor_submit", *_schedd(cluster), *how, "-"), stdin=text)


def _range(result: CommandResult) -> Tuple[str, int, int]:
    """The cluster that condor_submit has made, and its first and last process. Raises ParseError."""
    found = re.search(r"^([1-9][0-9]*)\.([0-9]+) - \1\.([0-9]+)$", result.stdout, re.MULTILINE)
    if found is None:
        raise ParseError("condor_submit", result.stdout)
    return found.group(1), int(found.group(2)), int(found.group(3))


def _turned_down(said: str) -> bool:
    """True where it is known that condor_submit has submitted nothing."""
    if _UNREACHABLE.search(said):
        return False
    if _LAST_STEP in said:
        # A schedd that answered says why, in the words of its SUBMIT_REQUIREMENTs; one that was gone says nothing.
        return re.search("^ERROR: .", said.partition(_LAST_STEP)[2], re.MULTILINE) is not None
    return _REFUSED.search(said) is not None


def _ask(program: str, cluster: str, *which: str) -> Command:
    return Command((program, *_schedd(cluster), "-json", "-attributes", ",".join(ATTRIBUTES), *which))


def _about(job_ids: Sequence[str], program: str, cluster: str, *which: str) -> Command:
    return replace(_ask(program, cluster, *which), job_ids=tuple(job_ids))


def _which(job_ids: Sequence[str]) -> List[Tuple[str, ...]]:
    """These ids, or for many of them the ranges that their clusters are in: it compares each job that it has with each id."""
    if len(job_ids) <= _MOST_SINGLE_IDS:
        return list(pieces(job_ids))
    ranges: List[List[int]] = []
    for number in sorted({int(job_id.partition(".")[0]) for job_id in job_ids}):
        if ranges and number - ranges[-1][1] <= _NEAR:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    texts = ["(ClusterId >= %d && ClusterId <= %d)" % (first, last) for first, last in ranges]
    return [("-constraint", " || ".join(some)) for some in pieces(texts, around=4)]


def _schedd(cluster: str) -> Tuple[str, ...]:
    return ("-name", cluster) if cluster else ()


def _limit(which: Sequence[str]) -> Tuple[str, ...]:
    """How many rows there can be; a range, or a cluster's id, may stand for any number of jobs."""
    return ("-limit", str(len(which))) if all(re.fullmatch(r"[0-9]+\.[0-9]+", word) for word in which) else ()


def _named(names: Sequence[str]) -> List[str]:
    """Constraints: by the exact names, case included, and by the account here, which the schedd may know under another name."""
    user = '%s =?= "%s"' % (USER, _quoted(_user()))
    return [
        "%s && (%s)" % (user, " || ".join('JobBatchName =?= "%s"' % name for name in some))
        for some in pieces(names, around=24)
    ]


def _user() -> str:
    return pwd.getpwuid(os.geteuid()).pw_name


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
