# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The portable request in Grid Engine's words, and what its commands' ends mean. The answers were recorded on 8.1.9."""

from __future__ import annotations

import os
import pwd
from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.errors import (
    InvalidRequestError,
    ParseError,
    UnsupportedFieldError,
)
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.gridengine import GridEngine
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.model import (
    Command,
    CommandResult,
    Control,
    JobRequest,
    Outcome,
)
from ansible_collections.clusterjobs.drm.tests.unit.helpers.recordings import recorded

DRM = GridEngine()
SCRIPT = "#!/bin/bash\nhostname\n"
PE = ("-pe", "smp")


def options(**fields: Any) -> list[str]:
    return DRM.native_options(JobRequest(SCRIPT, **fields))


def submitted(**fields: Any) -> Command:
    return DRM.build_submit(JobRequest(SCRIPT, **fields))


def answer(stderr: str, rc: int = 1, stdout: str = "", program: str = "qsub", timed_out: bool = False) -> Outcome:
    return DRM.classify(CommandResult(Command((program,)), rc, stdout, stderr, timed_out))


def refusal(**fields: Any) -> InvalidRequestError:
    with pytest.raises(InvalidRequestError) as caught:
        DRM.check_request(JobRequest(**{"script": SCRIPT, **fields}))
    return caught.value


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, []),
        ({"queue": "long.q", "account": "bio"}, ["-q", "long.q", "-A", "bio"]),
        ({"priority": -5}, ["-p", "-5"]),
        ({"priority": 0}, ["-p", "0"]),
        ({"walltime_seconds": 90000}, ["-l", "h_rt=90000"]),
        ({"memory_mb": 1000, "walltime_seconds": 60}, ["-l", "h_rt=60,h_vmem=1000M"]),
        # Grid Engine's limit is for each slot; the request's is for the job.
        ({"memory_mb": 1000, "slots": 3, "native_options": PE}, ["-l", "h_vmem=334M", "-pe", "smp", "3"]),
        ({"slots": 1}, []),
        ({"slots": 1, "native_options": PE}, ["-pe", "smp", "1"]),
        ({"slots": 4, "native_options": ("-pe", "smp", "4", "-R", "y")}, ["-pe", "smp", "4", "-R", "y"]),
        ({"native_options": ("-pe", "mpi", "4-16")}, ["-pe", "mpi", "4-16"]),
        ({"slots": 4, "native_options": ("-pe", "smp", "-R", "y")}, ["-pe", "smp", "4", "-R", "y"]),
        ({"queue": "long.q", "native_options": ("-q", "short.q")}, ["-q", "long.q", "-q", "short.q"]),
    ],
)
def test_resources(fields: dict[str, Any], words: list[str]) -> None:
    assert options(**fields) == words


def test_slots_need_a_parallel_environment_that_the_user_names() -> None:
    error = refusal(slots=8)
    assert error.field == "slots"
    assert "native_options" in str(error)
    assert "[-pe, smp]" in str(error)


def test_two_numbers_of_slots() -> None:
    assert "-pe smp 4" in str(refusal(slots=8, native_options=("-pe", "smp", "4")))


@pytest.mark.parametrize("words", [("-pe",), ("-pe", "-R", "y")])
def test_a_parallel_environment_without_a_name(words: tuple[str, ...]) -> None:
    assert refusal(native_options=words).field == "native_options"


def test_a_whole_submission() -> None:
    command = submitted(
        args=("first one", "--second"),
        name="align",
        token="0123456789",
        cluster="west",
        queue="long.q",
        array="1-10:3%2",
        hold=True,
        chdir="/data/my job",
        stdout="out.$JOB_ID",
        stderr="err.$JOB_ID",
        environment={"A": "1"},
        native_options=("-N", "mine", "-R", "y"),
    )
    assert command.argv == (
        "qsub",
        "-t",
        "1-10:3",
        "-tc",
        "2",
        "-wd",
        "/data/my job",
        "-o",
        "out.$JOB_ID",
        "-e",
        "err.$JOB_ID",
        "-h",
        "-S",
        "/bin/bash",
        "-v",
        "A=1",
        "-q",
        "long.q",
        "-N",
        "mine",
        "-R",
        "y",
        "-terse",
        # qsub takes the last one: a submission is found by this name.
        "-N",
        "align-0123456789",
        "/dev/stdin",
        "first one",
        "--second",
    )
    assert command.stdin == SCRIPT
    assert command.environ == {"SGE_CELL": "west"}


