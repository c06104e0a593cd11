# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""squeue's and sacct's answers, recorded on 22.05 and 24.11; what each one means was judged by reading it."""

from __future__ import annotations

from typing import NamedTuple, Optional

import pytest

from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.errors import ParseError
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.model import (
    Command,
    CommandResult,
    EndReason,
    JobState,
    JobStatus,
)
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.slurm import Slurm
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.slurm_answer import expand_nodes
from ansible_collections.clusterjobs.drm.tests.unit.helpers.recordings import recorded

DRM = Slurm()
VERSIONS = ["22.05", "24.11"]
CANNOT_OPEN = "Slurm could not open the job's working directory or its output file on the node"

LESS_128 = "sacct shows exit codes above 127 less 128: this may be %d"


class Known(NamedTuple):
    """What is known of how one job is."""

    state: JobState
    native_state: str
    message: str = ""
    end_reason: Optional[EndReason] = None
    exit_code: Optional[int] = None
    signal: Optional[int] = None


def failed(native: str, message: str = "", reason: Optional[EndReason] = None, **how: int) -> Known:
    return Known(JobState.FAILED, native, message, reason, **how)


def cancelled(message: str, reason: EndReason = EndReason.CANCELLED) -> Known:
    return Known(JobState.CANCELLED, "CANCELLED", message, reason)


def pending(state: JobState, message: str) -> Known:
    return Known(state, "PENDING", message)


QUEUE = {
    "completed": Known(JobState.DONE, "COMPLETED", exit_code=0),
    "exit-3": failed("FAILED", "NonZeroExitCode", exit_code=3),
    "exit-137": failed("FAILED", "NonZeroExitCode", exit_code=137),
    "signal-9": failed("FAILED", "ended by signal 9", EndReason.SIGNAL, signal=9),
    "timeout": failed("TIMEOUT", "TimeLimit", EndReason.WALLTIME),
    "out-of-memory": failed("OUT_OF_MEMORY", "OutOfMemory", EndReason.MEMORY),
    "node-fail": failed("NODE_FAIL", "NodeDown", EndReason.NODE_FAILURE),
    "no-workdir": failed("FAILED", CANNOT_OPEN, EndReason.OTHER),
    "cancelled-running": cancelled(""),
    "cancelled-pending": cancelled("BeginTime"),
    "dependency-failed": cancelled("DependencyNeverSatisfied", EndReason.DEPENDENCY),
    "completing": Known(JobState.RUNNING, "COMPLETING"),
    "running": Known(JobState.RUNNING, "RUNNING"),
    # A hold on a running job is for the case that it is requeued.
    "running-held": Known(JobState.RUNNING, "RUNNING", "JobHeldUser"),
    "suspended": Known(JobState.SUSPENDED, "SUSPENDED", "JobHeldUser"),
    "held-user": pending(JobState.HELD, "JobHeldUser"),
    "held-admin": pending(JobState.HELD, "JobHeldAdmin"),
    "requeued": pending(JobState.QUEUED, "BeginTime"),
    "requeued-held": pending(JobState.HELD, "job requeued in held state"),
    "begin": pending(JobState.QUEUED, "BeginTime"),
    "dependency": pending(JobState.QUEUED, "Dependency"),
    "over-limit": pending(JobState.QUEUED, "PartitionTimeLimit"),
    "partition-down": pending(JobState.QUEUED, "PartitionDown"),
    "resources": pending(JobState.QUEUED, "Priority"),
}
HISTORY = {
    "completed": Known(JobState.DONE, "COMPLETED", exit_code=0),
    "exit-3": failed("FAILED", LESS_128 % 131, exit_code=3),
    # The job's script ended with 137. sacct says 9.
    "exit-137": failed("FAILED", LESS_128 % 137, exit_code=9),
    "signal-9": failed("FAILED", "ended by signal 9", EndReason.SIGNAL, signal=9),
    "timeout": failed("TIMEOUT", "", EndReason.WALLTIME),
    "out-of-memory": failed("OUT_OF_MEMORY", "", EndReason.MEMORY),
    "node-fail": failed("NODE_FAIL", "", EndReason.NODE_FAILURE),
    "no-workdir": failed("FAILED", CANNOT_OPEN, EndReason.OTHER),
    "cancelled-running": cancelled("cancelled by uid 2001"),
    "cancelled-pending": cancelled("cancelled by uid 2001"),
    # It does not say for what.
    "dependency-failed": cancelled("cancelled by Slurm itself, as for a failed dependency"),
    "running": Known(JobState.RUNNING, "RUNNING"),
    "suspended": Known(JobState.SUSPENDED, "SUSPENDED"),
    # What the accounting has as the reason of a pending job is old: it does not make a job held.
    "held-user": pending(JobState.QUEUED, ""),
    "requeued": pending(JobState.QUEUED, ""),
}


