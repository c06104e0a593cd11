# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known and accepted, by the name of its check and with a reason; and a finished report of what was measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from .compare import compare
from .model import TO_MEND, WAIVED, Report
from .reading import ShapeError, read
from .text import MESSAGE, clean


def finish(measured: Any, waived: Mapping[str, Any], last: Report | None = None) -> Report:
    """The report: read, waived, compared with the last one."""
    report = read(measured)
    if any(result.status == WAIVED for check in report.checks for result in check.results):
        raise ShapeError("measured has results with the status waived; give waived, and what was measured as it was")
    report = waive(report, waived)
    return replace(report, compared=compare(last, report) if last else None)


def waive(report: Report, waived: Mapping[str, Any]) -> Report:
    """Warnings and errors of these checks are waived. What is in order stays so."""
    reasons = {str(name): _reason(name, reason) for name, reason in waived.items()}
    names = [check.name for check in report.checks]
    for name in reasons:
        if name not in names:
            raise ShapeError(f"waived: there is no check {name!r}; there are {', '.join(names)}")
    checks = []
    for check in report.checks:
        results = check.results
        if check.name in reasons:
            results = tuple(
                replace(result, status=WAIVED, was=result.status) if result.status in TO_MEND else result
                for result in results
            )
        checks.append(replace(check, results=results))
    return replace(report, checks=tuple(checks), waived=reasons)


def _reason(name: object, reason: Any) -> str:
    if not isinstance(reason, str) or not reason.strip():
        raise ShapeError(f"waived.{name} is {reason!r}; say why, in words that the report can show")
    return clean(reason, MESSAGE)
