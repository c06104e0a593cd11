# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTCondor's commands and what their answers mean. The answers are recordings of 23.9.6, judged by reading them."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.errors import ParseError
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.htcondor import HTCondor
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.model import (
    Answer,
    Command,
    CommandResult,
    Control,
    JobRequest,
    Outcome,
)
from ansible_collections.clusterjobs.drm.tests.unit.helpers.recordings import recorded

DRM = HTCondor()
REQUEST = JobRequest("#!/bin/sh\ntrue\n", name="index", token="0123456789", chdir="/work")


def answer(program: str, rc: int, stdout: str = "", stderr: str = "") -> CommandResult:
    return CommandResult(Command((program,)), rc, stdout, stderr)


def lines_of(request: JobRequest) -> list[str]:
    text = DRM.build_submit(request).stdin
    assert text is not None
    return text.splitlines()


def test_resources_in_the_words_of_a_submit_description() -> None:
    request = JobRequest(
        "#!/bin/sh\n", account="bio.index", priority=-5, slots=4, gpus=2, memory_mb=300, walltime_seconds=90
    )
    assert DRM.native_options(request) == [
        "accounting_group = bio.index",
        "priority = -5",
        "request_cpus = 4",
        "request_gpus = 2",
        "request_memory = 300",
        "periodic_remove = (JobStatus == 2 && time() - JobCurrentStartExecutingDate > 90) || (JobStatus == 5"
        " && (HoldReasonCode =?= 34 || (HoldReasonCode =?= 21 && HoldReasonSubCode =?= 102)))",
    ]


def test_a_walltime_ends_the_job_and_does_not_only_hold_it() -> None:
    """Recorded: allowed_execute_duration leaves the job on hold for ever (execute-duration.queue)."""
    [line] = DRM.native_options(JobRequest("#!/bin/sh\n", walltime_seconds=3600))
    assert line == "periodic_remove = (JobStatus == 2 && time() - JobCurrentStartExecutingDate > 3600)"


def test_the_description_goes_in_by_standard_input() -> None:
    command = DRM.build_submit(dataclasses.replace(REQUEST, hold=True, cluster="west"))
    assert command.argv == ("condor_submit", "-name", "west", "-terse", "-")
    lines = (command.stdin or "").splitlines()
    assert lines[:3] == ["initialdir = /work", "output = index.$(Cluster).$(Process).out", "hold = true"]
    assert lines[-1] == "queue"


def test_the_name_comes_after_the_users_own_words() -> None:
    lines = lines_of(dataclasses.replace(REQUEST, native_options=('+Project = "x"', "request_cpus = 9"), slots=2))
    assert lines[:3] == ["request_cpus = 2", '+Project = "x"', "request_cpus = 9"]
    assert "batch_name = index-0123456789" in lines[3:]


def test_an_array_is_one_queue_statement_over_its_indices() -> None:
    lines = lines_of(dataclasses.replace(REQUEST, array="1-5:2,20"))
    assert lines[-1] == "queue ClusterjobsIndex in (1, 3, 5, 20)"
    assert 'environment = "CLUSTERJOBS_ARRAY_INDEX=$(ClusterjobsIndex)"' in lines
    assert "My.ClusterjobsArrayIndex = $(ClusterjobsIndex)" in lines


def test_the_id_of_one_job_and_of_an_array() -> None:
    assert DRM.parse_submit(recorded("htcondor/23.9.6/single.submit")) == "33.0"
    assert DRM.parse_submit(recorded("htcondor/23.9.6/array.submit")) == "34"
    one = DRM.build_submit(dataclasses.replace(REQUEST, array="7"))
    assert DRM.parse_submit(CommandResult(one, 0, "5.0 - 5.0\n", "")) == "5"
    script = "#!/bin/sh\nMy.ClusterjobsArrayIndex = 1\n"
    single = DRM.build_submit(
        dataclasses.replace(REQUEST, script=script, args=(script,), stdout="My.ClusterjobsArrayIndex = 1")
    )
    assert DRM.parse_submit(CommandResult(single, 0, "5.0 - 5.0\n", "")) == "5.0"


def test_queue_0_and_the_dry_run_submit_nothing() -> None:
    for said in ("", "Dry-Run job(s)\n1 job(s) dry-run to cluster 1.\n", "1.0 - 2.0\n"):
        with pytest.raises(ParseError):
            DRM.parse_submit(CommandResult(DRM.build_submit(REQUEST), 0, said, ""))


def test_status_of_any_number_of_jobs_is_one_call() -> None:
    [command] = DRM.build_status(["7.0", "9"], "west")
    assert command.argv[:4] == ("condor_q", "-name", "west", "-json")
    assert command.argv[-2:] == ("7.0", "9")
    [history] = DRM.build_history(["7.0", "8.0"], "")
    assert history.argv[-4:] == ("-limit", "2", "7.0", "8.0")
    [history] = DRM.build_history(["7.0", "8"], "")
    assert "-limit" not in history.argv


