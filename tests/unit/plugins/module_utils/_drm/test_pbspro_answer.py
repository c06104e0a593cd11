# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What PBS answers, as JobStatus. The answers were recorded on OpenPBS 23.06; what each means was judged by reading it."""

from __future__ import annotations

import dataclasses
import json
from typing import Any, Optional

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
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.pbspro import PbsPro
from ansible_collections.clusterjobs.drm.tests.unit.helpers.recordings import recorded

DRM = PbsPro()


def answer(name: str) -> CommandResult:
    return recorded("pbspro/23.06/" + name)


def one(name: str) -> JobStatus:
    [status] = DRM.parse_history(answer(name))
    return status


def told(stdout: str, *job_ids: str) -> list[JobStatus]:
    return DRM.parse_status(CommandResult(Command(("qstat", "-f", "-F", "json", *job_ids)), 0, stdout, ""))


def document(**fields: Any) -> str:
    return json.dumps({"Jobs": {"7.pbsnode": dict({"Job_Name": "plain", "job_state": "F", "substate": 92}, **fields)}})


def test_every_attribute_of_a_running_job() -> None:
    assert one("qstat_running_f_json") == JobStatus(
        "1.pbsnode",
        JobState.RUNNING,
        native_state="R",
        name="okjob",
        owner="galaxy",
        queue="workq",
        nodes=("pbsnode",),
        submit_time=1795340326,
        start_time=1795340326,
        message="Job run at Sun Nov 22 at 09:38 on (pbsnode:ncpus=1:mem=102400kb)",
    )


def test_every_attribute_of_a_job_that_ended_well() -> None:
    assert one("qstat_ok_finished_x_f_json") == JobStatus(
        "1.pbsnode",
        JobState.DONE,
        native_state="F/92",
        name="okjob",
        owner="galaxy",
        queue="workq",
        exit_code=0,
        nodes=("pbsnode",),
        submit_time=1795340326,
        start_time=1795340326,
        end_time=1795340347,
        message="Job run at Sun Nov 22 at 09:38 on (pbsnode:ncpus=1:mem=102400kb) and finished",
    )


@pytest.mark.parametrize(
    ("name", "state", "native"),
    [
        ("qstat_queued_busy_f_json", JobState.QUEUED, "Q"),
        ("qstat_never_can_run_f_json", JobState.QUEUED, "Q"),
        ("qstat_queued_mom_down_f_json", JobState.QUEUED, "Q"),
        ("qstat_waiting_f_json", JobState.QUEUED, "W"),
        ("qstat_held_f_json", JobState.HELD, "H"),
        ("qstat_running_f_json", JobState.RUNNING, "R"),
        # It was put back into the queue and runs again.
        ("qstat_after_qrerun_f_json", JobState.RUNNING, "R"),
        ("qstat_suspended_f_json", JobState.SUSPENDED, "S"),
        ("qstat_array_f_json", JobState.RUNNING, "B"),
    ],
)
def test_states_of_jobs_that_have_not_ended(name: str, state: JobState, native: str) -> None:
    status = one(name)
    assert (status.state, status.native_state) == (state, native)
    assert (status.exit_code, status.signal, status.end_reason, status.end_time) == (None, None, None, None)
    assert not status.state.final


def test_a_job_that_can_never_run_waits_and_says_so() -> None:
    assert one("qstat_never_can_run_f_json").message.startswith("Can Never Run: Insufficient amount of resource: ncpus")