def known(status: JobStatus) -> Known:
    return Known(status.state, status.native_state, status.message, status.end_reason, status.exit_code, status.signal)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("case", QUEUE)
def test_the_queue_tells(version: str, case: str) -> None:
    [status] = DRM.parse_status(recorded("slurm/%s/%s.queue" % (version, case)))
    assert known(status) == QUEUE[case]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("case", HISTORY)
def test_the_accounting_tells(version: str, case: str) -> None:
    [status] = DRM.parse_history(recorded("slurm/%s/%s.history" % (version, case)))
    assert known(status) == HISTORY[case]


def test_a_deadline_that_passed() -> None:
    [queue] = DRM.parse_status(recorded("slurm/24.11/deadline.queue"))
    assert known(queue) == failed("DEADLINE", "DeadLine", EndReason.OTHER)
    [history] = DRM.parse_history(recorded("slurm/24.11/deadline.history"))
    assert known(history) == failed("DEADLINE", "", EndReason.OTHER)


def test_every_field_of_a_running_job() -> None:
    assert DRM.parse_status(recorded("slurm/22.05/running.queue")) == [
        JobStatus(
            job_id="10",
            state=JobState.RUNNING,
            native_state="RUNNING",
            name="running",
            owner="galaxy",
            queue="main",
            nodes=("slurm22-node",),
            submit_time=1795365136,
            start_time=1795365137,
        )
    ]


@pytest.mark.parametrize("kind", ["queue", "history"])
def test_every_field_of_a_failed_job(kind: str) -> None:
    result = recorded("slurm/24.11/exit-3." + kind)
    [status] = DRM.parse_status(result) if kind == "queue" else DRM.parse_history(result)
    assert status == JobStatus(
        job_id="46",
        state=JobState.FAILED,
        native_state="FAILED",
        name="exit-3-0123456789",
        owner="galaxy",
        exit_code=3,
        queue="main",
        nodes=("slurm24-node",),
        submit_time=1795365650,
        start_time=1795365651,
        end_time=1795365653,
        message={"queue": "NonZeroExitCode", "history": LESS_128 % 131}[kind],
    )


@pytest.mark.parametrize(
    ("name", "submit", "end"),
    [
        # The queue names the time when it expects to start it.
        ("begin.queue", 1795365201, None),
        ("begin.history", 1795365201, None),
        ("requeued.queue", 1795365734, None),
        # The queue names the time when it was cancelled.
        ("cancelled-pending.queue", 1795365201, 1795365212),
        ("cancelled-pending.history", 1795365201, 1795365212),
        ("dependency-failed.queue", 1795366085, 1795366096),
    ],
)
def test_a_job_that_has_not_run_has_no_start(name: str, submit: int, end: Optional[int]) -> None:
    parse = DRM.parse_status if name.endswith("queue") else DRM.parse_history
    [status] = parse(recorded("slurm/24.11/" + name))
    assert (status.submit_time, status.start_time, status.end_time, status.nodes) == (submit, None, end, ())


def test_a_job_that_is_completing_has_no_end_yet() -> None:
    [status] = DRM.parse_status(recorded("slurm/24.11/completing.queue"))
    assert (status.start_time, status.end_time) == (1795365731, None)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_job_that_was_cancelled_while_it_was_held_is_found(version: str) -> None:
    [status] = DRM.parse_history(recorded("slurm/%s/held-cancelled.find" % version))
    assert known(status) == cancelled("cancelled by uid 2001")
    assert status.name == "held-cancelled-abcdef0123"


