# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Time that passes only when somebody sleeps, and what happens meanwhile."""

from __future__ import annotations

from typing import Callable, Dict, List


class FakeClock:
    def __init__(self, now: float = 5000.0) -> None:
        self.begin = now
        self.now = now
        self.sleeps: List[float] = []
        self.plans: Dict[float, Callable[[], object]] = {}

    def at(self, seconds: float, action: Callable[[], object]) -> None:
        """Do something once so many seconds have passed."""
        self.plans[self.begin + seconds] = action

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        assert seconds >= 0
        assert len(self.sleeps) < 10000, "this goes on for ever"
        self.sleeps.append(seconds)
        self.now += seconds
        for moment in sorted(self.plans):
            if moment <= self.now:
                self.plans.pop(moment)()

    @property
    def passed(self) -> float:
        return self.now - self.begin
