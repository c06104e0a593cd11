# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""qstat's and qacct's answers as JobStatus. Recorded on 8.1.9, judged by hand."""

from __future__ import annotations

from typing import Any
from xml.sax.saxutils import escape

import pytest

from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.errors import ParseError
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.gridengine import GridEngine
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.model import (
    Command,
    CommandResult,
    EndReason,
    JobState,
    JobStatus,
    Outcome,
)
from ansible_collections.clusterjobs.drm.tests.unit.helpers.recordings import recorded

DRM = GridEngine()


def queue(name: str) -> dict[str, JobStatus]:
    return {row.job_id: row for row in DRM.parse_status(recorded("gridengine/8.1.9/%s.queue" % name))}


def history(name: str) -> dict[str, JobStatus]:
    return {row.job_id: row for row in DRM.parse_history(recorded("gridengine/8.1.9/%s.history" % name))}


def answered(stdout: str, *job_ids: str, rc: int = 0) -> CommandResult:
    return CommandResult(Command(("qstat",), job_ids=job_ids), rc, stdout, "")


def row(**fields: str) -> str:
    values = {"JB_job_number": "7", "JB_name": "n", "JB_owner": "o", "state": "r", **fields}
    return "<job_list>%s</job_list>" % "".join("<%s>%s</%s>" % (name, value, name) for name, value in values.items())


def document(*rows: str) -> str:
    return "<?xml version='1.0'?><job_info><queue_info>%s</queue_info><job_info/></job_info>" % "".join(rows)


def record(**fields: Any) -> str:
    values = {
        "qname": "main.q",
        "hostname": "node1",
        "owner": "galaxy",
        "jobname": "n",
        "jobnumber": "7",
        "taskid": "undefined",
        "failed": "0",
        "exit_status": "0",
        "ru_wallclock": "1s",
        "category": "NONE",
        **fields,
    }
    return "=" * 62 + "\n" + "".join("%-12s %s\n" % item for item in values.items())


def ended(text: str) -> JobStatus:
    [status] = DRM.parse_history(answered(text))
    return status


def test_a_running_job() -> None:
    [running] = queue("running").values()
    assert running == JobStatus(
        job_id="27",
        state=JobState.RUNNING,
        native_state="r",
        name="running-0123456789",
        owner="galaxy",
        queue="main.q",
        nodes=("gridengine-node",),
        # 2026-11-22T19:34:03, asked for in UTC
        start_time=1795376043,
    )


def test_an_empty_queue() -> None:
    assert queue("empty") == {}


@pytest.mark.parametrize(
    ("job_id", "native", "state"),
    [
        ("42.4", "r", JobState.RUNNING),
        # One row stood for the elements 1-7:3, one of which was released.
        ("43.1", "hqw", JobState.HELD),
        ("43.4", "r", JobState.RUNNING),
        ("43.7", "hqw", JobState.HELD),
        ("42.6", "qw", JobState.QUEUED),
        ("41", "hqw", JobState.HELD),
        # Working directory, output directory, interpreter, exit 100.
        ("36", "Eqw", JobState.HELD),
        ("37", "Eqw", JobState.HELD),
        ("38", "Eqw", JobState.HELD),
        ("39", "Eqw", JobState.HELD),
        # Ended well, deleted while it ran, deleted while it was held: qstat shows them alike.
        ("28", "", JobState.UNKNOWN),
        ("44", "", JobState.UNKNOWN),
        ("40", "", JobState.UNKNOWN),
    ],
)
def test_states_of_the_queue(job_id: str, native: str, state: JobState) -> None:
    job = queue("deleting")[job_id]
    assert (job.native_state, job.state) == (native, state)
    assert job.array_id == (job_id.split(".")[0] if "." in job_id else "")


def test_a_job_in_error_state_says_what_to_do() -> None:
    said = queue("deleting")["36"].message
    assert "qstat -j 36" in said
    assert "qmod -cj 36" in said


def test_a_job_that_has_left_the_queue_is_not_done() -> None:
    assert queue("left")["28"].state is JobState.UNKNOWN
    assert "accounting" in queue("left")["28"].message


@pytest.mark.parametrize(
    ("native", "state"),
    [
        ("qw", JobState.QUEUED),
        ("Rq", JobState.QUEUED),
        # The letters' order is not the manual's.
        ("hRqw", JobState.HELD),
        ("EhRqw", JobState.HELD),
        ("t", JobState.RUNNING),
        ("Rt", JobState.RUNNING),
        ("dRr", JobState.RUNNING),
        ("s", JobState.SUSPENDED),
        ("tT", JobState.SUSPENDED),
        ("dS", JobState.SUSPENDED),
        ("", JobState.UNKNOWN),
        ("P", JobState.UNKNOWN),
        ("done", JobState.UNKNOWN),
    ],
)
def test_every_state(native: str, state: JobState) -> None:
    [job] = DRM.parse_status(answered(document(row(state=native))))
    assert (job.state, job.native_state) == (state, native)
    assert bool(job.message) is (state is JobState.UNKNOWN or native[:1] in "Ed")


