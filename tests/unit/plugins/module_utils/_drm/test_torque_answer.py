# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What TORQUE answers, as JobStatus. The answers were recorded on 6.1.3; what each means was judged by reading it."""

from __future__ import annotations

import dataclasses
from typing import Optional
from xml.sax.saxutils import escape

import pytest

from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.errors import ParseError
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.model import (
    Command,
    CommandResult,
    EndReason,
    JobState,
    JobStatus,
    Outcome,
)
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.torque import Torque
from ansible_collections.clusterjobs.drm.tests.unit.helpers.recordings import recorded

DRM = Torque()


def answer(name: str) -> CommandResult:
    return recorded("torque/6.1.3/" + name)


def one(name: str) -> JobStatus:
    [status] = DRM.parse_status(answer(name))
    return status


def told(stdout: str, *job_ids: str) -> list[JobStatus]:
    return DRM.parse_status(CommandResult(Command(("qstat", "-x", *job_ids)), 0, stdout, ""))


def job(job_id: str = "7.torquenode", **fields: str) -> str:
    values = dict({"Job_Id": job_id, "Job_Name": "plain", "job_state": "C"}, **fields)
    return "<Job>%s</Job>" % "".join("<%s>%s</%s>" % (name, escape(value), name) for name, value in values.items())


def document(*jobs: str) -> str:
    return '<?xml version="1.0"?>\n<Data>%s</Data>\n' % "".join(jobs)


def test_every_attribute_of_a_job_that_ended_well() -> None:
    assert one("qstat_ok_completed_x") == JobStatus(
        "1.torquenode",
        JobState.DONE,
        native_state="C/0",
        name="okjob",
        owner="galaxy",
        exit_code=0,
        queue="batch",
        nodes=("torquenode",),
        # Seconds, where the text form has a local time.
        submit_time=1795341814,
        start_time=1795341814,
        end_time=1795341834,
        message="Job started on Sun Nov 22 at 10:03",
    )


@pytest.mark.parametrize(
    ("name", "state", "native"),
    [
        ("qstat_x_just_submitted", JobState.QUEUED, "Q"),
        ("qstat_queued_busy_x", JobState.QUEUED, "Q"),
        ("qstat_sched_down_x", JobState.QUEUED, "Q"),
        ("qstat_waiting_x", JobState.QUEUED, "W"),
        ("qstat_held_x", JobState.HELD, "H"),
        # Held by the system, for the job that it depends on.
        ("qstat_dep_waiting_x", JobState.QUEUED, "H"),
        ("qstat_running_x", JobState.RUNNING, "R"),
        ("qstat_mom_down_x", JobState.RUNNING, "R"),
        ("qstat_suspended_x", JobState.SUSPENDED, "S"),
    ],
)
def test_states_of_jobs_that_have_not_ended(name: str, state: JobState, native: str) -> None:
    status = one(name)
    assert (status.state, status.native_state) == (state, native)
    assert (status.exit_code, status.signal, status.end_reason, status.end_time) == (None, None, None, None)


@pytest.mark.parametrize("name", ["qstat_after_qrerun_x", "qstat_suspended_x"])
def test_the_exit_status_of_a_job_that_runs_again_is_an_old_one(name: str) -> None:
    assert "<exit_status>0</exit_status>" in answer(name).stdout
    status = one(name)
    assert (status.state.final, status.exit_code) == (False, None)


def test_a_deleted_job_shows_running_for_a_moment() -> None:
    assert one("qstat_exiting_x").state is JobState.RUNNING
    assert one("qstat_deleted_running_x").state is JobState.CANCELLED


def test_a_hold_on_a_running_job_changes_nothing() -> None:
    assert "<Hold_Types>u</Hold_Types>" in answer("qstat_after_qhold_running_x").stdout
    assert one("qstat_after_qhold_running_x").state is JobState.RUNNING