@pytest.mark.parametrize(
    ("name", "state", "code", "signal", "reason"),
    [
        ("qstat_ok_finished_x_f_json", JobState.DONE, 0, None, None),
        ("qstat_fail7_x_f_json", JobState.FAILED, 7, None, None),
        ("qstat_exit255_x_f_json", JobState.FAILED, 255, None, None),
        ("qstat_cmd_not_found_x_f_json", JobState.FAILED, 127, None, None),
        ("qstat_bad_interpreter_x_f_json", JobState.FAILED, 127, None, None),
        ("qstat_bad_shell_x_f_json", JobState.FAILED, 254, None, None),
        # A program in the script was killed; the shell went on to its own end.
        ("qstat_child_nonexec_signal_9_x_f_json", JobState.FAILED, 137, None, None),
        ("qstat_child_signal_11_x_f_json", JobState.FAILED, 139, None, None),
        # The shell itself was: 256 and the signal.
        ("qstat_qsig_TERM_x_f_json", JobState.FAILED, None, 15, EndReason.SIGNAL),
        ("qstat_deleted_running_x_f_json", JobState.CANCELLED, 143, None, EndReason.CANCELLED),
        ("qstat_qdel_exec_sleep_x_f_json", JobState.CANCELLED, None, 15, EndReason.CANCELLED),
        ("qstat_deleted_queued_x_f_json", JobState.CANCELLED, None, None, EndReason.CANCELLED),
        ("qstat_after_qdel_force_mom_down_x_f_json", JobState.CANCELLED, None, None, EndReason.CANCELLED),
        ("qstat_dep_failed_x_f_json", JobState.CANCELLED, None, None, EndReason.DEPENDENCY),
        # Its output could not be copied: PBS does not tell, and the job itself ended well.
        ("qstat_bad_workdir_later_x_f_json", JobState.DONE, 0, None, None),
    ],
)
def test_how_jobs_ended(
    name: str, state: JobState, code: Optional[int], signal: Optional[int], reason: Optional[EndReason]
) -> None:
    status = one(name)
    assert (status.state, status.exit_code, status.signal, status.end_reason) == (state, code, signal, reason)
    assert status.end_time is not None


def test_finished_is_not_success() -> None:
    """F is every end: 92 finished, 93 failed, 91 terminated."""
    states = {
        row.native_state: row.state for row in (one("qstat_%s_x_f_json" % name) for name in ("ok_finished", "fail7"))
    }
    assert states == {"F/92": JobState.DONE, "F/93": JobState.FAILED}
    assert one("qstat_deleted_queued_x_f_json").native_state == "F/91"


def test_a_failed_dependency_ends_as_finished_without_an_exit_status() -> None:
    status = one("qstat_dep_failed_x_f_json")
    assert (status.native_state, status.state) == ("F/92", JobState.CANCELLED)
    assert "afterok:26.pbsnode@pbsnode" in status.message


def test_finished_without_an_exit_status_is_unknown_elsewhere() -> None:
    [status] = told(document(Hold_Types="n", stime="Sun Nov 22 09:39:28 2026"), "7.pbsnode")
    assert (status.state, status.exit_code) == (JobState.UNKNOWN, None)


def test_a_job_that_waits_for_another_is_not_held() -> None:
    status = one("qstat_dep_waiting_f_json")
    assert (status.state, status.native_state) == (JobState.QUEUED, "H")


def history() -> dict[str, JobStatus]:
    result = answer("qstat_x_all_f_json")
    ids = ["%d.pbsnode" % number for number in range(50)] + ["24[].pbsnode", "25[].pbsnode"]
    command = Command((*result.command.argv, *ids))
    return {status.job_id: status for status in DRM.parse_history(dataclasses.replace(result, command=command))}


def test_the_walltime_is_a_number_below_zero() -> None:
    status = history()["48.pbsnode"]
    assert (status.state, status.end_reason, status.exit_code, status.signal) == (
        JobState.FAILED,
        EndReason.WALLTIME,
        None,
        None,
    )
    assert "exceeded resource walltime" in status.message


@pytest.mark.parametrize(
    ("exit_status", "reason"),
    [
        (-29, EndReason.WALLTIME),
        (-28, EndReason.OTHER),
        (-27, EndReason.MEMORY),
        (-26, EndReason.MEMORY),
        (-1, EndReason.OTHER),
    ],
)
def test_numbers_below_zero_are_no_exit_codes(exit_status: int, reason: EndReason) -> None:
    [status] = told(document(substate=93, Exit_status=exit_status), "7.pbsnode")
    assert (status.state, status.end_reason, status.exit_code) == (JobState.FAILED, reason, None)
    assert "exit status %d" % exit_status in status.message


def test_a_script_that_ended_with_zero_when_its_time_was_over_failed() -> None:
    comment = "Job run at Sun Nov 22 at 09:41 on (n1:ncpus=1) and exceeded resource walltime"
    [status] = told(document(Exit_status=0, comment=comment), "7.pbsnode")
    assert (status.state, status.exit_code, status.end_reason) == (JobState.FAILED, 0, EndReason.WALLTIME)


