# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many jobs by one command of the DRM: each one's key holds as if it had been submitted alone."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Callable, Dict, List

import pytest

from ansible_collections.clusterjobs.drm.plugins.module_utils._drm import batch
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.batch import submit_all
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.errors import CommandError, DrmError
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.model import Command, CommandResult, JobState
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.order import Order
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.submission import Submitter
from ansible_collections.clusterjobs.drm.tests.unit.helpers.fake_drm import (
    UNREACHABLE,
    UNREACHABLE_AFTERWARDS,
    BulkDrm,
    FakeCluster,
    answering,
)
from ansible_collections.clusterjobs.drm.tests.unit.helpers.orders import order, submitter


@pytest.fixture
def cluster() -> FakeCluster:
    return FakeCluster()


def start(cluster: FakeCluster, directory: Path, task: str = "task-1", sleep: Any = lambda seconds: None) -> Submitter:
    begun = submitter(cluster, directory, task, sleep)
    begun.client.drm = BulkDrm()
    return begun


def run(begun: Submitter, wanted: List[Order]) -> Dict[str, str]:
    """The ids that were taken, by key."""
    taken: Dict[str, str] = {}
    submit_all(begun, wanted, lambda order, job: taken.update({job.key: job.job_id}))
    return taken


def failing(begun: Submitter, wanted: List[Order]) -> tuple[DrmError, Dict[str, str]]:
    taken: Dict[str, str] = {}
    with pytest.raises(DrmError) as caught:
        submit_all(begun, wanted, lambda order, job: taken.update({job.key: job.job_id}))
    return caught.value, taken


def orders(count: int, **fields: Any) -> List[Order]:
    return [order("key-%d" % number, **fields) for number in range(count)]


def events(directory: Path, key: str) -> List[str]:
    entry = submitter(FakeCluster(), directory).journal.read(key)
    return [record["event"] for record in entry.records] if entry else []


def test_one_command_for_all(cluster: FakeCluster, tmp_path: Path) -> None:
    taken = run(start(cluster, tmp_path), orders(5))
    assert taken == {"key-%d" % number: str(101 + number) for number in range(5)}
    assert cluster.ran("fsubmany") == 1
    # Each key's lock is the command's too.
    assert len(set(cluster.inherited[0])) == 5
    assert {tuple(events(tmp_path, key)) for key in taken} == {("intent", "submitted")}