def test_many_jobs_are_asked_for_by_ranges_of_their_clusters() -> None:
    ids = [*("7.%d" % process for process in range(200)), "9.0", "30", "80.1"]
    [queue], [history] = DRM.build_status(ids, "west"), DRM.build_history(ids, "west")
    for command in (queue, history):
        assert command.argv[-2:] == (
            "-constraint",
            "(ClusterId >= 7 && ClusterId <= 9) || (ClusterId >= 30 && ClusterId <= 30)"
            " || (ClusterId >= 80 && ClusterId <= 80)",
        )
        assert "-limit" not in command.argv
        assert command.job_ids == tuple(ids)


def test_a_long_list_of_scattered_ids_is_split_before_the_systems_limit() -> None:
    ids = ["%d.0" % number for number in range(1000000, 2000000, 100)]
    for commands in (DRM.build_status(ids, ""), DRM.build_history(ids, "")):
        assert len(commands) > 1
        constraints = " || ".join(command.argv[-1] for command in commands)
        assert re.findall(r">= (\d+) &", constraints) == [job_id[:-2] for job_id in ids]
        # execve(2): one argument has at most 128 KiB.
        assert max(len(command.argv[-1]) for command in commands) < 128 * 1024


def together(*requests: JobRequest) -> Command:
    assert len({DRM.submission_group(request) for request in requests}) == 1
    return DRM.build_submit_many(requests)


def test_different_jobs_are_the_processes_of_one_cluster() -> None:
    one = replace(REQUEST, token="0123456789", chdir="/a b", stdout="x, $y", args=("1,2",))
    other = replace(one, token="9876543210", chdir="/c", stdout="z")
    command = together(one, other)
    assert command.argv == DRM.build_submit(one).argv
    text = command.stdin or ""
    lines = text.splitlines()
    assert lines[-1] == "queue 2"
    assert text.count("queue") == 1
    place = {line.partition(" = ")[0]: line.partition(" = ")[2] for line in lines}
    told = {}
    for name in ("batch_name", "initialdir", "output"):
        macro = place[name]
        assert macro.startswith("$(Clusterjobs")
        assert macro.endswith("_$(Process))")
        told[name] = [place[macro[2:-1].replace("$(Process)", process)] for process in "01"]
    assert told == {
        "batch_name": [one.job_name, other.job_name],
        "initialdir": ["/a b", "/c"],
        "output": ["x, $(DOLLAR)y", "z"],
    }
    # What all of them have stands once.
    assert lines.count("executable = /bin/sh") == 1
    assert DRM.parse_submit_many(CommandResult(command, 0, "12.0 - 12.1\n", ""), [one, other]) == [
        Answer("12.0"),
        Answer("12.1"),
    ]


@pytest.mark.parametrize("said", ["12.0 - 12.0\n", "12.0 - 12.2\n", "12.1 - 12.2\n", ""])
def test_an_answer_for_another_number_of_jobs_is_none(said: str) -> None:
    requests = [replace(REQUEST, token="0123456789"), replace(REQUEST, token="9876543210")]
    with pytest.raises(ParseError):
        DRM.parse_submit_many(CommandResult(together(*requests), 0, said, ""), requests)


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"array": "1-2"}, id="an array's id is its cluster's"),
        pytest.param({"stdout": "$(Cluster).out"}, id="stdout"),
        pytest.param({"stderr": "$(cluster).err"}, id="stderr"),
        pytest.param({"native_options": ("X = 1", "+Y = $(X)")}, id="macros"),
        pytest.param({"script": "#!/bin/sh\n" + "#" * 70000}, id="too large to hold many"),
    ],
)
def test_what_needs_a_cluster_of_its_own_is_submitted_alone(fields: Any) -> None:
    assert DRM.submission_group(REQUEST) is not None
    assert DRM.submission_group(replace(REQUEST, **fields)) is None


@pytest.mark.parametrize(
    "fields",
    [
        {"memory_mb": 10},
        {"stderr": "x"},
        {"chdir": ""},
        {"hold": True},
        {"cluster": "west"},
        {"native_options": ("rank = 1",)},
    ],
)
def test_a_command_that_one_job_has_and_another_has_not_keeps_them_apart(fields: Any) -> None:
    """In one description the second job would get it from the first."""
    plain = JobRequest(script="#!/bin/sh\n", chdir="/a")
    assert DRM.submission_group(replace(plain, **fields)) != DRM.submission_group(plain)


