"""The cluster, and the rounds of sabotage on it, which all tests judge."""

from __future__ import annotations

import pytest
from testlib.clusters import clusters
from testlib.hosts import TestCluster
from testlib.verify_rounds import Rounds

(CLUSTER,) = clusters("verify")


@pytest.fixture(scope="session")
def cluster() -> TestCluster:
    return CLUSTER


@pytest.fixture(scope="session")
def rounds(cluster: TestCluster) -> Rounds:
    rounds = Rounds(cluster)
    rounds.play()
    return rounds
