"""The clusters under test, each as what its DRM makes of it."""

from __future__ import annotations

import os

from testbed import process, settings

from .gridengine import GridEngineCluster
from .hosts import TestCluster
from .htcondor import HTCondorCluster
from .slurm import SlurmCluster

KINDS: dict[str, type[TestCluster]] = {
    "gridengine": GridEngineCluster,
    "htcondor": HTCondorCluster,
    "slurm": SlurmCluster,
}


def clusters(default: str) -> list[TestCluster]:
    """The clusters that TEST_CLUSTERS names, else the default ones."""
    process.configure_podman()
    known = settings.load_clusters()
    names = (os.environ.get("TEST_CLUSTERS") or default).split()
    return [KINDS[known[name].drm](known[name]) for name in names]