def test_every_intent_is_on_disk_before_the_drm_is_asked(
    cluster: FakeCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: List[str] = []
    fsync = os.fsync

    def noted(fd: int) -> None:
        synced.append(os.readlink("/proc/self/fd/%d" % fd))
        fsync(fd)

    def asked(do: Callable[[], CommandResult], command: Command) -> CommandResult:
        for wanted in orders(3):
            path = begun.journal.path(wanted.key)
            assert Path(path).read_text().count("\n") == 1
            assert synced.count(path) == 1
        return do()

    begun = start(cluster, tmp_path)
    cluster.faults["fsubmany"] = [asked]
    monkeypatch.setattr(os, "fsync", noted)
    run(begun, orders(3))
    assert {synced.count(begun.journal.path(wanted.key)) for wanted in orders(3)} == {2}


def test_groups_and_sizes(cluster: FakeCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "MOST_AT_ONCE", 2)
    wanted = [
        order("a"),
        order("b", queue="long"),
        order("c", array="1-2"),
        order("d", queue="long"),
        order("e"),
        order("f"),
        order("g", array="1-2"),
    ]
    taken = run(start(cluster, tmp_path), wanted)
    sizes = [len(argv) - 1 for argv in cluster.commands if argv[0] == "fsubmany"]
    assert sorted(sizes) == [1, 1, 1, 2, 2]
    assert list(taken) == list("abcdefg")
    names = {job_id: row.name for job_id, row in cluster.queue.items()}
    again = start(cluster, tmp_path, "task-2")
    for each in wanted:
        assert names[taken[each.key]] == again.submit(each).request.job_name


def test_keys_that_have_a_job_are_not_submitted_again(cluster: FakeCluster, tmp_path: Path) -> None:
    first = run(start(cluster, tmp_path), orders(4)[1:3])
    taken = run(start(cluster, tmp_path, "task-2"), orders(4))
    assert [len(argv) - 1 for argv in cluster.commands if argv[0] == "fsubmany"] == [2, 2]
    assert {key: taken[key] for key in first} == first
    assert len(cluster.queue) == 4


def test_a_refusal_of_some_is_theirs_alone(cluster: FakeCluster, tmp_path: Path) -> None:
    def some(do: Callable[[], CommandResult], command: Command) -> CommandResult:
        first = cluster._answer(Command((command.argv[0], command.argv[1])))
        return CommandResult(command, 0, first.stdout + "no such user\n" + "queue is closed\n", "")

    cluster.faults["fsubmany"] = [some]
    error, taken = failing(start(cluster, tmp_path), orders(3))
    assert taken == {"key-0": "101"}
    assert "no such user" in str(error)
    assert "queue is closed" in str(error)
    assert [events(tmp_path, "key-%d" % number)[-1] for number in range(3)] == ["submitted", "refused", "refused"]
    assert len(run(start(cluster, tmp_path, "task-2"), orders(3))) == 3
    assert len(cluster.queue) == 3


def test_a_refusal_of_all_names_the_bad_one(cluster: FakeCluster, tmp_path: Path) -> None:
    cluster.faults["fsubmany"] = [answering(1, stderr="bad queue")]
    cluster.faults["fdry"] = [answering(0), answering(1, stderr="bad queue")]
    error, taken = failing(start(cluster, tmp_path), orders(3))
    assert isinstance(error, CommandError)
    assert (taken, cluster.ran("fdry")) == ({}, 2)
    assert "none of them was submitted, because of job %s" % cluster.commands[-1][1] in str(error)
    assert error.fail_arguments()["stderr"] == "bad queue"
    assert {events(tmp_path, each.key)[-1] for each in orders(3)} == {"refused"}


def test_after_a_failure_no_other_command_is_begun_and_what_went_in_is_taken(
    cluster: FakeCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "MOST_AT_ONCE", 2)
    cluster.faults["fsubmany"] = [lambda do, command: do(), answering(1)]
    _error, taken = failing(start(cluster, tmp_path), orders(7))
    assert list(taken) == ["key-0", "key-1"]
    assert cluster.ran("fsubmany") == 2
    assert events(tmp_path, "key-5") == []


def test_what_got_no_answer_is_looked_for_in_one_question(cluster: FakeCluster, tmp_path: Path) -> None:
    cluster.faults["fsubmany"] = [UNREACHABLE_AFTERWARDS]
    begun = start(cluster, tmp_path)
    begun.look_elsewhere = lambda wanted: None  # type: ignore[method-assign]
    wanted = [order("task:task-1#%d" % number, generated=True) for number in range(4)]
    taken = run(begun, wanted)
    assert sorted(taken.values()) == ["101", "102", "103", "104"]
    assert (cluster.ran("ffind"), cluster.ran("fsubmany")) == (1, 1)


def test_some_without_an_answer_and_no_trace_stay_unknown(cluster: FakeCluster, tmp_path: Path) -> None:
    def half(do: Callable[[], CommandResult], command: Command) -> CommandResult:
        first = cluster._answer(Command((command.argv[0], command.argv[1])))
        return CommandResult(command, 0, first.stdout + "-\n", "")

    cluster.faults["fsubmany"] = [half]
    error, taken = failing(start(cluster, tmp_path), orders(2))
    assert list(taken) == ["key-0"]
    assert "it is not known whether job" in str(error)
    assert "'key-1'" in str(error)
    assert events(tmp_path, "key-1") == ["intent"]


def test_a_silent_drm_has_each_key_named_and_the_next_run_waits_once_for_all(
    cluster: FakeCluster, tmp_path: Path
) -> None:
    cluster.faults["fsubmany"] = [UNREACHABLE]
    error, taken = failing(start(cluster, tmp_path), orders(9))
    assert taken == {}
    assert "9 submissions failed" in str(error)
    assert "And 4 more." in str(error)
    slept: List[float] = []
    cluster.commands.clear()
    taken = run(start(cluster, tmp_path, "task-2", slept.append), orders(9))
    assert (len(taken), len(cluster.queue), len(slept)) == (9, 9, 1)
    # Twice in the queue; each time in the accounting, too.
    assert (cluster.ran("ffind"), cluster.ran("ffindhistory")) == (2, 2)


def test_a_key_that_is_another_requests_keeps_the_rest_back(cluster: FakeCluster, tmp_path: Path) -> None:
    run(start(cluster, tmp_path), orders(2)[:1])
    wanted = [order("key-0", memory_mb=5), *orders(3)[1:]]
    error, taken = failing(start(cluster, tmp_path, "task-2"), wanted)
    assert "differs in memory_mb" in str(error)
    assert (taken, len(cluster.queue)) == ({}, 1)
    assert events(tmp_path, "key-1") == []


def test_an_intent_that_cannot_be_written_keeps_all_back(
    cluster: FakeCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = start(cluster, tmp_path)
    write, full = os.write, begun.journal.path("key-1")

    def no_space(fd: int, data: bytes) -> int:
        if os.readlink("/proc/self/fd/%d" % fd) == full:
            raise OSError(28, "No space left on device")
        return write(fd, data)

    monkeypatch.setattr(os, "write", no_space)
    error, taken = failing(begun, orders(3))
    assert "No space left" in str(error)
    assert (taken, cluster.ran("fsubmany")) == ({}, 0)
    assert events(tmp_path, "key-0") == ["intent", "refused"]


class Crash(BaseException):
    """The process is gone."""


@pytest.mark.parametrize("ended", [False, True])
def test_one_job_a_key_whatever_the_step(
    cluster: FakeCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ended: bool
) -> None:
    """Dies before and after each write, sync and command, and runs again."""
    steps = {"count": 0, "fatal": 0}

    def step() -> None:
        steps["count"] += 1
        if steps["count"] == steps["fatal"]:
            raise Crash

    def around(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            step()
            done = function(*arguments, **named)
            step()
            return done

        return call

    monkeypatch.setattr(os, "write", around(os.write))
    monkeypatch.setattr(os, "fsync", around(lambda fd: None))
    monkeypatch.setattr(cluster, "run", around(cluster.run))
    for fatal in range(1, 200):
        directory = tmp_path / str(fatal)
        steps.update(count=0, fatal=fatal)
        try:
            run(start(cluster, directory), orders(3))
        except Crash:
            pass
        else:
            break
        finally:
            steps["fatal"] = 0
        if ended:
            for job_id in list(cluster.queue):
                cluster.end(job_id, JobState.DONE)
        taken = run(start(cluster, directory, "task-2"), orders(3))
        assert cluster.accounting is not None
        assert sorted(taken.values()) == sorted({*cluster.queue, *cluster.accounting}), fatal
        cluster.queue.clear()
        cluster.accounting.clear()
    # A write and a sync of each record at the least.
    assert fatal > 24
