# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTCondor's answers as JobStatus. What each recording means was judged by reading it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.errors import ParseError
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.htcondor import HTCondor
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.model import (
    Command,
    CommandResult,
    EndReason,
    JobState,
    JobStatus,
)
from ansible_collections.clusterjobs.drm.tests.unit.helpers.recordings import recorded

DRM = HTCondor()


def jobs(name: str) -> list[JobStatus]:
    return DRM.parse_status(recorded("htcondor/23.9.6/" + name))


def of_ad(**ad: Any) -> JobStatus:
    """The one job of an answer with these attributes."""
    [job] = DRM.parse_status(told(json.dumps([dict({"ClusterId": 7, "ProcId": 0}, **ad)])))
    return job


def told(stdout: str, *job_ids: str) -> CommandResult:
    return CommandResult(Command(("condor_q",), job_ids=job_ids), 0, stdout, "")


@pytest.mark.parametrize(
    ("name", "state", "native", "reason", "exit_code", "signal"),
    [
        ("idle.queue", JobState.QUEUED, "Idle", None, None, None),
        ("running.queue", JobState.RUNNING, "Running", None, None, None),
        ("held.queue", JobState.HELD, "Held", None, None, None),
        ("suspended.queue", JobState.SUSPENDED, "Suspended", None, None, None),
        ("no-output-directory.queue", JobState.HELD, "Held", EndReason.OTHER, None, None),
        ("no-executable.queue", JobState.HELD, "Held", EndReason.OTHER, None, None),
        ("memory-held.queue", JobState.HELD, "Held", EndReason.MEMORY, None, None),
        ("execute-duration.queue", JobState.HELD, "Held", EndReason.WALLTIME, None, None),
        ("done.history", JobState.DONE, "Completed", None, 0, None),
        ("exit-3.history", JobState.FAILED, "Completed", None, 3, None),
        ("signal-11.history", JobState.FAILED, "Completed", EndReason.SIGNAL, None, 11),
        ("walltime.history", JobState.FAILED, "Removed", EndReason.WALLTIME, None, None),
        ("memory.history", JobState.FAILED, "Removed", EndReason.MEMORY, None, None),
        # A policy of the user's own: nobody cancelled it, and it did not fail.
        ("policy.history", JobState.CANCELLED, "Removed", EndReason.OTHER, None, None),
        ("system-removed.history", JobState.CANCELLED, "Removed", EndReason.OTHER, None, None),
        # The signal 15 of a removed job is HTCondor's own.
        ("cancelled.history", JobState.CANCELLED, "Removed", EndReason.CANCELLED, None, None),
        ("idle-cancelled.history", JobState.CANCELLED, "Removed", EndReason.CANCELLED, None, None),
        # It ignores SIGTERM and still runs.
        ("stubborn.queue", JobState.RUNNING, "Removed", None, None, None),
        # leave_in_queue: ended with 4, and stays so when it is removed afterwards.
        ("left.queue", JobState.FAILED, "Completed", None, 4, None),
        ("left-removed.queue", JobState.FAILED, "Removed", None, 4, None),
    ],
)
def test_what_a_job_is_doing(
    name: str, state: JobState, native: str, reason: EndReason | None, exit_code: int | None, signal: int | None
) -> None:
    [job] = jobs(name)
    assert (job.state, job.native_state, job.end_reason) == (state, native, reason)
    assert (job.exit_code, job.signal) == (exit_code, signal)
    assert (job.owner, job.array_id) == ("galaxy", "")


def test_everything_of_a_finished_job() -> None:
    [job] = jobs("exit-3.history")
    assert job == JobStatus(
        job_id="40.0",
        state=JobState.FAILED,
        native_state="Completed",
        name="exit-3-0123456789",
        owner="galaxy",
        exit_code=3,
        nodes=("node1",),
        submit_time=1795375969,
        start_time=1795375970,
        end_time=1795375972,
    )


def test_a_job_on_hold_says_why() -> None:
    [job] = jobs("no-output-directory.queue")
    assert job.message.endswith("Failed to open '/nosuch/out' as standard output: No such file or directory (errno 2)")
    [held] = jobs("held.queue")
    assert held.message == "submitted on hold at user's request"


