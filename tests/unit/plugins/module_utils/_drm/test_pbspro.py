# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The portable request in PBS Pro's words, and what its commands' ends mean. The answers were recorded on OpenPBS 23.06."""

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
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.pbspro import PbsPro
from ansible_collections.clusterjobs.drm.tests.unit.helpers.recorded_runner import RecordedRunner
from ansible_collections.clusterjobs.drm.tests.unit.helpers.recordings import recorded

DRM = PbsPro()
SCRIPT = "#!/bin/bash\nhostname\n"
USER = pwd.getpwuid(os.geteuid()).pw_name


def result(name: str) -> CommandResult:
    return recorded("pbspro/23.06/" + name)


def said(stderr: str, rc: int = 1, program: str = "qsub", stdout: str = "") -> Outcome:
    return DRM.classify(CommandResult(Command((program,)), rc, stdout, stderr))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, []),
        ({"queue": "long", "account": "bio"}, ["-q", "long", "-A", "bio"]),
        ({"cluster": "west"}, ["-q", "@west"]),
        ({"queue": "long", "cluster": "west"}, ["-q", "long@west"]),
        ({"priority": -5}, ["-p", "-5"]),
        ({"slots": 8}, ["-l", "select=1:ncpus=8"]),
        ({"slots": 8, "nodes": 2}, ["-l", "select=2:ncpus=4:mpiprocs=4", "-l", "place=scatter"]),
        (
            {"slots": 5, "nodes": 2},
            ["-l", "select=1:ncpus=3:mpiprocs=3+1:ncpus=2:mpiprocs=2", "-l", "place=scatter"],
        ),
        ({"nodes": 3}, ["-l", "select=3:ncpus=1:mpiprocs=1", "-l", "place=scatter"]),
        ({"gpus": 2}, ["-l", "select=1:ncpus=1:ngpus=2"]),
        ({"memory_mb": 1000}, ["-l", "select=1:ncpus=1:mem=1000mb"]),
        # PBS's is each chunk's; the request's is the job's.
        ({"memory_mb": 1000, "nodes": 3}, ["-l", "select=3:ncpus=1:mpiprocs=1:mem=334mb", "-l", "place=scatter"]),
        ({"walltime_seconds": 59}, ["-l", "walltime=0:00:59"]),
        ({"walltime_seconds": 2 * 86400 + 3 * 3600 + 4 * 60 + 5}, ["-l", "walltime=51:04:05"]),
        ({"queue": "long", "native_options": ("-q", "short")}, ["-q", "long", "-q", "short"]),
    ],
)
def test_resources(fields: dict[str, Any], words: list[str]) -> None:
    assert DRM.native_options(JobRequest(SCRIPT, **fields)) == words


def test_a_whole_submission() -> None:
    command = DRM.build_submit(
        JobRequest(
            SCRIPT,
            args=("first one", "--second"),
            name="align",
            token="0123456789",
            cluster="west",
            queue="long",
            array="1-10%2",
            depends_on=("7.srv", "9[].srv"),
            hold=True,
            chdir="/data/my job",
            stdout="out",
            stderr="/logs/err",
            environment={"A": "1"},
            native_options=("-N", "mine", "-r", "n"),
        )
    )
    assert command.argv == (
        "qsub",
        "-f",
        "-J",
        "1-10%2",
        "-W",
        "depend=afterok:7.srv:9[].srv",
        "-h",
        "-o",
        "/data/my job/out",
        "-e",
        "/logs/err",
        "-q",
        "long@west",
        "-N",
        "mine",
        "-r",
        "n",
        # qsub takes the last one: a submission is found by this name.
        "-N",
        "align-0123456789",
    )
    assert (
        command.stdin
        == "#!/bin/bash\ncd -- '/data/my job' || exit 1\nexport A=1\nset -- 'first one' --second\nhostname\n"
    )
    assert command.environ == {}


