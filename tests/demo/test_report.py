"""What `make demo` left in .demo/. `make demo` falls back to the local DRM; this does not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

DEMO = Path(__file__).resolve().parents[2] / ".demo"


@pytest.fixture(scope="module")
def report():
    return json.loads((DEMO / "report.json").read_text())


def test_it_ran_on_slurm(report):
    assert report["drm"] == "slurm"


def test_it_had_three_hosts(report):
    assert len({host["name"] for host in report["hosts"]}) == 3


def test_its_jobs_finished(report):
    assert report["jobs"]
    assert {(job["state"], job["exit_code"]) for job in report["jobs"]} == {("DONE", 0)}


def test_its_jobs_ran_on_the_node_as_galaxy(report):
    node = next(host["name"] for host in report["hosts"] if host["role"] == "node")
    assert {(job["inside"]["host"], job["inside"]["user"]) for job in report["jobs"]} == {(node, "galaxy")}


def test_its_files_are_there(report):
    assert report["files"]
    assert all(report["files"].values())


@pytest.fixture(scope="module")
def verified(report):
    """The verification's own report, beside the page that the demo names."""
    page = Path(report["files"]["verification"])
    assert "Ready" in page.read_text()
    return json.loads(page.with_name("verify.json").read_text())


def test_the_cluster_is_ready_and_nothing_was_waived(verified):
    assert verified["ready"]
    assert verified["counts"]["error"] == verified["counts"]["warning"] == verified["counts"]["waived"] == 0


def test_a_job_on_each_node_has_answered(report, verified):
    checks = {check["name"]: check["results"] for check in verified["checks"]}
    nodes = [host["name"] for host in report["hosts"] if host["role"] == "node"]
    assert [(result["subject"], result["status"]) for result in checks["answered"]] == [(name, "ok") for name in nodes]


def test_each_end_but_the_slow_one_was_seen(verified):
    ends = next(check["results"] for check in verified["checks"] if check["name"] == "ends_seen")
    assert {end["item"]: end["status"] for end in ends} == dict.fromkeys(("exit_code", "memory", "cancelled"), "ok")
