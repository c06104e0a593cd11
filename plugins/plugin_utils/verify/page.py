# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report as one HTML page that needs nothing else: no other file, no script, no network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from .compare import KINDS, told
from .findings import Finding, Seen, alike, everywhere, of_check, to_do
from .model import ERROR, SKIPPED, WAIVED, WARNING, Check, Report
from .summary import others, title, verdict
from .table import NOT_ASKED, Column, columns
from .text import amount, label, lasted, many, moment

_HERE = Path(__file__).parent
# None of them is a picture on some systems and a letter on others.
_SYMBOLS = {"ok": "✓", ERROR: "✗", WARNING: "!", WAIVED: "○", SKIPPED: "\N{EN DASH}", NOT_ASKED: "?"}
_MOST_SEEN = 5
# Longer lists of nodes are behind a click.
_LONGEST_LIST, _LONGEST_HEADING = 60, 24


@dataclass(frozen=True)
class Row:
    """One check, with all that is told of it."""

    check: Check
    cells: list[tuple[Column, Any]]
    findings: list[Finding]
    numbers: list[str]
    details: list[Seen]

    @property
    def rests(self) -> bool:
        """Are there users or items to be told of?"""
        return any(seen.where.rest for seen in self.details)


def html(report: Report) -> str:
    """The page's text. Jinja2 escapes every value."""
    environment = Environment(
        loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters.update(
        breakable=breakable, moment=moment, lasted=lasted, label=label, many=many, symbol=_symbol
    )
    environment.globals.update(
        value=_value, most_seen=_MOST_SEEN, longest_list=_LONGEST_LIST, longest_heading=_LONGEST_HEADING, kinds=KINDS
    )
    # Our own file, not a value.
    style = Markup((_HERE / "page.css").read_text(encoding="utf-8"))
    return environment.get_template("page.html.j2").render({**_view(report), "style": style})


def _view(report: Report) -> Mapping[str, Any]:
    all_columns = columns(report)
    return {
        "report": report,
        "run": report.run,
        "title": title(report),
        "verdict": verdict(report),
        "others": others(report),
        "state": _state(report),
        "to_do": [(status, check, everywhere(found)) for status, check, found in to_do(report)],
        "columns": all_columns,
        "rows": [_row(check, all_columns, index) for index, check in enumerate(report.checks)],
        "changes": told(report),
    }


def _state(report: Report) -> str:
    if not report.ready:
        return ERROR
    return WARNING if report.counts[WARNING] else "ok"


def _row(check: Check, all_columns: list[Column], index: int) -> Row:
    found = [finding for status in (ERROR, WARNING, WAIVED) for finding in of_check(check, status)]
    numbers = dict.fromkeys(name for result in check.results for name in result.numbers)
    return Row(
        check=check,
        cells=[(column, column.cells[index]) for column in all_columns],
        findings=found,
        numbers=list(numbers),
        details=alike(check.results, with_numbers=True),
    )


def _symbol(status: str) -> str:
    return _SYMBOLS.get(status, "")


def _value(name: str, value: Any) -> str:
    return breakable(amount(name, value)) if isinstance(value, str) else amount(name, value)


def breakable(name: str) -> Markup:
    """A long name may be broken after a dot or a comma, and before a slash."""
    text = str(escape(name)).replace(".", ".<wbr>").replace(",", ",<wbr>").replace("/", "<wbr>/")
    return Markup(text)
