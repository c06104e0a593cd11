# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The portable request in TORQUE's words, and what its commands' ends mean. The answers were recorded on 6.1.3."""

from __future__ import annotations

import os
import pwd
from typing import Any

import pytest

from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.client import Client
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.errors import (
    CommandError,
    DrmError,
    DrmUnavailableError,
    InvalidRequestError,
    ParseError,
)
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.model import (
    Command,
    CommandResult,
    Control,
    JobRequest,
    JobState,
    Outcome,
)
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.torque import Torque
from ansible_collections.clusterjobs.drm.tests.unit.helpers.recorded_runner import RecordedRunner
from ansible_collections.clusterjobs.drm.tests.unit.helpers.recordings import recorded

DRM = Torque()
SCRIPT = "#!/bin/bash\nhostname\n"
USER = pwd.getpwuid(os.geteuid()).pw_name


def result(name: str) -> CommandResult:
    return recorded("torque/6.1.3/" + name)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, []),
        ({"queue": "long", "cluster": "west", "account": "bio"}, ["-q", "long@west", "-A", "bio"]),
        ({"cluster": "west"}, ["-q", "@west"]),
        ({"priority": 10}, ["-p", "10"]),
        ({"slots": 8}, ["-l", "nodes=1:ppn=8"]),
        ({"slots": 8, "nodes": 2, "gpus": 2}, ["-l", "nodes=2:ppn=4:gpus=1"]),
        ({"slots": 5, "nodes": 2}, ["-l", "nodes=1:ppn=3+1:ppn=2"]),
        ({"nodes": 3}, ["-l", "nodes=3:ppn=1"]),
        # TORQUE's is the whole job's, as the request's.
        ({"memory_mb": 1000, "nodes": 3}, ["-l", "nodes=3:ppn=1,mem=1000mb"]),
        ({"walltime_seconds": 90061}, ["-l", "walltime=25:01:01"]),
        ({"memory_mb": 5, "native_options": ("-l", "mem=9mb")}, ["-l", "mem=5mb", "-l", "mem=9mb"]),
    ],
)
def test_resources(fields: dict[str, Any], words: list[str]) -> None:
    assert DRM.native_options(JobRequest(SCRIPT, **fields)) == words


def test_a_whole_submission() -> None:
    command = DRM.build_submit(
        JobRequest(
            SCRIPT,
            name="align",
            token="0123456789",
            queue="long",
            array="1-9:4,20%2",
            depends_on=("7.srv", "9[].srv", "8.srv", "3[2].srv"),
            hold=True,
            chdir="/data",
            native_options=("-N", "mine"),
        )
    )
    assert command.argv == (
        "qsub",
        "-t",
        "1,5,9,20%2",
        "-W",
        "depend=afterok:7.srv:8.srv:3[2].srv,afterokarray:9[].srv",
        "-h",
        "-o",
        "/data/align-0123456789.o",
        "-j",
        "oe",
        "-q",
        "long",
        "-N",
        "mine",
        # qsub takes the last one: a submission is found by this name.
        "-N",
        "align-0123456789",
    )
    assert command.stdin == "#!/bin/bash\ncd -- /data || exit 1\nhostname\n"


def test_steps_that_are_too_many_are_refused() -> None:
    DRM.check_request(JobRequest(SCRIPT, array="0-19998:2"))
    with pytest.raises(InvalidRequestError, match="no steps"):
        DRM.check_request(JobRequest(SCRIPT, array="0-99999:2"))


def test_arrays_are_asked_for_by_t() -> None:
    """-J is refused."""
    assert DRM.classify(result("qsub_array_J_unsupported")) is Outcome.REFUSED
    assert "-t" in DRM.build_submit(JobRequest(SCRIPT, array="1-3")).argv


def test_output_of_an_array() -> None:
    """The server puts -index at the end: the recorded element's is arr.o26-1."""
    request = JobRequest(SCRIPT, name="a", token="t", array="1-3", chdir="/work")
    assert "/work/a-t.o" in DRM.build_submit(request).argv
    assert DRM.output_paths(request, "7[2].srv", "/home/u") == ("/work/a-t.o-2",) * 2