@pytest.mark.parametrize(
    ("name", "code"), [("memory-held", (21, 102)), ("execute-duration", (47, 0)), ("no-executable", (6, 2))]
)
def test_codes_of_a_hold(name: str, code: tuple[int, int]) -> None:
    result = recorded("htcondor/23.9.6/%s.queue" % name)
    [ad] = json.loads(result.stdout.replace("\\/", "/"))
    assert (ad["HoldReasonCode"], ad["HoldReasonSubCode"]) == code
    [job] = DRM.parse_status(result)
    assert (job.state, job.message) == (JobState.HELD, ad["HoldReason"])


def test_a_job_that_is_being_removed_still_runs() -> None:
    [job] = jobs("stubborn.queue")
    assert job.message == "being removed: via condor_rm (by user galaxy)"
    assert job.nodes == ("node1",)


@pytest.mark.parametrize("name", ["done.queue", "unknown.queue", "unknown.history", "exit-3.find-queue"])
def test_nothing_matches(name: str) -> None:
    """condor_q prints nothing at all, condor_history an empty list."""
    assert jobs(name) == []


def test_known_and_unknown_ids_together() -> None:
    assert [job.job_id for job in jobs("several.queue")] == ["33.0", "47.0"]


def test_a_job_is_found_by_its_name() -> None:
    assert [(job.job_id, job.name) for job in jobs("exit-3.find-history")] == [("40.0", "exit-3-0123456789")]


def test_an_id_without_its_process_stands_for_the_one_job() -> None:
    answer = recorded("htcondor/23.9.6/bare-id.queue")
    [job] = DRM.parse_status(replace(answer, command=replace(answer.command, job_ids=("33",))))
    assert (job.job_id, job.array_id) == ("33", "")
    both = DRM.parse_status(told('[{"ClusterId": 7, "ProcId": 0, "JobStatus": 1}]', "7", "7.0"))
    assert [job.job_id for job in both] == ["7.0", "7"]


def test_an_arrays_elements_leave_the_queue_one_by_one() -> None:
    waiting, ended = jobs("array-partly.queue"), jobs("array-partly.history")
    assert {job.array_id for job in waiting + ended} == {ended[0].array_id} == {ended[0].job_id.split(".")[0]}
    assert [job.job_id.split(".")[1] for job in waiting] == ["1", "2"]
    assert [(job.job_id.split(".")[1], job.state) for job in ended] == [("0", JobState.DONE)]


def test_an_arrays_exit_codes_are_its_elements() -> None:
    assert {job.job_id: job.exit_code for job in jobs("array.history")} == {"34.0": 0, "34.1": 1, "34.2": 2}


def test_jobs_of_one_queue_statement_are_an_array_whoever_submitted_them() -> None:
    assert of_ad(JobStatus=1, TotalSubmitProcs=4).array_id == "7"
    assert of_ad(JobStatus=1, TotalSubmitProcs=1).array_id == ""


@pytest.mark.parametrize("number", [0, 8, -1, None, "4", 4.0, True, "\\/Expr(4)\\/"])
def test_an_unheard_of_state_is_unknown(number: Any) -> None:
    job = of_ad(JobStatus=number, ExitCode=0)
    assert (job.state, job.exit_code) == (JobState.UNKNOWN, None)


def test_a_completed_job_without_an_exit_code_is_not_done() -> None:
    assert of_ad(JobStatus=4).state is JobState.UNKNOWN
    assert of_ad(JobStatus=4, ExitCode="0").state is JobState.UNKNOWN


def test_what_is_left_of_an_earlier_run_is_not_this_ones_end() -> None:
    """Recorded: a job that was evicted by signal 15 and runs again still has ExitBySignal and ExitSignal."""
    job = of_ad(JobStatus=2, ExitBySignal=True, ExitSignal=15, ExitCode=1, RemoteHost="slot1@node1")
    assert (job.state, job.signal, job.exit_code, job.end_reason) == (JobState.RUNNING, None, None, None)


def test_a_number_that_is_no_signal() -> None:
    job = of_ad(JobStatus=4, ExitBySignal=True, ExitSignal=999)
    assert (job.state, job.end_reason, job.signal) == (JobState.FAILED, EndReason.SIGNAL, None)