@pytest.mark.parametrize("array", ["1,3", "5", "1-3,7-9", "1-9:2,11"])
def test_a_list_of_indices_is_refused(array: str) -> None:
    with pytest.raises(InvalidRequestError, match="one range"):
        DRM.check_request(JobRequest(SCRIPT, array=array))


def test_fewer_slots_than_nodes_are_refused() -> None:
    with pytest.raises(InvalidRequestError, match="2 slots cannot be on 3 nodes"):
        DRM.check_request(JobRequest(SCRIPT, slots=2, nodes=3))


@pytest.mark.parametrize("field", ["stdout", "stderr"])
def test_a_path_with_a_colon_is_refused(field: str) -> None:
    with pytest.raises(InvalidRequestError, match="name of a host") as caught:
        DRM.check_request(JobRequest(SCRIPT, chdir="/work", **{field: "a:b"}))
    assert caught.value.field == field


def test_a_path_that_qsub_does_not_take_is_refused() -> None:
    DRM.check_request(JobRequest(SCRIPT, chdir="/my work", stdout="%j $HOME 'x'"))
    # It is the default output's path too; with a path of its own the directory may be called anything.
    for fields in ({"stdout": "/naïve"}, {"stdout": "/tab\there"}, {"chdir": "/naïve"}):
        with pytest.raises(InvalidRequestError, match="qsub takes no") as caught:
            DRM.check_request(JobRequest(SCRIPT, **fields))
        assert caught.value.field == "stdout"
    DRM.check_request(JobRequest(SCRIPT, chdir="/naïve", stdout="/plain"))
    DRM.check_request(JobRequest(SCRIPT, chdir="/a:b", native_options=("-o", "host:/plain")))


def test_output_of_an_array() -> None:
    request = JobRequest(SCRIPT, name="a", token="t", array="1-3", chdir="/work")
    assert "/work/a-t.o.^array_index^" in DRM.build_submit(request).argv
    assert DRM.output_paths(request, "7[2].srv", "/home/u") == ("/work/a-t.o.2",) * 2
    assert DRM.output_paths(request, "7[].srv", "/home/u") == ("/work/a-t.o.^array_index^",) * 2


@pytest.mark.parametrize(
    "own", [{"script": "#!/bin/sh\n#PBS -J 1-3\ntrue\n"}, {"script": SCRIPT, "native_options": ("-J1-3",)}]
)
def test_output_of_an_array_of_the_users_own_words(own: dict[str, Any]) -> None:
    request = JobRequest(name="a", token="t", chdir="/work", **own)
    assert DRM.output_paths(request, "7[2].srv", "/home/u") == ("/work/a-t.o.2",) * 2


def test_the_job_id() -> None:
    assert DRM.parse_submit(result("qsub_fail7")) == "11.pbsnode"
    assert DRM.parse_submit(result("qsub_array")) == "24[].pbsnode"
    banner = CommandResult(Command(("qsub",)), 0, "Welcome 12\n12.srv.example.org\n", "")
    assert DRM.parse_submit(banner) == "12.srv.example.org"


@pytest.mark.parametrize("stdout", ["12\n", "12.\n", "-12.srv\n", "12.srv;id\n", "12[3].srv\n"])
def test_what_is_no_job_id(stdout: str) -> None:
    with pytest.raises(ParseError):
        DRM.parse_submit(CommandResult(Command(("qsub",)), 0, stdout, ""))


def test_questions() -> None:
    [queue] = DRM.build_status(["7.srv", "8.srv"], "")
    assert queue.argv == ("qstat", "-f", "-F", "json", "7.srv", "8.srv")
    assert queue.environ == {"TZ": "UTC0"}
    [history] = DRM.build_history(["7.srv"], "west")
    assert history.argv == ("qstat", "-x", "-f", "-F", "json", "7.srv@west")
    [array] = DRM.build_status(["7[].srv"], "")
    assert array.argv == ("qstat", "-t", "-f", "-F", "json", "7[].srv")