def test_one_stream_where_none_is_asked_for_apart() -> None:
    assert "-j y" in " ".join(submitted().argv)
    assert "-j" not in submitted(stderr="e").argv


def test_a_path_with_a_colon_is_no_host() -> None:
    command = submitted(stdout="/data/a:b", stderr="/data/c")
    assert command.argv[1:5] == ("-o", ":/data/a:b", "-e", "/data/c")


@pytest.mark.parametrize(
    ("first", "shell"),
    [
        ("#!/bin/bash", "/bin/bash"),
        ("#! /usr/bin/python3", "/usr/bin/python3"),
        # Started by env, the script's own first line counts with all its words.
        ("#!/bin/bash -e", "/usr/bin/env"),
        ("#!/usr/bin/env python3", "/usr/bin/env"),
        ("#!/opt/a,b/sh", "/usr/bin/env"),
    ],
)
def test_what_runs_the_script(first: str, shell: str) -> None:
    command = DRM.build_submit(JobRequest(first + "\ntrue\n"))
    assert command.argv[command.argv.index("-S") + 1] == shell


def test_a_script_without_a_first_line_is_left_to_the_queue() -> None:
    assert "-S" not in DRM.build_submit(JobRequest("true\n")).argv


def test_a_name_that_begins_with_a_digit() -> None:
    """8.1.9 refuses it: ``digit-name.submit`` of the recordings."""
    request = JobRequest(SCRIPT, name="16S", token="0123456789")
    assert DRM.job_name(request) == "j16S-0123456789"
    assert DRM.build_submit(request).argv[-1] == "j16S-0123456789"
    assert DRM.output_paths(request, "7", "/home/a")[0] == "/home/a/j16S-0123456789.o7"


def test_the_longest_name_keeps_its_token() -> None:
    name = "x" * 64
    assert DRM.job_name(JobRequest(SCRIPT, name=name, token="0123456789")) == name + "-0123456789"


def test_plain_values_are_given_to_qsub_and_others_through_it() -> None:
    """A PATH for the job must not be qsub's own. What -v would cut at a comma goes by name."""
    command = submitted(environment={"PATH": "/opt/tool/bin:/bin", "LIST": "a,b", "TEXT": 'it\'s "x"\ny', "EMPTY": ""})
    assert command.argv[command.argv.index("-v") + 1] == "EMPTY,LIST,PATH=/opt/tool/bin:/bin,TEXT"
    assert command.environ == {"EMPTY": "", "LIST": "a,b", "TEXT": 'it\'s "x"\ny'}


def test_nothing_of_the_callers_environment_goes_along() -> None:
    assert not {"-V", "-v"} & set(submitted().argv)


def test_one_argument_stays_far_below_what_linux_takes() -> None:
    command = submitted(environment={"V%03d" % number: "x" * 4000 for number in range(250)})
    assert max(map(len, command.argv)) < 120 * 1024
    assert len(command.environ) > 200


@pytest.mark.parametrize("array", ["1,3,5", "1-3,7", "0-4", "0", "1-10,20%2"])
def test_arrays_that_grid_engine_does_not_have(array: str) -> None:
    error = refusal(array=array)
    assert error.field == "array"
    assert repr(array) in str(error)


@pytest.mark.parametrize("array", ["7", "1-10", "2-20:2", "1-10%4"])
def test_arrays(array: str) -> None:
    DRM.check_request(JobRequest(SCRIPT, array=array))


def test_what_cannot_be_said_is_refused_by_name() -> None:
    """-hold_jid waits for an end, good or bad; a node count and a GPU have no words that hold on every site."""
    with pytest.raises(UnsupportedFieldError) as caught:
        DRM.check_request(JobRequest(SCRIPT, depends_on=("7",), nodes=2, gpus=1))
    assert caught.value.fields == ["depends_on", "gpus", "nodes"]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"stdout": "a,b"}, "stdout"),
        ({"stderr": "a,b"}, "stderr"),
        ({"account": "a:b"}, "account"),
        # Grid Engine makes the end of a line of the two characters.
        ({"environment": {"A": "C:\\new"}}, "environment"),
        # The execution daemon cuts it off after 9999 bytes.
        ({"environment": {"A": "x" * 10000}}, "environment"),
        ({"environment": {"A": "\n" * 5000}}, "environment"),
        ({"native_options": ("-sync", "y")}, "native_options"),
        ({"native_options": ("-b", "y")}, "native_options"),
        ({"script": "#!/bin/sh\n#$ -sync y\ntrue\n"}, "script"),
        ({"script": "#!/bin/sh\ntrue\n#$-t 1-3\n"}, "script"),
    ],
)
def test_values_that_grid_engine_would_change(fields: dict[str, Any], field: str) -> None:
    assert refusal(**fields).field == field


