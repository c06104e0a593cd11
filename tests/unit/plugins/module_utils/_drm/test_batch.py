# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many orders in one task: side by side as far as the DRM takes it, and nothing lost where one fails."""

from __future__ import annotations

from pathlib import Path
from threading import Barrier, Event
from typing import Callable, List

import pytest

from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.batch import SeveralErrors, submit_all
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.errors import CommandError, UnsupportedFieldError
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.model import Command, CommandResult
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.order import Order, Submitted
from ansible_collections.clusterjobs.drm.tests.unit.helpers.fake_drm import (
    FakeCluster,
    FakeDrm,
    Fault,
    answering,
)
from ansible_collections.clusterjobs.drm.tests.unit.helpers.orders import order, submitter

# Long enough for a machine under load, and never waited for where the code is right.
PATIENCE_SECONDS = 20


class Wide(FakeDrm):
    submissions_at_once = 3


class Batch:
    """A start of the module on a DRM that takes three submissions at once, and the jobs that it took."""

    def __init__(self, cluster: FakeCluster, directory: Path) -> None:
        self.submitter = submitter(cluster, directory)
        self.submitter.client.drm = Wide()
        self.taken: List[str] = []

    def run(self, wanted: List[Order]) -> None:
        submit_all(self.submitter, wanted, self._take)

    def _take(self, order: Order, job: Submitted) -> None:
        assert job.key == order.key
        self.taken.append(job.key)


@pytest.fixture
def cluster() -> FakeCluster:
    return FakeCluster()


@pytest.fixture
def batch(cluster: FakeCluster, tmp_path: Path) -> Batch:
    return Batch(cluster, tmp_path)


def orders(count: int) -> List[Order]:
    return [order("key-%d" % number) for number in range(count)]


def keys(wanted: List[Order]) -> List[str]:
    return [each.key for each in wanted]


def meeting(barrier: Barrier) -> Fault:
    """A submission that ends only while as many others are at it."""

    def fault(do: Callable[[], CommandResult], command: Command) -> CommandResult:
        barrier.wait(PATIENCE_SECONDS)
        return do()

    return fault


def after(event: Event) -> Fault:
    """A submission that is answered only when something else has happened."""

    def fault(do: Callable[[], CommandResult], command: Command) -> CommandResult:
        assert event.wait(PATIENCE_SECONDS)
        return do()

    return fault


def test_as_many_at_once_as_the_drm_takes(batch: Batch, cluster: FakeCluster) -> None:
    cluster.faults["fsub"] = [meeting(Barrier(3))] * 9
    batch.run(orders(9))
    assert batch.taken == keys(orders(9))
    assert len(cluster.submissions) == 9


def test_one_at_a_time_where_nothing_else_is_said(batch: Batch, cluster: FakeCluster) -> None:
    batch.submitter.client.drm = FakeDrm()
    cluster.faults["fsub"] = [answering(1, stderr="no")]
    with pytest.raises(CommandError):
        batch.run(orders(3))
    assert cluster.ran("fsub") == 1


def test_jobs_come_in_the_sequence_of_their_orders(batch: Batch, cluster: FakeCluster) -> None:
    """Whichever order is submitted first waits for the ones after it."""
    others = Event()

    def last(do: Callable[[], CommandResult], command: Command) -> CommandResult:
        done = do()
        others.set()
        return done

    cluster.faults["fsub"] = [after(others), last]
    batch.run(orders(3))
    assert batch.taken == keys(orders(3))


def test_nothing_is_submitted_where_one_order_asks_for_what_the_drm_cannot_do(
    batch: Batch, cluster: FakeCluster
) -> None:
    with pytest.raises(UnsupportedFieldError):
        batch.run([*orders(4), order("with-gpus", gpus=1)])
    assert (cluster.commands, batch.taken) == ([], [])


def test_what_was_submitted_beside_a_failure_is_taken_and_nothing_after_it_is_begun(
    batch: Batch, cluster: FakeCluster
) -> None:
    together = Barrier(3)

    def refused(do: Callable[[], CommandResult], command: Command) -> CommandResult:
        together.wait(PATIENCE_SECONDS)
        return CommandResult(command, 1, "", "no such queue")

    cluster.faults["fsub"] = [meeting(together), refused, meeting(together)]
    with pytest.raises(CommandError, match="no such queue"):
        batch.run(orders(40))
    assert len(batch.taken) == len(cluster.submissions)
    assert 2 <= len(batch.taken) < 39


def test_every_failure_is_told(batch: Batch, cluster: FakeCluster) -> None:
    together = Barrier(2)

    def refusing(text: str) -> Fault:
        def fault(do: Callable[[], CommandResult], command: Command) -> CommandResult:
            together.wait(PATIENCE_SECONDS)
            return CommandResult(command, 1, "", text)

        return fault

    cluster.faults["fsub"] = [refusing("no such queue"), refusing("disk full")]
    with pytest.raises(SeveralErrors) as caught:
        batch.run(orders(2))
    said = caught.value.fail_arguments()
    assert "no such queue" in said["msg"]
    assert "disk full" in said["msg"]
    assert said["cmd"][0] == "fsub"


def test_keys_that_another_host_may_have_used_are_asked_for_in_one_question(
    batch: Batch, cluster: FakeCluster, tmp_path: Path
) -> None:
    elsewhere = submitter(cluster, tmp_path / "elsewhere").submit(order("key-2"))
    batch.run(orders(2))
    cluster.commands.clear()
    batch.run(orders(6))
    assert len(cluster.submissions) == 6
    assert batch.taken[2:] == keys(orders(6))
    [question] = [argv for argv in cluster.commands if argv[0] == "ffind"]
    assert len(question) == 1 + 4
    assert elsewhere.request.job_name in question
    assert submitter(cluster, tmp_path, "task-2").submit(order("key-2")).job_id == elsewhere.job_id


def test_where_that_question_is_not_answered_each_key_is_asked_for(batch: Batch, cluster: FakeCluster) -> None:
    cluster.faults["ffind"] = [answering(7, stderr="no route to server")]
    batch.run(orders(2))
    assert cluster.ran("ffind") == 3
    assert len(cluster.submissions) == 2
