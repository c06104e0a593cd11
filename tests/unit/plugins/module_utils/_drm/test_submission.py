# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One key, one job: what is submitted, found, refused and never done twice."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ansible_collections.clusterjobs.drm.plugins.module_utils._drm import submission
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.errors import (
    CommandError,
    DrmError,
    DrmUnavailableError,
    InvalidRequestError,
    UnsupportedFieldError,
)
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.model import (
    Command,
    JobRequest,
    JobState,
    JobStatus,
    Outcome,
)
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.order import RequestChangedError
from ansible_collections.clusterjobs.drm.tests.unit.helpers.fake_drm import (
    UNREACHABLE,
    FakeCluster,
    FakeDrm,
    answering,
    raising,
)
from ansible_collections.clusterjobs.drm.tests.unit.helpers.orders import order, submitter


@pytest.fixture
def cluster() -> FakeCluster:
    return FakeCluster()


def events(directory: Path, key: str = "index") -> list:
    entry = submitter(FakeCluster(), directory).journal.read(key)
    return [record["event"] for record in entry.records] if entry else []


def test_a_fresh_key_is_submitted(cluster: FakeCluster, tmp_path: Path) -> None:
    job = submitter(cluster, tmp_path).submit(order())
    assert (job.key, job.job_id, job.new, job.ended) == ("index", "101", True, None)
    assert [command.stdin for command in cluster.submissions] == [order().request.script]
    assert cluster.submissions[0].argv[1] == job.request.job_name
    assert job.request.job_name.startswith("work-")
    assert events(tmp_path) == ["intent", "submitted"]


