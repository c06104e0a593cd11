"""What differs from one batch system to the next, by the name that clusters.toml has for it."""

from __future__ import annotations

from typing import Protocol

from . import gridengine, htcondor, slurm
from .settings import Cluster, Host


class Drm(Protocol):
    """A module of this package; images/DRM/ has what goes into its images, and DRM/ its configuration."""

    #: Where its daemons write their logs.
    LOG_DIRECTORY: str

    def create(self, cluster: Cluster) -> None:
        """Make what the whole cluster has, in its directory."""

    def fill_host_directory(self, cluster: Cluster, host: Host) -> None:
        """Put there what this host needs to be a part of the cluster."""

    def volumes(self, cluster: Cluster, host: Host) -> list[str]:
        """What a host mounts, beside its own directory and the export."""

    def problem(self, cluster: Cluster) -> str | None:
        """Why no job can run now."""


DRMS: dict[str, Drm] = {"gridengine": gridengine, "htcondor": htcondor, "slurm": slurm}


def of(cluster: Cluster) -> Drm:
    return DRMS[cluster.drm]