def test_the_dry_run_is_the_submission_with_two_words_more() -> None:
    request = JobRequest(SCRIPT, name="align", token="0123456789")
    dry, real = DRM.build_dry_run(request), DRM.build_submit(request)
    assert dry is not None
    assert [word for word in dry.argv if word not in ("-w", "v")] == list(real.argv)
    assert dry.argv[-5:-3] == ("-w", "v")


@pytest.mark.parametrize(("name", "job_id"), [("submitted", "27"), ("submitted-array", "42")])
def test_the_job_id(name: str, job_id: str) -> None:
    assert DRM.parse_submit(recorded("gridengine/8.1.9/" + name)) == job_id


def test_the_job_id_under_a_sites_banner() -> None:
    result = CommandResult(Command(("qsub",)), 0, "Welcome to 7 nodes\n4711\n", "")
    assert DRM.parse_submit(result) == "4711"


@pytest.mark.parametrize("stdout", ["", "0\n", 'Your job 7 ("x") has been submitted\n', "7.1\n"])
def test_no_job_id(stdout: str) -> None:
    with pytest.raises(ParseError):
        DRM.parse_submit(CommandResult(Command(("qsub",)), 0, stdout, ""))


def test_one_question_for_any_number_of_jobs() -> None:
    job_ids = [str(number) for number in range(1, 5001)]
    [queue] = DRM.build_status(job_ids, "west")
    assert queue.argv == ("qstat", "-u", "*", "-s", "prsz", "-xml")
    assert queue.environ == {"SGE_CELL": "west", "TZ": "UTC0"}
    [history] = DRM.build_history(job_ids, "")
    assert history.argv == ("qacct", "-j")
    assert queue.job_ids == history.job_ids == tuple(job_ids)
    assert DRM.build_status([], "") == DRM.build_history([], "") == []


def test_few_jobs_are_not_worth_the_whole_accounting() -> None:
    commands = DRM.build_history(["62.1", "62.2", "63"], "")
    assert [command.argv for command in commands] == [("qacct", "-j", "62"), ("qacct", "-j", "63")]


def test_a_submission_is_looked_for_among_the_callers_own_jobs() -> None:
    user = pwd.getpwuid(os.geteuid()).pw_name
    [queue] = DRM.build_find(["align-0123456789"], "", 0)
    [history] = DRM.build_find_history(["align-0123456789"], "", 0)
    # The ones that have just ended too: the accounting is written some seconds later.
    assert queue.argv == ("qstat", "-u", user, "-s", "prsz", "-xml")
    assert history.argv == ("qacct", "-j", "align-0123456789", "-o", user)
    [history] = DRM.build_find_history(["align-0123456789", "j16S-0123456789"], "", 0)
    assert history.argv == ("qacct", "-j", "-o", user)


def test_a_job_that_just_ended_is_in_the_accounting_late() -> None:
    """sge_conf(5): flush_time is 15 seconds."""
    assert DRM.settle_seconds > 15


@pytest.mark.parametrize(
    ("action", "words"),
    [
        (Control.CANCEL, ("qdel",)),
        (Control.HOLD, ("qhold",)),
        (Control.RELEASE, ("qrls",)),
        (Control.SUSPEND, ("qmod", "-sj")),
        (Control.RESUME, ("qmod", "-usj")),
    ],
)
def test_controls(action: Control, words: tuple[str, ...]) -> None:
    [command] = DRM.build_control(action, ["62", "63.1"], "west")
    assert command.argv == (*words, "62", "63.1")
    assert command.environ == {"SGE_CELL": "west"}


def test_very_many_jobs_are_cancelled_in_pieces() -> None:
    job_ids = ["%d.%d" % (number, number) for number in range(1000000, 1010000)]
    commands = DRM.build_control(Control.CANCEL, job_ids, "")
    assert max(sum(map(len, command.argv)) for command in commands) < 120 * 1024
    assert [word for command in commands for word in command.argv[1:]] == job_ids


