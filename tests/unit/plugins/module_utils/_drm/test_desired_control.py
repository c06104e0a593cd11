# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs that are held, released, suspended and cancelled, and what comes back of those that ended."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List

import pytest

from ansible_collections.clusterjobs.drm.plugins.module_utils._drm import desired
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.desired import Targets
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.model import Control, JobState
from ansible_collections.clusterjobs.drm.tests.unit.helpers.fake_clock import FakeClock
from ansible_collections.clusterjobs.drm.tests.unit.helpers.fake_drm import (
    UNREACHABLE,
    FakeCluster,
    FakeDrm,
    answering,
    raising,
    row,
)
from ansible_collections.clusterjobs.drm.tests.unit.helpers.orders import order
from ansible_collections.clusterjobs.drm.tests.unit.helpers.slices import Play, wish

THERE = Targets(job_ids=("1",))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    clock = FakeClock()
    monkeypatch.setattr(desired, "time", clock)
    return clock


@pytest.fixture
def cluster() -> FakeCluster:
    return FakeCluster()


@pytest.fixture
def play(cluster: FakeCluster, tmp_path: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> Play:
    monkeypatch.setenv("HOME", str(tmp_path))
    return Play(cluster, tmp_path / "state", clock)


def states(answer: Dict[str, Any]) -> List[str]:
    return [job["state"] for job in answer["jobs"]]


@pytest.mark.parametrize(
    ("state", "before", "told"),
    [
        ("held", "QUEUED", ("hold", "1")),
        ("held", "HELD", None),
        ("released", "HELD", ("release", "1")),
        ("released", "QUEUED", None),
        ("released", "DONE", None),
        ("resumed", "RUNNING", None),
        ("absent", "QUEUED", ("cancel", "1")),
        ("absent", "HELD", ("cancel", "1")),
        ("absent", "RUNNING", ("cancel", "1")),
        ("absent", "SUSPENDED", ("cancel", "1")),
        ("absent", "DONE", None),
        ("absent", "FAILED", None),
    ],
)
def test_a_job_is_told_once_and_only_where_need_be(
    play: Play, cluster: FakeCluster, state: str, before: str, told: Any
) -> None:
    cluster.put(row("1", JobState(before)))
    for expected in (told is not None, False):
        answer = play.run(wish(state), targets=THERE)
        assert answer.get("msg") is None
        assert answer["changed"] is answer["jobs"][0]["changed"] is expected
    assert cluster.controls == ([told] if told else [])


def test_a_job_that_nobody_knows_is_absent(play: Play, cluster: FakeCluster, clock: FakeClock) -> None:
    answer = play.run(wish("absent"), targets=THERE)
    assert (answer.get("msg"), answer["changed"], states(answer)) == (None, False, ["UNKNOWN"])
    assert clock.passed == 0


def test_a_key_without_a_job_is_absent(play: Play, cluster: FakeCluster) -> None:
    answer = play.run(wish("absent"), targets=Targets(keys=("index",)))
    assert (answer.get("msg"), answer["changed"], answer["jobs"]) == (None, False, [])
    assert not cluster.commands
    assert "no job was submitted under it" in play.run(wish("finished"), targets=Targets(keys=("index",)))["msg"]


def test_the_job_of_a_key_is_cancelled(play: Play, cluster: FakeCluster) -> None:
    play.run(wish("submitted"), [order()])
    answer = play.run(wish("absent"), targets=Targets(keys=("index",)), task="task-2")
    assert (answer["changed"], states(answer), answer["jobs"][0]["key"]) == (True, ["CANCELLED"], "index")


def test_an_interrupted_submission_is_found_and_cancelled(play: Play, cluster: FakeCluster) -> None:
    cluster.faults["fsub"] = [raising(KeyboardInterrupt(), first=True)]
    with pytest.raises(KeyboardInterrupt):
        play.run(wish("submitted"), [order()])
    play.run(wish("absent"), targets=Targets(keys=("index",)), task="task-2")
    assert cluster.controls == [("cancel", "101")]


@pytest.mark.parametrize(
    ("state", "before"),
    [("held", "RUNNING"), ("held", "SUSPENDED"), ("held", "DONE"), ("suspended", "HELD"), ("suspended", "FAILED")],
)
def test_what_cannot_be_is_refused_and_nothing_is_told(
    play: Play, cluster: FakeCluster, state: str, before: str
) -> None:
    cluster.put(row("1", JobState(before)), row("2", JobState.QUEUED), row("3", JobState.RUNNING))
    answer = play.run(wish(state), targets=Targets(job_ids=("1", "2", "3")))
    assert "job 1 is %s and cannot be %s. Nothing was changed." % (before, state) in answer["msg"]
    assert (answer["changed"], states(answer)) == (False, [before, "QUEUED", "RUNNING"])
    assert not cluster.controls


def test_what_the_drm_cannot_do_is_said(play: Play, cluster: FakeCluster) -> None:
    cluster.put(row("1", JobState.RUNNING))
    assert "fake cannot suspend a job" in play.run(wish("suspended"), targets=THERE)["msg"]


def test_jobs_are_suspended_and_resumed(play: Play, cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakeDrm, "controls", frozenset(Control))
    told = []

    def control(do, command):
        told.append(command.argv[1:])
        cluster.put(row("1", JobState.SUSPENDED if command.argv[1] == "suspend" else JobState.RUNNING))
        return answering(0)(do, command)

    cluster.put(row("1", JobState.RUNNING))
    cluster.faults["fcontrol"] = [control, control]
    assert states(play.run(wish("suspended"), targets=THERE)) == ["SUSPENDED"]
    assert states(play.run(wish("resumed"), targets=THERE)) == ["RUNNING"]
    assert told == [("suspend", "1"), ("resume", "1")]


def test_a_job_that_takes_its_time_to_end_is_waited_for(play: Play, cluster: FakeCluster, clock: FakeClock) -> None:
    cluster.put(row("1", JobState.RUNNING))
    cluster.faults["fcontrol"] = [answering(0, "")] * 9
    clock.at(40, lambda: cluster.end("1", JobState.CANCELLED))
    answer = play.run(wish("absent"), targets=THERE)
    assert (states(answer), answer.get("msg")) == (["CANCELLED"], None)
    assert play.slices[0]["changed"] is True


def test_a_control_without_effect_is_given_up_after_a_minute(
    play: Play, cluster: FakeCluster, clock: FakeClock
) -> None:
    cluster.put(row("1", JobState.RUNNING))
    cluster.faults["fcontrol"] = [answering(0, "")] * 9
    answer = play.run(wish("absent"), targets=THERE)
    assert (answer["timed_out"], 60 <= clock.passed < 62) == (True, True)
    assert "not absent after 60 s: 1 is RUNNING" in answer["msg"]


@pytest.mark.parametrize("silent", ["fqueue", "fcontrol"])
def test_a_drm_that_does_not_answer_is_told_when_it_does(
    play: Play, cluster: FakeCluster, clock: FakeClock, silent: str
) -> None:
    cluster.put(row("1", JobState.QUEUED))
    cluster.faults[silent] = [UNREACHABLE] * 1000
    clock.at(10, cluster.faults.clear)
    answer = play.run(wish("held"), targets=THERE)
    assert (states(answer), answer["changed"], answer.get("msg")) == (["HELD"], True, None)


def test_submitted_held(play: Play, cluster: FakeCluster) -> None:
    answer = play.run(wish("held"), [order(hold=True)])
    assert states(answer) == ["HELD"]
    # Another run finds it by the same key, though the order says nothing of holding now.
    assert states(play.run(wish("released"), [order()], task="task-2")) == ["QUEUED"]


def test_several_jobs_are_told_at_once(play: Play, cluster: FakeCluster) -> None:
    cluster.put(row("1", JobState.QUEUED), row("2", JobState.DONE), row("3", JobState.RUNNING))
    answer = play.run(wish("absent"), targets=Targets(job_ids=("1", "2", "3")))
    assert cluster.controls == [("cancel", "1", "3")]
    assert [job["changed"] for job in answer["jobs"]] == [True, False, True]


class TestOutput:
    def finished(self, play: Play, cluster: FakeCluster, tmp_path: Path, **fields: Any) -> Dict[str, Any]:
        play.run(wish("submitted"), [order(**fields)])
        if "101" in cluster.queue:
            cluster.end("101", JobState.DONE, exit_code=0)
        return play.run(wish("finished", return_output=True, output_max_bytes=5), [order(**fields)], task="task-2")

    def test_both_files(self, play: Play, cluster: FakeCluster, tmp_path: Path) -> None:
        (tmp_path / "101.out").write_text("the output")
        (tmp_path / "101.err").write_text("oops")
        job = self.finished(play, cluster, tmp_path)["jobs"][0]
        assert (job["stdout"], job["stdout_truncated"], job["stderr"], job["stderr_truncated"]) == (
            "utput",
            True,
            "oops",
            False,
        )
        assert (job["stdout_path"], job["stderr_path"]) == (str(tmp_path / "101.out"), str(tmp_path / "101.err"))

    def test_one_file_for_both(self, play: Play, cluster: FakeCluster, tmp_path: Path) -> None:
        path = tmp_path / "both"
        path.write_text("both")
        job = self.finished(play, cluster, tmp_path, stdout=str(path), stderr=str(path))["jobs"][0]
        assert (job["stdout"], job["stderr"]) == ("both", "")

    def test_a_file_that_cannot_be_read_is_a_warning(self, play: Play, cluster: FakeCluster, tmp_path: Path) -> None:
        (tmp_path / "101.err").write_text("")
        answer = self.finished(play, cluster, tmp_path, stdout=str(tmp_path))
        assert answer["jobs"][0]["stdout"] is None
        assert "not a regular file" in answer["warnings"][0]

    def test_an_arrays_outputs_are_many(self, play: Play, cluster: FakeCluster, tmp_path: Path) -> None:
        assert "stdout" not in self.finished(play, cluster, tmp_path, array="1-2")["jobs"][0]

    def test_it_is_not_read_before_the_end_of_all(
        self, play: Play, cluster: FakeCluster, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        read: List[str] = []
        monkeypatch.setattr(
            desired.OutputReader,
            "read",
            lambda self, path, most: read.append(path) or {"text": "x", "truncated": False},
        )
        clock.at(1, lambda: cluster.end("101", JobState.DONE, exit_code=0))
        clock.at(200, lambda: cluster.end("102", JobState.DONE, exit_code=0))
        play.run(wish("finished", return_output=True), [order("a"), order("b")])
        assert len(play.slices) > 3
        assert len(read) == 4
