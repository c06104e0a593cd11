"""What `make demo` left in .demo/report.json. `make demo` falls back to the local DRM; this does not."""

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
