"""One key, one job, whatever dies: the kill loop (testlib/kill_loop.py). Slurm's accounting counts, not our journal.

Everything is struck first, on all clusters at once; then each point is judged. The table is printed, and kept beside the logs of the plays.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from typing import Any

import pytest
from testlib import kill_loop
from testlib.hosts import SHARED, Row
from testlib.kill_loop import POINTS, REPORT, Hit
from testlib.slurm import SlurmCluster

ONCE, WHOLE, LATE, ONE = "once", "whole", "late", "n"
# The first cluster gets every hit, the others one of each.
HITS = 5
SUBMISSION, WAIT = "during the submission", "during the wait"
CONNECTIONS = [f"{what} {when}" for what in ("connection cut", "sshd killed") for when in (SUBMISSION, WAIT)]
RESTARTS = [f"host restarted {when}" for when in (SUBMISSION, WAIT)]
STOPPED, FROZEN = f"slurmctld stopped {SUBMISSION}", f"slurmctld frozen {SUBMISSION}"
RACE, ELSEWHERE = "two plays at once", "another journal"
ALL = (*POINTS, *CONNECTIONS, *RESTARTS, STOPPED, FROZEN, RACE, ELSEWHERE)
# The journal of a play that died here has the job's id already: the next run has nothing to add.
KNOWN = ("submitted:before-fsync", "submitted:after-fsync", *[point for point in POINTS if point.startswith("ended:")])


class Loop:
    """All hits, and how each group of them is struck."""

    def __init__(self, run: str, clusters: Sequence[SlurmCluster]) -> None:
        self.run = run
        self.clusters = clusters
        self.hits: list[Hit] = []
        self.accounting: dict[str, list[Row]] = {}

    def _hits(
        self, points: Sequence[str], how: str, count: int, others: int, slow: bool = False, waits: bool = False
    ) -> list[Hit]:
        new = [
            Hit(cluster, point, how, number, self.run, slow, waits)
            for cluster in self.clusters
            for point in points
            for number in range(count if cluster is self.clusters[0] else others)
        ]
        self.hits += new
        return new

    def strike(self) -> None:
        whole, late = self._hits(POINTS, WHOLE, 1, 0), self._hits(POINTS, LATE, 1, 0)
        kill_loop.strike_plays("loop-plays", whole + late)
        kill_loop.run_again("loop-plays-again", whole)
        once = self._hits(POINTS, ONCE, HITS - 2, 1)
        kill_loop.strike_modules("loop-modules", once)
        self._strike_connections()
        self._strike_daemons()
        self._strike_twice()
        self._wait_until_forgotten(late)
        kill_loop.run_again("loop-late-again", late)
        kill_loop.run_again("loop-again", [hit for hit in self.hits if not hit.again])
        self.accounting = {cluster.name: cluster.accounting(self.run) for cluster in self.clusters}

    def job_ids(self, hit: Hit) -> list[str]:
        """The jobs that the DRM has ever had under this key, out of its own accounting."""
        return [row.job_id for row in self.accounting[hit.cluster.name] if row.name.startswith(f"{hit.key}-")]

    def _strike_connections(self) -> None:
        waits = self._hits(
            [point for point in CONNECTIONS if point.endswith(WAIT)], ONE, HITS, 1, slow=True, waits=True
        )
        submissions = self._hits(
            [point for point in CONNECTIONS if point.endswith(SUBMISSION)], ONE, HITS, 1, slow=True
        )
        kill_loop.strike_connections("loop-connections", submissions + waits)
        waits = self._hits(RESTARTS[1:], ONE, HITS, 1, waits=True)
        submissions = self._hits(RESTARTS[:1], ONE, HITS, 1, slow=True)
        kill_loop.strike_together("loop-restarts", submissions + waits, self._restart_submit_hosts)

    def _restart_submit_hosts(self) -> None:
        for cluster in self.clusters:
            cluster.restart_submit_host()

    def _strike_daemons(self) -> None:
        for point, stop, go_on in (
            (STOPPED, "systemctl stop slurmctld", "systemctl start slurmctld"),
            (FROZEN, "systemctl kill --signal=SIGSTOP slurmctld", "systemctl kill --signal=SIGCONT slurmctld"),
        ):
            hits = self._hits([point], ONE, HITS, 1, slow=True)
            try:
                name = f"loop-{point.split()[1]}"
                kill_loop.strike_together(name, hits, partial(self._controllers, stop), command_timeout=30)
            finally:
                self._controllers(go_on)
            # At once: the server may only now hear of what it was sent before.
            kill_loop.run_again(f"{name}-again", hits)

    def _controllers(self, command: str) -> None:
        for cluster in self.clusters:
            cluster.controller.check_output(command)

    def _strike_twice(self) -> None:
        kill_loop.strike_twice("loop-race", self._hits([RACE], ONE, HITS + 1, 1, slow=True))
        elsewhere = self._hits([ELSEWHERE], ONE, HITS, 1)
        kill_loop.start("loop-elsewhere", elsewhere, faulty=False).finish()
        for hit in elsewhere:
            hit.struck = hit.point
        kill_loop.run_again("loop-elsewhere-again", elsewhere, journal_dir=f"{SHARED}/elsewhere-{self.run}")

    def _wait_until_forgotten(self, hits: Sequence[Hit]) -> None:
        """MinJobAge passes: then the accounting alone knows the jobs of the plays that died."""
        for hit in hits:
            for row in hit.cluster.accounting(f"{hit.key}-"):
                hit.cluster.wait_until_forgotten(row.job_id)

    def report(self) -> list[dict[str, Any]]:
        rows = []
        for cluster in self.clusters:
            for point in ALL:
                hits = [hit for hit in self.hits if hit.cluster is cluster and hit.point == point]
                jobs = sum(len(self.job_ids(hit)) for hit in hits)
                struck = sum(bool(hit.struck) for hit in hits)
                rows.append({"cluster": cluster.name, "point": point, "hits": struck, "keys": len(hits), "jobs": jobs})
        return rows


@pytest.fixture(scope="module")
def loop(run: str, clusters: Sequence[SlurmCluster]) -> Loop:
    kill_loop.prepare(clusters)
    loop = Loop(run, clusters)
    loop.strike()
    REPORT.write_text(json.dumps(loop.report(), indent=1) + "\n", encoding="utf-8")
    return loop


@pytest.mark.parametrize("point", ALL)
def test_one_job(loop: Loop, cluster: SlurmCluster, point: str) -> None:
    hits = [hit for hit in loop.hits if hit.cluster is cluster and hit.point == point]
    assert len(hits) >= (HITS if cluster is loop.clusters[0] else 1)
    for hit in hits:
        assert hit.struck == point, f"{hit.alias} was never struck"
        assert hit.again["outcome"] == "ok", hit.again
        (entry,) = hit.again["jobs"]
        assert loop.job_ids(hit) == [entry["job_id"]]
        assert (entry["state"], entry["exit_code"], entry["stdout"]) == ("DONE", 0, "whole\n")
        assert entry["key"] == hit.key


@pytest.mark.parametrize("point", [*POINTS, *CONNECTIONS, *RESTARTS])
def test_the_task_that_was_struck_finds_its_way(loop: Loop, cluster: SlurmCluster, point: str) -> None:
    """The controller lives: the same task reports the job, as its own work, and a second run has nothing to do."""
    for hit in loop.hits:
        if hit.cluster is cluster and hit.point == point and hit.how in (ONCE, ONE):
            assert hit.first["outcome"] == "ok", hit.first
            assert (hit.first["changed"], hit.again["changed"]) == (True, False)
            assert hit.first["jobs"][0]["job_id"] == hit.again["jobs"][0]["job_id"]


@pytest.mark.parametrize("point", POINTS)
def test_the_next_run_says_whether_it_changed_something(loop: Loop, point: str) -> None:
    for hit in loop.hits:
        if hit.point == point and hit.how in (WHOLE, LATE):
            assert hit.again["changed"] is (point not in KNOWN)


@pytest.mark.parametrize("point", [STOPPED, FROZEN])
def test_without_an_answer_it_is_said_what_is_known(loop: Loop, cluster: SlurmCluster, point: str) -> None:
    for hit in loop.hits:
        if hit.cluster is cluster and hit.point == point:
            assert hit.first["outcome"] == "failed"
            assert "it is not known whether job" in hit.first["msg"]
            assert f"the key '{hit.key}' makes sure that there is one job" in hit.first["msg"]
            assert hit.first["cmd"][0] == "sbatch"


def test_of_two_plays_one_submits(loop: Loop, cluster: SlurmCluster) -> None:
    for hit in loop.hits:
        if hit.cluster is cluster and hit.point == RACE:
            assert (hit.first["outcome"], hit.again["outcome"]) == ("ok", "ok")
            assert sorted([hit.first["changed"], hit.again["changed"]]) == [False, True]
            assert hit.first["jobs"][0]["job_id"] == hit.again["jobs"][0]["job_id"]