def test_only_the_jobs_that_were_asked_about() -> None:
    result = recorded("gridengine/8.1.9/deleting.queue")
    asked = CommandResult(Command(result.command.argv, job_ids=("36", "43.7", "999999")), 0, result.stdout, "")
    assert [job.job_id for job in DRM.parse_status(asked)] == ["43.4", "36", "43.1", "43.7"]


def test_a_job_that_qstat_j_does_not_know_is_in_no_row() -> None:
    """With -xml that is no error: rc 0, and a document of another kind."""
    unknown = recorded("gridengine/8.1.9/unknown.qstat-j")
    assert (unknown.rc, "<unknown_jobs" in unknown.stdout) == (0, True)
    assert DRM.classify(unknown) is Outcome.OK
    assert DRM.parse_status(unknown) == []


def test_a_job_that_is_there_is_not_over_because_it_once_was() -> None:
    [job] = DRM.parse_status(answered(document(row(state="Rq"), row(state="z"))))
    assert job.state is JobState.QUEUED


def test_a_forged_name_is_a_name() -> None:
    name = "</JB_name><state>z</state>exit_status 0\n====\n"
    [job] = DRM.parse_status(answered(document(row(JB_name=escape(name)))))
    assert (job.name, job.state) == (name, JobState.RUNNING)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "<?xml version='1.0'?>",
        document(row(), row())[:-40],
        document(row(JB_job_number="x")),
        document(row(tasks="1-x")),
        "garbage " * 1000,
        document(row(JB_name="\x01")),
    ],
)
def test_half_a_document(text: str) -> None:
    with pytest.raises(ParseError):
        DRM.parse_status(answered(text))


def test_a_document_of_unknown_jobs_names_no_job() -> None:
    """What ``qstat -j 999999 -xml`` prints, with rc 0."""
    text = "<?xml version='1.0'?>\n<unknown_jobs >\n    <ST_name>999999</ST_name>\n</unknown_jobs>\n"
    assert DRM.parse_status(answered(text, "999999")) == []


def test_megabytes() -> None:
    text = document(*[row(JB_job_number=str(number)) for number in range(1, 20001)])
    assert len(DRM.parse_status(answered(text))) == 20000
    assert [job.job_id for job in DRM.parse_status(answered(text, "777"))] == ["777"]


def test_an_array_of_more_elements_than_are_of_use() -> None:
    [whole] = DRM.parse_status(answered(document(row(tasks="1-75000:1"))))
    assert (whole.job_id, whole.array_id) == ("7.[1-75000:1]", "7")
    elements = DRM.parse_status(answered(document(row(tasks="2,5-9:4"))))
    assert [element.job_id for element in elements] == ["7.2", "7.5", "7.9"]


ENDS = {
    "exit-0": ("28", JobState.DONE, None, 0, None),
    "exit-3": ("29", JobState.FAILED, None, 3, None),
    # A shell's own code for a child that was killed, and a shell that was killed.
    "exit-137": ("30", JobState.FAILED, None, 137, None),
    "segv": ("31", JobState.FAILED, EndReason.SIGNAL, None, 11),
    "walltime": ("32", JobState.FAILED, EndReason.WALLTIME, None, None),
    # Deleted while it ran: nothing tells that from a kill -9.
    "killed": ("44", JobState.FAILED, EndReason.SIGNAL, None, 9),
    # Ran twice, as it ended with 99 the first time.
    "exit-99": ("34", JobState.DONE, None, 0, None),
    "parallel": ("35", JobState.DONE, None, 0, None),
    "workdir": ("36", JobState.FAILED, EndReason.OTHER, None, None),
    "output": ("37", JobState.FAILED, EndReason.OTHER, None, None),
    "shell": ("38", JobState.FAILED, EndReason.OTHER, None, None),
    "exit-100": ("39", JobState.FAILED, EndReason.OTHER, 100, None),
    "down": ("29", JobState.FAILED, None, 3, None),
}


@pytest.mark.parametrize("name", ENDS)
def test_ends(name: str) -> None:
    job_id, *wanted = ENDS[name]
    [job] = history(name).values()
    assert job.job_id == job_id
    assert [job.state, job.end_reason, job.exit_code, job.signal] == wanted
    assert (job.owner, job.queue, job.nodes) == ("galaxy", "main.q", ("gridengine-node",))


def test_an_end_has_its_times() -> None:
    walltime = history("walltime")["32"]
    assert (walltime.name, walltime.native_state) == ("walltime-0123456789", "failed 37")
    # 19:34:14, 19:34:14 and 19:34:20
    assert (walltime.submit_time, walltime.start_time, walltime.end_time) == (1795376054, 1795376054, 1795376060)
    # It never ran.
    workdir = history("workdir")["36"]
    assert (workdir.start_time, workdir.end_time) == (None, None)
    assert "changing into working directory" in workdir.message


def test_a_job_deleted_while_it_waited_has_no_record() -> None:
    """And so nobody knows its end: it is UNKNOWN, never done."""
    assert history("held") == {}


