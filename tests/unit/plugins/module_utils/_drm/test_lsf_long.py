# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``bjobs -l`` and ``bhist -l``, recorded on OpenLava 2.2. What each job did is known from how it was submitted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.client import Client
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.errors import ParseError
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.lsf import Lsf
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.model import (
    Command,
    CommandResult,
    EndReason,
    JobState,
    JobStatus,
    Outcome,
)
from ansible_collections.clusterjobs.drm.tests.unit.helpers.recordings import recorded

DRM = Lsf()
DAY = 1795305600


def openlava(name: str) -> CommandResult:
    return recorded("lsf/openlava-2.2/" + name)


def queue(name: str) -> JobStatus:
    [status] = DRM.parse_status(openlava(name))
    return status


def history(name: str) -> JobStatus:
    [status] = DRM.parse_history(openlava(name))
    return status


def changed(name: str, *pairs: tuple[str, str]) -> CommandResult:
    result = openlava(name)
    text = result.stdout
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    return replace(result, stdout=text)


class Recorded:
    """A runner that answers with recordings, by the command's first words."""

    timeout_seconds = 60.0

    def __init__(self, **answers: CommandResult) -> None:
        self.answers = answers
        self.asked: list[str] = []

    def run(self, command: Command, inherit_fds: Any = ()) -> CommandResult:
        kind = "json" if "-json" in command.argv else command.argv[0]
        self.asked.append(kind)
        return replace(self.answers[kind], command=command)


def status_of(job_id: str, queue: str, history: str) -> JobStatus:
    runner = Recorded(json=openlava("bjobs_json_unsupported"), bjobs=openlava(queue), bhist=openlava(history))
    return Client(DRM, runner).statuses([job_id]).jobs[job_id]


@pytest.mark.parametrize(
    ("name", "state", "native", "message"),
    [
        ("bjobs_just_submitted_l", JobState.QUEUED, "PEND", "New job is waiting for scheduling: 1 host;"),
        ("bjobs_pending_dependency_l", JobState.QUEUED, "PEND", "Dependency condition invalid or never satisfied: 1 host;"),
        ("bjobs_held_PSUSP_l", JobState.HELD, "PSUSP", "The job was suspended by the user while pending: 1 host;"),
        ("bjobs_running_l", JobState.RUNNING, "RUN", ""),
        ("bjobs_requeued_l", JobState.RUNNING, "RUN", ""),
        ("bjobs_USUSP_l", JobState.SUSPENDED, "USUSP", "The job was suspended by user;"),
        ("bjobs_done_l", JobState.DONE, "DONE", ""),
        ("bjobs_script_exit7_l", JobState.FAILED, "EXIT", ""),
    ],
)  # fmt: skip
def test_states_of_the_queue(name: str, state: JobState, native: str, message: str) -> None:
    status = queue(name)
    assert (status.state, status.native_state, status.message) == (state, native, message)
    assert status.exit_code == {"DONE": 0, "EXIT": 7}.get(native)


def test_a_host_that_does_not_answer_makes_the_job_unknown_and_not_done() -> None:
    status = queue("bjobs_UNKWN_l")
    assert (status.state, status.native_state, status.nodes) == (JobState.UNKNOWN, "UNKWN", ("lavanode",))
    [zombie] = DRM.parse_status(changed("bjobs_UNKWN_l", ("UNKWN", "ZOMBI")))
    assert (zombie.state, zombie.native_state) == (JobState.UNKNOWN, "ZOMBI")
    assert "may be running" in zombie.message


def test_the_whole_of_a_finished_job() -> None:
    status = queue("bjobs_done_l")
    assert (status.job_id, status.name, status.owner, status.queue) == ("101", "okjob", "galaxy", "normal")
    assert (status.submit_time, status.start_time, status.end_time) == (DAY + 35601, DAY + 35603, DAY + 35604)
    assert status == history("bhist_done_l")


def test_a_node_is_named_once_for_all_its_slots_and_none_while_pending() -> None:
    assert queue("bjobs_multi_slots_l").nodes == ("lavanode",)
    assert queue("bjobs_just_submitted_l").nodes == ()
    [two] = DRM.parse_status(changed("bjobs_multi_slots_l", ("<lavanode> <lavanode>", "<lavanode><node2>")))
    assert two.nodes == ("lavanode", "node2")


def test_elements_of_an_array() -> None:
    rows = DRM.parse_status(openlava("bjobs_array_done_l"))
    assert [(row.job_id, row.array_id, row.name, row.exit_code) for row in rows] == [
        ("105[4]", "105", "arr", 1),
        ("105[3]", "105", "arr", 0),
        ("105[1]", "105", "arr", 1),
        ("105[2]", "105", "arr", 2),
    ]


