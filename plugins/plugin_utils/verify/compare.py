# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two reports of one server: what got better, what got worse, what is new, what is gone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .model import ERROR, OK, SKIPPED, WARNING, Report, Where
from .text import many

_RANK = {OK: 0, WARNING: 1, ERROR: 2}
KINDS = ("worse", "better", "new", "gone")

Identity = tuple[str, Where]


def comparable(last: Report, report: Report) -> bool:
    """Another server or another DRM has got neither better nor worse."""
    return (last.run.galaxy_host, last.run.drm) == (report.run.galaxy_host, report.run.drm)


def compare(last: Report, report: Report) -> dict[str, Any]:
    """By what was measured: a waiver mends nothing. What was not asked counts as not there."""
    before, now = _measured(last), _measured(report)
    changes: dict[str, list[dict[str, str]]] = {kind: [] for kind in KINDS}
    for identity, status in now.items():
        old = before.get(identity)
        if old is None:
            changes["new"].append({**_named(identity), "to": status})
        elif old != status:
            kind = "worse" if _RANK[status] > _RANK[old] else "better"
            changes[kind].append({**_named(identity), "from": old, "to": status})
    changes["gone"] = [{**_named(identity), "from": before[identity]} for identity in before if identity not in now]
    return {"previous": {"tag": last.run.tag, "started": last.run.started}, **changes}


def _measured(report: Report) -> dict[Identity, str]:
    return {
        (check.name, result.where): result.measured
        for check in report.checks
        for result in check.results
        if result.measured != SKIPPED
    }


def _named(identity: Identity) -> dict[str, str]:
    check, where = identity
    names = {"check": check, "subject": where.subjects[0], "user": where.user, "item": where.item}
    return {name: value for name, value in names.items() if value}


@dataclass(frozen=True)
class Change:
    """One line of the comparison. ``check`` is the title of one, or empty where nodes are new or gone as a whole."""

    kind: str
    check: str
    where: Where
    how: str


def told(report: Report) -> list[Change]:
    """The comparison in few lines: same changes together, a node or a check that is new as a whole as one."""
    if report.compared is None:
        return []
    titles = {check.name: check.title for check in report.checks}
    now = _measured(report)
    lines = []
    for kind in KINDS:
        changes = report.compared[kind]
        if kind in ("new", "gone"):
            known = set(now) - ({_identity(change) for change in changes} if kind == "new" else set())
            nodes, changes = _apart(changes, "subject", {where.subjects[0] for _check, where in known})
            checks, changes = _apart(changes, "check", {check for check, _where in known})
            lines += [*_whole_nodes(kind, nodes), *_whole_checks(kind, checks, titles)]
        lines += _grouped(kind, changes, titles)
    return lines


def _identity(change: dict[str, str]) -> Identity:
    return change["check"], Where((change["subject"],), change.get("user", ""), change.get("item", ""))


def _apart(changes: list[dict[str, str]], part: str, known: set[str]) -> tuple[list[dict[str, str]], ...]:
    """Those of nodes (or checks) that are not known otherwise, and the others."""
    whole = [change for change in changes if change[part] not in known]
    return whole, [change for change in changes if change[part] in known]


def _whole_nodes(kind: str, changes: list[dict[str, str]]) -> Iterator[Change]:
    if changes:
        yield Change(kind, "", _subjects(changes), _how_many(changes))


def _whole_checks(kind: str, changes: list[dict[str, str]], titles: dict[str, str]) -> Iterator[Change]:
    for name in dict.fromkeys(change["check"] for change in changes):
        of_it = [change for change in changes if change["check"] == name]
        yield Change(kind, titles.get(name, name), _subjects(of_it), _how_many(of_it))


def _subjects(changes: list[dict[str, str]]) -> Where:
    return Where(tuple(dict.fromkeys(change["subject"] for change in changes)))


def _how_many(changes: list[dict[str, str]]) -> str:
    bad = sum(change.get("to", change.get("from")) != OK for change in changes)
    return many(len(changes), "result") + (f", {bad} not ok" if bad else "")


def _grouped(kind: str, changes: list[dict[str, str]], titles: dict[str, str]) -> Iterator[Change]:
    groups: dict[tuple[str, ...], list[str]] = {}
    for change in changes:
        key = tuple(change.get(name, "") for name in ("check", "user", "item", "from", "to"))
        groups.setdefault(key, []).append(change["subject"])
    for (check, user, item, old, new), subjects in groups.items():
        how = ", ".join(part for part in (old and f"was {old}", new and f"is {new}") if part)
        yield Change(kind, titles.get(check, check), Where(tuple(subjects), user, item), how)
