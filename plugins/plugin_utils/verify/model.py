# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A verification as the report sees it: a run, its checks, their results; and the same as plain data."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any

from .text import folded

SCHEMA = 1
OK, WARNING, ERROR, SKIPPED, WAIVED = "ok", "warning", "error", "skipped", "waived"
# The worst first: what a cell of several results shows.
STATUSES = (ERROR, WARNING, WAIVED, SKIPPED, OK)
TO_MEND = (ERROR, WARNING)


@dataclass(frozen=True)
class Where:
    """Where something was seen: at which nodes, maybe as which user, at which path, queue or runner."""

    subjects: tuple[str, ...]
    user: str = ""
    item: str = ""

    def __str__(self) -> str:
        return ", ".join(part for part in (self.nodes, self.rest) if part)

    @property
    def nodes(self) -> str:
        return folded(self.subjects)

    @property
    def rest(self) -> str:
        return ", ".join(part for part in (self.user and f"as {self.user}", self.item) if part)


@dataclass(frozen=True)
class Run:
    """Who asked whom, and when. ``stopped`` says why it did not come to its end."""

    tag: str
    started: float
    ended: float
    drm: str
    version: str
    galaxy_host: str
    user: str
    nodes: tuple[str, ...]
    stopped: str = ""


@dataclass(frozen=True)
class Result:
    """One check at one subject, a node or the server, maybe for one user and one item (a path, a queue)."""

    subject: str
    status: str
    message: str = ""
    mend: str = ""
    user: str = ""
    item: str = ""
    numbers: dict[str, Any] = field(default_factory=dict)
    # The status that was waived.
    was: str = ""

    @property
    def measured(self) -> str:
        """The status before any waiver."""
        return self.was or self.status

    @property
    def where(self) -> Where:
        """What tells it from the check's other results."""
        return Where((self.subject,), self.user, self.item)

    def as_dict(self) -> dict[str, Any]:
        optional = ("user", "item", "was")
        return {name: value for name, value in asdict(self).items() if value or name not in optional}


@dataclass(frozen=True)
class Check:
    """A thing that has to hold. ``level`` is the worst that it may say."""

    name: str
    title: str
    level: str
    results: tuple[Result, ...]


@dataclass(frozen=True)
class Report:
    """What was measured, judged. ``compared`` is None where there is nothing to compare with."""

    run: Run
    checks: tuple[Check, ...]
    waived: dict[str, str] = field(default_factory=dict)
    compared: dict[str, Any] | None = None

    @property
    def counts(self) -> dict[str, int]:
        """How many results there are of each status."""
        found = Counter(result.status for check in self.checks for result in check.results)
        return {status: found[status] for status in (OK, WARNING, ERROR, SKIPPED, WAIVED)}

    @property
    def failed_checks(self) -> list[str]:
        return [check.name for check in self.checks if any(result.status == ERROR for result in check.results)]

    @property
    def ready(self) -> bool:
        """A run that did not come to its end has proved nothing."""
        return not self.failed_checks and not self.run.stopped and self.counts[OK] > 0

    def as_dict(self) -> dict[str, Any]:
        return {
            "schema": SCHEMA,
            "run": {**asdict(self.run), "nodes": list(self.run.nodes)},
            "checks": [
                {
                    "name": check.name,
                    "title": check.title,
                    "level": check.level,
                    "results": [result.as_dict() for result in check.results],
                }
                for check in self.checks
            ],
            "waived": self.waived,
            "counts": self.counts,
            "ready": self.ready,
            "compared": self.compared,
        }