def test_a_refusal_of_newer_words_submits_once_in_the_older_ones(
    cluster: FakeCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def build_submit(self: FakeDrm, request: JobRequest) -> Command:
        older = Command(("fsub", request.job_name), request.script)
        return Command(("fsub", request.job_name, "--new"), request.script, otherwise=older)

    monkeypatch.setattr(FakeDrm, "build_submit", build_submit)
    monkeypatch.setattr(
        FakeDrm, "classify", lambda self, result: Outcome.NOT_UNDERSTOOD if result.rc == 8 else Outcome.OK
    )
    cluster.faults["fsub"] = [answering(8, stderr="--new?")]
    job = submitter(cluster, tmp_path).submit(order())
    assert (job.job_id, [len(command.argv) for command in cluster.submissions]) == ("101", [2])
    assert [len(fds) for fds in cluster.inherited] == [1, 1]
    assert events(tmp_path) == ["intent", "submitted"]


def test_the_submission_inherits_the_lock(cluster: FakeCluster, tmp_path: Path) -> None:
    starter = submitter(cluster, tmp_path)
    locked = []

    def observed(do, command):
        with pytest.raises(DrmError, match="another play"), starter.journal.locked("index"):
            pass
        locked.append(command)
        return do()

    cluster.faults["fsub"] = [observed]
    starter.submit(order())
    assert locked
    assert [len(fds) for fds in cluster.inherited] == [1]


@pytest.mark.parametrize(
    "state", [JobState.QUEUED, JobState.RUNNING, JobState.DONE, JobState.FAILED, JobState.CANCELLED]
)
def test_the_same_key_again_is_the_same_job(cluster: FakeCluster, tmp_path: Path, state: JobState) -> None:
    first = submitter(cluster, tmp_path).submit(order())
    if state.final:
        cluster.end(first.job_id, state)
    again = submitter(cluster, tmp_path, "task-2").submit(order())
    assert (again.job_id, again.new) == (first.job_id, False)
    assert again.request.job_name == first.request.job_name
    assert len(cluster.submissions) == 1


@pytest.mark.parametrize("state", [JobState.FAILED, JobState.CANCELLED])
def test_on_failure_submits_another_attempt(cluster: FakeCluster, tmp_path: Path, state: JobState) -> None:
    first = submitter(cluster, tmp_path).submit(order())
    cluster.end(first.job_id, state)
    mended = order(resubmit="on_failure", memory_mb=2000)
    second = submitter(cluster, tmp_path, "task-2").submit(mended)
    assert (second.job_id, second.new) == ("102", True)
    assert second.request.job_name != first.request.job_name
    assert second.request.memory_mb == 2000
    # And once more: that attempt is alive now.
    assert submitter(cluster, tmp_path, "task-3").submit(mended).job_id == "102"
    assert len(cluster.submissions) == 2


@pytest.mark.parametrize("state", [JobState.QUEUED, JobState.RUNNING, JobState.DONE])
def test_on_failure_leaves_a_job_that_did_not_fail(cluster: FakeCluster, tmp_path: Path, state: JobState) -> None:
    first = submitter(cluster, tmp_path).submit(order())
    if state.final:
        cluster.end(first.job_id, state)
    assert submitter(cluster, tmp_path, "task-2").submit(order(resubmit="on_failure")).job_id == first.job_id
    assert len(cluster.submissions) == 1


def test_on_failure_takes_unknown_for_alive(cluster: FakeCluster, tmp_path: Path) -> None:
    first = submitter(cluster, tmp_path).submit(order())
    cluster.end(first.job_id, JobState.FAILED, forget=True)
    assert submitter(cluster, tmp_path, "task-2").submit(order(resubmit="on_failure")).job_id == first.job_id
    assert len(cluster.submissions) == 1


def test_on_failure_remembers_an_end_that_the_drm_forgot(cluster: FakeCluster, tmp_path: Path) -> None:
    starter = submitter(cluster, tmp_path)
    first = starter.submit(order())
    cluster.end(first.job_id, JobState.FAILED)
    starter.note_end(first, starter.client.statuses([first.job_id]).jobs[first.job_id])
    cluster.accounting = None
    assert submitter(cluster, tmp_path, "task-2").submit(order(resubmit="on_failure")).job_id == "102"


def test_one_task_never_tries_its_own_job_again(cluster: FakeCluster, tmp_path: Path) -> None:
    first = submitter(cluster, tmp_path).submit(order(resubmit="on_failure"))
    cluster.end(first.job_id, JobState.FAILED)
    again = submitter(cluster, tmp_path).submit(order(resubmit="on_failure"))
    assert (again.job_id, again.new) == (first.job_id, True)
    assert len(cluster.submissions) == 1


def test_another_request_under_the_key_is_an_error_that_shows_the_difference(
    cluster: FakeCluster, tmp_path: Path
) -> None:
    submitter(cluster, tmp_path).submit(order(slots=2, environment={"A": "1"}))
    changed = order(slots=4, environment={"A": "2"}, hold=True)
    with pytest.raises(
        RequestChangedError, match="'index' stands for job 101, whose request differs in environment, slots"
    ) as caught:
        submitter(cluster, tmp_path, "task-2").submit(changed)
    arguments = caught.value.fail_arguments()
    assert arguments["job_id"] == "101"
    assert arguments["difference"]["slots"] == {"before": 2, "now": 4}
    assert arguments["difference"]["environment"] == {"before": {"A": "1"}, "now": {"A": "2"}}
    assert len(cluster.submissions) == 1


def test_a_long_script_counts_by_its_whole_text(cluster: FakeCluster, tmp_path: Path) -> None:
    script = "#!/bin/sh\n" + "# padding\n" * 10000
    submitter(cluster, tmp_path).submit(order(script=script + "true\n"))
    assert submitter(cluster, tmp_path, "task-2").submit(order(script=script + "true\n")).job_id == "101"
    with pytest.raises(RequestChangedError, match="differs in script"):
        submitter(cluster, tmp_path, "task-2").submit(order(script=script + "false\n"))
    # The journal is no archive of scripts.
    assert Path(submitter(cluster, tmp_path).journal.path("index")).stat().st_size < 10000


def test_a_short_script_is_shown_in_the_difference(cluster: FakeCluster, tmp_path: Path) -> None:
    submitter(cluster, tmp_path).submit(order(script="#!/bin/sh\ntrue\n"))
    with pytest.raises(RequestChangedError) as caught:
        submitter(cluster, tmp_path, "task-2").submit(order(script="#!/bin/sh\nfalse\n"))
    assert caught.value.difference == {"script": {"before": "#!/bin/sh\ntrue\n", "now": "#!/bin/sh\nfalse\n"}}


def test_another_key_is_another_job(cluster: FakeCluster, tmp_path: Path) -> None:
    names = {submitter(cluster, tmp_path).submit(order(key)).request.job_name for key in ("a", "b", "c")}
    assert len(names) == len(cluster.submissions) == 3


def test_a_key_used_on_another_host_is_found_by_its_name(cluster: FakeCluster, tmp_path: Path) -> None:
    there = submitter(cluster, tmp_path / "one").submit(order())
    here = submitter(cluster, tmp_path / "two", "task-2").submit(order())
    assert (here.job_id, here.new) == (there.job_id, False)
    cluster.end(there.job_id, JobState.DONE)
    assert submitter(cluster, tmp_path / "three", "task-3").submit(order()).job_id == there.job_id
    assert len(cluster.submissions) == 1


def test_attempts_of_another_host_are_found_too(cluster: FakeCluster, tmp_path: Path) -> None:
    again = order(resubmit="on_failure")
    first = submitter(cluster, tmp_path / "one").submit(again)
    cluster.end(first.job_id, JobState.FAILED)
    second = submitter(cluster, tmp_path / "one", "task-2").submit(again)
    assert second.job_id == "102"
    assert submitter(cluster, tmp_path / "two", "task-3").submit(again).job_id == "102"
    assert len(cluster.submissions) == 2


def test_a_generated_key_is_not_looked_for(cluster: FakeCluster, tmp_path: Path) -> None:
    submitter(cluster, tmp_path).submit(order("task:1#0", generated=True))
    assert cluster.commands == [["fsub", cluster.submissions[0].argv[1]]]


def test_nothing_is_submitted_where_another_host_may_have(cluster: FakeCluster, tmp_path: Path) -> None:
    cluster.faults["ffind"] = [UNREACHABLE]
    with pytest.raises(DrmUnavailableError, match="Nothing was submitted"):
        submitter(cluster, tmp_path).submit(order())
    assert not cluster.submissions
    assert submitter(cluster, tmp_path).submit(order()).new


def test_a_refusal_lets_the_next_run_submit_another_request(cluster: FakeCluster, tmp_path: Path) -> None:
    cluster.faults["fsub"] = [answering(1, stderr="invalid partition: lnog")]
    with pytest.raises(CommandError, match=r"refused, nothing was submitted.*invalid partition: lnog") as caught:
        submitter(cluster, tmp_path).submit(order(queue="lnog"))
    assert caught.value.fail_arguments()["rc"] == 1
    assert submitter(cluster, tmp_path, "task-2").submit(order(queue="long")).new
    assert events(tmp_path) == ["intent", "refused", "intent", "submitted"]


def test_a_refused_second_attempt_leaves_the_first_one_the_keys_job(cluster: FakeCluster, tmp_path: Path) -> None:
    first = submitter(cluster, tmp_path).submit(order())
    cluster.end(first.job_id, JobState.FAILED)
    cluster.faults["fsub"] = [answering(1)]
    with pytest.raises(CommandError):
        submitter(cluster, tmp_path, "task-2").submit(order(resubmit="on_failure"))
    assert submitter(cluster, tmp_path, "task-3").submit(order()).job_id == first.job_id
    assert submitter(cluster, tmp_path, "task-3").known("index", required=True).job_id == first.job_id
    assert submitter(cluster, tmp_path, "task-4").submit(order(resubmit="on_failure")).job_id == "102"


def test_a_command_that_cannot_start_has_submitted_nothing(cluster: FakeCluster, tmp_path: Path) -> None:
    cluster.faults["fsub"] = [raising(DrmError("cannot start 'fsub'"))]
    with pytest.raises(DrmError, match="cannot start"):
        submitter(cluster, tmp_path).submit(order())
    assert events(tmp_path) == ["intent", "refused"]
    assert submitter(cluster, tmp_path).submit(order()).new


@pytest.mark.parametrize(
    ("wrong", "error", "said"),
    [
        ({"gpus": 1}, UnsupportedFieldError, "fake cannot honour gpus"),
        ({"depends_on": ("1", "--x")}, InvalidRequestError, "'--x' is not a job id"),
    ],
)
def test_what_the_drm_cannot_do_is_refused_before_anything(
    cluster: FakeCluster, tmp_path: Path, wrong: dict, error: type, said: str
) -> None:
    with pytest.raises(error, match=said):
        submitter(cluster, tmp_path).submit(order(**wrong))
    assert not cluster.commands
    assert not list(tmp_path.iterdir())


def test_generated_entries_are_purged_before_a_new_one(
    cluster: FakeCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    purged = []
    monkeypatch.setattr(submission.Journal, "purge_generated", lambda self, prefix: purged.append(prefix))
    submitter(cluster, tmp_path).submit(order("task:1#0", generated=True))
    submitter(cluster, tmp_path).submit(order("task:1#0", generated=True))
    submitter(cluster, tmp_path).submit(order())
    assert purged == ["task:"]


def test_an_end_is_noted_once_and_again_after_a_requeue(cluster: FakeCluster, tmp_path: Path) -> None:
    starter = submitter(cluster, tmp_path)
    job = starter.submit(order())
    cluster.end(job.job_id, JobState.FAILED, exit_code=3)
    failed = starter.client.statuses([job.job_id]).jobs[job.job_id]
    for _play in range(2):
        starter.note_end(starter.submit(order()), failed)
        starter.note_end(job, failed)
    assert events(tmp_path) == ["intent", "submitted", "ended"]
    cluster.account(submission.replace(failed, state=JobState.DONE, exit_code=0))
    starter.note_end(starter.submit(order()), starter.client.statuses([job.job_id]).jobs[job.job_id])
    assert events(tmp_path) == ["intent", "submitted", "ended", "ended"]


def test_the_end_of_an_older_attempt_is_not_the_newer_ones(cluster: FakeCluster, tmp_path: Path) -> None:
    starter = submitter(cluster, tmp_path)
    first = starter.submit(order())
    cluster.end(first.job_id, JobState.FAILED)
    ended = starter.client.statuses([first.job_id]).jobs[first.job_id]
    # Another play is cut off in the middle of its second attempt, then the first play sees the first job's end.
    cluster.faults["fsub"] = [raising(KeyboardInterrupt(), first=True)]
    with pytest.raises(KeyboardInterrupt):
        submitter(cluster, tmp_path, "task-2").submit(order(resubmit="on_failure"))
    starter.note_end(first, ended)
    assert events(tmp_path)[-1] == "intent"
    assert submitter(cluster, tmp_path, "task-3").submit(order(resubmit="on_failure")).job_id == "102"
    assert len(cluster.submissions) == 2


def test_an_accounting_that_tells_less_than_the_queue_did_takes_nothing_away(
    cluster: FakeCluster, tmp_path: Path
) -> None:
    """sacct shows exit code 137 as 9."""
    job = submitter(cluster, tmp_path).submit(order())
    seen = JobStatus(job.job_id, JobState.FAILED, exit_code=137, end_time=50)
    submitter(cluster, tmp_path).note_end(job, seen)
    job = submitter(cluster, tmp_path).submit(order())
    assert job.remembered(replace(seen, exit_code=9)).exit_code == 137
    assert job.remembered(replace(seen, exit_code=9, end_time=60)).exit_code == 9
    assert job.remembered(replace(seen, state=JobState.RUNNING, exit_code=None, end_time=None)).exit_code is None
