"""The kill loop on one cluster, each point struck some times: what is struck, and what its DRM's own records say afterwards."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from . import kill_loop
from .hosts import Row, TestCluster
from .kill_loop import POINTS, Hit

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
    ) -> None:
        self.run = run
        self.cluster = cluster
        self.count = hits
        self.daemons = daemons
        self.hits: list[Hit] = []
        self.accounting: list[Row] = []

    def strike(self) -> None:
        kill_loop.prepare([self.cluster])
        kill_loop.strike_plays("loop-plays", self._hits(POINTS, WHOLE, 1))
        kill_loop.strike_modules("loop-modules", self._hits(POINTS, ONCE, self.count - 1))
        submissions = self._hits(CONNECTIONS[:1], ONE, self.count, slow=True)
        waits = self._hits(CONNECTIONS[1:], ONE, self.count, slow=True, waits=True)
        kill_loop.strike_connections("loop-connections", submissions + waits)
        for point, (take, give) in self.daemons.items():
            self._strike_daemon(point, take, give)
        kill_loop.strike_twice("loop-race", self._hits([RACE], ONE, self.count, slow=True))
        kill_loop.run_again("loop-again", [hit for hit in self.hits if not hit.again])
        self.accounting = self.cluster.accounting(self.run)

    def _hits(self, points: Sequence[str], how: str, count: int, slow: bool = False, waits: bool = False) -> list[Hit]:
        new = [
            Hit(self.cluster, point, how, number, self.run, slow, waits) for point in points for number in range(count)
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

    def job_ids(self, hit: Hit) -> list[str]:
        """The jobs that the DRM has ever had under this key, out of its own records."""
        return [row.job_id for row in self.accounting if row.name.startswith(f"{hit.key}-")]

    def of(self, point: str) -> list[Hit]:
        return [hit for hit in self.hits if hit.point == point]

    def report(self) -> list[dict[str, Any]]:
        return [
            {
                "cluster": self.cluster.name,
                "point": point,
                "hits": sum(bool(hit.struck) for hit in self.of(point)),
                "keys": len(self.of(point)),
                "jobs": sum(len(self.job_ids(hit)) for hit in self.of(point)),
            }
            for point in dict.fromkeys(hit.point for hit in self.hits)
        ]
