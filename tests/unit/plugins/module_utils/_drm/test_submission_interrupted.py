# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A submission without an answer: looked for, never sent twice, and what is said where nothing can be known."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.errors import DrmError, DrmUnavailableError
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.journal import Entry
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.model import JobState
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.order import RequestChangedError, UnrecordedJobError
from ansible_collections.clusterjobs.drm.tests.unit.helpers.fake_drm import (
    UNREACHABLE,
    UNREACHABLE_AFTERWARDS,
    FakeCluster,
    FakeDrm,
    answering,
    raising,
    row,
)
from ansible_collections.clusterjobs.drm.tests.unit.helpers.orders import order, submitter


@pytest.fixture
def cluster() -> FakeCluster:
    return FakeCluster()


class Killed(BaseException):
    """The process ends here."""


def killed(cluster: FakeCluster, directory: Path, submitted: bool, key: str = "index") -> None:
    """A play that ends while it submits."""
    cluster.faults["fsub"] = [raising(Killed(), first=submitted)]
    with pytest.raises(Killed):
        submitter(cluster, directory, "killed").submit(order(key))


@pytest.mark.parametrize("state", [JobState.QUEUED, JobState.DONE, JobState.FAILED])
def test_an_interrupted_submission_is_found(cluster: FakeCluster, tmp_path: Path, state: JobState) -> None:
    killed(cluster, tmp_path, submitted=True)
    if state.final:
        cluster.end("101", state)
    slept: list[float] = []
    job = submitter(cluster, tmp_path, "task-2", slept.append).submit(order())
    # It is this task that first tells of it.
    assert (job.job_id, job.new, slept) == ("101", True, [])
    assert not submitter(cluster, tmp_path, "task-3").submit(order()).new
    assert len(cluster.submissions) == 1


def test_an_interrupted_submission_that_is_nowhere_is_sent_after_a_second_look(
    cluster: FakeCluster, tmp_path: Path
) -> None:
    killed(cluster, tmp_path, submitted=False)
    looks = cluster.ran("ffind")
    slept: list[float] = []
    job = submitter(cluster, tmp_path, "task-2", slept.append).submit(order())
    assert (job.job_id, job.new, slept) == ("101", True, [3.0])
    assert cluster.ran("ffind") - looks == cluster.ran("ffindhistory") - looks == 2