def test_a_job_is_looked_for_by_its_exact_name_and_the_callers_account() -> None:
    names = [REQUEST.job_name, "sort-9876543210"]
    [queue], [history] = DRM.build_find(names, "", 0), DRM.build_find_history(names, "", 0)
    for command in (queue, history):
        constraint = command.argv[command.argv.index("-constraint") + 1]
        assert constraint.startswith('ClusterjobsUser =?= "')
        assert constraint.endswith('" && (JobBatchName =?= "index-0123456789" || JobBatchName =?= "sort-9876543210")')
    assert "-allusers" in queue.argv


def test_jobs_are_cancelled_together_and_held_one_by_one() -> None:
    [cancel] = DRM.build_control(Control.CANCEL, ["7.0", "8"], "west")
    assert cancel.argv == ("condor_rm", "-name", "west", "7.0", "8")
    assert [command.argv for command in DRM.build_control(Control.HOLD, ["7.0", "8"], "")] == [
        ("condor_hold", "7.0"),
        ("condor_hold", "8"),
    ]


@pytest.mark.parametrize(
    ("name", "outcome"),
    [
        ("single.submit", Outcome.OK),
        ("accepted.dry-run", Outcome.OK),
        ("bad-expression.dry-run", Outcome.REFUSED),
        # It was not asked for anything: nobody of this name.
        ("unknown-schedd.submit", Outcome.REFUSED),
        ("unknown-schedd.queue", Outcome.UNREACHABLE),
        ("unknown-schedd.history", Outcome.UNREACHABLE),
        ("root.submit", Outcome.REFUSED),
        # The schedd's own rules, in the site's own words.
        ("submit-requirement.submit", Outcome.REFUSED),
        ("max-jobs.submit", Outcome.REFUSED),
        ("bad-account.submit", Outcome.REFUSED),
        ("bad-priority.submit", Outcome.REFUSED),
        ("condor-down.submit", Outcome.UNREACHABLE),
        ("schedd-killed.submit", Outcome.UNREACHABLE),
        ("schedd-killed.cancel", Outcome.UNREACHABLE),
        ("condor-down.history", Outcome.OK),
        ("history-unset.history", Outcome.NO_ACCOUNTING),
        ("history-unreadable.history", Outcome.NO_ACCOUNTING),
        ("done.queue", Outcome.OK),
        ("unknown.queue", Outcome.OK),
        ("unknown.history", Outcome.OK),
        ("unknown.release", Outcome.NO_SUCH_JOB),
        ("unknown.suspend", Outcome.NO_SUCH_JOB),
        ("unknown-array.cancel", Outcome.NO_SUCH_JOB),
        ("stubborn.cancel-again", Outcome.NO_SUCH_JOB),
        ("idle.release", Outcome.NO_SUCH_JOB),
        ("held.hold-again", Outcome.OK),
        # A cluster of which every job is held already: rc 1.
        ("held-array.hold-again", Outcome.NO_SUCH_JOB),
        # A pool that does not let anonymous users read.
        ("not-readable.status", Outcome.UNREACHABLE),
        ("stubborn.hold", Outcome.REFUSED),
        ("idle.suspend", Outcome.REFUSED),
        ("running.resume", Outcome.REFUSED),
        ("other-user.hold", Outcome.REFUSED),
        ("other-user.cancel", Outcome.REFUSED),
    ],
)
def test_what_an_answer_means(name: str, outcome: Outcome) -> None:
    assert DRM.classify(recorded("htcondor/23.9.6/" + name)) is outcome


@pytest.mark.parametrize(
    "said",
    [
        "",
        "ERROR: Failed to commit job submission into the queue.\n",
        "\nERROR: Failed to commit job submission into the queue.\nERROR: Invalid: connection closed\n",
        "\nERROR: Failed to connect to local queue manager\nNo such file or directory\n",
        "ERROR: Can't find address of local schedd\n",
        "Segmentation fault\n",
    ],
)
def test_a_submission_that_may_have_arrived_is_not_called_refused(said: str) -> None:
    assert DRM.classify(answer("condor_submit", 1, "", said)) is Outcome.UNREACHABLE


def test_a_schedd_that_does_not_answer_has_not_lost_the_job() -> None:
    """A stopped schedd: measured, both lines and rc 1."""
    said = "SECMAN:2007:Read failure during security negotiation.\nCouldn't find/remove all jobs in cluster 1\n"
    assert DRM.classify(answer("condor_rm", 1, "", said)) is Outcome.UNREACHABLE


def test_where_the_output_is() -> None:
    assert DRM.output_paths(REQUEST, "7.0", "/home/galaxy") == ("/work/index.7.0.out", "/work/index.7.0.out")
    request = dataclasses.replace(REQUEST, stdout="o.$(ClusterId)", stderr="/logs/$(cluster).$(ProcId) $x %j")
    assert DRM.output_paths(request, "7.3", "/home/galaxy") == ("/work/o.7", "/logs/7.3 $x %j")
    assert DRM.output_paths(request, "7", "/home/galaxy")[1] == "/logs/7.$(ProcId) $x %j"
