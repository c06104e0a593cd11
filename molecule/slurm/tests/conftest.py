"""What the tests of this scenario share: both clusters, one mark for all names of this run, the zoo of jobs."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence

import pytest
from testlib.clusters import clusters
from testlib.kill_loop import REPORT
from testlib.plays import Play, job, play
from testlib.slurm import SlurmCluster
from testlib.zoo import Zoo

CLUSTERS = [cluster for cluster in clusters("slurm22 slurm24") if isinstance(cluster, SlurmCluster)]
OPEN_ZOO = pytest.StashKey[Zoo]()


@pytest.fixture(scope="session", name="clusters")
def all_clusters() -> Sequence[SlurmCluster]:
    for cluster in CLUSTERS:
        cluster.make_shared()
    return CLUSTERS


@pytest.fixture(params=CLUSTERS, ids=lambda cluster: cluster.name)
def cluster(request: pytest.FixtureRequest, clusters: Sequence[SlurmCluster]) -> SlurmCluster:
    found: SlurmCluster = request.param
    return found


@pytest.fixture(scope="session")
def run() -> str:
    """Begins every key and job name, so that no earlier run's journal or accounting is taken for this one's."""
    return f"t{int(time.time()):x}"


@pytest.fixture(scope="session")
def zoo(request: pytest.FixtureRequest, run: str, clusters: Sequence[SlurmCluster]) -> Iterator[Zoo]:
    """Jobs that need a minute and more to end: submitted before the first test that asks, judged by the last."""
    zoo = Zoo(run, clusters)
    request.session.stash[OPEN_ZOO] = zoo
    zoo.open()
    yield zoo
    zoo.close()


@pytest.fixture(scope="session")
def lost(clusters: Sequence[SlurmCluster]) -> Iterator[Play]:
    """A wait for a job that nobody knows, in the background, as it takes a minute to call a job lost."""
    inventories = [cluster.inventory for cluster in clusters]
    task = job("lost", job_id="888888", state="finished", wait_timeout=300)
    with Play("lost", play(task), inventories=inventories) as waiting:
        yield waiting


@pytest.fixture
def quiet_clusters(request: pytest.FixtureRequest, clusters: Sequence[SlurmCluster]) -> Sequence[SlurmCluster]:
    """The clusters when nothing is left that a test could disturb."""
    zoo = request.session.stash.get(OPEN_ZOO, None)
    if zoo:
        zoo.ended()
    return clusters


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The kill loop's table, where it ran."""
    if not any("test_exactly_once" in report.nodeid for report in terminalreporter.getreports("passed")):
        return
    terminalreporter.section("exactly once: jobs in Slurm's accounting")
    for row in json.loads(REPORT.read_text(encoding="utf-8")):
        terminalreporter.write_line("{cluster:8} {point:42} {hits:3} hits {keys:3} keys {jobs:3} jobs".format(**row))
