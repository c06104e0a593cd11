# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ``bjobs -o … -json`` answers. IBM's LSF could not be recorded: these follow its reference for 10.1, and its table of termination reasons."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.errors import ParseError
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.lsf import Lsf
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.lsf_answer import STATES, epoch
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.model import (
    CommandResult,
    EndReason,
    JobState,
    JobStatus,
    Outcome,
)

DRM = Lsf()
[COMMAND] = DRM.build_status(["101"], "")
NOV_22 = 1795305600


def told(text: str, rc: int = 0, stderr: str = "") -> list[JobStatus]:
    return DRM.parse_status(CommandResult(COMMAND, rc, text, stderr))


def record(**values: str) -> dict[str, str]:
    known = {
        "JOBID": "101",
        "JOBINDEX": "0",
        "STAT": "RUN",
        "EXIT_CODE": "",
        "EXIT_REASON": "",
        "USER": "galaxy",
        "QUEUE": "normal",
        "EXEC_HOST": "hostA:hostA:hostB",
        "SUBMIT_TIME": "Nov 22 09:53",
        "START_TIME": "Nov 22 09:54",
        "FINISH_TIME": "Nov 22 10:54 L",
        "PEND_REASON": "",
        "JOB_NAME": "align-0123456789",
    }
    return dict(known, **values)


def one(**values: str) -> JobStatus:
    [status] = told(json.dumps({"COMMAND": "bjobs", "JOBS": 1, "RECORDS": [record(**values)]}, indent=2))
    return status


def test_a_running_job() -> None:
    status = one(SUBMIT_TIME="Nov 22 09:53:21 2026")
    assert (status.job_id, status.state, status.native_state, status.array_id) == ("101", JobState.RUNNING, "RUN", "")
    assert (status.name, status.owner, status.queue) == ("align-0123456789", "galaxy", "normal")
    assert status.nodes == ("hostA", "hostB")
    assert status.submit_time == NOV_22 + 9 * 3600 + 53 * 60 + 21
    # What FINISH_TIME says of a job that has not finished is when it will be killed.
    assert status.end_time is None


def test_hosts_with_their_slots() -> None:
    assert one(EXEC_HOST="16*hostA:2*hostB").nodes == ("hostA", "hostB")
    assert one(EXEC_HOST="-").nodes == one(EXEC_HOST="").nodes == ()


@pytest.mark.parametrize(
    ("job_id", "index", "found"), [("105", "3", "105[3]"), ("105[3]", "3", "105[3]"), ("105[3]", "", "105[3]")]
)
def test_an_element_of_an_array(job_id: str, index: str, found: str) -> None:
    status = one(JOBID=job_id, JOBINDEX=index, JOB_NAME="align-0123456789[3]")
    assert (status.job_id, status.array_id, status.name) == (found, "105", "align-0123456789")


@pytest.mark.parametrize("native", sorted(STATES))
def test_every_state(native: str) -> None:
    assert one(STAT=native, EXIT_CODE="1").state is STATES[native]


def test_a_pending_job_says_why() -> None:
    assert one(STAT="PEND", PEND_REASON="Job slot limit reached;").message == "Job slot limit reached;"


@pytest.mark.parametrize(
    ("code", "reason", "state", "end_reason", "exit_code", "signal"),
    [
        ("3", "", JobState.FAILED, None, 3, None),
        ("130", "", JobState.FAILED, None, 130, None),
        ("137", "TERM_UNKNOWN: unknown", JobState.FAILED, None, 137, None),
        ("", "", JobState.FAILED, EndReason.OTHER, None, None),
        ("0", "", JobState.FAILED, EndReason.OTHER, None, None),
        ("130", "TERM_OWNER: job killed by owner", JobState.CANCELLED, EndReason.CANCELLED, None, None),
        ("", "TERM_OWNER: job killed by owner", JobState.CANCELLED, EndReason.CANCELLED, None, None),
        ("", "TERM_ADMIN: job killed by root or LSF administrator", JobState.CANCELLED, EndReason.CANCELLED, None, None),
        ("", "TERM_FORCE_OWNER: job killed by owner", JobState.CANCELLED, EndReason.CANCELLED, None, None),
        ("", "TERM_FORCE_ADMIN: job killed by root", JobState.CANCELLED, EndReason.CANCELLED, None, None),
        ("", "TERM_BUCKET_KILL: job killed with bkill -b", JobState.CANCELLED, EndReason.CANCELLED, None, None),
        ("140", "TERM_RUNLIMIT: job killed after reaching LSF run time limit", JobState.FAILED, EndReason.WALLTIME, None, None),
        ("137", "TERM_MEMLIMIT: job killed after reaching LSF memory usage limit", JobState.FAILED, EndReason.MEMORY, None, None),
        ("", "TERM_SWAP: job killed after reaching LSF swap usage limit", JobState.FAILED, EndReason.MEMORY, None, None),
        ("", "TERM_PREEMPT: job killed after preemption", JobState.FAILED, EndReason.PREEMPTED, None, None),
        ("", "TERM_RC_RECLAIM: reclaimed", JobState.FAILED, EndReason.PREEMPTED, None, None),
        ("143", "TERM_EXTERNAL_SIGNAL: job killed by a signal external to LSF", JobState.FAILED, EndReason.SIGNAL, None, 15),
        ("1", "TERM_EXTERNAL_SIGNAL: job killed by a signal external to LSF", JobState.FAILED, EndReason.SIGNAL, None, None),
        ("", "TERM_ORPHAN_SYSTEM: terminated by LSF", JobState.CANCELLED, EndReason.DEPENDENCY, None, None),
        ("", "TERM_CPULIMIT: job killed after reaching LSF CPU usage limit", JobState.FAILED, EndReason.OTHER, None, None),
        ("", "TERM_ZOMBIE: job exited while LSF is not available", JobState.FAILED, EndReason.OTHER, None, None),
        ("2", "TERM_CWD_NOTEXIST: current working directory", JobState.FAILED, EndReason.OTHER, None, None),
        ("", "TERM_SOMETHING_NEW: who knows", JobState.FAILED, EndReason.OTHER, None, None),
    ],
)  # fmt: skip
def test_how_a_job_ended(
    code: str, reason: str, state: JobState, end_reason: EndReason | None, exit_code: int | None, signal: int | None
) -> None:
    status = one(STAT="EXIT", EXIT_CODE=code, EXIT_REASON=reason)
    assert (status.state, status.end_reason, status.exit_code, status.signal) == (state, end_reason, exit_code, signal)
    assert not reason.startswith("TERM_") or reason == status.message or "TERM_UNKNOWN" in reason


