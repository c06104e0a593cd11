"""A running Galaxy's job by its condor runner, as the playbook configures it where the site says nothing, and what it sees."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from testlib.galaxy import Galaxy, Seen
from testlib.htcondor import HTCondorCluster
from testlib.plays import Play


@pytest.fixture(scope="module")
def seen(pool: HTCondorCluster, galaxy_comes_up: Play) -> Iterator[Seen]:
    finished = galaxy_comes_up.finish(600)
    assert finished.rc == 0, finished.output[-3000:]
    galaxy = Galaxy(pool)
    yield galaxy.result(galaxy.submit("htcondor"))
    pool.submit_host.check_output("systemctl stop galaxy.service")


def test_a_job_runs_as_its_environment_says(pool: HTCondorCluster, seen: Seen) -> None:
    assert seen.state == "ok", seen.says
    assert (seen["host"], seen["user"], seen["umask"]) == (pool.cluster.host("node").name, "galaxy", "0022")
    assert (seen["slots"], seen["memory_mb"], seen["memory_mb_per_slot"]) == ("2", "1500", "750")
