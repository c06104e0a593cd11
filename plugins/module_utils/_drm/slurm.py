# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Slurm: sbatch, squeue, sacct, scontrol and scancel of 22.05 and newer (their manual pages; what they print was read off 22.05.8 and 24.11.5)."""

from __future__ import annotations

import os
import re
import time
from typing import Dict, Iterator, List, Optional, Sequence, Tuple

from .errors import ParseError
from .interface import Drm
from .model import Command, CommandResult, Control, EndReason, JobRequest, JobState, JobStatus, Outcome

# A job's name may hold what separates columns elsewhere; nobody types a unit separator. The name comes last all the same.
_SEP = "\x1f"
_QUEUE_FIELDS = (
    "JobArrayID",
    "ArrayJobID",
    "State",
    "exit_code",
    "Reason",
    "SubmitTime",
    "StartTime",
    "EndTime",
    "Partition",
    "NodeList",
    "UserName",
    "Name",
)
_HISTORY_FIELDS = ("jobid", "state", "exitcode", "reason", "submit", "start", "end", "partition", "nodelist", "user", "jobname")
# Times as epoch seconds: local time without a zone cannot be compared.
_TIMES = {"SLURM_TIME_FORMAT": "%s"}
_IDS_BYTES = 60 * 1024

_UNREACHABLE = re.compile(
    r"Unable to contact|Connection refused|Connection timed out|Socket timed out|Zero Bytes were transmitted|Transport endpoint"
    r"|Communication connection failure|Message (?:receive|send) failure|Unexpected message received|No route to host|Protocol authentication error"
    r"|Problem talking to the database|temporarily unable to accept|SlurmDBD|open_persist_conn|cannot stat file|DNS SRV|authentication error",
    re.IGNORECASE,
)
_NO_SUCH_JOB = re.compile(r"Invalid job id|Job/step already completing or completed|Job has finished|already (?:completing|completed|finished)", re.IGNORECASE)
_NO_ACCOUNTING = re.compile(r"accounting storage is disabled", re.IGNORECASE)

_STATES: Dict[str, JobState] = {
    "PENDING": JobState.QUEUED,
    "CONFIGURING": JobState.QUEUED,
    "REQUEUED": JobState.QUEUED,
    "REQUEUE_FED": JobState.QUEUED,
    "RESV_DEL_HOLD": JobState.HELD,
    "REQUEUE_HOLD": JobState.HELD,
    "SPECIAL_EXIT": JobState.HELD,
    "RUNNING": JobState.RUNNING,
    # Its processes may have ended, but its end is not written down before its nodes are clean.
    "COMPLETING": JobState.RUNNING,
    "RESIZING": JobState.RUNNING,
    "SIGNALING": JobState.RUNNING,
    "STAGE_OUT": JobState.RUNNING,
    "STOPPED": JobState.SUSPENDED,
    "SUSPENDED": JobState.SUSPENDED,
    "COMPLETED": JobState.DONE,
    "FAILED": JobState.FAILED,
    "TIMEOUT": JobState.FAILED,
    "OUT_OF_MEMORY": JobState.FAILED,
    "NODE_FAIL": JobState.FAILED,
    "BOOT_FAIL": JobState.FAILED,
    "LAUNCH_FAILED": JobState.FAILED,
    "DEADLINE": JobState.FAILED,
    "PREEMPTED": JobState.FAILED,
    "CANCELLED": JobState.CANCELLED,
    # A federation runs the job elsewhere: its end is not this cluster's to tell.
    "REVOKED": JobState.UNKNOWN,
}
_END_REASONS = {
    "TIMEOUT": EndReason.WALLTIME,
    "OUT_OF_MEMORY": EndReason.MEMORY,
    "NODE_FAIL": EndReason.NODE_FAILURE,
    "BOOT_FAIL": EndReason.NODE_FAILURE,
    "LAUNCH_FAILED": EndReason.OTHER,
    "DEADLINE": EndReason.OTHER,
    "PREEMPTED": EndReason.PREEMPTED,
    "CANCELLED": EndReason.CANCELLED,
}
_HELD_REASONS = ("JobHeldUser", "JobHeldAdmin", "JobHoldMaxRequeue")
# slurm_errno.h's and slurmd's own: the batch script never started.
_NOT_STARTED_SIGNAL = 53
_LAST_REAL_SIGNAL = 64


