# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report in a terminal: the verdict, what is to be done, what has changed."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from .compare import told
from .findings import Finding, Seen, everywhere, to_do
from .model import ERROR, OK, SKIPPED, WAIVED, WARNING, Report
from .text import lasted, many, moment

_WIDTH = 100
# Of each check; the page has them all.
_MOST_FINDINGS, _MOST_SEEN, _MOST_CHANGES = 3, 4, 12


def title(report: Report) -> str:
    """Which server, which DRM."""
    run = report.run
    return " ".join(filter(None, (run.galaxy_host, "without a DRM" if not run.drm else f"on {run.drm}", run.version)))


def verdict(report: Report) -> str:
    """Ready or not, in one line."""
    counts = report.counts
    told_of = [many(counts[status], status) for status in (ERROR, WARNING) if counts[status]]
    if report.run.stopped:
        return ": ".join(("Not finished", ", ".join([report.run.stopped, *told_of])))
    if counts[ERROR]:
        return "Not ready: " + " and ".join(told_of)
    if not counts[OK]:
        return "Not known: no check was ok"
    return "Ready" + (", with " + told_of[0] if told_of else "")


def others(report: Report) -> str:
    """The rest of the counts."""
    counts = report.counts
    return ", ".join(f"{counts[status]} {status}" for status in (OK, WAIVED, SKIPPED) if counts[status])


def summary(report: Report) -> str:
    """Some lines, without colours: they go to logs and mails, too."""
    run = report.run
    head = f"{title(report)}, {many(len(run.nodes), 'node')}, as {run.user}, {moment(run.started)}"
    lines = [f"{head}, {lasted(run.ended - run.started)}", *_wrapped(_joined(verdict(report), others(report)), "")]
    for status, check, found in to_do(report):
        lines += ["", f"{status.upper():<8}{check.name}: {check.title}", *_findings(found)]
    lines += [*_waived(report), *_changes(report)]
    return "\n".join(lines)


def _joined(*parts: str) -> str:
    return "; ".join(filter(None, parts))


def _findings(found: list[Finding]) -> Iterator[str]:
    for finding in found[:_MOST_FINDINGS]:
        for seen in finding.seen[:_MOST_SEEN]:
            yield from _wrapped(f"{seen.where}: {seen.message}", " " * 8)
        yield from _more(finding.seen[_MOST_SEEN:])
        yield from _wrapped(finding.mend, " " * 8, "-> ")
    yield from _more([seen for finding in found[_MOST_FINDINGS:] for seen in finding.seen])


def _more(rest: Sequence[Seen]) -> Iterator[str]:
    if rest:
        yield f"{'':8}and {many(sum(len(seen.results) for seen in rest), 'result')} more"


def _waived(report: Report) -> list[str]:
    places = {check.name: found for _status, check, found in to_do(report, (WAIVED,))}
    lines: list[str] = []
    for name, reason in report.waived.items():
        found = places.get(name)
        where = f"on {everywhere(found)}" if found else "nothing to waive"
        lines += _wrapped(f"{name} {where}: {reason}", " " * 8, "WAIVED  ", hang=0)
    return ["", *lines] if lines else []


def _changes(report: Report) -> list[str]:
    if report.compared is None:
        return []
    previous, changes = report.compared["previous"], told(report)
    lines = ["", f"Since {moment(previous['started'])}:" + ("" if changes else " nothing has changed")]
    for change in changes[:_MOST_CHANGES]:
        what = f"{change.check} on {change.where}" if change.check else str(change.where)
        lines += _wrapped(f"{what}: {change.how}", " " * 8, f"{change.kind:<8}", hang=0)
    if len(changes) > _MOST_CHANGES:
        lines.append(f"{'':8}and {len(changes) - _MOST_CHANGES} more changes")
    return lines


def _wrapped(text: str, indent: str, mark: str = "", hang: int | None = None) -> Iterator[str]:
    """Each line of the text by itself: a command is not broken up."""
    first = (indent if hang is None else "") + mark
    follow = " " * len(first)
    for number, line in enumerate(text.split("\n")):
        start = follow if number else first
        yield from textwrap.wrap(
            line, _WIDTH, initial_indent=start, subsequent_indent=follow, break_long_words=False, break_on_hyphens=False
        )
