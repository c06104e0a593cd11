# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The portable request in LSF's words, and what its commands' ends mean. The answers were recorded on OpenLava 2.2."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest

from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.errors import InvalidRequestError, ParseError
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.lsf import Lsf
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.model import (
    Command,
    CommandResult,
    Control,
    JobRequest,
    Outcome,
)
from ansible_collections.clusterjobs.drm.tests.unit.helpers.recordings import recorded

DRM = Lsf()
SCRIPT = "#!/bin/bash\nhostname\n"


def options(**fields: Any) -> list[str]:
    return DRM.native_options(JobRequest(SCRIPT, **fields))


def submitted(script: str = SCRIPT, **fields: Any) -> Command:
    return DRM.build_submit(JobRequest(script, **fields))


def answer(stderr: str, rc: int = 255, stdout: str = "", program: str = "bsub") -> Outcome:
    return DRM.classify(CommandResult(Command((program,)), rc, stdout, stderr))


def openlava(name: str) -> CommandResult:
    return recorded("lsf/openlava-2.2/" + name)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, []),
        ({"queue": "long", "account": "bio", "priority": 7}, ["-q", "long", "-P", "bio", "-sp", "7"]),
        ({"slots": 8}, ["-n", "8", "-R", "span[hosts=1]"]),
        ({"slots": 8, "nodes": 2}, ["-n", "8", "-R", "span[ptile=4]"]),
        ({"slots": 7, "nodes": 2}, ["-n", "7", "-R", "span[ptile=4]"]),
        ({"nodes": 3}, ["-n", "3", "-R", "span[ptile=1]"]),
        ({"gpus": 2}, ["-gpu", "num=2"]),
        # LSF's are for each node; the request's are for the job.
        ({"gpus": 4, "nodes": 2}, ["-n", "2", "-gpu", "num=2", "-R", "span[ptile=1]"]),
        ({"memory_mb": 1000}, ["-R", "rusage[mem=1000MB]", "-M", "1000MB"]),
        ({"memory_mb": 1000, "nodes": 3}, ["-n", "3", "-R", "span[ptile=1] rusage[mem=334MB]", "-M", "1000MB"]),
        ({"walltime_seconds": 1}, ["-W", "0:01"]),
        ({"walltime_seconds": 60}, ["-W", "0:01"]),
        ({"walltime_seconds": 61}, ["-W", "0:02"]),
        ({"walltime_seconds": 2 * 86400 + 90}, ["-W", "48:02"]),
        ({"queue": "long", "native_options": ("-q", "short")}, ["-q", "long", "-q", "short"]),
        # Of two -W and -M OpenLava takes the first.
        ({"walltime_seconds": 60, "native_options": ("-W", "5")}, ["-W", "5"]),
        ({"walltime_seconds": 60, "native_options": ("-W5",)}, ["-W5"]),
        ({"memory_mb": 1, "native_options": ("-M9",)}, ["-R", "rusage[mem=1MB]", "-M9"]),
    ],
)
def test_resources(fields: dict[str, Any], words: list[str]) -> None:
    assert options(**fields) == words


def test_a_whole_submission() -> None:
    command = submitted(
        args=("first one", "it's"),
        name="align",
        token="0123456789",
        array="1-10%2",
        depends_on=("7", "9[1]"),
        hold=True,
        chdir="/data/my job",
        stdout="out.%J",
        stderr="err %J",
        environment={"A": 'it\'s, "so"\nto say', "B": ""},
        native_options=("-J", "mine", "-m", "hostA"),
    )
    assert command.argv == (
        "bsub",
        "-w",
        "done(7) && done(9[1])",
        "-H",
        "-e",
        "err %J",
        "-o",
        "out.%J",
        "-J",
        "mine",
        "-m",
        "hostA",
        "-J",
        "align-0123456789[1-10]%2",
    )
    quoted = "'it'\"'\"'s"
    assert command.stdin == (
        "#!/bin/bash\nexport A=%s, \"so\"\nto say'\nset -- 'first one' %s'\nhostname\n" % (quoted, quoted)
    )
    assert command.environ == {"B": ""}
    assert command.directory == "/data/my job"
    assert command.otherwise is None


@pytest.mark.parametrize("value", ["it's", "two\nlines", "back\\slash", "'; rm -rf x; '", "cr\r"])
def test_a_value_that_openlava_would_break_stands_in_the_script(value: str) -> None:
    """Its bsub writes A='value' for a shell to read, and leaves a quote in the value as it is."""
    command = submitted('#!/bin/sh\nprintf %s "$A"\n', environment={"A": value, "B": 'plain, "so" $HOME'})
    assert command.environ == {"B": 'plain, "so" $HOME'}
    done = subprocess.run(["/bin/sh"], input=(command.stdin or "").encode(), capture_output=True, check=True)
    assert done.stdout.decode() == value