class Slurm(Drm):
    """Slurm by its commands."""

    name = "slurm"
    executables = ("sbatch", "squeue", "scancel", "scontrol")
    request_fields = frozenset(
        (
            "args cluster queue account priority slots nodes gpus memory_mb walltime_seconds array depends_on hold chdir stdout stderr environment"
            " native_options"
        ).split()
    )
    controls = frozenset(Control)
    states = _STATES
    job_id_pattern = re.compile(r"[1-9][0-9]{0,17}(_[0-9]{1,9})?")

    def native_options(self, request: JobRequest) -> List[str]:
        """sbatch's options for the resources. ``--mem`` is per node, ``--nice`` counts the other way round than a priority."""
        nodes = request.nodes or 1
        options: List[Tuple[str, object]] = [
            ("partition", request.queue),
            ("account", request.account),
            ("nice", -request.priority if request.priority is not None else None),
            ("nodes", request.nodes or (1 if request.slots else None)),
            ("ntasks", request.slots if nodes > 1 else (1 if request.slots else None)),
            ("cpus-per-task", request.slots if nodes == 1 else None),
            ("gpus", request.gpus),
            ("mem", "%dM" % -(-request.memory_mb // nodes) if request.memory_mb else None),
            ("time", _clock(request.walltime_seconds) if request.walltime_seconds else None),
        ]
        return ["--%s=%s" % (name, value) for name, value in options if value not in (None, "")] + list(request.native_options)

    def build_submit(self, request: JobRequest) -> Command:
        argv = ["sbatch", "--parsable", *self._submit_options(request), "/dev/stdin", *request.args]
        return Command(tuple(argv), stdin=request.script, environ=request.environment)

    def build_dry_run(self, request: JobRequest) -> Optional[Command]:
        argv = ["sbatch", "--test-only", *self._submit_options(request), "/dev/stdin", *request.args]
        return Command(tuple(argv), stdin=request.script, environ=request.environment)

    def _submit_options(self, request: JobRequest) -> List[str]:
        options = ["--job-name=%s" % request.job_name, "--chdir=%s" % request.chdir]
        # Names alone: a value may hold commas. Without this the job would get Ansible's whole environment; with it, a login's on the node.
        options.append("--export=%s" % (",".join(request.environment) or "NONE"))
        options += ["--clusters=%s" % request.cluster] if request.cluster else []
        options += ["--array=%s" % request.array] if request.array else []
        if request.depends_on:
            # Without the second one a job whose dependency failed stays pending for ever.
            options += ["--dependency=afterok:%s" % ":".join(request.depends_on), "--kill-on-invalid-dep=yes"]
        options += ["--hold"] if request.hold else []
        options += ["--output=%s" % request.stdout] if request.stdout else []
        options += ["--error=%s" % request.stderr] if request.stderr else []
        return options + self.native_options(request)

    def parse_submit(self, result: CommandResult) -> str:
        """``--parsable`` prints the id, and the cluster behind a semicolon; a site's submit plugin may print lines before it."""
        lines = result.stdout.strip().splitlines()
        job_id = lines[-1].partition(";")[0].strip() if lines else ""
        if not self.job_id_pattern.fullmatch(job_id):
            raise ParseError("submission", result.stdout)
        return job_id

    def build_status(self, job_ids: Sequence[str], cluster: str) -> List[Command]:
        return [self._queue(cluster, "--jobs=%s" % ids) for ids in _batches(job_ids)]

    def _queue(self, cluster: str, *selection: str) -> Command:
        columns = ",".join("%s:%s" % (name, _SEP) for name in _QUEUE_FIELDS)
        argv = ["squeue", "--noheader", "--all", "--array", "--states=all", "--Format=%s" % columns, *selection]
        return Command((*argv, *_on(cluster)), environ=_TIMES)

    def parse_status(self, result: CommandResult) -> List[JobStatus]:
        rows = []
        for line in _lines(result.stdout, "squeue", len(_QUEUE_FIELDS)):
            job_id, array_id, state, code, reason, submit, start, end, queue, nodes, owner = line[:11]
            times = {"submit_time": _epoch(submit), "start_time": _epoch(start), "end_time": _epoch(end)}
            rows.append(_status(job_id, array_id, state, _wait_status(code), reason, queue, nodes, owner, line[11], times))
        return rows

    def build_history(self, job_ids: Sequence[str], cluster: str) -> List[Command]:
        return [self._history(cluster, "--jobs=%s" % ids) for ids in _batches(job_ids)]

    def _history(self, cluster: str, *selection: str) -> Command:
        argv = ["sacct", "--noheader", "--allocations", "--parsable2", "--delimiter=%s" % _SEP, "--format=%s" % ",".join(_HISTORY_FIELDS), *selection]
        return Command((*argv, *_on(cluster)), environ=_TIMES)

    def parse_history(self, result: CommandResult) -> List[JobStatus]:
        rows = []
        for line in _lines(result.stdout, "sacct", len(_HISTORY_FIELDS)):
            job_id, state, code, reason, submit, start, end, queue, nodes, owner = line[:10]
            times = {"submit_time": _epoch(submit), "start_time": _epoch(start), "end_time": _epoch(end)}
            rows.append(_status(job_id, job_id.partition("_")[0], state, _wait_status(code), reason, queue, nodes, owner, line[10], times))
        return rows

    def build_find(self, request: JobRequest, since: int) -> Tuple[Command, Optional[Command]]:
        name = "--name=%s" % request.job_name
        begin = "--starttime=%s" % time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(since))
        return self._queue(request.cluster, "--me", name), self._history(request.cluster, name, begin)

    def build_control(self, action: Control, job_ids: Sequence[str], cluster: str) -> List[Command]:
        if action is Control.CANCEL:
            return [Command(("scancel", *_on(cluster), *job_ids))]
        return [Command(("scontrol", *_on(cluster), action.value, job_id)) for job_id in job_ids]

    def classify(self, result: CommandResult) -> Outcome:
        text = result.stderr + result.stdout
        if _NO_ACCOUNTING.search(text):
            return Outcome.NO_ACCOUNTING
        if result.rc == 0:
            return Outcome.OK
        if result.timed_out or _UNREACHABLE.search(result.stderr):
            return Outcome.UNREACHABLE
        if _NO_SUCH_JOB.search(text):
            return Outcome.NO_SUCH_JOB
        return Outcome.REFUSED

    def output_paths(self, request: JobRequest, job_id: str, home: str) -> Tuple[str, str]:
        default = "slurm-%A_%a.out" if request.array else "slurm-%j.out"
        stdout = os.path.join(request.chdir or home, _expand(request.stdout or default, request, job_id))
        stderr = os.path.join(request.chdir or home, _expand(request.stderr, request, job_id)) if request.stderr else stdout
        return stdout, stderr


def _on(cluster: str) -> Tuple[str, ...]:
    return ("--clusters=%s" % cluster,) if cluster else ()


def _clock(seconds: int) -> str:
    minutes, secs = divmod(seconds, 60)
    return "%d-%02d:%02d:%02d" % (minutes // 1440, minutes // 60 % 24, minutes % 60, secs)


def _batches(job_ids: Sequence[str]) -> Iterator[str]:
    """Ids joined by commas, in texts that are far from the limit of one argument. An element is asked for by its array where it has one."""
    batch: List[str] = []
    size = 0
    for job_id in job_ids:
        if size + len(job_id) > _IDS_BYTES:
            yield ",".join(batch)
            batch, size = [], 0
        batch.append(job_id)
        size += len(job_id) + 1
    if batch:
        yield ",".join(batch)


def _lines(text: str, program: str, columns: int) -> Iterator[List[str]]:
    """Rows of this many columns. With ``--clusters`` a heading stands before them; a name's own line breaks end its row early and are dropped."""
    for line in text.split("\n"):
        if _SEP not in line:
            continue
        fields = line.split(_SEP)
        if len(fields) < columns:
            raise ParseError(program, line)
        yield [field.strip() for field in fields[: columns - 1]] + [fields[columns - 1]]


def _status(
    job_id: str, array_id: str, native: str, code: Optional[int], reason: str, queue: str, nodes: str, owner: str, name: str, times: Dict[str, Optional[int]]
) -> JobStatus:
    word = native.split(" ")[0]
    state = _STATES.get(word, JobState.UNKNOWN)
    if state is JobState.QUEUED and (reason in _HELD_REASONS or "held" in reason):
        state = JobState.HELD
    exit_code, signal, message = _ending(state, word, code)
    end_reason = _END_REASONS.get(word)
    if state is JobState.CANCELLED and reason == "DependencyNeverSatisfied":
        end_reason = EndReason.DEPENDENCY
    elif state is JobState.FAILED and end_reason is None:
        end_reason = EndReason.SIGNAL if signal else (EndReason.OTHER if exit_code is None else None)
    if word not in _STATES:
        message = "Slurm's state %s is not known to this collection" % native
    elif not message and reason not in ("None", "", "NonZeroExitCode"):
        message = reason
    return JobStatus(
        job_id,
        state,
        native_state=native,
        array_id=array_id if "_" in job_id else "",
        name=name,
        owner=owner,
        end_reason=end_reason,
        exit_code=exit_code,
        signal=signal,
        queue=queue,
        nodes=expand_hosts(nodes),
        submit_time=times["submit_time"],
        start_time=times["start_time"],
        end_time=times["end_time"] if state.final else None,
        message=message,
    )


def _ending(state: JobState, native: str, code: Optional[int]) -> Tuple[Optional[int], Optional[int], str]:
    """Exit code, signal and message out of a wait status. Slurm puts words of its own where a signal would be."""
    if not state.final or code is None:
        return None, None, ""
    signal = code & 0x7F
    if native == "FAILED" and signal == _NOT_STARTED_SIGNAL:
        return None, None, "the job could not start: is its working directory there on the node, and can its output be written? (Slurm's exit code 0:53)"
    if 0 < signal <= _LAST_REAL_SIGNAL:
        return None, signal, ""
    if signal or native in ("OUT_OF_MEMORY", "TIMEOUT", "NODE_FAIL", "BOOT_FAIL", "CANCELLED"):
        return None, None, ""
    return code >> 8, None, ""


def _wait_status(text: str) -> Optional[int]:
    """``3:0`` (code and signal), or the plain wait status that squeue of 22.05 prints."""
    if text.isdigit():
        return int(text)
    code, colon, signal = text.partition(":")
    return (int(code) << 8) + int(signal) if colon and code.isdigit() and signal.isdigit() else None


def _epoch(text: str) -> Optional[int]:
    return int(text) if text.isdigit() and int(text) > 0 else None


def expand_hosts(text: str) -> Tuple[str, ...]:
    """Slurm's host list: ``node[01-03,7],gpu1`` is node01 node02 node03 node7 gpu1."""
    if text in ("", "None assigned", "(null)", "N/A"):
        return ()
    hosts: List[str] = []
    for prefix, ranges, suffix in re.findall(r"([^,\[\]]+)(?:\[([^\]]*)\])?([^,\[\]]*)", text):
        hosts += [prefix + number + suffix for number in _numbers(ranges)] if ranges else [prefix + suffix]
    return tuple(hosts)


def _numbers(ranges: str) -> Iterator[str]:
    for item in ranges.split(","):
        first, dash, last = item.partition("-")
        if not dash:
            yield item
            continue
        for number in range(int(first), int(last) + 1):
            yield str(number).zfill(len(first))


def _expand(pattern: str, request: JobRequest, job_id: str) -> str:
    """sbatch's filename pattern, as far as it is known before the job runs; the rest stays as it is."""
    array_id, _, index = job_id.partition("_")
    known = {"j": job_id, "J": job_id, "A": array_id, "a": index or "4294967294", "x": request.job_name, "%": "%"}

    def one(match: "re.Match[str]") -> str:
        width, letter = match.groups()
        value = known.get(letter)
        if value is None:
            return match.group(0)
        return value.zfill(int(width)) if width and value.isdigit() else value

    return re.sub(r"%(\d{0,2})([A-Za-z%])", one, pattern) if "\\" not in pattern else pattern.replace("\\", "")
