"""An HTCondor pool under test: the schedd's queue and history, on the submit host, and its daemons."""

from __future__ import annotations

from .hosts import Row, TestCluster
from .waiting import wait_until

STATES = ("", "Idle", "Running", "Removed", "Completed", "Held", "Transferring Output", "Suspended")


class HTCondorCluster(TestCluster):
    """One pool of HTCondor."""

    submits = "condor_submit"

    def queue(self, job_id: str) -> str:
        """The state that the queue tells; nothing once it has forgotten the job."""
        number = str(self.submit_host.run("condor_q -allusers %s -af JobStatus", job_id).stdout).strip()
        return STATES[int(number)] if number else ""

    def wait_for_state(self, job_id: str, native: str, seconds: float = 60) -> None:
        wait_until(f"job {job_id} is {native!r}", lambda: self.queue(job_id) == native, seconds)

    def accounting(self, name_prefix: str) -> list[Row]:
        rows = {row.job_id: row for row in (*self._rows("condor_q -allusers"), *self._rows("condor_history"))}
        return [row for row in rows.values() if row.name.startswith(name_prefix)]

    def _rows(self, command: str) -> list[Row]:
        # An array's elements are jobs of their own here.
        text = self.submit_host.check_output(f"{command} -af:, ClusterId ProcId JobBatchName JobStatus")
        fields = [[field.strip() for field in line.split(",")] for line in text.splitlines()]
        return [Row(f"{cluster}.{process}", name, STATES[int(state)]) for cluster, process, name, state in fields]

    def stop_schedd(self) -> None:
        self.submit_host.check_output("systemctl stop condor")

    def start_schedd(self) -> None:
        """And wait until it answers and has the node again."""
        self.submit_host.check_output("systemctl start condor")
        self.wait_for_schedd()

    def wait_for_schedd(self) -> None:
        def known() -> bool:
            return self.galaxy in str(self.controller.run("condor_status -schedd -af Machine").stdout).split()

        wait_until("the schedd answers", lambda: self.submit_host.run("condor_q").rc == 0, 90)
        wait_until("the collector knows the schedd", known, 90)

    def freeze_schedd(self, signal: str) -> None:
        """STOP or CONT."""
        self.submit_host.check_output("pkill -%s -x condor_schedd", signal)

    def set_uid_domain(self, domain: str) -> None:
        """On the node alone; empty for what it was."""
        path = "/etc/condor/config.d/zz-test.config"
        change = f"echo UID_DOMAIN = {domain} > {path}" if domain else f"rm -f {path}"
        self.node.check_output(f"{change}; systemctl restart condor")
        node = self.cluster.host("node").name

        def domain_of_node() -> bool:
            said = str(self.controller.run("condor_status -af Machine UidDomain").stdout).split()
            return said[:1] == [node] and (said[1] == domain if domain else said[1] == f"{self.name}.test")

        wait_until("the node is back", domain_of_node, 90)

    def close_node(self) -> None:
        self.controller.check_output("condor_drain slot1@%s", self.cluster.host("node").name)
        self._wait_for_node({"Drained"})

    def open_node(self) -> None:
        self.controller.check_output("condor_drain -cancel slot1@%s", self.cluster.host("node").name)
        self._wait_for_node({"Unclaimed", "Claimed"})

    def _wait_for_node(self, states: set[str]) -> None:
        def reached() -> bool:
            said = self.controller.run("condor_status -af State -constraint 'SlotType =!= \"Dynamic\"'")
            return bool(states & set(str(said.stdout).split()))

        wait_until(f"the node is {' or '.join(sorted(states))}", reached, 60)

    def all_over(self) -> bool:
        return not self._rows("condor_q -allusers")