def test_the_job_id() -> None:
    assert DRM.parse_submit(result("qsub_fail7")) == "11.torquenode"
    assert DRM.parse_submit(result("qsub_array")) == "26[].torquenode"


def test_the_job_id_behind_words_about_a_slow_server() -> None:
    stdout = "Connection to server timed out. Trying againConnection to server timed out. Trying again12.srv\n"
    assert DRM.parse_submit(CommandResult(Command(("qsub",)), 0, stdout, "")) == "12.srv"


@pytest.mark.parametrize("stdout", ["12\n", "12.\n", "again12.srv\n", "12.srv;id\n"])
def test_what_is_no_job_id(stdout: str) -> None:
    with pytest.raises(ParseError):
        DRM.parse_submit(CommandResult(Command(("qsub",)), 0, stdout, ""))


def test_questions() -> None:
    [plain] = DRM.build_status(["7.srv", "8.srv"], "west")
    assert plain.argv == ("qstat", "-x", "7.srv@west", "8.srv@west")
    [array] = DRM.build_status(["7[].srv", "8.srv"], "")
    assert array.argv == ("qstat", "-t", "-x", "7[].srv", "8.srv")
    assert DRM.build_history(["7.srv"], "") == []


def test_a_long_list_of_jobs_is_split() -> None:
    ids = ["%d.torquenode" % number for number in range(1, 20001)]
    assert [word for command in DRM.build_status(ids, "") for word in command.argv[2:]] == ids


def test_a_job_is_looked_for_by_its_exact_name() -> None:
    names = ["align-0123456789", "sort-9876543210"]
    asked = [command.argv for command in DRM.build_find(names, "", 0)]
    assert asked == [("qselect", "-u", USER, "-N", name) for name in names]
    assert DRM.build_find_history(names, "", 0) == []


def test_a_job_that_is_not_found_may_have_been_there() -> None:
    """It leaves no trace once keep_completed is over."""
    nothing = CommandResult(Command(("qselect",)), 0, "", "")
    search = Client(DRM, RecordedRunner(nothing)).find(["a-t"], 0)["a-t"]
    assert (search.jobs, search.certain) == ([], False)


def test_a_job_that_the_server_has_forgotten_is_unknown() -> None:
    assert result("qstat_purged_x").rc == 153
    [status] = Client(DRM, RecordedRunner(result("qstat_purged_x"))).statuses(["54.torquenode"]).jobs.values()
    assert status.state is JobState.UNKNOWN


def test_an_array_of_which_an_element_is_forgotten_is_unknown() -> None:
    told = result("qstat_array_completed_t_x")
    kept = told.stdout.replace("<exit_status>1<", "<exit_status>0<").replace("<exit_status>2<", "<exit_status>0<")
    first, _middle, rest = kept.partition("<Job>")[2].partition("</Job>")
    stdout = kept.replace("<Job>%s</Job>" % first, "").replace("<exit_status>271<", "<exit_status>0<")
    runner = RecordedRunner(CommandResult(told.command, 0, stdout, ""))
    [status] = Client(DRM, runner).statuses(["26[].torquenode"]).jobs.values()
    assert (status.state, len(status.tasks)) == (JobState.UNKNOWN, 5)
    assert rest


@pytest.mark.parametrize(
    ("action", "program"), [(Control.CANCEL, "qdel"), (Control.HOLD, "qhold"), (Control.RELEASE, "qrls")]
)
def test_controls(action: Control, program: str) -> None:
    [command] = DRM.build_control(action, ["7.srv", "8[2].srv"], "west")
    assert (command.argv[0], command.argv[-2:]) == (program, ("7.srv@west", "8[2].srv@west"))


def test_suspending_is_an_operators_and_refused_by_name() -> None:
    assert DRM.classify(result("qsig_suspend_as_user")) is Outcome.REFUSED
    with pytest.raises(DrmError, match="torque cannot suspend a job"):
        Client(DRM, RecordedRunner()).control(Control.SUSPEND, ["7.srv"])