def test_a_long_list_of_jobs_is_split() -> None:
    ids = ["%d.pbsnode" % number for number in range(1, 20001)]
    commands = DRM.build_status(ids, "")
    assert [word for command in commands for word in command.argv[4:]] == ids
    assert 1 < len(commands) < 5
    assert all(sum(len(word) + 1 for word in command.argv) < 128 * 1024 for command in commands)


def test_a_job_is_looked_for_by_its_exact_name() -> None:
    [queue] = DRM.build_find(["align-0123456789"], "west", 0)
    [history] = DRM.build_find_history(["align-0123456789"], "west", 0)
    assert queue.argv == ("qselect", "-q", "@west", "-u", USER, "-N", "align-0123456789")
    assert history.argv == ("qselect", "-x", "-q", "@west", "-u", USER, "-N", "align-0123456789")
    rows = DRM.parse_status(CommandResult(queue, 0, "12.srv\n13[].srv\nno id; rm\n", ""))
    assert [(row.job_id, row.name, row.state) for row in rows] == [
        ("12.srv", "align-0123456789", JobState.UNKNOWN),
        ("13[].srv", "align-0123456789", JobState.UNKNOWN),
    ]


def test_without_history_a_job_that_is_not_found_may_have_been_there() -> None:
    nothing = CommandResult(Command(("qselect",)), 0, "", "")
    refused = CommandResult(Command(("qselect",)), 0, "", "qselect: PBS is not configured to maintain job history\n")
    assert Client(DRM, RecordedRunner(nothing, refused)).find(["a-t"], 0)["a-t"].certain is False
    assert Client(DRM, RecordedRunner(nothing, nothing)).find(["a-t"], 0)["a-t"].certain is True


@pytest.mark.parametrize(
    ("action", "words"),
    [
        (Control.CANCEL, ("qdel", "7.srv@west", "8[2].srv@west")),
        (Control.HOLD, ("qhold", "-h", "u", "7.srv@west", "8[2].srv@west")),
        (Control.RELEASE, ("qrls", "-h", "u", "7.srv@west", "8[2].srv@west")),
    ],
)
def test_controls(action: Control, words: tuple[str, ...]) -> None:
    assert [command.argv for command in DRM.build_control(action, ["7.srv", "8[2].srv"], "west")] == [words]


def test_suspending_is_an_operators_and_refused_by_name() -> None:
    with pytest.raises(DrmError, match="pbspro cannot suspend a job"):
        Client(DRM, RecordedRunner()).control(Control.SUSPEND, ["7.srv"])


def test_a_finished_job_is_found_in_the_history() -> None:
    assert result("qstat_finished_without_x").rc == 35
    runner = RecordedRunner(result("qstat_finished_without_x"), result("qstat_fail7_x_f_json"))
    [status] = Client(DRM, runner).statuses(["11.pbsnode"]).jobs.values()
    assert (status.state, status.exit_code) == (JobState.FAILED, 7)
    assert [command.argv[1] for command in runner.asked] == ["-f", "-x"]


def test_without_history_a_finished_job_is_unknown() -> None:
    """Return code 153 without -x; with it 0, and the reason on standard error alone."""
    assert result("qstat_history_off").rc == 153
    assert DRM.classify(result("qstat_history_off")) is Outcome.NO_SUCH_JOB
    assert result("qstat_history_off_x_f_json").rc == 0
    assert DRM.classify(result("qstat_history_off_x_f_json")) is Outcome.NO_ACCOUNTING
    runner = RecordedRunner(result("qstat_history_off"), result("qstat_history_off_x_f_json"))
    [status] = Client(DRM, runner).statuses(["69.pbsnode"]).jobs.values()
    assert status.state is JobState.UNKNOWN