def test_a_memory_limit_is_not_enforced_by_default() -> None:
    """Job 49 took 300 MB with mem=50mb and ended well: nothing else can be told."""
    assert history()["49.pbsnode"].state is JobState.DONE


def test_the_first_job_has_number_zero() -> None:
    assert history()["0.pbsnode"].state is JobState.DONE


def test_a_whole_history() -> None:
    found = history()
    by_signal = {job_id: status.signal for job_id, status in found.items() if status.signal}
    assert by_signal == {
        "6.pbsnode": 15,
        "7.pbsnode": 15,
        "8.pbsnode": 15,
        "39.pbsnode": 15,
        "43.pbsnode": 9,
    }
    dependencies = [job_id for job_id, status in found.items() if status.end_reason is EndReason.DEPENDENCY]
    # 36 waited for a job that never was: qsub took it without a word.
    assert sorted(dependencies) == ["27.pbsnode", "36.pbsnode"]
    # qdel -W force: the shell ended with 137.
    assert (found["45.pbsnode"].state, found["45.pbsnode"].exit_code) == (JobState.CANCELLED, 137)


def test_an_output_that_cannot_be_copied_keeps_the_job_from_its_end() -> None:
    status = one("qstat_bad_outdir_exiting_f_json")
    assert (status.state, status.native_state, status.exit_code) == (JobState.RUNNING, "E", None)


def test_a_dead_nodes_job_still_runs() -> None:
    assert one("qstat_mom_down_f_json").state is JobState.RUNNING
    assert one("qstat_after_qdel_mom_down_x_f_json").state is JobState.RUNNING


def test_a_running_array_and_its_elements() -> None:
    rows = {row.job_id: row for row in DRM.parse_status(answer("qstat_array_t_f_json"))}
    whole = rows["24[].pbsnode"]
    assert (whole.state, whole.native_state, len(whole.tasks)) == (JobState.RUNNING, "B", 6)
    assert [task.job_id for task in whole.tasks] == ["24[%d].pbsnode" % index for index in range(1, 7)]
    assert {task.array_id for task in whole.tasks} == {"24[].pbsnode"}
    assert rows["24[1].pbsnode"].state is JobState.RUNNING
    assert rows["24[3].pbsnode"].state is JobState.QUEUED


def test_the_elements_of_a_held_array_show_q_and_are_held() -> None:
    [whole, *elements] = DRM.parse_status(answer("qstat_array_held_t_f_json"))
    assert (whole.state, whole.native_state) == (JobState.HELD, "H")
    assert {(element.native_state, element.state) for element in elements} == {("Q", JobState.HELD)}
    assert whole.tasks == tuple(elements)
    assert len(elements) == 3


def test_an_arrays_own_exit_status_is_no_exit_code() -> None:
    """It is 1 where any element failed."""
    failed = one("qstat_array_finished_x_f_json")
    assert (failed.job_id, failed.state, failed.exit_code) == ("24[].pbsnode", JobState.FAILED, None)
    assert history()["25[].pbsnode"].state is JobState.DONE


@pytest.mark.parametrize(
    ("fields", "state", "reason"),
    [
        ({"Hold_Types": "s", "depend": "afterok:1.srv"}, JobState.CANCELLED, EndReason.DEPENDENCY),
        ({}, JobState.UNKNOWN, None),
        ({"substate": 91}, JobState.CANCELLED, EndReason.CANCELLED),
        ({"substate": 91, "Exit_status": 1}, JobState.CANCELLED, EndReason.CANCELLED),
        ({"Exit_status": 1}, JobState.FAILED, None),
        ({"Exit_status": 0}, JobState.DONE, None),
    ],
)
def test_how_arrays_end(fields: dict[str, Any], state: JobState, reason: Optional[EndReason]) -> None:
    text = document(**dict({"array": "True"}, **fields)).replace("7.pbsnode", "7[].pbsnode")
    [status] = told(text, "7[].pbsnode")
    assert (status.state, status.end_reason, status.exit_code) == (state, reason, 0 if state is JobState.DONE else None)