@pytest.mark.parametrize(
    ("name", "outcome", "error"),
    [
        ("qstat_unknown_id_x", Outcome.NO_SUCH_JOB, "PBSE_UNKJOBID (15001)"),
        ("qhold_unknown_id", Outcome.NO_SUCH_JOB, "PBSE_UNKJOBID (15001)"),
        ("qdel_p_as_user", Outcome.REFUSED, "PBSE_PERM (15007)"),
        ("qsub_bad_queue", Outcome.REFUSED, "PBSE_UNKQUE (15020)"),
        # 172 here, 170 in OpenPBS, where 170 means this: a job in the wrong state.
        ("qstat_bad_id_x", Outcome.REFUSED, "PBSE_UNKQUE (15020)"),
        ("qdel_already_completed", Outcome.NO_SUCH_JOB, "PBSE_BADSTATE (15018)"),
        # 189 here, 187 in OpenPBS.
        ("qsub_bad_resource", Outcome.REFUSED, "PBSE_UNKRESC (15037)"),
        # More than there is: refused at once, where OpenPBS lets it wait.
        ("qsub_bad_node_count", Outcome.REFUSED, "PBSE_EXCQRESC (15038)"),
        ("qsub_bad_node_property", Outcome.REFUSED, "PBSE_EXCQRESC (15038)"),
        ("qsub_bad_depend", Outcome.REFUSED, "PBSE_BADDEPEND (15056)"),
        ("qsub_array_bad_range", Outcome.REFUSED, "PBSE_BAD_ARRAY_REQ (15083)"),
        ("qsub_disabled_queue", Outcome.REFUSED, "PBSE_QUNOENB (15023)"),
        ("qdel_mom_down", Outcome.UNREACHABLE, "PBSE_NORELYMOM (15072)"),
        ("qsub_env_bad_server", Outcome.UNREACHABLE, "PBSE_BADHOST (15010)"),
        ("qsub_trqauthd_down", Outcome.UNREACHABLE, ""),
        ("qsub_server_down", Outcome.UNREACHABLE, ""),
        ("qsub_as_root", Outcome.REFUSED, ""),
        # TORQUE takes PBS Pro's words and does nothing with them.
        ("qsub_select_unsupported", Outcome.OK, ""),
        ("qsub_empty_stdin", Outcome.OK, ""),
        ("qhold_running", Outcome.OK, ""),
    ],
)
def test_what_an_answer_means_and_is_called(name: str, outcome: Outcome, error: str) -> None:
    assert (DRM.classify(result(name)), DRM.error_name(result(name))) == (outcome, error)


def test_select_is_never_written() -> None:
    request = JobRequest(SCRIPT, slots=4, nodes=2, gpus=1, memory_mb=5, walltime_seconds=60)
    assert not any("select" in word for word in DRM.build_submit(request).argv)


def test_an_error_that_is_told_three_times_is_one() -> None:
    answer = result("qstat_trqauthd_down")
    assert answer.stderr.count("socket_connect_unix failed: 15137") == 3
    assert (answer.rc, DRM.classify(answer)) == (33, Outcome.UNREACHABLE)
    assert (result("qstat_server_down_x").rc, DRM.classify(result("qstat_server_down_x"))) == (111, Outcome.UNREACHABLE)
    with pytest.raises(DrmUnavailableError):
        Client(DRM, RecordedRunner(answer)).statuses(["7.srv"])


def test_a_refusal_names_the_servers_error() -> None:
    with pytest.raises(CommandError, match=r"PBSE_PERM \(15007\)"):
        Client(DRM, RecordedRunner(result("qdel_p_as_user"))).control(Control.CANCEL, ["53.torquenode"])


@pytest.mark.parametrize(
    "text",
    ["qsub: submit error (Time out)", "qsub: submit error (Invalid credential)", "qsub: submit error (Wrmpf)", ""],
)
def test_a_submission_that_may_have_arrived_is_not_refused(text: str) -> None:
    assert DRM.classify(CommandResult(Command(("qsub",)), 1, "", text)) is Outcome.UNREACHABLE