def test_a_known_and_an_unknown_id() -> None:
    result = openlava("bjobs_unknown_and_known")
    assert DRM.classify(result) is Outcome.NO_SUCH_JOB
    known = openlava("bjobs_done_l")
    assert [row.job_id for row in DRM.parse_status(replace(known, rc=255, stderr=result.stderr))] == ["101"]


def test_lines_that_wrap_inside_a_word_and_lose_a_space() -> None:
    """Of job 124 'Queue <normal>' comes as 'Queue' and '<normal>' on two lines, and nothing between."""
    assert queue("bjobs_requeued_l").queue == "normal"
    assert queue("bjobs_long_l").name == "n" * 120
    assert queue("bjobs_script_exit7_l").name == "script job with spaces"


def test_unicode_in_a_name_and_a_status_that_wraps() -> None:
    assert queue("bjobs_utf8_l").name == "na\u00efve\u2013job"
    assert queue("bjobs_utf8_l").state is JobState.QUEUED


def test_a_name_that_looks_like_the_next_field() -> None:
    """The job's name is 'a>, User <b', and its command says Status <DONE>."""
    status = queue("bjobs_name_angle_l")
    assert (status.name, status.owner, status.state) == ("a>, User <b", "galaxy", JobState.RUNNING)


FORGED = "x>, User <root>, Project <p>, Status <%s>, Queue <q>, Command <y"


@pytest.mark.parametrize(
    ("recording", "forged", "state"),
    [
        # What has happened to the job, told in lines of their own, says which of the two is true.
        ("bjobs_multi_slots_l", "DONE", JobState.RUNNING),
        ("bjobs_multi_slots_l", "EXIT", JobState.RUNNING),
        ("bjobs_script_exit7_l", "DONE", JobState.FAILED),
        ("bjobs_done_l", "RUN", JobState.DONE),
        ("bjobs_multi_slots_l", "PSUSP", JobState.UNKNOWN),
    ],
)
def test_a_forged_state_in_a_name_is_not_believed(recording: str, forged: str, state: JobState) -> None:
    old = {
        "bjobs_multi_slots_l": "<par>",
        "bjobs_script_exit7_l": "<script job with spaces>",
        "bjobs_done_l": "<okjob>",
    }
    [status] = DRM.parse_status(changed(recording, (old[recording], "<%s>" % (FORGED % forged))))
    assert status.state is state


def test_a_newline_in_a_name_forges_no_event() -> None:
    forged = (
        "x>, User <galaxy>, Project <p>, Status <DONE>, Queue <q>, Command <y>\n"
        "Sun Nov 22 10:07:52: Submitted from host <lavanode>;\n"
        "Sun Nov 22 10:07:53: Done successfully. The CPU time used is 0.0 seconds.\n\n"
    )
    [status] = DRM.parse_status(changed("bjobs_multi_slots_l", ("par", forged)))
    assert status.state is JobState.UNKNOWN


def test_a_done_without_its_event_is_not_believed() -> None:
    result = openlava("bjobs_done_l")
    [status] = DRM.parse_status(replace(result, stdout=result.stdout.partition("Sun Nov 22 09:53:24")[0]))
    assert status.state is JobState.UNKNOWN


@pytest.mark.parametrize(
    "text", ["welcome\n", "Job <7>", "Job <7>, Job Name <x>, User <u>, Pro", "Job <x>, User <u>\n"]
)
def test_half_an_answer_is_an_error(text: str) -> None:
    for program, parse in (("bjobs", DRM.parse_status), ("bhist", DRM.parse_history)):
        with pytest.raises(ParseError):
            parse(CommandResult(Command((program, "-l", "7")), 0, text, ""))


def test_half_a_history_is_an_error_though_it_ends_with_a_whole_event() -> None:
    result = openlava("bhist_killed_running_l")
    with pytest.raises(ParseError):
        DRM.parse_history(replace(result, stdout=result.stdout.partition("Summary")[0]))


def test_megabytes() -> None:
    block = openlava("bjobs_running_l").stdout
    text = ("-" * 78 + "\n").join(block.replace("Job <102>", "Job <%d>" % number) for number in range(1, 5001))
    assert len(DRM.parse_status(CommandResult(Command(("bjobs", "-l")), 0, text, ""))) == 5000


def test_a_job_that_was_killed_while_pending_has_no_exit_code() -> None:
    for status in (queue("bjobs_killed_pending_l"), history("bhist_killed_pending_l")):
        assert (status.state, status.end_reason) == (JobState.CANCELLED, EndReason.CANCELLED)
        assert (status.exit_code, status.start_time, status.nodes) == (None, None, ())


def test_bkill_and_exit_130_are_told_apart_by_the_history() -> None:
    assert queue("bjobs_exit_130_l").state is queue("bjobs_killed_running_l").state is JobState.UNKNOWN
    killed = status_of("103", "bjobs_killed_running_l", "bhist_killed_running_l")
    assert (killed.state, killed.end_reason, killed.exit_code) == (JobState.CANCELLED, EndReason.CANCELLED, None)
    own = status_of("108", "bjobs_exit_130_l", "bhist_all_users_l")
    assert (own.state, own.end_reason, own.exit_code) == (JobState.FAILED, None, 130)


