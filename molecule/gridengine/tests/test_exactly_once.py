"""One key, one job, whatever dies: the kill loop (testlib/kill_loop.py) on Grid Engine. Its own records count, not our journal."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial

import pytest
from testlib import kill_loop
from testlib.gridengine import MASTER, GridEngineCluster
from testlib.hosts import Row
from testlib.kill_loop import REPORT, Hit

ONCE, WHOLE, ONE = "once", "whole", "n"
HITS = 2
# What depends on the DRM: whether it has the job is asked of its queue and accounting. The journal's own points are many
# more on the two clusters of the scenario slurm.
POINTS = (
    "intent:torn-write",
    "intent:after-fsync",
    "submit:before",
    "submit:started",
    "submit:running",
    "submit:answered",
    "submitted:before-write",
    "submitted:torn-write",
    "ended:before-write",
)
STOPPED, FROZEN = "qmaster stopped during the submission", "qmaster frozen during the submission"
CONNECTIONS = ("connection cut during the submission", "sshd killed during the wait")
RACE = "two plays at once"
ALL = (*POINTS, *CONNECTIONS, STOPPED, FROZEN, RACE)


class Loop:
    """All hits, and how each group of them is struck."""

    def __init__(self, run: str, cluster: GridEngineCluster) -> None:
        self.run = run
        self.cluster = cluster
        self.hits: list[Hit] = []
        self.accounting: list[Row] = []

    def _hits(self, points: Sequence[str], how: str, count: int, slow: bool = False, waits: bool = False) -> list[Hit]:
        new = [
            Hit(self.cluster, point, how, number, self.run, slow, waits) for point in points for number in range(count)
        ]
        self.hits += new
        return new

    def strike(self) -> None:
        kill_loop.strike_plays("loop-plays", self._hits(POINTS, WHOLE, 1))
        kill_loop.strike_modules("loop-modules", self._hits(POINTS, ONCE, HITS - 1))
        submissions = self._hits(CONNECTIONS[:1], ONE, HITS, slow=True)
        waits = self._hits(CONNECTIONS[1:], ONE, HITS, slow=True, waits=True)
        kill_loop.strike_connections("loop-connections", submissions + waits)
        self._strike_daemon()
        kill_loop.strike_twice("loop-race", self._hits([RACE], ONE, HITS, slow=True))
        kill_loop.run_again("loop-again", [hit for hit in self.hits if not hit.again])
        self.accounting = self.cluster.accounting(self.run)

    def _strike_daemon(self) -> None:
        for point, stop, go_on in (
            (STOPPED, f"systemctl stop {MASTER}", f"systemctl start {MASTER}"),
            (FROZEN, f"systemctl kill --signal=SIGSTOP {MASTER}", f"systemctl kill --signal=SIGCONT {MASTER}"),
        ):
            hits = self._hits([point], ONE, HITS, slow=True)
            name = f"loop-{point.split()[1]}"
            strike = partial(self.cluster.controller.check_output, stop)
            try:
                kill_loop.strike_together(name, hits, strike, command_timeout=8)
            finally:
                self.cluster.controller.check_output(go_on)
            # At once: the server may only now hear of what it was sent before.
            kill_loop.run_again(f"{name}-again", hits)

    def job_ids(self, hit: Hit) -> list[str]:
        """The jobs that the DRM has ever had under this key, out of its own records."""
        return [row.job_id for row in self.accounting if row.name.startswith(f"{hit.key}-")]

    def of(self, point: str) -> list[Hit]:
        return [hit for hit in self.hits if hit.point == point]

    def report(self) -> list[dict[str, object]]:
        return [
            {
                "cluster": self.cluster.name,
                "point": point,
                "hits": sum(bool(hit.struck) for hit in self.of(point)),
                "keys": len(self.of(point)),
                "jobs": sum(len(self.job_ids(hit)) for hit in self.of(point)),
            }
            for point in ALL
        ]


@pytest.fixture(scope="module")
def loop(run: str, cluster: GridEngineCluster) -> Loop:
    kill_loop.prepare([cluster])
    loop = Loop(run, cluster)
    loop.strike()
    REPORT.write_text(json.dumps(loop.report(), indent=1) + "\n", encoding="utf-8")
    return loop


@pytest.mark.parametrize("point", ALL)
def test_one_job(loop: Loop, point: str) -> None:
    hits = loop.of(point)
    assert len(hits) >= HITS
    for hit in hits:
        assert hit.struck == point, f"{hit.alias} was never struck"
        assert hit.again["outcome"] == "ok", hit.again
        (entry,) = hit.again["jobs"]
        assert loop.job_ids(hit) == [entry["job_id"]]
        assert (entry["state"], entry["exit_code"], entry["stdout"]) == ("DONE", 0, "whole\n")


@pytest.mark.parametrize("point", [*POINTS, *CONNECTIONS])
def test_the_task_that_was_struck_finds_its_way(loop: Loop, point: str) -> None:
    """The controller lives: the same task reports the job, as its own work, and a second run has nothing to do."""
    for hit in loop.of(point):
        if hit.how in (ONCE, ONE):
            assert hit.first["outcome"] == "ok", hit.first
            assert (hit.first["changed"], hit.again["changed"]) == (True, False)
            assert hit.first["jobs"][0]["job_id"] == hit.again["jobs"][0]["job_id"]


@pytest.mark.parametrize("point", [STOPPED, FROZEN])
def test_without_an_answer_it_is_said_what_is_known(loop: Loop, point: str) -> None:
    for hit in loop.of(point):
        assert hit.first["outcome"] == "failed"
        assert "it is not known whether job" in hit.first["msg"]
        assert f"the key '{hit.key}' makes sure that there is one job" in hit.first["msg"]
        assert hit.first["cmd"][0] == "qsub"


def test_of_two_plays_one_submits(loop: Loop) -> None:
    for hit in loop.of(RACE):
        assert (hit.first["outcome"], hit.again["outcome"]) == ("ok", "ok")
        assert sorted([hit.first["changed"], hit.again["changed"]]) == [False, True]
