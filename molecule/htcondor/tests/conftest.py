"""What the tests of this scenario share: the pool, one mark for all names of this run, the jobs that end in each way."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest
from testlib import galaxy
from testlib.clusters import clusters
from testlib.htcondor import HTCondorCluster
from testlib.htcondor_herd import Herd
from testlib.kill_loop import REPORT
from testlib.plays import Play


@pytest.fixture(scope="session")
def pool() -> HTCondorCluster:
    (cluster,) = clusters("htcondor")
    assert isinstance(cluster, HTCondorCluster)
    cluster.make_shared()
    return cluster


@pytest.fixture(scope="session")
def run() -> str:
    """Begins every key and job name, so that no earlier run's journal or history is taken for this one's."""
    return f"t{int(time.time()):x}"


@pytest.fixture(scope="session")
def herd(pool: HTCondorCluster, run: str) -> Iterator[Herd]:
    # Names of its own, so that they can be counted.
    herd = Herd(pool, f"{run}h")
    herd.open()
    yield herd
    herd.close()


@pytest.fixture(scope="session", autouse=True)
def galaxy_comes_up(pool: HTCondorCluster) -> Iterator[Play]:
    """A Galaxy that is started in the background, for test_galaxy.py."""
    with galaxy.start(pool) as coming:
        yield coming


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The kill loop's table, where it ran."""
    if not any("test_exactly_once" in report.nodeid for report in terminalreporter.getreports("passed")):
        return
    terminalreporter.section("exactly once: jobs in HTCondor's queue and history")
    for row in json.loads(REPORT.read_text(encoding="utf-8")):
        terminalreporter.write_line("{cluster:8} {point:42} {hits:3} hits {keys:3} keys {jobs:3} jobs".format(**row))