@pytest.mark.parametrize(
    ("name", "state", "code", "reason"),
    [
        ("qstat_ok_completed_x", JobState.DONE, 0, None),
        ("qstat_exit256_x", JobState.DONE, 0, None),
        ("qstat_fail7_x", JobState.FAILED, 7, None),
        ("qstat_exit143_x", JobState.FAILED, 143, None),
        ("qstat_exit255_x", JobState.FAILED, 255, None),
        ("qstat_cmd_not_found_x", JobState.FAILED, 127, None),
        ("qstat_bad_shell_x", JobState.FAILED, 254, None),
        ("qstat_child_signal_9_x", JobState.FAILED, 137, None),
        ("qstat_child_exec_signal_15_x", JobState.FAILED, 143, None),
        ("qstat_mem_exceeded_x", JobState.FAILED, 1, None),
        ("qstat_vmem_exceeded_x", JobState.FAILED, 1, None),
        ("qstat_walltime_x", JobState.FAILED, None, EndReason.WALLTIME),
        ("qstat_cput_x", JobState.FAILED, None, EndReason.OTHER),
        ("qstat_deleted_running_x", JobState.CANCELLED, None, EndReason.CANCELLED),
        ("qstat_ignores_term_later_x", JobState.CANCELLED, None, EndReason.CANCELLED),
        ("qstat_deleted_queued_x", JobState.CANCELLED, None, EndReason.CANCELLED),
        ("qstat_dep_failed_x", JobState.CANCELLED, None, EndReason.DEPENDENCY),
        # Its output could not be copied, which TORQUE does not tell.
        ("qstat_bad_outdir_x", JobState.DONE, 0, None),
        # Its node's MOM was killed and came back: 0 all the same.
        ("qstat_mom_back_x", JobState.DONE, 0, None),
    ],
)
def test_how_jobs_ended(name: str, state: JobState, code: Optional[int], reason: Optional[EndReason]) -> None:
    status = one(name)
    assert (status.state, status.exit_code, status.signal, status.end_reason) == (state, code, None, reason)


@pytest.mark.parametrize("name", ["qstat_deleted_running_x", "qstat_qsig_TERM_x", "qstat_qsig_kill_x"])
def test_271_is_every_end_from_outside(name: str) -> None:
    """qdel, TERM and KILL look the same, so no signal is named."""
    status = one(name)
    assert (status.native_state, status.state, status.signal) == ("C/271", JobState.CANCELLED, None)
    assert "ended from outside" in status.message


def test_a_shell_that_was_ended_by_another_signal() -> None:
    [status] = told(document(job(exit_status="265", start_time="1795341814")), "7.torquenode")
    assert (status.state, status.signal, status.end_reason) == (JobState.FAILED, 9, EndReason.SIGNAL)


def test_an_end_without_an_exit_status_is_unknown_once_the_job_had_begun() -> None:
    [status] = told(document(job(start_time="1795341814")), "7.torquenode")
    assert (status.state, status.native_state) == (JobState.UNKNOWN, "")


def test_a_memory_limit_of_the_servers_own() -> None:
    [status] = told(document(job(exit_status="-10", start_time="1795341814")), "7.torquenode")
    assert (status.state, status.end_reason, status.exit_code) == (JobState.FAILED, EndReason.MEMORY, None)


def test_an_array_without_t_answers_with_every_job_of_the_server() -> None:
    result = answer("qstat_array_id_x_returns_all_jobs")
    assert result.stdout.count("<Job>") > 20
    assert DRM.parse_status(result) == []


def test_an_arrays_own_row_shows_running_after_its_end() -> None:
    result = answer("qstat_array_completed_x")
    assert "<Job_Id>26[].torquenode</Job_Id>" in result.stdout
    assert DRM.parse_status(result) == []


def rows_of(name: str) -> dict[str, JobStatus]:
    return {row.job_id: row for row in DRM.parse_status(answer(name))}


def test_a_running_array() -> None:
    assert "<Job_Name>arr-1</Job_Name>" in answer("qstat_array_t_x").stdout
    rows = rows_of("qstat_array_t_x")
    whole = rows["26[].torquenode"]
    assert (whole.state, whole.name, len(whole.tasks)) == (JobState.RUNNING, "arr", 6)
    assert [(task.state, task.exit_code) for task in whole.tasks] == [
        (JobState.FAILED, 1),
        (JobState.FAILED, 2),
        (JobState.DONE, 0),
        (JobState.FAILED, 1),
        (JobState.RUNNING, None),
        (JobState.RUNNING, None),
    ]
    assert {(task.array_id, task.name) for task in whole.tasks} == {("26[].torquenode", "arr")}


def test_an_array_that_has_ended() -> None:
    whole = rows_of("qstat_array_completed_t_x")["26[].torquenode"]
    assert (whole.state, whole.exit_code, len(whole.tasks)) == (JobState.FAILED, 1, 6)
    deleted = rows_of("qstat_array_deleted_t_x")["28[].torquenode"]
    assert (deleted.state, len(deleted.tasks)) == (JobState.CANCELLED, 3)