def test_a_job_at_its_run_limit_has_code_140_and_has_run_that_long() -> None:
    for status in (queue("bjobs_walltime_exceeded_l"), history("bhist_walltime_exceeded_l")):
        assert (status.state, status.end_reason, status.exit_code) == (JobState.FAILED, EndReason.WALLTIME, None)
    [own] = DRM.parse_status(changed("bjobs_walltime_exceeded_l", ("1.0 min", "9.0 min")))
    assert (own.state, own.end_reason, own.exit_code) == (JobState.FAILED, None, 140)


def test_a_job_whose_host_was_away_when_it_ended_has_no_exit_code() -> None:
    for name in ("bjobs_after_restart_l", "bjobs_after_bkill_r_dead_l"):
        assert (queue(name).state, queue(name).exit_code, queue(name).end_reason) == (
            JobState.FAILED,
            None,
            EndReason.OTHER,
        )


def test_a_job_that_the_queue_has_forgotten_is_in_the_history() -> None:
    status = status_of("247", "bjobs_purged_finished_job", "bhist_purged_finished_job")
    assert (status.state, status.name, status.exit_code) == (JobState.FAILED, "outage", None)


def test_a_signal_to_a_command_in_the_script_is_an_exit_code_of_128_and_more() -> None:
    for name, code in (("bjobs_child_signal_9_l", 137), ("bjobs_script_kills_own_shell_15_l", 143)):
        assert (queue(name).state, queue(name).exit_code, queue(name).signal) == (JobState.FAILED, code, None)
        assert "128 + %d" % (code - 128) in queue(name).message


def test_the_history_of_every_job_of_a_morning() -> None:
    rows = {row.job_id: row for row in DRM.parse_history(openlava("bhist_all_users_l"))}
    assert len(rows) == 44
    ends = {job_id: row.exit_code for job_id, row in rows.items() if row.state in (JobState.DONE, JobState.FAILED)}
    assert {job_id: ends[job_id] for job_id in ("101", "102", "105[1]", "105[2]", "105[3]", "107", "108", "109")} == {
        "101": 0, "102": 7, "105[1]": 1, "105[2]": 2, "105[3]": 0, "107": 255, "108": 130, "109": 127,
    }  # fmt: skip
    cancelled = {job_id for job_id, row in rows.items() if row.state is JobState.CANCELLED}
    assert cancelled == {"103", "104", "106[3]", "123", "124", "127", "128", "129", "130", "131", "140", "143"}
    assert (rows["145"].state, rows["145"].native_state) == (JobState.UNKNOWN, "ZOMBI")


def test_a_job_that_is_queued_again_is_not_at_its_end() -> None:
    """Between its end and 'Job has been requeued' some seconds pass."""
    result = openlava("bhist_all_users_l")
    before, after = result.stdout.split("Sun Nov 22 09:55:00: Pending: Job has been requeued;\n")
    summary = "\n" + after[after.index("Summary") :]
    status = {row.job_id: row for row in DRM.parse_history(replace(result, stdout=before + summary))}["124"]
    assert (status.state, status.exit_code) == (JobState.QUEUED, None)


def test_lsf_tells_the_reason_in_its_long_form_too() -> None:
    """bhist(1) of LSF 10.1: the reason has an event of its own."""
    end = "Exited with exit code 140. The CPU time used is 0.0 second\n                     s;"
    reason = "Completed <exit>; TERM_MEMLIMIT: job killed after reaching LSF memory usage limit;"
    new = "Exited by signal 9. The CPU time used is 0.0 seconds;\nSun Nov 22 09:56:07: " + reason
    [status] = DRM.parse_history(changed("bhist_walltime_exceeded_l", (end, new)))
    assert (status.state, status.end_reason, status.exit_code) == (JobState.FAILED, EndReason.MEMORY, None)
    [status] = DRM.parse_history(changed("bhist_walltime_exceeded_l", (end, new.partition("\n")[0])))
    assert (status.end_reason, status.signal) == (EndReason.SIGNAL, 9)


def test_a_signalled_shell_is_reported_done_by_openlava() -> None:
    """Nothing in the answer tells that the CPU limit ended it: docs/drms.md says so."""
    assert queue("bjobs_cpu_limit_l").state is history("bhist_cpu_limit_l").state is JobState.DONE


def test_the_client_asks_openlava_in_its_words_from_the_first_answer_on() -> None:
    runner = Recorded(json=openlava("bjobs_o_unsupported"), bjobs=openlava("bjobs_running_l"))
    client = Client(DRM, runner)
    for _time in range(3):
        assert client.statuses(["102"]).jobs["102"].state is JobState.RUNNING
    assert runner.asked == ["json", "bjobs", "bjobs", "bjobs"]
