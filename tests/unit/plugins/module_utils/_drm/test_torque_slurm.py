# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Slurm's Torque commands as a flavour of torque. The answers were recorded with slurm-wlm-torque 22.05 and 24.11."""

from __future__ import annotations

import pytest

from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.errors import (
    InvalidRequestError,
    ParseError,
    UnsupportedFieldError,
)
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.model import (
    Command,
    CommandResult,
    Control,
    JobRequest,
    Outcome,
)
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.registry import choose
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.torque_slurm import SlurmTorque
from ansible_collections.clusterjobs.drm.tests.unit.helpers.recordings import recorded

DRM = SlurmTorque()
VERSIONS = ["22.05", "24.11"]
SCRIPT = "#!/bin/bash\nhostname\n"
COMMANDS = {"qsub", "qstat", "qdel", "qhold", "qrls", "sbatch", "squeue", "sacct", "scancel", "scontrol"}


def result(version: str, name: str) -> CommandResult:
    return recorded("torque/slurm-%s/%s" % (version, name))


def test_it_is_known_by_the_commands_of_the_host() -> None:
    """There is no qselect among them; and auto takes Slurm itself."""

    def which(program: str) -> str | None:
        return program if program in COMMANDS else None

    assert isinstance(choose("torque", which), SlurmTorque)
    assert choose("auto", which).name == "slurm"


def test_a_whole_submission() -> None:
    request = JobRequest(
        SCRIPT,
        args=("it's; $(id)",),
        name="align",
        token="0123456789",
        queue="long",
        priority=-5,
        slots=8,
        nodes=2,
        memory_mb=1000,
        walltime_seconds=90,
        array="1-9:4",
        depends_on=("7",),
        hold=True,
        chdir="/data",
        environment={"A": "$(id)"},
    )
    DRM.check_request(request)
    command = DRM.build_submit(request)
    assert command.argv == (
        "qsub",
        "-t",
        "1,5,9",
        "-W",
        "depend=afterok:7",
        "-h",
        "-o",
        "/data/align-0123456789.o-%a",
        "-j",
        "oe",
        "-q",
        "long",
        # Slurm's nice: the less, the sooner.
        "-p",
        "5",
        # One -l, of which qsub takes the last; mem is each node's.
        "-l",
        "nodes=2:ppn=4,mem=500mb,walltime=0:01:30",
        "-N",
        "align-0123456789",
        "/dev/stdin",
    )
    assert command.environ == {"SBATCH_EXPORT": "NONE", "SLURM_EXPORT_ENV": "ALL"}
    assert command.stdin is not None
    assert "export A='$(id)'" in command.stdin


@pytest.mark.parametrize("path", ["a b", "$(id)", "`id`", "a;b", "a%j", "a'b", "a|b", "a&b", "a>b", "a\\b", "a*"])
def test_a_path_that_a_shell_would_read_is_refused(path: str) -> None:
    for field in ("stdout", "stderr"):
        with pytest.raises(InvalidRequestError, match="shell") as caught:
            DRM.check_request(JobRequest(SCRIPT, chdir="/work", **{field: path}))
        assert caught.value.field == field
    with pytest.raises(InvalidRequestError, match="shell"):
        DRM.check_request(JobRequest(SCRIPT, chdir="/work/" + path))


def test_what_it_cannot_do_is_refused() -> None:
    with pytest.raises(UnsupportedFieldError, match="cluster"):
        DRM.check_request(JobRequest(SCRIPT, cluster="west"))
    with pytest.raises(InvalidRequestError, match="each node"):
        DRM.check_request(JobRequest(SCRIPT, slots=3, nodes=2))


@pytest.mark.parametrize("version", VERSIONS)
def test_a_bare_number_is_the_job_id(version: str) -> None:
    numbers = {"22.05": ["93", "96"], "24.11": ["92", "95"]}[version]
    assert [DRM.parse_submit(result(version, name)) for name in ("qsub", "qsub-array")] == numbers
    assert {DRM.classify(result(version, name)) for name in ("qsub", "qsub-array")} == {Outcome.OK}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", ["qsub-bad-queue", "qsub-missing-script"])
def test_errors_are_on_standard_output(version: str, name: str) -> None:
    answer = result(version, name)
    assert answer.stderr == ""
    assert DRM.classify(answer) is Outcome.REFUSED


def test_sbatchs_own_words_decide_and_not_its_command_line() -> None:
    stdout = "There was an error running the Slurm sbatch command.\nThe command was:\n'/usr/bin/sbatch -o /denied/invalid 2>&1'\n"
    stdout += "and the output was:\n'%s\n'\n"
    down = "sbatch: error: Unable to contact slurm controller (connect failure)"
    for said, outcome in ((down, Outcome.UNREACHABLE), ("", Outcome.UNREACHABLE), ("Invalid qos", Outcome.REFUSED)):
        assert DRM.classify(CommandResult(Command(("qsub",)), 1, stdout % said, "")) is outcome
    assert DRM.classify(CommandResult(Command(("qsub",)), 2, "", "Usage: qsub")) is Outcome.REFUSED
    assert DRM.classify(CommandResult(Command(("qsub",)), -9, "", "")) is Outcome.UNREACHABLE


def test_an_sbatch_that_was_killed_leaves_no_job_id() -> None:
    """qsub then ends with 0."""
    with pytest.raises(ParseError):
        DRM.parse_submit(
            CommandResult(Command(("qsub",)), 0, "There was an error running the Slurm sbatch command.\n", "")
        )


@pytest.mark.parametrize("version", VERSIONS)
def test_qstat_tells_no_end_and_is_not_asked(version: str) -> None:
    """No -x, no exit status, no text with an unknown job; in 24.11 -f dies at the first job that has a node."""
    assert "exit_status" not in result(version, "qstat-f").stdout
    assert (result(version, "qstat-unknown").rc, result(version, "qstat-unknown").stderr) == (153, "")
    assert (result(version, "qstat-f").rc == 0) is (version == "22.05")
    asked = [*DRM.build_status(["7"], ""), *DRM.build_history(["7"], "")]
    asked += [*DRM.build_find(["a-t"], "", 0), *DRM.build_find_history(["a-t"], "", 0)]
    assert {command.argv[0] for command in asked} == {"squeue", "sacct"}


def test_controls_are_slurms() -> None:
    commands = [command.argv for action in Control for command in DRM.build_control(action, ["7"], "")]
    assert {argv[0] for argv in commands} == {"scancel", "scontrol"}


@pytest.mark.parametrize("version", VERSIONS)
def test_qhold_takes_a_waiting_job_for_a_finished_one(version: str) -> None:
    assert "Job has already finished" in result(version, "qhold").stdout


def test_output_of_an_element() -> None:
    request = JobRequest(SCRIPT, name="a", token="t", array="1-3", chdir="/work")
    assert DRM.output_paths(request, "96_2", "/home/u") == ("/work/a-t.o-2",) * 2
