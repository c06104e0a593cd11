"""What the tests of this scenario share: both clusters, one mark for all names of this run, the zoo of jobs."""

from __future__ import annotations

import time
from collections.abc import Sequence

import pytest
from testlib.hosts import TestCluster, clusters
from testlib.zoo import Zoo

CLUSTERS = clusters("slurm22 slurm24")


@pytest.fixture(scope="session", name="clusters")
def all_clusters() -> Sequence[TestCluster]:
    for cluster in CLUSTERS:
        cluster.make_shared()
    return CLUSTERS


@pytest.fixture(params=CLUSTERS, ids=lambda cluster: cluster.name)
def cluster(request: pytest.FixtureRequest, clusters: Sequence[TestCluster]) -> TestCluster:
    found: TestCluster = request.param
    return found


@pytest.fixture(scope="session")
def run() -> str:
    """Begins every key and job name, so that no earlier run's journal or accounting is taken for this one's."""
    return f"t{int(time.time()):x}"


@pytest.fixture(scope="session")
def zoo(run: str, clusters: Sequence[TestCluster]) -> Zoo:
    """Jobs that need a minute and more to end: submitted before the first test that asks, judged by the last."""
    zoo = Zoo(run, clusters)
    zoo.open()
    return zoo
