# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plain data read into a report. What a node said may be anything; what our own side said must be right."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .model import ERROR, OK, SCHEMA, SKIPPED, TO_MEND, WAIVED, WARNING, Check, Report, Result, Run
from .text import MESSAGE, NAME, clean, clean_line, clean_value

_CHECK_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
_MOST_NUMBERS = 50
_MOST_DIGITS_OF_TIME = 10**11


class ShapeError(ValueError):
    """Data of another shape. It names the field, the value and what is to be there."""


def read(data: Any) -> Report:
    """What was measured, or a report that was finished before: then with its waivers, as it was written."""
    record = _mapping(data, "measured")
    if record.get("schema") != SCHEMA:
        raise ShapeError(f"schema is {record.get('schema')!r}; this version of the collection reads {SCHEMA}")
    checks = tuple(_check(item, f"checks[{index}]") for index, item in enumerate(_list(record, "checks", "measured")))
    names = [check.name for check in checks]
    for name in names:
        if names.count(name) > 1:
            raise ShapeError(f"checks: {name!r} is there {names.count(name)} times; a check has a name of its own")
    return Report(_run(record), checks)


def _run(record: Mapping[str, Any]) -> Run:
    run = _mapping(record.get("run"), "run")
    return Run(
        tag=_name(run, "tag", "run"),
        started=_time(run, "started"),
        ended=_time(run, "ended"),
        drm=clean_line(run.get("drm") or ""),
        version=clean_line(run.get("version") or ""),
        galaxy_host=_name(run, "galaxy_host", "run"),
        user=_name(run, "user", "run"),
        nodes=tuple(dict.fromkeys(clean_line(node) for node in _list(run, "nodes", "run"))),
        stopped=clean(run.get("stopped") or "", MESSAGE),
    )


def _check(item: Any, place: str) -> Check:
    record = _mapping(item, place)
    name = record.get("name")
    if not isinstance(name, str) or not _CHECK_NAME.fullmatch(name):
        raise ShapeError(f"{place}.name is {name!r}; it must be lower case letters, digits and underscores")
    level = _one_of(record, "level", (ERROR, WARNING), name)
    results = tuple(
        _result(result, f"{name}.results[{index}]") for index, result in enumerate(_list(record, "results", name))
    )
    seen = set()
    for result in results:
        if result.where in seen:
            raise ShapeError(f"{name}: there are two results for {result.where}; add user or item")
        seen.add(result.where)
        if level == WARNING and result.measured == ERROR:
            raise ShapeError(f"{name}: an error for {result.subject}, but the check's level is warning")
    return Check(clean_line(name), clean_line(record.get("title") or name), level, results)


def _result(item: Any, place: str) -> Result:
    record = _mapping(item, place)
    status = _one_of(record, "status", (OK, WARNING, ERROR, SKIPPED, WAIVED), place)
    was = _one_of(record, "was", TO_MEND, place) if status == WAIVED else ""
    mend = clean(record.get("mend") or "", MESSAGE)
    if (was or status) in TO_MEND and not mend.strip():
        raise ShapeError(f"{place}.mend is empty; a {status} says what to do about it")
    numbers = _mapping(record.get("numbers") or {}, f"{place}.numbers")
    return Result(
        subject=_name(record, "subject", place),
        status=status,
        message=clean(record.get("message") or "", MESSAGE),
        mend=mend,
        user=clean_line(record.get("user") or ""),
        item=clean_line(record.get("item") or ""),
        numbers={clean_line(name, 64): clean_value(numbers[name]) for name in list(numbers)[:_MOST_NUMBERS]},
        was=was,
    )


def _mapping(value: Any, place: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ShapeError(f"{place} is {type(value).__name__}, not a mapping")
    return value


def _list(record: Mapping[str, Any], name: str, place: str) -> list[Any]:
    value = record.get(name)
    if not isinstance(value, (list, tuple)):
        raise ShapeError(f"{place}: {name} is {type(value).__name__}, not a list")
    return list(value)


def _name(record: Mapping[str, Any], name: str, place: str) -> str:
    value = record.get(name)
    if not isinstance(value, str) or not value.strip():
        raise ShapeError(f"{place}.{name} is {value!r}; it must be a text that is not empty")
    return clean_line(value, NAME)


def _time(run: Mapping[str, Any], name: str) -> float:
    value = run.get(name)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < _MOST_DIGITS_OF_TIME:
        raise ShapeError(f"run.{name} is {value!r}; it must be seconds since 1970")
    return float(value)


def _one_of(record: Mapping[str, Any], name: str, words: tuple[str, ...], place: str) -> str:
    value = record.get(name)
    for word in words:
        if value == word:
            return word
    raise ShapeError(f"{place}.{name} is {value!r}, not one of {', '.join(words)}")
