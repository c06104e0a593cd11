# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The portable request in Slurm's words, and what its commands' ends mean. The answers were recorded on 22.05 and 24.11."""

from __future__ import annotations

import time
from typing import Any

import pytest

from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.errors import ParseError
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.model import (
    Command,
    CommandResult,
    Control,
    JobRequest,
    Outcome,
)
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.slurm import Slurm
from ansible_collections.clusterjobs.drm.tests.unit.helpers.recordings import recorded

DRM = Slurm()
VERSIONS = ["22.05", "24.11"]
SCRIPT = "#!/bin/bash\nhostname\n"


def options(**fields: Any) -> list[str]:
    return DRM.native_options(JobRequest(SCRIPT, **fields))


def submitted(**fields: Any) -> Command:
    return DRM.build_submit(JobRequest(SCRIPT, **fields))


def answer(stderr: str, rc: int = 1, stdout: str = "", program: str = "sbatch", timed_out: bool = False) -> Outcome:
    return DRM.classify(CommandResult(Command((program,)), rc, stdout, stderr, timed_out))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, []),
        ({"queue": "long", "account": "bio"}, ["--partition=long", "--account=bio"]),
        ({"priority": -5}, ["--nice=5"]),
        ({"priority": 0}, ["--nice=0"]),
        ({"slots": 8}, ["--nodes=1", "--ntasks=1", "--cpus-per-task=8"]),
        ({"slots": 8, "nodes": 2}, ["--nodes=2", "--ntasks=8"]),
        ({"nodes": 3}, ["--nodes=3"]),
        ({"gpus": 2}, ["--gpus=2"]),
        ({"memory_mb": 1000}, ["--mem=1000M"]),
        # Slurm's is for each node; the request's is for the job.
        ({"memory_mb": 1000, "nodes": 3}, ["--nodes=3", "--mem=334M"]),
        ({"walltime_seconds": 59}, ["--time=0-00:00:59"]),
        ({"walltime_seconds": 2 * 86400 + 3 * 3600 + 4 * 60 + 5}, ["--time=2-03:04:05"]),
        ({"queue": "long", "native_options": ("-p", "short")}, ["--partition=long", "-p", "short"]),
    ],
)
def test_resources(fields: dict[str, Any], words: list[str]) -> None:
    assert options(**fields) == words


def test_a_whole_submission() -> None:
    command = submitted(
        args=("first one", "--second"),
        name="align",
        token="0123456789",
        cluster="west",
        queue="long",
        array="1-10%2",
        depends_on=("7", "9_1"),
        hold=True,
        chdir="/data/my job",
        stdout="out.%j",
        stderr="err.%j",
        environment={"A": "1"},
        native_options=("--job-name=mine", "--constraint=avx512"),
    )
    assert command.argv == (
        "sbatch",
        "--clusters=west",
        "--array=1-10%2",
        "--dependency=afterok:7:9_1",
        "--kill-on-invalid-dep=yes",
        "--chdir=/data/my job",
        "--output=out.%j",
        "--error=err.%j",
        "--export=A=1",
        "--hold",
        "--partition=long",
        "--job-name=mine",
        "--constraint=avx512",
        # sbatch takes the last one: a submission is found by this name.
        "--job-name=align-0123456789",
        "--parsable",
        "/dev/stdin",
        "first one",
        "--second",
    )
    assert command.stdin == SCRIPT
    assert command.environ == {"SLURM_EXPORT_ENV": "ALL"}


def test_the_dry_run_is_the_submission_with_one_word_more() -> None:
    request = JobRequest(SCRIPT, name="align", token="0123456789")
    dry, real = DRM.build_dry_run(request), DRM.build_submit(request)
    assert dry is not None
    assert dry.argv == (*real.argv, "--test-only")
    assert (dry.stdin, dry.environ) == (real.stdin, real.environ)


def test_nothing_of_the_callers_environment_goes_along() -> None:
    command = submitted()
    assert "--export=NONE" in command.argv
    assert command.environ == {"SLURM_EXPORT_ENV": "ALL"}