def test_beyond_its_memory_a_job_just_fails() -> None:
    [job] = DRM.parse_history(recorded("gridengine/8.1.9/memory.find"))
    assert (job.state, job.exit_code, job.end_reason) == (JobState.FAILED, 1, None)


def test_the_elements_of_an_array() -> None:
    ends = {job_id: job.exit_code for job_id, job in history("array").items()}
    assert ends == {"42.1": 0, "42.2": 4, "42.3": 0, "42.4": 0, "42.5": 0, "42.6": 0}
    assert {job.array_id for job in history("array").values()} == {"42"}


def test_the_whole_accounting_for_some_jobs() -> None:
    result = recorded("gridengine/8.1.9/all.history")
    asked = CommandResult(Command(result.command.argv, job_ids=("32", "42.2", "9")), 0, result.stdout, "")
    found = [job.job_id for job in DRM.parse_history(asked)]
    assert sorted(found) == ["32", "42.1", "42.2", "42.3", "42.4", "42.5", "42.6"]


@pytest.mark.parametrize(
    ("fields", "state", "reason", "code", "signal"),
    [
        ({"exit_status": "255"}, JobState.FAILED, None, 255, None),
        ({"failed": "100 : assumedly after job", "exit_status": "143"}, JobState.FAILED, EndReason.SIGNAL, None, 15),
        # A node that died: no signal, and no end of the job's own.
        ({"failed": "100 : assumedly after job"}, JobState.FAILED, EndReason.OTHER, None, None),
        ({"failed": "1 : assumedly before job"}, JobState.FAILED, EndReason.OTHER, None, None),
        ({"failed": "8 : in prolog", "exit_status": "1"}, JobState.FAILED, EndReason.OTHER, None, None),
        ({"failed": "15 : in epilog"}, JobState.FAILED, EndReason.OTHER, None, None),
        ({"failed": "25 : rescheduling"}, JobState.UNKNOWN, None, None, None),
        ({"failed": "24 : migrating"}, JobState.UNKNOWN, None, None, None),
        ({"failed": "4711 : new"}, JobState.UNKNOWN, None, None, None),
        # Univa's and Altair's accounting names who deleted it.
        (
            {"failed": "100 : assumedly after job", "exit_status": "137", "deleted_by": "galaxy@h"},
            JobState.CANCELLED,
            EndReason.CANCELLED,
            None,
            None,
        ),
        (
            {"failed": "100 : assumedly after job", "exit_status": "137", "deleted_by": "NONE"},
            JobState.FAILED,
            EndReason.SIGNAL,
            None,
            9,
        ),
        # One code for three limits.
        (
            {"failed": "37 : qmaster", "category": "-l h_vmem=300M,h_rt=9", "maxvmem": "310.5MB"},
            JobState.FAILED,
            EndReason.MEMORY,
            None,
            None,
        ),
        (
            {"failed": "37 : qmaster", "category": "-l h_vmem=300M,h_rt=9", "maxvmem": "12.000KB"},
            JobState.FAILED,
            EndReason.WALLTIME,
            None,
            None,
        ),
    ],
)
def test_every_end(fields: dict[str, str], state: JobState, reason: Any, code: Any, signal: Any) -> None:
    job = ended(record(**fields))
    assert (job.state, job.end_reason, job.exit_code, job.signal) == (state, reason, code, signal)
    assert job.message or state is JobState.DONE or reason is None


def test_the_last_record_counts_and_a_rescheduling_is_no_end() -> None:
    again = {"failed": "25 : rescheduling", "exit_status": "99"}
    assert ended(record(**again) + record(exit_status="3")).exit_code == 3
    assert ended(record(exit_status="3") + record(**again)).exit_code == 3
    assert ended(record(**again) + record(**again)).state is JobState.UNKNOWN
    assert ended(record(exit_status="1", hostname="slave") + record(exit_status="0")).state is JobState.DONE


def test_a_forged_field_is_text() -> None:
    """The first one counts, and none before the job's name is the user's."""
    text = record(exit_status="3", account="x\nexit_status  0\nfailed 0\njobnumber 8")
    job = ended(text)
    assert (job.job_id, job.state, job.exit_code) == ("7", JobState.FAILED, 3)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("Sun Nov 22 19:34:20 2026", 1795376060),
        ("Sun Nov  1 00:00:00 2026", 1793491200),
        ("11/22/2026 19:34:20.123", 1795376060),
        ("Thu Jan  1 00:00:00 1970", None),
        ("-/-", None),
        ("99/22/2026 19:34:20", None),
        ("", None),
    ],
)
def test_times(text: str, seconds: Any) -> None:
    assert ended(record(end_time=text)).end_time == seconds


@pytest.mark.parametrize(
    "text",
    [
        record()[:-30].replace("ru_wallclock", "ru_wall"),
        record().split("failed", maxsplit=1)[0],
        record(failed="x"),
        record(exit_status="-1"),
        record(jobnumber="x"),
        "no jobs running since startup\n",
    ],
)
def test_half_a_record(text: str) -> None:
    with pytest.raises(ParseError):
        DRM.parse_history(answered(text))


def test_no_record_at_all() -> None:
    assert DRM.parse_history(answered("", rc=1)) == []