def test_the_second_look_comes_when_the_drm_must_show_the_job(
    cluster: FakeCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some write their accounting late, and a job may have ended at once."""
    monkeypatch.setattr(FakeDrm, "settle_seconds", 20.0)
    killed(cluster, tmp_path, submitted=False)
    slept: list[float] = []
    submitter(cluster, tmp_path, "task-2", slept.append).submit(order())
    assert slept == [20.0]


def test_a_job_is_found_by_the_name_that_the_drm_gives_it(
    cluster: FakeCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakeDrm, "job_name", lambda self, request: "j" + request.job_name)
    killed(cluster, tmp_path, submitted=True)
    assert cluster.queue["101"].name.startswith("j")
    assert submitter(cluster, tmp_path, "task-2", [].append).submit(order()).job_id == "101"
    assert len(cluster.submissions) == 1


def test_a_job_that_comes_up_between_the_looks_is_taken(cluster: FakeCluster, tmp_path: Path) -> None:
    killed(cluster, tmp_path, submitted=True)
    late = cluster.queue.pop("101")
    job = submitter(cluster, tmp_path, "task-2", lambda seconds: cluster.put(late)).submit(order())
    assert job.job_id == "101"
    assert len(cluster.submissions) == 1


def test_without_accounting_a_lost_submission_is_an_error_that_says_how_to_go_on(
    cluster: FakeCluster, tmp_path: Path
) -> None:
    cluster.accounting = None
    killed(cluster, tmp_path, submitted=False)
    starter = submitter(cluster, tmp_path, "task-2")
    with pytest.raises(DrmError, match="without accounting nothing tells whether it ran") as caught:
        starter.submit(order())
    path = starter.journal.path("index")
    assert "Nothing was submitted now" in str(caught.value)
    assert path in str(caught.value)
    assert not cluster.submissions
    Path(path).unlink()
    assert starter.submit(order()).new


def test_without_accounting_a_job_in_the_queue_is_found(cluster: FakeCluster, tmp_path: Path) -> None:
    cluster.accounting = None
    killed(cluster, tmp_path, submitted=True)
    assert submitter(cluster, tmp_path, "task-2").submit(order()).job_id == "101"


def test_a_drm_that_does_not_answer_leaves_an_interrupted_submission_alone(
    cluster: FakeCluster, tmp_path: Path
) -> None:
    killed(cluster, tmp_path, submitted=True)
    cluster.faults["ffind"] = [UNREACHABLE]
    with pytest.raises(
        DrmUnavailableError, match=r"not known whether job work-[0-9a-f]{10} was submitted.*the key 'index' makes sure"
    ):
        submitter(cluster, tmp_path, "task-2").submit(order())
    assert len(cluster.submissions) == 1
    assert submitter(cluster, tmp_path, "task-2").submit(order()).job_id == "101"


def test_a_mended_request_after_a_submission_that_never_came_through(cluster: FakeCluster, tmp_path: Path) -> None:
    killed(cluster, tmp_path, submitted=False)
    assert submitter(cluster, tmp_path, "task-2").submit(order(name="other", slots=2)).new


def test_a_mended_request_after_a_submission_that_did(cluster: FakeCluster, tmp_path: Path) -> None:
    killed(cluster, tmp_path, submitted=True)
    with pytest.raises(RequestChangedError, match="stands for job 101, whose request differs in name"):
        submitter(cluster, tmp_path, "task-2").submit(order(name="other"))
    assert len(cluster.submissions) == 1


UNANSWERED = [
    pytest.param(UNREACHABLE_AFTERWARDS, id="unreachable"),
    pytest.param(answering(0, "Submitted, I think", first=True), id="no id"),
    pytest.param(answering(-9, "", first=True), id="killed"),
    pytest.param(answering(1, "", first=True, timed_out=True), id="time limit"),
]


@pytest.mark.parametrize("fault", UNANSWERED)
def test_an_unanswered_submission_is_looked_for_at_once(cluster: FakeCluster, tmp_path: Path, fault) -> None:
    cluster.faults["fsub"] = [fault]
    job = submitter(cluster, tmp_path).submit(order())
    assert (job.job_id, job.new) == ("101", True)
    assert submitter(cluster, tmp_path, "task-2").submit(order()).job_id == "101"
    assert len(cluster.submissions) == 1


@pytest.mark.parametrize("fault", UNANSWERED)
@pytest.mark.parametrize("arrived", [True, False])
def test_an_unanswered_submission_that_cannot_be_found_is_said_and_not_repeated(
    cluster: FakeCluster, tmp_path: Path, fault, arrived: bool
) -> None:
    cluster.faults = {"fsub": [fault], "ffind": [answering(0, "[]"), answering(0, "[]")]}
    with pytest.raises(DrmUnavailableError, match=r"not known whether job work-[0-9a-f]{10} was submitted"):
        submitter(cluster, tmp_path).submit(order())
    assert len(cluster.submissions) == 1
    late = cluster.queue.pop("101")
    if arrived:
        cluster.put(late)
    assert submitter(cluster, tmp_path, "task-2").submit(order()).job_id == ("101" if arrived else "102")


def test_the_drm_is_down_all_the_while(cluster: FakeCluster, tmp_path: Path) -> None:
    first = {"ffind": [answering(0, "[]"), UNREACHABLE], "fsub": [UNREACHABLE_AFTERWARDS]}
    cluster.faults = first
    with pytest.raises(DrmUnavailableError, match="connection reset") as caught:
        submitter(cluster, tmp_path).submit(order())
    assert caught.value.fail_arguments()["cmd"][0] == "fsub"
    cluster.faults = {"ffind": [UNREACHABLE]}
    with pytest.raises(DrmUnavailableError, match="not known whether"):
        submitter(cluster, tmp_path, "task-2").submit(order())
    assert submitter(cluster, tmp_path, "task-3").submit(order()).job_id == "101"
    assert len(cluster.submissions) == 1


def test_without_a_key_the_advice_is_to_look(cluster: FakeCluster, tmp_path: Path) -> None:
    cluster.faults = {"fsub": [UNREACHABLE]}
    with pytest.raises(
        DrmUnavailableError, match=r"Look for a job named work-.* without a key a new run submits a new job"
    ):
        submitter(cluster, tmp_path).submit(order("task:1#0", generated=True))


def test_an_adoption_that_was_cut_off_finds_the_old_job_again(
    cluster: FakeCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A job of another host, days old: the journal's time says nothing of it."""
    submitter(cluster, tmp_path / "one").submit(order())
    cluster.end("101", JobState.DONE)
    here = submitter(cluster, tmp_path / "two", "task-2")
    cluster.submit_times["101"] -= 5 * 24 * 3600
    real = Entry.append

    def cut_off(self, event, **values):
        if event == "submitted":
            raise Killed
        return real(self, event, **values)

    monkeypatch.setattr(Entry, "append", cut_off)
    with pytest.raises(Killed):
        here.submit(order())
    monkeypatch.undo()
    assert submitter(cluster, tmp_path / "two", "task-3").submit(order()).job_id == "101"
    assert len(cluster.submissions) == 1


def test_a_job_that_the_journal_cannot_note_is_named(
    cluster: FakeCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused_write(fd, data):
        raise OSError(28, "No space left on device")

    def disk_fills(do, command):
        answer = do()
        monkeypatch.setattr(os, "write", refused_write)
        return answer

    cluster.faults["fsub"] = [disk_fills]
    with pytest.raises(UnrecordedJobError, match=r"was submitted as 101, but: .*No space left on device") as caught:
        submitter(cluster, tmp_path).submit(order())
    monkeypatch.undo()
    assert caught.value.fail_arguments()["changed"] is True
    assert submitter(cluster, tmp_path, "task-2").submit(order()).job_id == "101"
    assert len(cluster.submissions) == 1


class TestKnown:
    """A key alone, without something to run."""

    def test_the_job_of_the_key(self, cluster: FakeCluster, tmp_path: Path) -> None:
        submitter(cluster, tmp_path).submit(order(stdout="/work/%j"))
        job = submitter(cluster, tmp_path, "task-2").known("index", required=True)
        assert (job.job_id, job.new, job.request.stdout) == ("101", False, "/work/%j")

    def test_a_key_without_a_job(self, cluster: FakeCluster, tmp_path: Path) -> None:
        starter = submitter(cluster, tmp_path)
        assert starter.known("index", required=False) is None
        with pytest.raises(DrmError, match="no job was submitted under it from this host"):
            starter.known("index", required=True)
        assert not list(tmp_path.iterdir())

    def test_a_key_whose_only_submission_was_refused(self, cluster: FakeCluster, tmp_path: Path) -> None:
        cluster.faults["fsub"] = [answering(1)]
        with pytest.raises(DrmError, match="refused"):
            submitter(cluster, tmp_path).submit(order())
        assert submitter(cluster, tmp_path).known("index", required=False) is None

    def test_an_interrupted_submission_is_looked_for(self, cluster: FakeCluster, tmp_path: Path) -> None:
        killed(cluster, tmp_path, submitted=True)
        job = submitter(cluster, tmp_path, "task-2").known("index", required=True)
        assert (job.job_id, job.new) == ("101", True)

    def test_an_interrupted_submission_that_is_nowhere_is_no_job(self, cluster: FakeCluster, tmp_path: Path) -> None:
        killed(cluster, tmp_path, submitted=False)
        assert submitter(cluster, tmp_path, "task-2").known("index", required=False) is None
        with pytest.raises(DrmError, match="no job was submitted under it"):
            submitter(cluster, tmp_path, "task-2").known("index", required=True)
        assert not cluster.submissions

    def test_a_forged_name_is_not_taken(self, cluster: FakeCluster, tmp_path: Path) -> None:
        killed(cluster, tmp_path, submitted=False)
        forged = row("7", JobState.RUNNING, name=cluster.commands[-1][1] + "x").as_dict()
        cluster.faults["ffind"] = [answering(0, json.dumps([forged]))]
        assert submitter(cluster, tmp_path, "task-2").known("index", required=False) is None