def test_plain_values_are_given_to_slurm_and_others_through_sbatch() -> None:
    """A PATH for the job must not be sbatch's own. What --export would cut at a comma goes by name."""
    command = submitted(environment={"PATH": "/opt/tool/bin:/bin", "LIST": "a,b", "TEXT": 'it\'s "x"\ny', "EMPTY": ""})
    assert "--export=EMPTY,LIST,PATH=/opt/tool/bin:/bin,TEXT" in command.argv
    assert command.environ == {
        "EMPTY": "",
        "LIST": "a,b",
        "TEXT": 'it\'s "x"\ny',
        "SLURM_EXPORT_ENV": "ALL",
    }


def test_one_argument_stays_far_below_what_linux_takes() -> None:
    values = {"V%03d" % number: "x" * 4000 for number in range(250)}
    command = submitted(environment=values)
    [export] = [word for word in command.argv if word.startswith("--export=")]
    assert len(export) < 120 * 1024
    assert [word.split("=")[0] for word in export[len("--export=") :].split(",")] == sorted(values)
    assert len(command.environ) > 200


@pytest.mark.parametrize("own", [("--export=ALL",), ("--export", "ALL")])
def test_an_export_of_the_users_own_wins(own: tuple[str, ...]) -> None:
    command = submitted(environment={"A": "1"}, native_options=own)
    assert not any(word.startswith("--export=") and word not in own for word in command.argv)
    assert command.environ == {"A": "1"}


def test_an_export_in_the_script_wins_until_the_request_has_variables() -> None:
    script = "#!/bin/bash\n#SBATCH --export=ALL\nhostname\n"
    assert not any(word.startswith("--export") for word in DRM.build_submit(JobRequest(script)).argv)
    with_variables = DRM.build_submit(JobRequest(script, environment={"A": "1"}))
    assert "--export=A=1" in with_variables.argv


@pytest.mark.parametrize("version", VERSIONS)
def test_the_job_id(version: str) -> None:
    assert DRM.parse_submit(recorded("slurm/%s/submitted" % version)) == {"22.05": "10", "24.11": "16"}[version]
    with_cluster = DRM.parse_submit(recorded("slurm/%s/on-cluster.submit" % version))
    assert with_cluster == {"22.05": "144", "24.11": "157"}[version]


def test_the_job_id_under_a_sites_banner() -> None:
    result = CommandResult(Command(("sbatch",)), 0, "Charging 12 hours to project bio\n4711\n", "")
    assert DRM.parse_submit(result) == "4711"


@pytest.mark.parametrize("stdout", ["", "\n", "0\n", "-1\n"])
def test_no_job_id(stdout: str) -> None:
    with pytest.raises(ParseError):
        DRM.parse_submit(CommandResult(Command(("sbatch",)), 0, stdout, ""))


@pytest.mark.parametrize("version", VERSIONS)
def test_an_answer_that_was_not_asked_for(version: str) -> None:
    with pytest.raises(ParseError, match="Submitted batch job"):
        DRM.parse_submit(recorded("slurm/%s/submit-not-parsable" % version))


def test_the_queue_is_asked_for_many_jobs_at_once() -> None:
    [command] = DRM.build_status(["62", "63_1"], "")
    assert command.argv[:5] == ("squeue", "--noheader", "--all", "--array", "--states=all")
    assert command.argv[-1] == "--jobs=62,63_1"
    assert command.environ == {"SLURM_TIME_FORMAT": "%s", "SLURM_BITSTR_LEN": "0"}
    assert DRM.build_status([], "") == []


def test_the_accounting_is_asked_for_many_jobs_at_once() -> None:
    [command] = DRM.build_history(["62", "63_1"], "west")
    assert command.argv[:5] == ("sacct", "--clusters=west", "--noheader", "--allocations", "--parsable2")
    assert command.argv[-1] == "--jobs=62,63_1"


def test_no_two_questions_have_the_same_separator() -> None:
    assert DRM.build_status(["1"], "")[0].argv != DRM.build_status(["1"], "")[0].argv
    assert DRM.build_history(["1"], "")[0].argv != DRM.build_history(["1"], "")[0].argv