@pytest.mark.parametrize("version", VERSIONS)
def test_an_array_that_runs(version: str) -> None:
    whole = {"22.05": "44", "24.11": "50"}[version]
    queue = DRM.parse_status(recorded("slurm/%s/array-running.queue" % version))
    assert {row.job_id: (row.array_id, row.state, row.message) for row in queue} == {
        whole + "_1": (whole, JobState.RUNNING, ""),
        whole + "_2": (whole, JobState.RUNNING, ""),
        whole + "_3": (whole, JobState.QUEUED, "JobArrayTaskLimit"),
        whole + "_4": (whole, JobState.QUEUED, "JobArrayTaskLimit"),
        whole + "_5": (whole, JobState.QUEUED, "JobArrayTaskLimit"),
    }
    history = DRM.parse_history(recorded("slurm/%s/array-running.history" % version))
    assert {row.job_id: (row.array_id, row.state) for row in history} == {
        whole + "_1": (whole, JobState.RUNNING),
        whole + "_2": (whole, JobState.RUNNING),
        whole + "_3": (whole, JobState.QUEUED),
        whole + "_4": (whole, JobState.QUEUED),
        whole + "_5": (whole, JobState.QUEUED),
    }


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("kind", ["queue", "history"])
def test_an_array_that_ended(version: str, kind: str) -> None:
    result = recorded("slurm/%s/array-finished.%s" % (version, kind))
    rows = DRM.parse_status(result) if kind == "queue" else DRM.parse_history(result)
    whole = {"22.05": "51", "24.11": "57"}[version]
    assert {row.job_id: (row.array_id, row.state, row.exit_code) for row in rows} == {
        whole + "_1": (whole, JobState.DONE, 0),
        whole + "_2": (whole, JobState.DONE, 0),
        whole + "_3": (whole, JobState.FAILED, 1),
    }


@pytest.mark.parametrize("kind", ["queue", "history"])
def test_an_array_that_was_cancelled_whole(kind: str) -> None:
    """The accounting has one row for all: 39_[0,2,4,6,8,20]."""
    result = recorded("slurm/24.11/array-cancelled." + kind)
    rows = DRM.parse_status(result) if kind == "queue" else DRM.parse_history(result)
    assert [row.job_id for row in rows] == ["39_0", "39_2", "39_4", "39_6", "39_8", "39_20"]
    assert {(row.array_id, row.state) for row in rows} == {("39", JobState.CANCELLED)}


@pytest.mark.parametrize("elements", ["1-99999999", "1,3,..."])
def test_a_row_for_elements_that_cannot_be_told_stays_one(elements: str) -> None:
    result = recorded("slurm/24.11/array-cancelled.history")
    told = CommandResult(result.command, 0, result.stdout.replace("0,2,4,6,8,20", elements), "")
    [row] = DRM.parse_history(told)
    assert (row.job_id, row.array_id, row.state) == ("39_[%s]" % elements, "39", JobState.CANCELLED)


@pytest.mark.parametrize(("version", "first"), [("22.05", 27), ("24.11", 33)])
@pytest.mark.parametrize("kind", ["queue", "history"])
def test_a_name_cannot_pass_for_another_jobs_row(version: str, first: int, kind: str) -> None:
    """One job's name has the text of a row that says that the other job is done."""
    result = recorded("slurm/%s/names.%s" % (version, kind))
    rows = DRM.parse_status(result) if kind == "queue" else DRM.parse_history(result)
    forged = "forged\n%d\x1fCOMPLETED|0:0|1795363027|1795363027\n\n%d|COMPLETED|0:0" % (first, first)
    assert {row.job_id: (row.state, row.name) for row in rows} == {
        str(first): (JobState.QUEUED, "two\nlines | and more"),
        str(first + 1): (JobState.QUEUED, forged),
    }


@pytest.mark.parametrize("version", VERSIONS)
def test_what_the_queue_does_not_know_is_left_out(version: str) -> None:
    assert DRM.parse_status(recorded("slurm/%s/unknown.queue" % version)) == []
    assert DRM.parse_status(recorded("slurm/%s/two-unknown.queue" % version)) == []
    assert DRM.parse_history(recorded("slurm/%s/unknown.history" % version)) == []


