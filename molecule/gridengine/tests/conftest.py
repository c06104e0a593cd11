"""What the tests of this scenario share: the cluster, one mark for all names of this run, jobs that take a while to end."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence

import pytest
from testlib import galaxy
from testlib.clusters import clusters
from testlib.gridengine import GridEngineCluster
from testlib.kill_loop import REPORT
from testlib.plays import Play, job, play

(CLUSTER,) = clusters("gridengine")


@pytest.fixture(scope="session")
def cluster() -> GridEngineCluster:
    assert isinstance(CLUSTER, GridEngineCluster)
    CLUSTER.make_shared()
    return CLUSTER


@pytest.fixture(scope="session", name="clusters")
def all_clusters(cluster: GridEngineCluster) -> Sequence[GridEngineCluster]:
    return [cluster]


@pytest.fixture(scope="session")
def run() -> str:
    """Begins every key and job name, so that no earlier run's journal or accounting is taken for this one's."""
    return f"t{int(time.time()):x}"


@pytest.fixture(scope="session", autouse=True)
def lost(cluster: GridEngineCluster) -> Iterator[Play]:
    """A wait for a job that nobody knows, in the background, as it takes a minute to call a job lost."""
    task = job("lost", job_id="888888", state="finished", wait_timeout=300)
    with Play("lost", play(task), inventories=[cluster.inventory]) as waiting:
        yield waiting


@pytest.fixture(scope="session", autouse=True)
def galaxy_comes_up(cluster: GridEngineCluster) -> Iterator[Play]:
    """A Galaxy that is started in the background, for test_galaxy.py."""
    with galaxy.start(cluster) as coming:
        yield coming


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The kill loop's table, where it ran."""
    if not any("test_exactly_once" in report.nodeid for report in terminalreporter.getreports("passed")):
        return
    terminalreporter.section("exactly once: jobs in Grid Engine's own records")
    for row in json.loads(REPORT.read_text(encoding="utf-8")):
        terminalreporter.write_line("{cluster:10} {point:42} {hits:3} hits {keys:3} keys {jobs:3} jobs".format(**row))