def test_a_job_that_is_done() -> None:
    status = one(STAT="DONE", FINISH_TIME="Nov 22 09:55:01 2026 L")
    assert (status.state, status.exit_code, status.end_reason) == (JobState.DONE, 0, None)
    assert status.end_time == NOV_22 + 9 * 3600 + 55 * 60 + 1


def test_a_state_that_is_not_listed_is_unknown_and_told() -> None:
    status = one(STAT="DONE_OR_SO")
    assert (status.state, status.native_state, status.exit_code) == (JobState.UNKNOWN, "DONE_OR_SO", None)
    assert "DONE_OR_SO" in status.message


def test_a_known_and_an_unknown_id() -> None:
    text = json.dumps(
        {"COMMAND": "bjobs", "JOBS": 2, "RECORDS": [{"JOBID": "9", "ERROR": "Job <9> is not found"}, record()]}
    )
    result = CommandResult(COMMAND, 255, text, "Job <9> is not found\n")
    assert DRM.classify(result) is Outcome.NO_SUCH_JOB
    assert [status.job_id for status in DRM.parse_status(result)] == ["101"]


def test_nothing_found() -> None:
    assert told('{"COMMAND":"bjobs","JOBS":0,"RECORDS":[]}') == []
    assert told("", 255, "Job <9> is not found\n") == []


@pytest.mark.parametrize(
    "name", ['"},{"JOBID":"7","STAT":"DONE', "STAT=DONE", "a>, Status <DONE>", "\\", "na\u00efve\u2013job", "new\nline"]
)
def test_a_name_is_a_name(name: str) -> None:
    assert (one(JOB_NAME=name).name, one(JOB_NAME=name).state) == (name, JobState.RUNNING)


def test_a_name_that_lsf_does_not_escape_forges_no_state() -> None:
    text = json.dumps({"RECORDS": [record()]}).replace('"align-0123456789"', '"x","STAT":"DONE","EXIT_CODE":"0"')
    [status] = told(text)
    assert (status.state, status.exit_code) == (JobState.RUNNING, None)


def test_a_raw_newline_in_a_string_is_read() -> None:
    text = json.dumps({"RECORDS": [record(JOB_NAME="two@lines")]}).replace("@", "\n")
    assert told(text)[0].name == "two\nlines"


def test_what_stands_before_the_document_is_passed_over() -> None:
    assert told("Cannot connect to LSF. Please wait ...\n" + json.dumps({"RECORDS": [record()]}))[0].job_id == "101"


@pytest.mark.parametrize(
    "text",
    ["", "No JSON", "{", '{"RECORDS":', "[]", "null", '{"RECORDS": {}, "x": 1', '{"COMMAND":"bjobs"}', '{"RECORDS":["x"]}',
     '{"RECORDS":[{"JOBID":"1"}]}', '{"RECORDS":[{"STAT":"DONE"}]}', '{"RECORDS":[{"JOBID":"-1","STAT":"DONE"}]}',
     json.dumps({"RECORDS": [record()]})[:-20]],
)  # fmt: skip
def test_half_an_answer_is_an_error(text: str) -> None:
    with pytest.raises(ParseError):
        told(text)


def test_megabytes() -> None:
    rows: list[Any] = [record(JOBID=str(number), PEND_REASON="x" * 500) for number in range(1, 5001)]
    assert len(told(json.dumps({"JOBS": 5000, "RECORDS": rows}))) == 5000


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("Sun Nov 22 09:53:21", NOV_22 + 35601),
        ("Sun Nov 22 09:53:21 2026", NOV_22 + 35601),
        ("Nov 22 09:53", NOV_22 + 35580),
        # The last Nov 22 that was a Saturday.
        ("Sat Nov 22 00:00:00", NOV_22 - 365 * 86400),
        # Not a year ahead of us.
        ("Dec  1 00:00", NOV_22 + 9 * 86400 - 365 * 86400),
        ("Thu Feb 29 00:00:00", 1709164800),
        ("", None),
        ("-", None),
        ("Nix 22 09:53", None),
        ("Nov 31 09:53", None),
    ],
)
def test_times_without_a_year(text: str, seconds: int | None) -> None:
    assert epoch(text, NOV_22 + 86400) == seconds
