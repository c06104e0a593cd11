"""The kill loop on one cluster, each point struck some times: what is struck, and what its DRM's own records say afterwards."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from . import kill_loop
from .hosts import Row, TestCluster
from .kill_loop import POINTS, REPORT, Hit

ONCE, WHOLE, ONE = "once", "whole", "n"
CONNECTIONS = ("connection cut during the submission", "sshd killed during the wait")
RACE = "two plays at once"


class ShortLoop:
    """All hits, and how each group of them is struck. ``daemons`` has, by the point's name, what takes the DRM away and what gives it back."""

    def __init__(
        self,
        run: str,
        cluster: TestCluster,
        hits: int,
        daemons: Mapping[str, tuple[Callable[[], object], Callable[[], object]]],
        points: Sequence[str] = POINTS,
        together: int = 1,
    ) -> None:
        self.run = run
        self.cluster = cluster
        self.count = hits
        self.daemons = daemons
        self.points = points
        self.together = together
        self.hits: list[Hit] = []
        self.accounting: list[Row] = []

    def strike(self) -> None:
        kill_loop.prepare([self.cluster])
        kill_loop.strike_plays("loop-plays", self._hits(self.points, WHOLE, 1))
        kill_loop.strike_modules("loop-modules", self._hits(self.points, ONCE, self.count - 1))
        submissions = self._hits(CONNECTIONS[:1], ONE, self.count, slow=True)
        waits = self._hits(CONNECTIONS[1:], ONE, self.count, slow=True, waits=True)
        kill_loop.strike_connections("loop-connections", submissions + waits)
        for point, (take, give) in self.daemons.items():
            self._strike_daemon(point, take, give)
        kill_loop.strike_twice("loop-race", self._hits([RACE], ONE, self.count, slow=True))
        kill_loop.run_again("loop-again", [hit for hit in self.hits if not hit.again])
        self.accounting = self.cluster.accounting(self.run)
        REPORT.write_text(json.dumps(self.report(), indent=1) + "\n", encoding="utf-8")

    def _hits(self, points: Sequence[str], how: str, count: int, slow: bool = False, waits: bool = False) -> list[Hit]:
        new = [
            Hit(self.cluster, point, how, number, self.run, slow, waits, self.together)
            for point in points
            for number in range(count)
        ]
        self.hits += new
        return new

    def _strike_daemon(self, point: str, take: Callable[[], object], give: Callable[[], object]) -> None:
        hits = self._hits([point], ONE, self.count, slow=True)
        name = f"loop-{point.split()[1]}"
        try:
            kill_loop.strike_together(name, hits, take, command_timeout=8)
        finally:
            give()
        # At once: the DRM may only now hear of what it was sent before.
        kill_loop.run_again(f"{name}-again", hits)

    def job_ids(self, key: str) -> list[str]:
        """The jobs that the DRM has ever had under this key, out of its own records."""
        return [row.job_id for row in self.accounting if row.name.startswith(f"{key}-")]

    def of(self, point: str) -> list[Hit]:
        return [hit for hit in self.hits if hit.point == point]

    def report(self) -> list[dict[str, Any]]:
        return [
            {
                "cluster": self.cluster.name,
                "point": point,
                "hits": sum(bool(hit.struck) for hit in self.of(point)),
                "keys": sum(len(hit.keys) for hit in self.of(point)),
                "jobs": sum(len(self.job_ids(key)) for hit in self.of(point) for key in hit.keys),
            }
            for point in dict.fromkeys(hit.point for hit in self.hits)
        ]

    def judge_jobs(self, point: str) -> None:
        """Each key has one job, which the next run reports."""
        hits = self.of(point)
        assert len(hits) >= self.count
        for hit in hits:
            assert hit.struck == point, f"{hit.alias} was never struck"
            assert hit.again["outcome"] == "ok", hit.again
            assert [entry["key"] for entry in hit.again["jobs"]] == hit.keys
            for entry in hit.again["jobs"]:
                assert self.job_ids(entry["key"]) == [entry["job_id"]]
                assert (entry["state"], entry["exit_code"], entry["stdout"]) == ("DONE", 0, "whole\n")

    def judge_struck_task(self, point: str) -> None:
        """The controller lives: the same task reports the job, as its own work, and a second run has nothing to do."""
        for hit in self.of(point):
            if hit.how in (ONCE, ONE):
                assert hit.first["outcome"] == "ok", hit.first
                assert (hit.first["changed"], hit.again["changed"]) == (True, False)
                ids = [[entry["job_id"] for entry in result["jobs"]] for result in (hit.first, hit.again)]
                assert ids[0] == ids[1]

    def judge_silence(self, point: str, program: str) -> None:
        """Without an answer, the error says what is known."""
        for hit in self.of(point):
            assert hit.first["outcome"] == "failed"
            assert "it is not known whether job" in hit.first["msg"]
            assert f"the key '{hit.key}' makes sure that there is one job" in hit.first["msg"]
            assert hit.first["cmd"][0] == program

    def judge_race(self) -> None:
        """Of two plays one submits."""
        for hit in self.of(RACE):
            assert (hit.first["outcome"], hit.again["outcome"]) == ("ok", "ok")
            assert sorted([hit.first["changed"], hit.again["changed"]]) == [False, True]
