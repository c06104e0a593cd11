# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A play that dies at any step of a submission, then runs again: one job, counted by the batch system itself."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Callable, Iterator, List

import pytest

from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.model import JobState
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.order import Order, Submitted
from ansible_collections.clusterjobs.drm.tests.unit.helpers.fake_drm import FakeCluster
from ansible_collections.clusterjobs.drm.tests.unit.helpers.orders import order, submitter

Run = Callable[[], Submitted]


class Crash(BaseException):
    """The process is gone; no handler of its own may run."""


class Steps:
    """Counts what a crash can come before, into or behind, and crashes at one of them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, cluster: FakeCluster) -> None:
        self.count = 0
        self.fatal = 0
        write, replace, run = os.write, os.replace, cluster.run

        def torn_write(fd: int, data: bytes) -> int:
            self.step()
            if self.count + 1 == self.fatal:
                write(fd, data[: len(data) // 2])
            self.step()
            return self.then(write(fd, data))

        monkeypatch.setattr(os, "write", torn_write)
        monkeypatch.setattr(os, "fsync", lambda fd: self.around(lambda: None))
        monkeypatch.setattr(os, "replace", lambda *paths: self.around(replace, *paths))
        monkeypatch.setattr(cluster, "run", lambda *arguments, **named: self.around(run, *arguments, **named))

    def step(self) -> None:
        self.count += 1
        if self.count == self.fatal:
            raise Crash

    def then(self, value: Any) -> Any:
        self.step()
        return value

    def around(self, function: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        self.step()
        return self.then(function(*arguments, **named))

    def crash(self, run: Run, fatal: int) -> bool:
        """Run, and die at this step; False where the run has fewer."""
        self.count, self.fatal = 0, fatal
        try:
            run()
        except Crash:
            return True
        finally:
            self.fatal = 0
        return False


FRESH = order()
GENERATED = order("task:task-1#0", generated=True)
SECRET = order(secrets={"TOKEN": "abcdefgh"})
AGAIN = order(resubmit="on_failure", memory_mb=4000)


@pytest.fixture
def cluster() -> FakeCluster:
    return FakeCluster()


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch, cluster: FakeCluster) -> Steps:
    return Steps(monkeypatch, cluster)


def each_step(steps: Steps, tmp_path: Path, prepare: Callable[[Path], Run]) -> Iterator[Path]:
    """A directory for each step at which the prepared run has died."""
    fatal = 1
    while steps.crash(prepare(tmp_path / str(fatal)), fatal):
        yield tmp_path / str(fatal)
        fatal += 1
    # At the least a look, and a record that is written and synced.
    assert fatal > 7


def started(cluster: FakeCluster, directory: Path, wanted: Order, task: str) -> Submitted:
    return submitter(cluster, directory, task).submit(wanted)


def jobs(cluster: FakeCluster) -> List[str]:
    """The ids of all jobs there ever were, and a clean slate for the next step."""
    assert cluster.accounting is not None
    found = sorted({*cluster.queue, *cluster.accounting})
    cluster.queue.clear()
    cluster.accounting.clear()
    return found


@pytest.mark.parametrize("ended", [False, True])
@pytest.mark.parametrize(
    ("wanted", "next_task"),
    [
        pytest.param(FRESH, "task-2", id="key"),
        pytest.param(GENERATED, "task-1", id="generated, the connection was lost"),
        pytest.param(SECRET, "task-2", id="secrets"),
    ],
)
def test_one_job_whatever_the_step(
    cluster: FakeCluster, steps: Steps, tmp_path: Path, wanted: Order, next_task: str, ended: bool
) -> None:
    for directory in each_step(steps, tmp_path, lambda where: lambda: started(cluster, where, wanted, "task-1")):
        if ended:
            for job_id in list(cluster.queue):
                cluster.end(job_id, JobState.DONE)
        first = started(cluster, directory, wanted, next_task)
        second = started(cluster, directory, wanted, next_task)
        assert jobs(cluster) == [first.job_id] == [second.job_id], directory.name


def test_one_job_where_two_plays_die_in_turn(cluster: FakeCluster, steps: Steps, tmp_path: Path) -> None:
    def first_dies(where: Path) -> Run:
        return lambda: started(cluster, where, FRESH, "task-1")

    def second_dies(where: Path) -> Run:
        steps.crash(first_dies(where), int(where.parent.name))
        return lambda: started(cluster, where, FRESH, "task-2")

    for outer in each_step(steps, tmp_path, first_dies):
        jobs(cluster)
        for directory in each_step(steps, tmp_path / "both" / outer.name, second_dies):
            job = started(cluster, directory, FRESH, "task-3")
            assert jobs(cluster) == [job.job_id], directory


def test_one_new_attempt_whatever_the_step(cluster: FakeCluster, steps: Steps, tmp_path: Path) -> None:
    def prepare(where: Path) -> Run:
        jobs(cluster)
        first = started(cluster, where, order(), "task-0")
        cluster.end(first.job_id, JobState.FAILED)
        return lambda: started(cluster, where, AGAIN, "task-1")

    for directory in each_step(steps, tmp_path, prepare):
        second = started(cluster, directory, AGAIN, "task-2")
        assert started(cluster, directory, AGAIN, "task-3").job_id == second.job_id
        found = jobs(cluster)
        assert len(found) == 2, directory.name
        assert found[1] == second.job_id


def test_a_job_of_another_host_stays_the_only_one(cluster: FakeCluster, steps: Steps, tmp_path: Path) -> None:
    def prepare(where: Path) -> Run:
        jobs(cluster)
        there = started(cluster, where / "there", order(), "task-0")
        cluster.submit_times[there.job_id] -= 6 * 24 * 3600
        cluster.end(there.job_id, JobState.DONE)
        return lambda: started(cluster, where / "here", order(), "task-1")

    for directory in each_step(steps, tmp_path, prepare):
        here = started(cluster, directory / "here", order(), "task-2")
        assert jobs(cluster) == [here.job_id], directory.name


def test_the_order_of_a_submission(cluster: FakeCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is written is on disk before the next step begins."""
    begun = submitter(cluster, tmp_path)
    with begun.journal.locked("task:1#0"):
        pass
    calls: List[str] = []
    write, fsync, run = os.write, os.fsync, cluster.run

    def noted(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            calls.append(name)
            return function(*arguments, **named)

        return call

    monkeypatch.setattr(os, "write", lambda fd, data: noted(json.loads(data)["event"], write)(fd, data))
    monkeypatch.setattr(os, "fsync", noted("fsync", fsync))
    monkeypatch.setattr(cluster, "run", lambda command, **named: noted(command.argv[0], run)(command, **named))
    begun.submit(order("task:1#0", generated=True))
    # The first one is the entry's name in its directory.
    assert calls == ["fsync", "intent", "fsync", "fsub", "submitted", "fsync"]