def test_text_is_asked_for_and_never_json() -> None:
    """Measured on 22.05: squeue --json ignores --jobs, and sacct --json has a job that ended with 3 as SUCCESS and 0."""
    asked = [*DRM.build_status(["62"], ""), *DRM.build_history(["62"], "")]
    asked += [*DRM.build_find(["a-0123456789"], "", 0), *DRM.build_find_history(["a-0123456789"], "", 0)]
    assert [command.argv[0] for command in asked] == ["squeue", "sacct", "squeue", "sacct"]
    assert not [word for command in asked for word in command.argv if word.startswith("--json")]


def test_very_many_jobs_are_asked_for_in_pieces() -> None:
    job_ids = [str(number) for number in range(1000000, 1050000)]
    commands = DRM.build_status(job_ids, "")
    assert len(commands) == 4
    assert max(len(word) for command in commands for word in command.argv) < 128 * 1024
    assert ",".join(command.argv[-1][len("--jobs=") :] for command in commands).split(",") == job_ids


def test_a_submission_is_looked_for_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    names = ["align-0123456789", "sort-9876543210"]
    try:
        [queue] = DRM.build_find(names, "west", 1795363027)
        [history] = DRM.build_find_history(names, "west", 1795363027)
    finally:
        monkeypatch.undo()
        time.tzset()
    assert queue.argv[:2] == ("squeue", "--clusters=west")
    assert queue.argv[-2:] == ("--me", "--name=align-0123456789,sort-9876543210")
    # 1795363027 is 2026-11-22 15:57:07 UTC; a day earlier, whatever the two clocks say.
    assert history.argv[-4:] == (
        "--name=align-0123456789,sort-9876543210",
        "--starttime=2026-11-21T15:57:07",
        "--endtime=now+1days",
        "--state=BF,CA,CD,DL,F,NF,OOM,PD,PR,R,RQ,RS,RV,S,TO",
    )
    assert history.environ["TZ"] == "UTC0"


@pytest.mark.parametrize(
    ("action", "commands"),
    [
        (Control.CANCEL, [("scancel", "--clusters=west", "62", "63_1")]),
        (Control.HOLD, [("scontrol", "--clusters=west", "hold", job_id) for job_id in ("62", "63_1")]),
        (Control.RELEASE, [("scontrol", "--clusters=west", "release", job_id) for job_id in ("62", "63_1")]),
        (Control.SUSPEND, [("scontrol", "--clusters=west", "suspend", job_id) for job_id in ("62", "63_1")]),
        (Control.RESUME, [("scontrol", "--clusters=west", "resume", job_id) for job_id in ("62", "63_1")]),
    ],
)
def test_controls(action: Control, commands: list[tuple[str, ...]]) -> None:
    assert [command.argv for command in DRM.build_control(action, ["62", "63_1"], "west")] == commands


OUTCOMES = {
    Outcome.OK: [
        "submitted",
        "accepted.dry-run",
        "running.queue",
        "unknown.history",
        "two-unknown.queue",
        # scancel says nothing of a job that is not there, or has ended.
        "unknown.cancel",
        "cancelled.cancel",
        # The accounting answers without the controller.
        "down.history",
        # The controller takes jobs without the accounting.
        "dbd-down.submit",
        # These were accepted, and stay pending or fail.
        "submit-partition-down",
        "submit-bad-qos",
        "submit-bad-workdir",
        "submit-time-over-partition",
        "over-limit.dry-run",
    ],
    Outcome.NO_SUCH_JOB: ["unknown.queue", "unknown.hold"],
    Outcome.UNREACHABLE: [
        "down.submit",
        "down.dry-run",
        "down.queue",
        "down.cancel",
        "down.hold",
        "down.suspend",
        # The job of this one came up as soon as the controller went on.
        "stopped.submit",
        "stopped.queue",
        "stopped.cancel",
        "stopped.hold",
        "munge-down.submit",
        "munge-down.queue",
        "munge-down.history",
        "dbd-down.history",
        # The same words as without a controller: it is safer to ask again than to say that the job is gone.
        "unknown.suspend",
    ],
    Outcome.NO_ACCOUNTING: ["no-accounting.history", "no-accounting.find"],
    Outcome.REFUSED: [
        "theirs.cancel",
        "user.suspend",
        "admin-held.release",
        "pending.requeuehold",
        "not-a-number.history",
        "unknown-cluster.queue",
        "unknown-queue.dry-run",
        "priority-above-zero.submit",
        "interpreter-missing.submit",
        "dos-line-ends.submit",
        "submit-bad-account",
        "submit-bad-array",
        "submit-bad-array-syntax",
        "submit-bad-begin",
        "submit-bad-cluster",
        "submit-bad-constraint",
        "submit-bad-dependency-syntax",
        "submit-bad-gres",
        "submit-bad-memory-syntax",
        "submit-bad-nodelist",
        "submit-bad-option",
        "submit-bad-partition",
        "submit-bad-reservation",
        "submit-missing-script",
        "submit-no-configuration",
        "submit-too-much-mem",
        "submit-user-without-association",
    ],
}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("name", "outcome"), [(name, outcome) for outcome, names in OUTCOMES.items() for name in names]
)
def test_what_an_answer_means(version: str, name: str, outcome: Outcome) -> None:
    assert DRM.classify(recorded("slurm/%s/%s" % (version, name))) is outcome