def finished_array() -> str:
    def job(**fields: Any) -> dict[str, Any]:
        return dict(
            {"Job_Name": "arr", "job_state": "F", "substate": 93, "stime": "Sun Nov 22 09:39:57 2026"}, **fields
        )

    jobs = {
        "24[].pbsnode": job(array="True", Exit_status=1),
        "24[1].pbsnode": job(Exit_status=0, substate=92),
        "24[2].pbsnode": job(Exit_status=3),
        "24[3].pbsnode": job(Exit_status=1, comment="Subjob finished", stime=""),
    }
    return json.dumps({"Jobs": jobs})


def test_a_failed_array_tells_of_its_elements() -> None:
    [whole, *_elements] = told(finished_array(), "24[].pbsnode")
    assert (whole.state, whole.exit_code) == (JobState.FAILED, 3)
    assert whole.message == "2 of 3 elements did not end well"


def test_an_element_that_was_deleted_while_it_waited_did_not_end_well() -> None:
    """It shows exit status 1 and "Subjob finished"."""
    [status] = told(finished_array(), "24[3].pbsnode")
    assert (status.job_id, status.state, status.message) == ("24[3].pbsnode", JobState.FAILED, "Subjob finished")


@pytest.mark.parametrize(("exit_status", "state"), [(0, JobState.DONE), (2, JobState.FAILED), (None, JobState.UNKNOWN)])
def test_an_element_that_ended_before_its_array(exit_status: Optional[int], state: JobState) -> None:
    fields = {} if exit_status is None else {"Exit_status": exit_status}
    [status] = told(document(job_state="X", **fields), "7.pbsnode")
    assert (status.state, status.native_state, status.exit_code) == (state, "X", exit_status)


@pytest.mark.parametrize("native", ["M", "Z", "F/90"])
def test_a_state_that_does_not_tell_is_unknown(native: str) -> None:
    letter, _slash, substate = native.partition("/")
    [status] = told(document(job_state=letter, substate=substate, Exit_status=0), "7.pbsnode")
    assert (status.state, status.native_state, status.exit_code) == (JobState.UNKNOWN, native, None)


@pytest.mark.parametrize(
    ("name", "rc"),
    [("qstat_unknown_id_f_json", 153), ("qstat_server_down_f_json", 255), ("qstat_history_off_x_f_json", 0)],
)
def test_an_error_is_a_valid_document_without_jobs(name: str, rc: int) -> None:
    assert answer(name).rc == rc
    assert DRM.parse_status(answer(name)) == []


def test_a_known_job_beside_an_unknown_one() -> None:
    result = answer("qstat_unknown_and_known_f_json")
    assert result.rc == 153
    assert DRM.classify(result) is Outcome.NO_SUCH_JOB
    [status] = DRM.parse_history(result)
    assert (status.job_id, status.exit_code) == ("11.pbsnode", 7)


def test_values_that_json_has_changed_are_not_read() -> None:
    """Variables come as numbers and null; our fields are texts whatever they look like."""
    status = one("qstat_numeric_strings_f_json")
    assert (status.name, status.state) == ("1234", JobState.RUNNING)
    [status] = told(document(Job_Name=1234, Exit_status="0"), "7.pbsnode")
    assert (status.name, status.exit_code) == ("1234", 0)


@pytest.mark.parametrize(
    "value",
    [
        r'"it\'s"',
        r'"a\,b"',
        r'"\xff\xfe"',
        "005",
        "-0",
        "1e400",
        "NaN",
        "9" * 5000,
        '"a\nnew line and a \t tab"',
        r'"C:\\path"',
    ],
)
def test_a_variable_that_older_releases_write_badly_spoils_nothing(value: str) -> None:
    text = '{\n"Jobs":{\n"7.pbsnode":{\n"Job_Name":"plain",\n"job_state":"F",\n"substate":92,\n"Exit_status":0,\n'
    text += '"Variable_List":{\n"BEFORE":"x",\n"VALUE":%s,\n"AFTER":1\n}\n}\n}\n}' % value
    [status] = told(text, "7.pbsnode")
    assert (status.state, status.exit_code, status.name) == (JobState.DONE, 0, "plain")


