# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of the page: a row a check, a column a node, or one for many nodes of which the same is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .model import STATUSES, TO_MEND, Check, Report, Result, Where

# So many columns are looked at one by one; more are put together where they are alike.
_MOST_SINGLE = 12
NOT_ASKED, NOTHING = "not asked", ""


@dataclass(frozen=True)
class Cell:
    """What is known of one check at one place. ``status`` may be NOT_ASKED, or NOTHING where the check is not about such a place."""

    status: str
    share: str = ""


@dataclass(frozen=True)
class Column:
    """One subject, or several with the same cells."""

    where: Where
    cells: tuple[Cell, ...]
    is_server: bool


def columns(report: Report) -> list[Column]:
    """The server, the nodes, and whatever else was a subject."""
    server, nodes = report.run.galaxy_host, report.run.nodes
    by_subject = [_by_subject(check) for check in report.checks]
    others = [subject for results in by_subject for subject in results]
    subjects = list(dict.fromkeys([server, *nodes, *others]))
    single = [
        Column(Where((subject,)), tuple(_cell(results, subject, report) for results in by_subject), subject == server)
        for subject in subjects
    ]
    return single if len(single) <= _MOST_SINGLE else [single[0], *_together(single[1:])]


def _by_subject(check: Check) -> dict[str, list[Result]]:
    found: dict[str, list[Result]] = {}
    for result in check.results:
        found.setdefault(result.subject, []).append(result)
    return found


def _cell(results: dict[str, list[Result]], subject: str, report: Report) -> Cell:
    here = results.get(subject, [])
    if here:
        statuses = [result.status for result in here]
        worst = min(statuses, key=STATUSES.index)
        count = statuses.count(worst)
        return Cell(worst, f"{count} of {len(here)}" if count < len(here) else "")
    about_nodes = subject in report.run.nodes and any(node in results for node in report.run.nodes)
    return Cell(NOT_ASKED if about_nodes else NOTHING)


def _together(single: Sequence[Column]) -> list[Column]:
    """Those with something to be done come first, so that nobody has to scroll to them."""
    groups: dict[tuple[tuple[str, ...], bool], list[Column]] = {}
    for column in single:
        groups.setdefault((tuple(cell.status for cell in column.cells), column.is_server), []).append(column)
    merged = [
        Column(Where(tuple(column.where.subjects[0] for column in same)), _common(same), same[0].is_server)
        for same in groups.values()
    ]
    return sorted(merged, key=lambda column: [-_count(column, status) for status in TO_MEND])


def _common(same: Sequence[Column]) -> tuple[Cell, ...]:
    """Their cells, without what differs among them."""
    rows = zip(*(column.cells for column in same), strict=True)
    return tuple(cells[0] if len(set(cells)) == 1 else Cell(cells[0].status) for cells in rows)


def _count(column: Column, status: str) -> int:
    return sum(cell.status == status for cell in column.cells)