@pytest.mark.parametrize("version", VERSIONS)
def test_without_accounting_the_queue_has_the_exit_code(version: str) -> None:
    rows = DRM.parse_status(recorded("slurm/%s/no-accounting.queue" % version))
    assert {row.job_id: (row.state, row.exit_code) for row in rows} == {
        "7": (JobState.FAILED, 137),
        "8": (JobState.DONE, 0),
        "9": (JobState.RUNNING, None),
    }


def changed(old: str, new: str) -> CommandResult:
    result = recorded("slurm/24.11/running.queue")
    assert old in result.stdout
    return CommandResult(result.command, 0, result.stdout.replace(old, new), "")


def test_a_state_that_is_not_in_the_table_is_unknown() -> None:
    [status] = DRM.parse_status(changed("RUNNING", "REINCARNATING"))
    assert (status.state, status.native_state) == (JobState.UNKNOWN, "REINCARNATING")
    assert status.message == "Slurm's state REINCARNATING is not known here"
    assert status.end_time is None


@pytest.mark.parametrize(
    ("reason", "state"),
    [
        ("JobHoldMaxRequeue", JobState.HELD),
        ("launch failed requeued held", JobState.HELD),
        ("launch_failed_requeued_held", JobState.HELD),
        ("job requeued in special exit state", JobState.HELD),
        ("user env retrieval failed requeued held", JobState.HELD),
        (
            "Nodes required for job are DOWN, DRAINED or reserved for jobs in higher priority partitions",
            JobState.QUEUED,
        ),
        ("ReqNodeNotAvail, UnavailableNodes:shield1", JobState.QUEUED),
    ],
)
def test_reasons_that_hold_a_job(reason: str, state: JobState) -> None:
    result = recorded("slurm/24.11/begin.queue")
    told = CommandResult(result.command, 0, result.stdout.replace("BeginTime", reason), "")
    [status] = DRM.parse_status(told)
    assert (status.state, status.message) == (state, reason)


@pytest.mark.parametrize(
    "stdout",
    [
        "squeue: warning: an unexpected banner\n",
        "Slurm accounting storage is disabled\n",
        "not-an-id|2299ace1543e6df6|RUNNING\n",
    ],
)
def test_an_answer_that_is_not_one(stdout: str) -> None:
    command = DRM.build_status(["62"], "")[0]
    with pytest.raises(ParseError, match="squeue"):
        DRM.parse_status(CommandResult(command, 0, stdout, ""))


def test_a_row_with_a_field_too_few() -> None:
    result = recorded("slurm/24.11/running.queue")
    short = CommandResult(result.command, 0, result.stdout.split("main")[0] + "\n", "")
    with pytest.raises(ParseError):
        DRM.parse_status(short)


def test_a_command_of_another_making_is_not_parsed() -> None:
    with pytest.raises(ParseError):
        DRM.parse_status(CommandResult(Command(("squeue",)), 0, "62 RUNNING\n", ""))


def test_the_heading_over_another_clusters_jobs() -> None:
    result = recorded("slurm/24.11/running.queue")
    [status] = DRM.parse_status(CommandResult(result.command, 0, "CLUSTER: other\n" + result.stdout, ""))
    assert (status.job_id, status.name) == ("16", "running")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", ()),
        ("None assigned", ()),
        ("(null)", ()),
        ("node1", ("node1",)),
        ("node[01-03,7],gpu1", ("node01", "node02", "node03", "node7", "gpu1")),
        ("gpu1,node[9-11]", ("gpu1", "node9", "node10", "node11")),
        ("rack[1-2]n[08-09]-ib", ("rack1n08-ib", "rack1n09-ib", "rack2n08-ib", "rack2n09-ib")),
        ("a-b-[001-002].example.org", ("a-b-001.example.org", "a-b-002.example.org")),
        # More than anybody wants to read: as it stands.
        ("n[1-99999999999]", ("n[1-99999999999]",)),
    ],
)
def test_node_lists(text: str, names: tuple[str, ...]) -> None:
    assert expand_nodes(text) == names
