"""Where things are, what the environment may change, and the clusters of molecule/shared/clusters.toml."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT / "molecule" / "shared"
IMAGE_FILES = SHARED / "images"
CACHE = ROOT / ".cache" / "testhosts"
LOGS = ROOT / ".logs" / "testhosts"

# The first two octets of the clusters' networks.
NETWORK_PREFIX = os.environ.get("TESTHOSTS_NETWORK") or "10.90"

SUITES = ("bookworm", "trixie")
ROLES = ("controller", "node", "galaxy")
GROUPS = {"controller": "cluster_controllers", "node": "cluster_nodes", "galaxy": "galaxyservers"}
SSH_USER = "deploy"

# Every image, network and container carries these, so that `clean` finds all of them and nothing else.
NAME_PREFIX = "clusterjobs-testhosts"
LABEL = "org.clusterjobs.testhosts"


class UsageError(Exception):
    """Something that the caller must change: an unknown name, a missing package, a missing privilege."""


@dataclass(frozen=True)
class Host:
    name: str
    role: str
    address: str

    @property
    def mac_address(self) -> str:
        """A locally administered one made of the address: the host keeps it over a restart, as a machine does.

        With a new one at each start, this machine would send to the old one for half a minute.
        """
        return ":".join(["02", "00", *[f"{int(octet):02x}" for octet in self.address.split(".")]])


@dataclass(frozen=True)
class Cluster:
    name: str
    drm: str
    suite: str
    subnet: int
    #: What only the DRM's own file reads.
    options: Mapping[str, Any]
    #: Its hosts have Galaxy's packages.
    runs_galaxy: bool = False

    @property
    def directory(self) -> Path:
        return CACHE / self.name

    @property
    def network(self) -> str:
        return f"{NAME_PREFIX}-{self.name}"

    @property
    def network_cidr(self) -> str:
        return f"{NETWORK_PREFIX}.{self.subnet}.0/24"

    @property
    def hosts(self) -> list[Host]:
        return [
            Host(f"{self.name}-{role}", role, f"{NETWORK_PREFIX}.{self.subnet}.{last_octet}")
            for last_octet, role in enumerate(ROLES, start=11)
        ]

    def host(self, role: str) -> Host:
        return self.hosts[ROLES.index(role)]

    def host_directory(self, host: Host) -> Path:
        """What this host, and no other, gets to see."""
        return self.directory / "hosts" / host.name

    @property
    def export_directory(self) -> Path:
        """Stands for the export of an NFS server: the same files on all hosts of the cluster."""
        return self.directory / "export"


def load_clusters() -> dict[str, Cluster]:
    with (SHARED / "clusters.toml").open("rb") as handle:
        tables = tomllib.load(handle)
    return {
        name: Cluster(
            name,
            table.pop("drm"),
            table.pop("suite"),
            table.pop("subnet"),
            runs_galaxy=table.pop("runs_galaxy", False),
            options=table,
        )
        for name, table in tables.items()
    }


def given_base_image(suite: str) -> str | None:
    """The container image to build on instead of a debootstrap, from e.g. TESTHOSTS_BASE_BOOKWORM."""
    return os.environ.get(f"TESTHOSTS_BASE_{suite.upper()}") or None
