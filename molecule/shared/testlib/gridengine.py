"""A Grid Engine cluster under test: its queue, its daemons, and what its own records say."""

from __future__ import annotations

from xml.etree import ElementTree

from .hosts import Row, TestCluster
from .waiting import wait_until

MASTER = "gridengine-master"


class GridEngineCluster(TestCluster):
    """One cell of Grid Engine."""

    submits = "qsub"

    def queue(self, job_id: str) -> str:
        """The state that the queue tells; nothing once the job is over."""
        states = [row.state for row in self._queued() if row.job_id == job_id and row.state != "z"]
        return states[0] if states else ""

    def wait_for_state(self, job_id: str, native: str, seconds: float = 60) -> None:
        wait_until(f"job {job_id} is {native!r}", lambda: self.queue(job_id) == native, seconds)

    def accounting(self, name_prefix: str) -> list[Row]:
        """The queue with its ended jobs, and the accounting file: a job that was deleted while it waited is in the first alone."""
        rows = {row.job_id: row for row in (*self._queued(), *self._ended())}
        return [row for row in rows.values() if row.name.startswith(name_prefix)]

    def _queued(self) -> list[Row]:
        text = self.controller.check_output("qstat -u '*' -s prsz -xml")
        rows = ElementTree.fromstring(text).iter("job_list")
        return [Row(*[row.findtext(name) or "" for name in ("JB_job_number", "JB_name", "state")]) for row in rows]

    def _ended(self) -> list[Row]:
        """sge_accounting(5): job's name, number, and failure code."""
        path = self.cluster.directory / "common" / "accounting"
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        fields = [line.split(":") for line in lines if not line.startswith("#")]
        return [Row(row[5], row[4], f"failed {row[11]}") for row in fields]

    def start_master(self) -> None:
        """And wait until it answers."""
        self.controller.check_output(f"systemctl start {MASTER}")
        wait_until("the qmaster answers", lambda: self.controller.run("qstat").rc == 0, 90)

    def close_node(self) -> None:
        """Its queue instances take no more jobs; the one of closed.q does not anyway."""
        self._all_queues("-d")

    def open_node(self) -> None:
        self._all_queues("-e")

    def _all_queues(self, option: str) -> None:
        node = self.cluster.host("node").name
        instances = " ".join(f"{queue}@{node}" for queue in ("main.q", "short.q", "staff.q"))
        self.controller.check_output(f"qmod {option} {instances}")

    def all_over(self) -> bool:
        return all(row.state == "z" for row in self._queued())
