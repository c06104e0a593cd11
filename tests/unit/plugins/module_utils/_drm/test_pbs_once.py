# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Exactly once on PBS Pro and TORQUE: what is asked after a submission that was not answered, and what is done then."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.client import Client
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.errors import (
    CommandError,
    DrmError,
    DrmUnavailableError,
)
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.interface import Drm
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.journal import Journal
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.model import Command, CommandResult
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.pbspro import PbsPro
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.submission import Submitter
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.torque import Torque
from ansible_collections.clusterjobs.drm.tests.unit.helpers.orders import order
from ansible_collections.clusterjobs.drm.tests.unit.helpers.recorded_runner import RecordedRunner
from ansible_collections.clusterjobs.drm.tests.unit.helpers.recordings import recorded

DRMS = [PbsPro(), Torque()]
DOWN = {"pbspro": "pbspro/23.06/qsub_server_down", "torque": "torque/6.1.3/qsub_server_down"}
REFUSED = {"pbspro": "pbspro/23.06/qsub_bad_resource", "torque": "torque/6.1.3/qsub_bad_resource"}
NOTHING = CommandResult(Command(("qselect",)), 0, "", "")
FOUND = CommandResult(Command(("qselect",)), 0, "12.srv\n", "")
CUT_OFF = CommandResult(Command(("qsub",)), 124, "", "ended at its time limit", True)

pytestmark = pytest.mark.parametrize("drm", DRMS, ids=[drm.name for drm in DRMS])


def start(drm: Drm, directory: Path, *answers: CommandResult, task: str = "task") -> tuple[Submitter, RecordedRunner]:
    runner = RecordedRunner(*answers)
    journal = Journal(str(directory), drm.name, "", 0.2)
    return Submitter(Client(drm, runner), journal, task, lambda seconds: None), runner


def looks(drm: Drm, *answers: CommandResult) -> tuple[CommandResult, ...]:
    """One look for the name: PBS Pro is asked for its history too."""
    looks_twice = drm.name == "pbspro"
    each = [(answer, answer) if looks_twice and answer is NOTHING else (answer,) for answer in answers]
    return tuple(itertools.chain.from_iterable(each))


@pytest.mark.parametrize("answer", [CUT_OFF, None], ids=["cut off", "server down"])
def test_a_submission_that_arrived_without_an_answer_is_found(
    drm: Drm, tmp_path: Path, answer: CommandResult | None
) -> None:
    unanswered = answer or recorded(DOWN[drm.name])
    submitter, runner = start(drm, tmp_path, *looks(drm, NOTHING), unanswered, FOUND)
    job = submitter.submit(order())
    assert (job.job_id, job.new) == ("12.srv", True)
    [name] = {command.argv[command.argv.index("-N") + 1] for command in runner.asked}
    assert job.request.job_name == name
    assert [command.argv[0] for command in runner.asked].count("qsub") == 1


def test_a_submission_that_did_not_arrive_is_sent_again_only_where_that_is_known(drm: Drm, tmp_path: Path) -> None:
    submitter, _runner = start(drm, tmp_path, *looks(drm, NOTHING), CUT_OFF, *looks(drm, NOTHING))
    with pytest.raises(DrmUnavailableError, match="not known whether"):
        submitter.submit(order())
    sent = CommandResult(Command(("qsub",)), 0, "13.srv\n", "")
    again, runner = start(drm, tmp_path, *looks(drm, NOTHING, NOTHING), sent, task="again")
    if drm.forgets:
        with pytest.raises(DrmError, match="nothing tells whether it ran"):
            again.submit(order())
    else:
        assert again.submit(order()).job_id == "13.srv"
    assert ("qsub" in [command.argv[0] for command in runner.asked]) is not drm.forgets


def test_a_refusal_is_no_submission(drm: Drm, tmp_path: Path) -> None:
    submitter, _runner = start(drm, tmp_path, *looks(drm, NOTHING), recorded(REFUSED[drm.name]))
    number = {"pbspro": 15035, "torque": 15037}[drm.name]
    with pytest.raises(CommandError, match=r"nothing was submitted \(PBSE_UNKRESC \(%d\)\)" % number):
        submitter.submit(order())
    sent = CommandResult(Command(("qsub",)), 0, "13.srv\n", "")
    again, _runner = start(drm, tmp_path, *looks(drm, NOTHING), sent)
    assert again.submit(order()).job_id == "13.srv"


def test_a_job_of_another_submit_host_is_taken(drm: Drm, tmp_path: Path) -> None:
    submitter, runner = start(drm, tmp_path, FOUND)
    job = submitter.submit(order())
    assert (job.job_id, job.new) == ("12.srv", False)
    assert [command.argv[0] for command in runner.asked] == ["qselect"]
