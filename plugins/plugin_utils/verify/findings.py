# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was found, told once: results that say the same are one, however many nodes say it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from .model import TO_MEND, Check, Report, Result, Where
from .text import folded

# No cleaned text has it: stands for the name of the result's own node while texts are compared.
_OWN_NAME = "\0"


@dataclass(frozen=True)
class Seen:
    """One message, and where it was seen."""

    where: Where
    message: str
    results: tuple[Result, ...]


@dataclass(frozen=True)
class Finding:
    """Results of one check that are mended in the same way."""

    check: Check
    status: str
    was: str
    mend: str
    where: Where
    seen: tuple[Seen, ...]


def to_do(report: Report, statuses: Iterable[str] = TO_MEND) -> list[tuple[str, Check, list[Finding]]]:
    """The checks with results of these statuses, the errors first."""
    found = [(status, check, of_check(check, status)) for status in statuses for check in report.checks]
    return [entry for entry in found if entry[2]]


def of_check(check: Check, status: str) -> list[Finding]:
    """The check's results of one status, by what is to be done about them."""
    groups: dict[tuple[str, str], list[Result]] = {}
    for result in check.results:
        if result.status == status:
            groups.setdefault((result.was, _general(result.mend, result.subject)), []).append(result)
    found = []
    for (was, mend), results in groups.items():
        subjects = tuple(dict.fromkeys(result.subject for result in results))
        found.append(Finding(check, status, was, _of(mend, subjects), Where(subjects), tuple(alike(results))))
    return found


def everywhere(found: Iterable[Finding]) -> Where:
    """All the nodes of some findings."""
    return Where(tuple(dict.fromkeys(subject for finding in found for subject in finding.where.subjects)))


def alike(results: Iterable[Result], with_numbers: bool = False) -> list[Seen]:
    """Results that say the same, put together, where they are at first."""
    groups: dict[tuple[str, ...], list[Result]] = {}
    for result in results:
        general = _general(result.message, result.subject)
        numbers = repr(result.numbers) if with_numbers else ""
        key = (result.status, result.was, result.user, result.item, general, numbers)
        groups.setdefault(key, []).append(result)
    told = []
    for (_status, _was, user, item, message, _numbers), same in groups.items():
        where = Where(tuple(result.subject for result in same), user, item)
        told.append(Seen(where, _of(message, where.subjects), tuple(same)))
    return told


def _general(text: str, subject: str) -> str:
    """The text without the name of the node that it is about."""
    return re.sub(rf"(?<![\w.-]){re.escape(subject)}(?![\w-]|\.\w)", _OWN_NAME, text)


def _of(general: str, subjects: Iterable[str]) -> str:
    return general.replace(_OWN_NAME, folded(subjects))