OUTCOMES = {
    Outcome.OK: [
        "submitted",
        "submitted-array",
        "accepted.dry-run",
        "running.queue",
        "empty.queue",
        "pending.cancel",
        "held.hold",
        "element.release",
        # The accounting is a file: it answers without the qmaster.
        "down.history",
    ],
    # Errors of qdel, qhold and qmod stand on stdout.
    Outcome.NO_SUCH_JOB: ["unknown.cancel", "unknown.hold", "two-known.cancel", "held.history", "unknown.find"],
    Outcome.UNREACHABLE: [
        "down.submit",
        "down.dry-run",
        "down.queue",
        "down.cancel",
        "down.hold",
        "down.suspend",
    ],
    Outcome.NO_ACCOUNTING: ["no-accounting.history", "unreadable.history"],
    Outcome.REFUSED: [
        "theirs.cancel",
        "not-admin.suspend",
        "too-much.dry-run",
        "bad-date.submit",
        "bad-option.submit",
        "digit-name.submit",
        "empty.submit",
        "priority-above-zero.submit",
        "root.submit",
        "unknown-cell.submit",
        "unknown-pe.submit",
        "unknown-queue.submit",
        "unknown-resource.submit",
    ],
}


@pytest.mark.parametrize(
    ("name", "outcome"), [(name, outcome) for outcome, names in OUTCOMES.items() for name in names]
)
def test_what_an_answer_means(name: str, outcome: Outcome) -> None:
    assert DRM.classify(recorded("gridengine/8.1.9/" + name)) is outcome


@pytest.mark.parametrize(
    "text",
    [
        "Unable to run job: failed receiving gdi request response for mid=1 (got syncron message receive timeout error).",
        "Unable to run job: Error reading answer list from qmaster",
        # Nothing that is known to be a refusal.
        "Wrmpf",
        "",
    ],
)
def test_a_submission_that_may_have_arrived_is_not_refused(text: str) -> None:
    assert answer(text + "\nExiting.\n") is Outcome.UNREACHABLE


def test_a_job_whose_name_is_a_refusal_may_have_arrived() -> None:
    said = 'Unable to run job: lost contact while adding "access-denied-0123456789"\nExiting.\n'
    assert answer(said) is Outcome.UNREACHABLE


def test_a_submission_that_was_killed_may_have_arrived() -> None:
    assert answer("", rc=-9) is Outcome.UNREACHABLE
    assert answer("denied", rc=124, timed_out=True) is Outcome.UNREACHABLE


def test_of_many_jobs_one_refusal_is_told() -> None:
    said = 'galaxy has registered the job 44 for deletion\ndenied: job "9" does not exist\nother - you do not have the necessary privileges\n'
    assert answer("", stdout=said, program="qdel") is Outcome.REFUSED


@pytest.mark.parametrize(
    ("fields", "stdout", "stderr"),
    [
        ({}, "/home/a/align-0123456789.o7", "/home/a/align-0123456789.o7"),
        ({"chdir": "/data"}, "/data/align-0123456789.o7", "/data/align-0123456789.o7"),
        ({"chdir": "/data", "stdout": "out"}, "/data/out", "/data/out"),
        ({"stdout": "/x/$JOB_NAME:$JOB_ID", "stderr": "e"}, "/x/align-0123456789:7", "/home/a/e"),
        ({"stdout": "$HOME/o"}, "/home/a/o", "/home/a/o"),
        ({"array": "1-3"}, "/home/a/align-0123456789.o7.$TASK_ID", "/home/a/align-0123456789.o7.$TASK_ID"),
        ({"stdout": "o", "native_options": ("-o", "mine")}, "/home/a/mine", "/home/a/mine"),
        ({"stdout": "o", "native_options": ("-o", "host:/mine", "-wd", "/w")}, "/mine", "/mine"),
        ({"script": "#!/bin/sh\n#$ -o there -wd /w\ntrue\n"}, "/w/there", "/w/there"),
        ({"stderr": "e", "native_options": ("-j", "y")}, "/home/a/align-0123456789.o7", "/home/a/align-0123456789.o7"),
    ],
)
def test_where_the_output_is(fields: dict[str, Any], stdout: str, stderr: str) -> None:
    request = replace(JobRequest(SCRIPT, name="align", token="0123456789"), **fields)
    assert DRM.output_paths(request, "7", "/home/a") == (stdout, stderr)


def test_the_output_of_an_element() -> None:
    request = JobRequest(SCRIPT, name="align", token="0123456789", array="1-3")
    assert DRM.output_paths(request, "7.2", "/home/a")[0] == "/home/a/align-0123456789.o7.2"
