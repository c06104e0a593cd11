"""A running Galaxy's jobs by both of its DRMAA runners, and what they see."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from testbed.settings import ROOT
from testlib.galaxy import Galaxy, Seen
from testlib.gridengine import GridEngineCluster
from testlib.plays import Play
from testlib.waiting import wait_until

#: by environment: slots, MB of memory, and of each slot
EXPECTED = {"drmaa": ("2", "4000", "2000"), "univa": ("3", "6000", "2000")}
LOST = "KeyError: 'wallclock'"
DIRECTORY = "/srv/galaxy/bin"


@pytest.fixture(scope="module")
def seen(cluster: GridEngineCluster, galaxy_comes_up: Play) -> Iterator[dict[str, Seen]]:
    """The univa runner takes its job for a running one, although Grid Engine has ended it, until qacct says what the docs have it say."""
    finished = galaxy_comes_up.finish(600)
    assert finished.rc == 0, finished.output[-3000:]
    host, galaxy = cluster.submit_host, Galaxy(cluster)
    host.check_output("rm -rf %s", DIRECTORY)
    jobs = galaxy.submit_all(EXPECTED)
    galaxy.wait_for_state(jobs["univa"], "running")
    wait_until("the jobs have ended", cluster.all_over, 600, 1)
    wait_until(f"Galaxy says {LOST}", lambda: LOST in galaxy.log(), interval=1)
    assert galaxy.state(jobs["univa"]) == "running"
    qacct = documented_qacct()
    host.check_output(
        "mkdir %s && printf %%s %s > %s/qacct && chmod +x %s/qacct", DIRECTORY, qacct, DIRECTORY, DIRECTORY
    )
    yield galaxy.results(jobs)
    host.check_output("systemctl stop galaxy.service")


def documented_qacct() -> str:
    text = (ROOT / "docs" / "job_conf.md").read_text(encoding="utf-8")
    (script,) = re.findall(r"^  (#!/bin/sh\n  .*qacct .*\n)  ```$", text, flags=re.MULTILINE)
    return re.sub("^  ", "", script, flags=re.MULTILINE)


@pytest.mark.parametrize("environment", EXPECTED)
def test_a_job_runs_as_its_environment_says(
    cluster: GridEngineCluster, seen: dict[str, Seen], environment: str
) -> None:
    job = seen[environment]
    assert job.state == "ok", job.says
    assert (job["host"], job["user"], job["umask"]) == (cluster.cluster.host("node").name, "galaxy", "0022")
    assert (job["slots"], job["memory_mb"], job["memory_mb_per_slot"]) == EXPECTED[environment]
