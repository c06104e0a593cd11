"""The clusters under test: their hosts by podman, their shared directory, and what their own accounting says."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import ClassVar

import testinfra
from testbed import process, settings
from testinfra.host import Host

from .waiting import wait_until

GALAXY_USER = "galaxy"
# The same directory on all hosts of a cluster, and here on the controller.
SHARED = "/export/jobtests"


@dataclass(frozen=True)
class Row:
    """One job in the accounting."""

    job_id: str
    name: str
    state: str


class TestCluster:
    """One cluster, as its administrator and its users' shells see it."""

    __test__ = False
    #: The command that submits a job.
    submits: ClassVar[str]

    def __init__(self, cluster: settings.Cluster) -> None:
        self.cluster = cluster
        self.name = cluster.name
        self.galaxy = cluster.host("galaxy").name
        self.inventory = cluster.directory / "inventory.yml"

    @cached_property
    def controller(self) -> Host:
        return self._host("controller")

    @cached_property
    def node(self) -> Host:
        return self._host("node")

    @cached_property
    def submit_host(self) -> Host:
        return self._host("galaxy")

    def _host(self, role: str) -> Host:
        return testinfra.get_host(f"podman://{self.cluster.host(role).name}")

    @property
    def shared(self) -> Path:
        """SHARED, seen from here."""
        return self.cluster.directory / "export" / Path(SHARED).name

    def make_shared(self) -> None:
        self.submit_host.check_output(f"install -d -o {GALAXY_USER} -m 0755 {SHARED}")

    def as_galaxy(self, command: str) -> str:
        """A shell command of the Galaxy user's on the submit host."""
        line = f"cd {SHARED} && {command}"
        return str(self.submit_host.check_output("sudo -n -H -u %s sh -c %s", GALAXY_USER, line)).strip()

    def restart_submit_host(self) -> None:
        # systemd halts within a second: with --time=1 podman at times kills what has just ended, and leaves it so.
        process.podman("restart", "--time=10", self.galaxy)

    def accounting(self, name_prefix: str) -> list[Row]:
        """Every job (not its steps) whose name begins so, from the DRM's own records alone: they know those that have left the queue, too."""
        raise NotImplementedError

    def all_over(self) -> bool:
        """No job runs or waits."""
        raise NotImplementedError

    def accounted(self, name_prefix: str) -> list[Row]:
        """The same, once there is one: a DRM's accounting learns of a job up to some seconds later."""
        return wait_until(f"{name_prefix} in the accounting", lambda: self.accounting(name_prefix))