def test_a_forged_text_changes_nothing() -> None:
    [job] = jobs("odd.queue")
    assert (job.state, job.end_reason) == (JobState.HELD, EndReason.OTHER)
    assert job.message == 'JobStatus = 4 " : 4, \\n }] \u00fc\u20ac'
    forged = of_ad(
        JobStatus=5, JobBatchName='x"}], "JobStatus": 4', HoldReason="PeriodicRemove expression", HoldReasonCode=1
    )
    assert (forged.state, forged.end_reason, forged.name) == (JobState.HELD, None, 'x"}], "JobStatus": 4')


def test_who_removes_a_job_cannot_make_it_look_like_its_walltime() -> None:
    said = (
        "The job attribute PeriodicRemove expression 'JobCurrentStartExecutingDate > 3' evaluated to TRUE (by user bob)"
    )
    job = of_ad(JobStatus=3, RemoveReason=said)
    assert (job.state, job.end_reason) == (JobState.CANCELLED, EndReason.CANCELLED)


def test_a_job_that_was_held_for_something_else_before_its_walltime() -> None:
    [walltime] = jobs("walltime.history")
    memory = recorded("htcondor/23.9.6/memory.history")
    told_of = CommandResult(
        memory.command, 0, memory.stdout.replace('"LastHoldReasonSubCode": 102', '"LastHoldReasonSubCode": 7'), ""
    )
    assert told_of.stdout != memory.stdout
    [job] = DRM.parse_history(told_of)
    assert (walltime.end_reason, job.end_reason) == (EndReason.WALLTIME, EndReason.OTHER)


def test_a_byte_that_is_no_utf_8_and_a_raw_newline() -> None:
    answer = '[{"ClusterId": 7, "ProcId": 0, "JobStatus": 5, "HoldReason": "a \\xff b \\\\x41\n c"}]'
    [job] = DRM.parse_status(told(answer))
    assert job.message == "a \\xff b \\x41\n c"


@pytest.mark.parametrize(
    "stdout", ["[", "[\n{", '[{"ClusterId": 7', "welcome\n[]", "{}", "[7]", "null", '[{"JobStatus": 4}]']
)
def test_half_an_answer_is_no_answer(stdout: str) -> None:
    with pytest.raises(ParseError):
        DRM.parse_status(told(stdout))


def test_the_newest_job_of_an_id_counts() -> None:
    """A schedd whose queue was lost counts from 1 again; the history keeps both, the newest first."""
    ads = [{"ClusterId": 7, "ProcId": 0, "JobStatus": 4, "ExitCode": code} for code in (3, 0)]
    assert [job.exit_code for job in DRM.parse_history(told(json.dumps(ads)))] == [3]


def test_many_thousand_jobs() -> None:
    ads = [{"ClusterId": number, "ProcId": 0, "JobStatus": 1, "HoldReason": "x" * 100} for number in range(20000)]
    assert len(DRM.parse_status(told(json.dumps(ads)))) == 20000


def processes(count: int, **ad: Any) -> str:
    """The jobs of one cluster."""
    return json.dumps(
        [dict({"ClusterId": 7, "ProcId": n, "JobStatus": 1, "TotalSubmitProcs": count}, **ad) for n in range(count)]
    )


def test_jobs_that_one_command_of_ours_submitted_are_each_one_of_its_own() -> None:
    text = processes(3, ClusterjobsUser="galaxy")
    assert [(job.job_id, job.array_id) for job in DRM.parse_status(told(text, "7.0", "7.2"))] == [
        ("7.0", ""),
        ("7.2", ""),
    ]
    assert [job.array_id for job in DRM.parse_status(told(text))] == ["", "", ""]
    # Whoever asks for the cluster asks for all of them.
    assert [(job.job_id, job.array_id) for job in DRM.parse_status(told(text, "7"))][2] == ("7.2", "7")


def test_the_processes_of_a_users_own_cluster_are_an_array() -> None:
    assert {job.array_id for job in DRM.parse_status(told(processes(3), "7.0", "7.1", "7.2"))} == {"7"}


def test_jobs_that_a_range_of_clusters_holds_besides_are_left_out() -> None:
    assert DRM.parse_status(told(processes(1), "6.0", "8.0")) == []
