"""The clusters under test: their hosts by podman, their shared directory, and what their own accounting says."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import testinfra
from testbed import process, settings
from testinfra.host import Host

from .waiting import wait_until

GALAXY_USER = "galaxy"
# The same directory on all hosts of a cluster, and here on the controller.
SHARED = "/export/jobtests"
STATES = ["BF", "CA", "CD", "DL", "F", "NF", "OOM", "PD", "PR", "R", "RQ", "RS", "RV", "S", "TO"]


@dataclass(frozen=True)
class Row:
    """One job in the accounting."""

    job_id: str
    name: str
    state: str


class TestCluster:
    """One cluster, as its administrator and its users' shells see it."""

    __test__ = False

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

    def job_name(self, job_id: str) -> str:
        return str(self.controller.check_output("squeue -h --states=all -o %%j -j %s", job_id)).strip()

    def queue(self, job_id: str) -> str:
        """The state that the queue tells; nothing once it has forgotten the job."""
        return str(self.controller.run("squeue -h --states=all -o %%T -j %s", job_id).stdout).strip()

    def wait_for_state(self, job_id: str, native: str, seconds: float = 60) -> None:
        wait_until(f"job {job_id} is {native}", lambda: self.queue(job_id) == native, seconds)

    def wait_until_forgotten(self, job_id: str) -> None:
        """MinJobAge has passed; Slurm looks once a minute."""
        wait_until(f"the queue has forgotten job {job_id}", lambda: self.queue(job_id) == "", 180, 1)

    def restart_submit_host(self) -> None:
        process.podman("restart", "--time=1", self.galaxy)

    def run_now(self, job_id: str) -> None:
        """Slurm runs a requeued job two minutes later, when its first run's credential has expired."""
        self.wait_for_state(job_id, "PENDING")
        self.controller.check_output("scontrol update jobid=%s starttime=now", job_id)

    def start_slurmctld(self) -> None:
        """And wait until it answers and its node is of use."""
        self.controller.check_output("systemctl start slurmctld")
        self._wait_for_node("idle", "mixed", "allocated")

    def node_down(self) -> None:
        node = self.cluster.host("node").name
        self.node.check_output("systemctl kill --signal=SIGKILL slurmd")
        self.controller.check_output("scontrol update nodename=%s state=down reason=test", node)

    def node_up(self) -> None:
        """Slurm takes it back by itself (ReturnToService)."""
        self.node.check_output("systemctl restart slurmd")
        self._wait_for_node("idle", "mixed", "allocated")

    def _wait_for_node(self, *states: str) -> None:
        def state() -> bool:
            return str(self.controller.run("sinfo -h -p main -o %%T").stdout).strip() in states

        wait_until(f"the node is {' or '.join(states)}", state, 90)

    def make_conf_shared(self) -> None:
        """The controller's slurm.conf of this moment as SHARED/slurm.conf."""
        text = self.controller.check_output("cat /etc/slurm/slurm.conf")
        (self.shared / "slurm.conf").write_text(text + "\n", encoding="utf-8")

    def accounting(self, name_prefix: str) -> list[Row]:
        """Every job (not its steps) whose name begins so, from Slurm's accounting alone: it knows those that have left the queue, too."""
        # Without states a job that never became eligible, such as one cancelled while it was held, is left out.
        text = self.controller.check_output(
            "sacct -a -X -D -n -P --delimiter=%s -S now-1days -E now+1days -s %s -o JobID,JobName%%120,State",
            "\x1f",
            ",".join(STATES),
        )
        rows = [Row(*line.split("\x1f")) for line in text.splitlines()]
        return [row for row in rows if row.name.startswith(name_prefix)]

    def accounted(self, name_prefix: str) -> list[Row]:
        """The same, once there is one: slurmctld tells slurmdbd of a job up to some seconds later."""
        return wait_until(f"{name_prefix} in the accounting", lambda: self.accounting(name_prefix))


def clusters(default: str) -> list[TestCluster]:
    """The clusters that TEST_CLUSTERS names, else the default ones."""
    process.configure_podman()
    known = settings.load_clusters()
    return [TestCluster(known[name]) for name in (os.environ.get("TEST_CLUSTERS") or default).split()]
