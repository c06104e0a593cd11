"""A Slurm cluster under test: its queue, its daemons, and what its own accounting says."""

from __future__ import annotations

from .hosts import Row, TestCluster
from .waiting import wait_until

STATES = ["BF", "CA", "CD", "DL", "F", "NF", "OOM", "PD", "PR", "R", "RQ", "RS", "RV", "S", "TO"]


class SlurmCluster(TestCluster):
    """One cluster of Slurm."""

    submits = "sbatch"

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

    def run_now(self, job_id: str) -> None:
        """Slurm runs a requeued job two minutes later, when its first run's credential has expired.

        In the second in which that is revoked the node takes a new one for the old: the job would fail without having run.
        """
        self.wait_for_state(job_id, "PENDING")
        self.controller.check_output("scontrol update jobid=%s starttime=now+3seconds", job_id)

    def start_slurmctld(self) -> None:
        """And wait until it answers and its node is of use."""
        self.controller.check_output("systemctl start slurmctld")
        self._wait_for_node("idle", "mixed", "allocated")

    def close_node(self) -> None:
        node = self.cluster.host("node").name
        self.controller.check_output("scontrol update nodename=%s state=drain reason=%s", node, "fan [2] broken")

    def open_node(self) -> None:
        self.controller.check_output("scontrol update nodename=%s state=resume", self.cluster.host("node").name)
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

    def all_over(self) -> bool:
        return not str(self.controller.check_output("squeue -h -o %%i")).strip()

    def make_conf_shared(self) -> None:
        """The controller's slurm.conf of this moment as SHARED/slurm.conf."""
        text = self.controller.check_output("cat /etc/slurm/slurm.conf")
        (self.shared / "slurm.conf").write_text(text + "\n", encoding="utf-8")

    def accounting(self, name_prefix: str) -> list[Row]:
        # Without states a job that never became eligible, such as one cancelled while it was held, is left out.
        text = self.controller.check_output(
            "sacct -a -X -D -n -P --delimiter=%s -S now-1days -E now+1days -s %s -o JobID,JobName%%120,State",
            "\x1f",
            ",".join(STATES),
        )
        rows = [Row(*line.split("\x1f")) for line in text.splitlines()]
        return [row for row in rows if row.name.startswith(name_prefix)]