FORGED = 'x", "job_state": "F", "substate": 92, "Exit_status": 0, "7.pbsnode": {"job_state": "F"}\nJob Id: 7.pbsnode\n    job_state = F'


@pytest.mark.parametrize("field", ["Job_Name", "comment", "Account_Name", "Submit_arguments"])
def test_a_text_cannot_pass_for_a_state(field: str) -> None:
    [status] = told(document(**{"job_state": "R", field: FORGED}), "7.pbsnode")
    assert (status.state, status.exit_code) == (JobState.RUNNING, None)


def test_a_variable_cannot_pass_for_a_state() -> None:
    forged = {"job_state": "F", "substate": "92", "Exit_status": "0"}
    [status] = told(document(job_state="R", Variable_List=forged), "7.pbsnode")
    assert (status.state, status.exit_code) == (JobState.RUNNING, None)


@pytest.mark.parametrize(
    "stdout", ["welcome\n", "{", '{"Jobs": [1]}', '{"Jobs": {"7.pbsnode": 1}}', "[]", "[" * 100000]
)
def test_what_is_no_document_is_an_error(stdout: str) -> None:
    with pytest.raises(ParseError):
        told(stdout, "7.pbsnode")


def test_half_a_document_is_an_error() -> None:
    result = answer("qstat_all_json")
    with pytest.raises(ParseError):
        DRM.parse_status(dataclasses.replace(result, stdout=result.stdout[: len(result.stdout) // 2]))


def test_nothing_is_no_job() -> None:
    assert told("", "7.pbsnode") == []
    assert told("\n", "7.pbsnode") == []


@pytest.mark.parametrize(
    ("asked", "told_id"),
    [
        ("11", "11.pbsnode"),
        ("11.pbsnode", "11.pbsnode"),
        ("11.pbsnode.example.org", "11.pbsnode"),
        ("11.PBSNODE", "11.pbsnode"),
        ("11.pbsnode@west", "11.pbsnode"),
    ],
)
def test_a_job_is_known_by_the_id_that_was_asked_for(asked: str, told_id: str) -> None:
    stdout = answer("qstat_fail7_x_f_json").stdout
    assert told_id in stdout
    [status] = told(stdout, asked)
    assert status.job_id == asked.partition("@")[0]


def test_a_job_may_be_asked_for_by_two_ids() -> None:
    stdout = answer("qstat_fail7_x_f_json").stdout
    assert [row.job_id for row in told(stdout, "11", "11.pbsnode")] == ["11", "11.pbsnode"]


def test_an_array_by_its_short_id() -> None:
    rows = {row.job_id: row for row in told(answer("qstat_array_t_f_json").stdout, "24[]", "24[2]")}
    assert len(rows["24[]"].tasks) == 6
    assert rows["24[2]"].array_id == "24[]"


def test_jobs_that_were_not_asked_for_are_left_out() -> None:
    stdout = answer("qstat_all_json").stdout
    assert [row.job_id for row in told(stdout, "6.pbsnode", "9", "99.pbsnode", "7.elsewhere")] == ["6.pbsnode", "9"]


def test_nodes_are_named_once() -> None:
    [status] = told(document(job_state="R", exec_host="n1/0*2+n2/1+n1/3"), "7.pbsnode")
    assert status.nodes == ("n1", "n2")


def test_an_array_of_ten_thousand_elements() -> None:
    job = {"Job_Name": "many", "job_state": "Q", "Hold_Types": "u"}
    jobs = {"7[].pbsnode": dict(job, job_state="H"), **{"7[%d].pbsnode" % index: job for index in range(10000)}}
    rows = told(json.dumps({"Jobs": jobs}), "7[].pbsnode")
    assert (len(rows), len(rows[0].tasks)) == (10001, 10000)
    assert {row.state for row in rows} == {JobState.HELD}


def test_five_thousand_jobs_in_one_answer() -> None:
    job = {"Job_Name": "many", "job_state": "R", "comment": "x" * 500, "Variable_List": {"A": "y" * 500}}
    ids = ["%d.pbsnode" % number for number in range(1, 5001)]
    assert len(told(json.dumps({"Jobs": dict.fromkeys(ids, job)}), *ids)) == 5000
