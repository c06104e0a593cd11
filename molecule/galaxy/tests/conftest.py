"""What the tests of this scenario share: the cluster, and its running Galaxy."""

from __future__ import annotations

import pytest
from testlib.clusters import clusters
from testlib.galaxy import Galaxy
from testlib.slurm import SlurmCluster


@pytest.fixture(scope="session")
def cluster() -> SlurmCluster:
    (cluster,) = clusters("galaxy")
    assert isinstance(cluster, SlurmCluster)
    return cluster


@pytest.fixture(scope="session")
def galaxy(cluster: SlurmCluster) -> Galaxy:
    """Galaxy's account may log in to the node, from the server, with a key: its home is the same directory on both."""
    known_hosts = (cluster.cluster.directory / "known_hosts").read_text(encoding="utf-8")
    commands = (
        "umask 077; mkdir -p ~/.ssh; test -e ~/.ssh/id_ed25519 || ssh-keygen -q -t ed25519 -N '' -f ~/.ssh/id_ed25519; "
        'cp ~/.ssh/id_ed25519.pub ~/.ssh/authorized_keys; printf %s "$1" > ~/.ssh/known_hosts'
    )
    cluster.submit_host.check_output("sudo -n -H -u galaxy sh -euc %s sh %s", commands, known_hosts)
    return Galaxy(cluster)