@pytest.mark.parametrize(
    ("name", "outcome_22_05", "outcome_24_11"),
    [
        ("submit-too-many-cpus", Outcome.OK, Outcome.REFUSED),
        ("submit-too-many-nodes", Outcome.OK, Outcome.REFUSED),
        ("submit-bad-dependency", Outcome.OK, Outcome.REFUSED),
        ("submit-group-partition", Outcome.REFUSED, Outcome.OK),
    ],
)
def test_where_the_releases_differ(name: str, outcome_22_05: Outcome, outcome_24_11: Outcome) -> None:
    assert DRM.classify(recorded("slurm/22.05/" + name)) is outcome_22_05
    assert DRM.classify(recorded("slurm/24.11/" + name)) is outcome_24_11


@pytest.mark.parametrize(
    "text",
    [
        "Zero Bytes were transmitted or received",
        "Unexpected message received",
        "Transport endpoint is not connected",
        "Slurm backup controller in standby mode",
        "Message receive failure",
        "Connection reset by peer",
        "Unable to contact slurm controller (receive failure)",
        "Rate limit exceeded, please retry momentarily",
        # Nothing that is known to be a refusal.
        "Wrmpf",
        "",
    ],
)
def test_a_submission_that_may_have_arrived_is_not_refused(text: str) -> None:
    assert answer("sbatch: error: Batch job submission failed: %s\n" % text) is Outcome.UNREACHABLE


def test_a_submission_that_was_killed_may_have_arrived() -> None:
    assert answer("", rc=-9) is Outcome.UNREACHABLE
    assert answer("ended at its time limit", rc=124, timed_out=True) is Outcome.UNREACHABLE


def test_a_sites_plugin_refuses_in_its_own_words() -> None:
    said = "sbatch: error: Please name a project\nsbatch: error: Batch job submission failed: Unspecified error\n"
    assert answer(said) is Outcome.REFUSED


@pytest.mark.parametrize(
    "text",
    [
        'squeue: error: Unable to resolve "head1": Name or service not known',
        "squeue: error: get_addr_info: getaddrinfo() failed: Temporary failure in name resolution",
        "squeue: fatal: failed to load configs: DNS SRV lookup failed",
        "squeue: error: Problem talking to database",
        "No route to host",
    ],
)
def test_a_name_or_a_way_that_is_not_there(text: str) -> None:
    assert answer(text, program="squeue") is Outcome.UNREACHABLE


def test_a_clusters_silence_is_not_an_empty_queue() -> None:
    said = "squeue: error: Unable to contact slurm controller (connect failure)"
    assert answer(said, rc=0, program="squeue") is Outcome.UNREACHABLE
    assert answer(said, rc=0, stdout="62|RUNNING\n", program="squeue") is Outcome.OK


def test_an_accepted_submission_may_have_been_tried_twice() -> None:
    said = "sbatch: error: Slurm temporarily unable to accept job, sleeping and retrying: Socket timed out"
    assert answer(said, rc=0, stdout="62\n") is Outcome.OK