@pytest.mark.parametrize("name", ["HOME", "USER", "TERM", "PATH", "LC_ALL", "LD_PRELOAD", "LSF_ENVDIR", "LSB_JOBNAME"])
def test_a_variable_that_bsub_keeps_or_reads_itself_stands_in_the_script(name: str) -> None:
    command = submitted(environment={name: "x", "ANOTHER": "y"})
    assert command.environ == {"ANOTHER": "y"}
    assert "export %s=x" % name in str(command.stdin).split("\n")


def test_memory_has_a_unit_and_is_told_to_openlava_in_its_own() -> None:
    command = submitted(memory_mb=1000)
    assert command.otherwise is not None
    assert command.argv[-6:-2] == ("-R", "rusage[mem=1000MB]", "-M", "1000MB")
    assert command.otherwise.argv[-6:-2] == ("-R", "rusage[mem=1000]", "-M", "1024000")
    assert (command.otherwise.stdin, command.otherwise.otherwise) == (command.stdin, None)
    refusal = "1000MB: MEMLIMT value should be a positive integer. Job not submitted.\n"
    assert DRM.classify(CommandResult(command, 255, "", refusal)) is Outcome.NOT_UNDERSTOOD
    assert DRM.classify(CommandResult(command.otherwise, 255, "", refusal)) is Outcome.REFUSED
    other = "nosuchqueue: No such queue. Job not submitted.\n"
    assert DRM.classify(CommandResult(command, 255, "", other)) is Outcome.REFUSED


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"slots": 4, "nodes": 3}, "nodes: LSF places the same number of slots on each node"),
        ({"slots": 1, "nodes": 2}, "nodes: LSF places"),
        ({"gpus": 3, "nodes": 2}, "gpus: LSF gives each node the same number"),
        ({"array": "0-4"}, "array: LSF counts an array's elements from 1, and '0-4' has a 0"),
        ({"array": "3,0"}, "array: LSF counts"),
        ({"args": ("a",), "script": "#!/usr/bin/python3\n"}, "args: the script's first line"),
        ({"environment": {"A": "it's"}, "script": "#!/usr/bin/python3\n"}, "environment: the script's first line"),
        ({"environment": {"A": "a\n#BSUB -q root"}}, "environment: a line in it begins with '#'"),
        ({"args": ("a\n#BSUB -q root",)}, "args: a line in it begins with '#'"),
    ],
)
def test_what_lsf_cannot_do_is_refused_by_name(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        DRM.check_request(JobRequest(**dict({"script": SCRIPT}, **fields)))
    assert str(caught.value).startswith(said)


@pytest.mark.parametrize(
    "fields", [{"slots": 7, "nodes": 2}, {"gpus": 4, "nodes": 2}, {"array": "10-20:5,7%2"}, {"nodes": 3}]
)
def test_what_lsf_can_do(fields: dict[str, Any]) -> None:
    DRM.check_request(JobRequest(SCRIPT, **fields))


@pytest.mark.parametrize("name", ["bsub_stdin_script", "bsub_array", "bsub_short_options_attached", "bsub_bad_option"])
def test_an_accepted_submission(name: str) -> None:
    """Both words for the queue; an option that OpenLava does not know and takes without a word."""
    result = openlava(name)
    assert DRM.classify(result) is Outcome.OK
    assert DRM.parse_submit(result) in ("102", "105", "111", "117")


def test_bsub_k_ends_as_the_job_does_but_has_submitted_it() -> None:
    result = openlava("bsub_wait_K_fail")
    assert result.rc == 5
    assert DRM.classify(result) is Outcome.OK
    assert DRM.parse_submit(result) == "121"


@pytest.mark.parametrize(
    "name",
    [
        "bsub_bad_queue",
        "bsub_bad_dependency",
        "bsub_bad_walltime",
        "bsub_bad_resource",
        "bsub_empty_stdin",
        "bsub_too_many_slots",
        "bsub_walltime_over_queue_limit",
    ],
)
def test_a_refused_submission(name: str) -> None:
    assert DRM.classify(openlava(name)) is Outcome.REFUSED


@pytest.mark.parametrize(
    ("stderr", "outcome"),
    [
        ("Root job submission is disabled. Job not submitted.\n", Outcome.REFUSED),
        ("Request aborted by esub. Job not submitted.\n", Outcome.REFUSED),
        ("-zz: Illegal option. Job not submitted.\n", Outcome.REFUSED),
        ("bsub: invalid option -- 'g'\nUsage: bsub [-h]\n", Outcome.REFUSED),
        # bsub says so of every error, of a lost answer too.
        ("Contacting batch daemon: Communication timeout. Job not submitted.\n", Outcome.UNREACHABLE),
        ("Failed in an LSF library call: LIM is down; try later. Job not submitted.\n", Outcome.UNREACHABLE),
        ("System call failed: Broken pipe. Job not submitted.\n", Outcome.UNREACHABLE),
        ("XDR encode/decode error. Job not submitted.\n", Outcome.UNREACHABLE),
        ("Master batch daemon internal error. Job not submitted.\n", Outcome.UNREACHABLE),
        ("Segmentation fault\n", Outcome.UNREACHABLE),
        ("", Outcome.UNREACHABLE),
    ],
)
def test_a_failed_submission_is_refused_only_where_nothing_can_have_arrived(stderr: str, outcome: Outcome) -> None:
    assert answer(stderr) is outcome


def test_a_submission_without_a_word_was_not_answered() -> None:
    """BSUB_QUIET in the site's environment: the job is there, and is found by its name."""
    assert answer("", rc=0) is Outcome.UNREACHABLE
    assert answer("Job <9> is submitted to queue <q>.\n", rc=0) is Outcome.OK


def test_two_jobs_in_one_answer_are_not_told_apart() -> None:
    text = "Job <7> is submitted to queue <q>.\nJob <8> is submitted to queue <q>.\n"
    with pytest.raises(ParseError):
        DRM.parse_submit(CommandResult(Command(("bsub",)), 0, text, ""))


@pytest.mark.parametrize(
    "name", ["bsub_daemons_down", "bsub_mbatchd_down_lim_up", "bjobs_mbatchd_down_lim_up", "bkill_daemons_down"]
)
def test_commands_that_hang_are_ended_and_were_not_answered(name: str) -> None:
    """Without its daemons each of them waits for ever; rc 124 is the time limit's."""
    result = openlava(name)
    assert result.rc == 124
    assert DRM.classify(result) is Outcome.UNREACHABLE


def test_nothing_found_is_254_and_an_unknown_id_255() -> None:
    nothing, unknown = openlava("bjobs_a_none_found"), openlava("bjobs_purged_finished_job")
    assert (nothing.rc, unknown.rc) == (254, 255)
    assert DRM.classify(nothing) is DRM.classify(unknown) is Outcome.NO_SUCH_JOB


def test_bhist_tells_on_its_standard_output_that_it_found_nothing() -> None:
    result = openlava("bhist_unknown_id")
    assert result.stdout == "No matching job found\n"
    assert DRM.classify(result) is Outcome.NO_SUCH_JOB
    assert DRM.parse_history(result) == []


@pytest.mark.parametrize("program", ["bjobs", "bhist"])
def test_a_question_that_got_no_word_was_not_answered(program: str) -> None:
    assert answer("", rc=0, program=program) is Outcome.UNREACHABLE
    assert answer("No job found\n", rc=0, program=program) is Outcome.NO_SUCH_JOB


@pytest.mark.parametrize("name", ["bjobs_json_unsupported", "bjobs_o_unsupported"])
def test_openlava_does_not_understand_the_question_and_is_asked_in_the_older_form(name: str) -> None:
    [command] = DRM.build_status(["102"], "")
    result = openlava(name)
    assert DRM.classify(CommandResult(command, result.rc, result.stdout, result.stderr)) is Outcome.NOT_UNDERSTOOD
    assert command.otherwise is not None
    assert command.otherwise.argv == ("bjobs", "-l", "102")
    # In the older form it is an error like any other.
    assert DRM.classify(CommandResult(command.otherwise, result.rc, "", result.stderr)) is Outcome.REFUSED


@pytest.mark.parametrize(
    ("name", "outcome"),
    [
        ("bkill_running", Outcome.OK),
        ("bstop_pending", Outcome.OK),
        ("bresume_USUSP", Outcome.OK),
        ("bkill_already_finished", Outcome.NO_SUCH_JOB),
        ("bresume_unknown_id", Outcome.NO_SUCH_JOB),
        # The job becomes ZOMBI: it is killed as soon as its host answers.
        ("bkill_UNKWN", Outcome.OK),
        ("bkill_sbatchd_dead", Outcome.OK),
        ("bkill_not_owner", Outcome.REFUSED),
    ],
)
def test_control(name: str, outcome: Outcome) -> None:
    assert DRM.classify(openlava(name)) is outcome


def test_one_refusal_among_several_answers_is_one() -> None:
    text = "Job <1>: Job has already finished\nJob <2>: User permission denied\n"
    assert answer(text, program="bkill") is Outcome.REFUSED
    assert (
        answer("Job <1>: Job has already finished\nCannot connect to LSF. Please wait ...\n", program="bkill")
        is Outcome.NO_SUCH_JOB
    )


def test_a_history_that_users_may_not_read() -> None:
    stderr = "lsb_openelog: /lsf/work/c/logdir/lsb.events: Permission denied\n"
    assert answer(stderr, program="bhist") is Outcome.NO_ACCOUNTING


def test_one_question_for_any_number_of_jobs_up_to_the_length_of_a_command_line() -> None:
    ids = [str(number) for number in range(100000, 105000)]
    [command] = DRM.build_status(ids, "")
    assert command.argv[-5000:] == tuple(ids)
    ids = [str(number) for number in range(1000000, 1100000)]
    for commands in (DRM.build_status(ids, ""), DRM.build_history(ids, ""), DRM.build_control(Control.CANCEL, ids, "")):
        assert max(len(" ".join(command.argv)) for command in commands) < 110 * 1000
        assert [word for command in commands for word in command.argv if word.isdigit() and len(word) == 7] == ids


def test_times_are_asked_for_in_utc() -> None:
    [status], [history] = DRM.build_status(["7"], ""), DRM.build_history(["7"], "")
    assert status.environ == history.environ == {"TZ": "UTC0"}
    assert status.otherwise is not None
    assert status.otherwise.environ == {"TZ": "UTC0"}


def test_a_job_is_looked_for_by_its_exact_name_in_every_event_file() -> None:
    [queue] = DRM.build_find(["a-0123456789"], "", 0)
    [history] = DRM.build_find_history(["a-0123456789"], "", 0)
    assert queue.argv[-3:] == ("-a", "-J", "a-0123456789")
    assert history.argv == ("bhist", "-n", "0", "-l", "-a", "-J", "a-0123456789")


@pytest.mark.parametrize(
    "job_id", ["0", "105[0]", "105[1-3]", "105[]", "105[1", "1.srv", "62_3", "-J x", "99999999999"]
)
def test_no_id_can_mean_more_than_one_job(job_id: str) -> None:
    """bkill's 0 is all of the user's jobs."""
    with pytest.raises(InvalidRequestError):
        DRM.check_job_ids([job_id])


@pytest.mark.parametrize(
    ("fields", "job_id", "paths"),
    [
        ({}, "7", ("/home/g/lsf-7.out",) * 2),
        ({"array": "1-3"}, "7[2]", ("/home/g/lsf-7_2.out",) * 2),
        ({"chdir": "/work", "stdout": "o %J", "stderr": "/e.%I"}, "7", ("/work/o 7", "/e.0")),
        ({"native_options": ("-o/dev/null", "-eo", "e")}, "7", ("/dev/null", "/home/g/e")),
        ({"native_options": ("-outdir", "/x"), "stdout": "o"}, "7", ("/home/g/o",) * 2),
        ({"native_options": ("-cwd", "sub"), "chdir": "/work"}, "7", ("/work/sub/lsf-7.out",) * 2),
        ({"script": "#!/bin/sh\n#BSUB -o of.%J -e ef\ntrue\n"}, "7", ("/home/g/of.7", "/home/g/ef")),
        ({"script": "#!/bin/sh\n#BSUB -o of\ntrue\n", "stdout": "asked"}, "7", ("/home/g/asked",) * 2),
    ],
)
def test_where_the_output_is(fields: dict[str, Any], job_id: str, paths: tuple[str, str]) -> None:
    request = JobRequest(**dict({"script": SCRIPT}, **fields))
    assert DRM.output_paths(request, job_id, "/home/g") == paths


def test_the_output_goes_to_a_file_and_not_to_the_mail_unless_the_user_says_where() -> None:
    assert submitted().argv == ("bsub", "-o", "lsf-%J.out", "-J", "job")
    assert submitted(array="1-2").argv == ("bsub", "-o", "lsf-%J_%I.out", "-J", "job[1-2]")
    assert submitted(native_options=("-oo", "x")).argv == ("bsub", "-oo", "x", "-J", "job")
    assert submitted("#!/bin/sh\n#BSUB -o 'a file'\n").argv == ("bsub", "-J", "job")
    assert submitted("#!/bin/sh\n#BSUB -o 'unclosed\n").argv == ("bsub", "-o", "lsf-%J.out", "-J", "job")


def test_many_names_are_one_question_each_to_queue_and_history() -> None:
    names = ["job-%010d" % number for number in range(1000)]
    [queue], [history] = DRM.build_find(names, "", 0), DRM.build_find_history(names, "", 0)
    assert queue.argv[-1] == history.argv[-1] == "-a"
    assert queue.otherwise is not None
    assert queue.otherwise.argv == ("bjobs", "-l", "-a")
    assert [command.argv[-1] for command in DRM.build_find(names[:2], "", 0)] == names[:2]