def test_a_job_in_the_queue_is_not_asked_with_x() -> None:
    """Where no history is kept, -x refuses it."""
    runner = RecordedRunner(result("qstat_running_f_json"))
    [status] = Client(DRM, runner).statuses(["1.pbsnode"]).jobs.values()
    assert status.state is JobState.RUNNING


def test_a_server_that_is_down_says_nothing_of_a_job() -> None:
    with pytest.raises(DrmUnavailableError):
        Client(DRM, RecordedRunner(result("qstat_server_down_f_json"))).statuses(["1.pbsnode"])


def test_cancelling_what_has_ended_is_done() -> None:
    Client(DRM, RecordedRunner(result("qdel_array_again"))).control(Control.CANCEL, ["63[].pbsnode"])
    Client(DRM, RecordedRunner(result("qdel_unknown_id"))).control(Control.CANCEL, ["99999"])


def test_a_refusal_among_jobs_that_have_ended_is_told() -> None:
    text = result("qdel_array_again").stderr + result("qdel_not_owner").stderr
    assert said(text, 159, "qdel") is Outcome.REFUSED
    assert said(result("qdel_array_again").stderr * 2, 35, "qdel") is Outcome.NO_SUCH_JOB


def test_a_refusal_names_the_servers_error() -> None:
    with pytest.raises(CommandError, match=r"PBSE_PERM \(15007\)"):
        Client(DRM, RecordedRunner(result("qdel_not_owner"))).control(Control.CANCEL, ["39.pbsnode"])


def test_a_word_that_is_no_job_is_taken_for_a_queue() -> None:
    """Return code 170: its text decides, not the number."""
    assert DRM.classify(result("qstat_bad_id")) is Outcome.REFUSED
    assert DRM.error_name(result("qstat_bad_id")) == "PBSE_UNKQUE (15018)"


@pytest.mark.parametrize("name", ["qsub_empty_stdin", "qsub_bad_depend", "qsub_never_can_run"])
def test_what_qsub_takes_without_a_word(name: str) -> None:
    """An empty script, afterok on a job that never was, more slots than there are."""
    assert DRM.classify(result(name)) is Outcome.OK
    assert DRM.parse_submit(result(name)).endswith(".pbsnode")


def test_root_is_refused() -> None:
    assert DRM.classify(result("qsub_as_root")) is Outcome.REFUSED
    assert DRM.error_name(result("qsub_as_root")) == "PBSE_BADUSER (15023)"


@pytest.mark.parametrize(
    "text",
    [
        "qsub: Connection timed out",
        "qsub: Invalid credential",
        "qsub: End of File",
        "qsub: Request not allowed: Server shutting down",
        "qsub: Wrmpf",
        "",
    ],
)
def test_a_submission_that_may_have_arrived_is_not_refused(text: str) -> None:
    assert said(text) is Outcome.UNREACHABLE


def test_a_host_that_may_not_submit_is_refused() -> None:
    assert said("qsub: Access from host not allowed, or unknown host\n", 160) is Outcome.REFUSED
    assert DRM.classify(result("qsub_env_server_unresolvable")) is Outcome.UNREACHABLE


def test_no_process_of_qsubs_is_left_behind() -> None:
    """It would inherit the journal's lock, and hold it for a minute."""
    assert "-f" in DRM.build_submit(JobRequest(SCRIPT)).argv


def test_a_sites_hook_refuses_in_its_own_words() -> None:
    assert said("qsub: please name a project\n", rc=32) is Outcome.REFUSED
    assert DRM.classify(CommandResult(Command(("qsub",)), 32, "", "", True)) is Outcome.UNREACHABLE


def test_a_name_with_every_allowed_character_is_taken() -> None:
    assert DRM.classify(result("qsub_name_plus")) is Outcome.OK


def test_a_command_that_died_tells_nothing() -> None:
    assert said("", rc=-9, program="qstat") is Outcome.UNREACHABLE
