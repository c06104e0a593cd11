# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check mode: what would be done, and nothing done for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, Sequence

import pytest

from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.desired import CONTROLS
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.errors import (
    CommandError,
    DrmError,
    UnsupportedFieldError,
)
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.model import JobState
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.order import Order, RequestChangedError
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.preview import Preview, submission_diff
from ansible_collections.clusterjobs.drm.tests.unit.helpers.fake_drm import (
    FakeCluster,
    FakeDrm,
    answering,
    raising,
    row,
)
from ansible_collections.clusterjobs.drm.tests.unit.helpers.orders import SCRIPT, order, submitter


@pytest.fixture
def cluster() -> FakeCluster:
    return FakeCluster()


@pytest.fixture
def directory(tmp_path: Path, cluster: FakeCluster):
    """Where nothing may be written, and no job submitted or told anything, from here to the end of the test."""
    path = tmp_path / "state"
    yield path
    assert not cluster.controls


def preview(
    cluster: FakeCluster,
    directory: Path,
    orders: Sequence[Order] = (),
    keys: Sequence[str] = (),
    job_ids: Sequence[str] = (),
    state: str = "submitted",
) -> Dict[str, Any]:
    before = files(directory), len(cluster.submissions)
    result: Dict[str, Any] = {"changed": False, "jobs": [], "diff": []}
    try:
        Preview(submitter(cluster, directory, "check"), CONTROLS.get(state, {}), result).run(orders, keys, job_ids)
    finally:
        assert (files(directory), len(cluster.submissions)) == before
    return result


def files(directory: Path) -> Dict[str, bytes]:
    return {str(path): path.read_bytes() if path.is_file() else b"" for path in directory.rglob("*")}


def test_a_fresh_key_would_be_submitted(cluster: FakeCluster, directory: Path) -> None:
    result = preview(cluster, directory, [order()])
    assert result["changed"] is True
    job = result["jobs"][0]
    assert (job["job_id"], job["state"], job["changed"]) == ("", "UNKNOWN", True)
    assert job["message"] == "would be submitted: would start at once"
    assert cluster.commands == [["fdry", "work"]]
    assert not directory.exists()


def test_the_diff_shows_command_and_script_and_nothing_else(cluster: FakeCluster, directory: Path) -> None:
    wanted = order(environment={"A": "in the environment"}, secrets={"TOKEN": "abcdefgh"})
    diff = preview(cluster, directory, [wanted])["diff"]
    assert diff == [submission_diff(FakeDrm(), wanted.request)]
    assert diff[0]["before"] == ""
    assert diff[0]["after"] == "fsub\nwork\n\n" + SCRIPT
    assert "in the environment" not in str(diff)
    assert "abcdefgh" not in str(diff)


def test_a_drm_without_dry_run_says_so(cluster: FakeCluster, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakeDrm, "build_dry_run", lambda self, request: None)
    assert preview(cluster, directory, [order()])["jobs"][0]["message"] == "would be submitted: fake has no dry run"


def test_what_would_be_refused_is_refused(cluster: FakeCluster, directory: Path) -> None:
    cluster.faults["fdry"] = [answering(1, stderr="invalid partition")]
    with pytest.raises(CommandError, match="invalid partition"):
        preview(cluster, directory, [order()])
    with pytest.raises(UnsupportedFieldError):
        preview(cluster, directory, [order(gpus=1)])
    with pytest.raises(DrmError, match="not a job id"):
        preview(cluster, directory, [order(depends_on=("x",))])
    with pytest.raises(DrmError, match="POSIX shell"):
        preview(cluster, directory, [order(script="#!/usr/bin/python3\n", secrets={"A": "abcdefgh"})])


@pytest.mark.parametrize("state", [JobState.RUNNING, JobState.DONE, JobState.FAILED])
def test_a_key_with_a_job_would_change_nothing(cluster: FakeCluster, directory: Path, state: JobState) -> None:
    submitter(cluster, directory).submit(order())
    cluster.put(row("101", state, exit_code=0))
    result = preview(cluster, directory, [order()])
    assert (result["changed"], result["diff"]) == (False, [])
    assert [(job["job_id"], job["state"], job["changed"]) for job in result["jobs"]] == [("101", state.value, False)]
    assert cluster.ran("fdry") == 0


def test_another_request_would_be_an_error(cluster: FakeCluster, directory: Path) -> None:
    submitter(cluster, directory).submit(order())
    with pytest.raises(RequestChangedError, match="differs in slots"):
        preview(cluster, directory, [order(slots=2)])


@pytest.mark.parametrize(
    ("state", "again"), [(JobState.FAILED, True), (JobState.CANCELLED, True), (JobState.RUNNING, False)]
)
def test_on_failure_would_submit_what_failed(
    cluster: FakeCluster, directory: Path, state: JobState, again: bool
) -> None:
    submitter(cluster, directory).submit(order())
    cluster.put(row("101", state))
    result = preview(cluster, directory, [order(resubmit="on_failure")])
    assert result["changed"] is again
    assert cluster.ran("fdry") == again


def test_an_interrupted_submission_is_left_alone(cluster: FakeCluster, directory: Path) -> None:
    cluster.faults["fsub"] = [raising(KeyboardInterrupt(), first=True)]
    with pytest.raises(KeyboardInterrupt):
        submitter(cluster, directory).submit(order())
    assert preview(cluster, directory, [order()])["changed"] is True
    assert preview(cluster, directory, keys=["index"], state="absent")["jobs"] == []


@pytest.mark.parametrize(
    ("state", "before", "changes"), [("held", "QUEUED", True), ("held", "HELD", False), ("absent", "RUNNING", True)]
)
def test_jobs_that_would_be_told(cluster: FakeCluster, directory: Path, state: str, before: str, changes: bool) -> None:
    submitter(cluster, directory).submit(order())
    cluster.put(row("101", JobState(before)), row("7", JobState.DONE, exit_code=0))
    result = preview(cluster, directory, keys=["index", "never used"], job_ids=["7"], state=state)
    assert result["changed"] is changes
    assert [(job["job_id"], job["changed"]) for job in result["jobs"]] == [("101", changes), ("7", False)]