def test_a_held_array() -> None:
    assert rows_of("qstat_array_held_t_x")["63[].torquenode"].state is JobState.HELD


def test_an_element_that_waits_for_its_arrays_limit_is_not_held() -> None:
    [status, _whole] = told(document(job("26[3].torquenode", job_state="H", job_array_id="3")), "26[].torquenode")
    assert (status.state, status.native_state) == (JobState.QUEUED, "H")
    [plain] = told(document(job(job_state="H")), "7.torquenode")
    assert plain.state is JobState.HELD


def test_an_array_from_zero() -> None:
    assert sorted(rows_of("qstat_array_id_t_x"))[:2] == ["61[0].torquenode", "61[1].torquenode"]


def test_one_element_of_an_array() -> None:
    [status] = DRM.parse_status(answer("qstat_array_element_x"))
    assert (status.job_id, status.array_id, status.exit_code) == ("26[2].torquenode", "26[].torquenode", 2)


def elements(*indices: int) -> str:
    fields = {"exit_status": "0", "submit_args": "-t 1-2,5 -N arr", "start_time": "1795341814"}
    return document(*(job("26[%d].torquenode" % index, **fields) for index in indices))


def test_an_array_is_done_when_all_its_elements_are() -> None:
    assert told(elements(1, 2, 5), "26[].torquenode")[-1].state is JobState.DONE


def test_an_array_of_which_an_element_is_forgotten_is_not_done() -> None:
    """Elements leave one by one after keep_completed, and nothing tells how the others ended."""
    assert [row.job_id for row in told(elements(1, 5), "26[].torquenode")] == ["26[1].torquenode", "26[5].torquenode"]


def test_a_known_job_beside_an_unknown_one() -> None:
    result = answer("qstat_unknown_and_known_x")
    assert DRM.classify(result) is Outcome.NO_SUCH_JOB
    assert [row.job_id for row in DRM.parse_status(result)] == ["11.torquenode"]


def test_no_jobs_and_errors_have_none() -> None:
    assert DRM.parse_status(answer("qstat_no_jobs_x")) == []
    for name in ("qstat_unknown_id_x", "qstat_server_down_x", "qstat_purged_x"):
        assert answer(name).stdout == ""
        assert DRM.parse_status(answer(name)) == []


def test_a_job_is_known_by_the_id_that_was_asked_for() -> None:
    stdout = answer("qstat_fail7_x").stdout
    for asked in ("11", "11.torquenode", "11.torquenode.example.org", "11.torquenode@west"):
        assert [row.job_id for row in told(stdout, asked)] == [asked.partition("@")[0]]


def test_names_and_variables_with_markup() -> None:
    assert one("qstat_attrs_x").name == "attrs<&>"
    assert one("qstat_variables_x").state is JobState.RUNNING


@pytest.mark.parametrize("field", ["Job_Name", "Variable_List", "comment", "submit_args"])
def test_a_text_cannot_pass_for_a_state(field: str) -> None:
    forged = (
        "x</Job_Name><job_state>C</job_state><exit_status>0</exit_status>\n    exit_status = 0\nJob Id: 7.torquenode"
    )
    [status] = told(document(job(**{"job_state": "R", field: forged})), "7.torquenode")
    assert (status.state, status.exit_code) == (JobState.RUNNING, None)


def test_control_characters_and_invalid_bytes_spoil_nothing() -> None:
    text = document(job(job_state="R", Variable_List="A=\x1b[31m\x00\x08,B=\\xff\ufffe"))
    assert [row.state for row in told(text, "7.torquenode")] == [JobState.RUNNING]


@pytest.mark.parametrize("stdout", ["welcome\n", "<Data>", "<Other></Other>", document(job())[:-20]])
def test_what_is_no_document_is_an_error(stdout: str) -> None:
    with pytest.raises(ParseError):
        told(stdout, "7.torquenode")


def test_half_a_document_is_an_error() -> None:
    result = answer("qstat_all_x")
    with pytest.raises(ParseError):
        DRM.parse_status(dataclasses.replace(result, stdout=result.stdout[: len(result.stdout) // 2]))


def test_five_thousand_jobs_in_one_answer() -> None:
    ids = ["%d.torquenode" % number for number in range(1, 5001)]
    text = document(*(job(job_id, job_state="R", Variable_List="x" * 1000) for job_id in ids))
    assert len(told(text, *ids)) == 5000
