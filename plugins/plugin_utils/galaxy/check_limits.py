# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Limits: a value that is none ends Galaxy's start, and one for what is not there limits nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from .context import Subject
from .findings import Finding, listed

# Each is for every job, whatever else stands there; of several the last one counts. (galaxy/jobs/__init__.py)
_FOR_ALL = (
    *("registered_user_concurrent_jobs", "anonymous_user_concurrent_jobs"),
    *("walltime", "total_walltime", "output_size"),
)
_OF_ENVIRONMENTS = (
    *("environment_user_concurrent_jobs", "environment_total_concurrent_jobs"),
    *("destination_user_concurrent_jobs", "destination_total_concurrent_jobs", "concurrent_jobs"),
)
_LIMITS = (*_FOR_ALL, *_OF_ENVIRONMENTS)
_TIMED = ("walltime", "total_walltime")
_MEANT = {"job_walltime": "walltime", "unregistered_user_concurrent_jobs": "anonymous_user_concurrent_jobs"}
# As galaxy.util.size_to_bytes reads it.
_SIZE = re.compile(
    r"(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?\s*([kmgtpe](i?b)?|((kilo|mega|giga|tera|peta|exa|kibi|mebi|gibi|tebi|pebi|exbi)?bytes?)|b)?",
    re.IGNORECASE,
)


def values(subject: Subject) -> Iterator[Finding]:
    """The kind of each limit and its value. YAML reads 12:00:00 as a number of seconds."""
    for index, limit in enumerate(subject.conf.limits):
        place, kind = f"limits[{index}]", limit.get("type")
        if not isinstance(kind, str):
            message = "is missing; Galaxy would not start" if kind is None else "is no text; Galaxy would not start"
            yield Finding("bad-limit", f"{place}.type", message, "Name the limit's type.")
        elif kind not in _LIMITS:
            mend = f"Write {_MEANT[kind]}." if kind in _MEANT else f"Galaxy knows {', '.join(_LIMITS)}."
            yield Finding("unknown-limit", f"{place}.type", f"{kind!r} limits nothing in Galaxy", mend)
        elif not subject.as_read(limit.get("value")) and kind in _FOR_ALL and kind != "total_walltime":
            message = "is empty or 0; nothing is limited"
            yield Finding("limit-of-nothing", f"{place}.value", message, "Give one, or leave the limit out.")
        else:
            yield from _value({key: subject.as_read(value) for key, value in limit.items()}, kind, place)


def _value(limit: Mapping[str, Any], kind: str, place: str) -> Iterator[Finding]:
    value = limit.get("value")
    if kind in _TIMED and [is_int(part) for part in str(value).split(":")] != [True] * 3:
        mend = "Write it in quotes: '12:00:00'."
        yield Finding("bad-limit", f"{place}.value", "is not H:MM:SS; Galaxy would not start", mend)
    elif kind == "output_size" and not (isinstance(value, str) and _SIZE.fullmatch(value)):
        yield Finding(
            "bad-limit", f"{place}.value", "is no size; Galaxy would not start", "Write it as '50GB', a text."
        )
    elif kind not in (*_TIMED, "output_size") and not is_int(value):
        yield Finding("bad-limit", f"{place}.value", "is not a number; Galaxy would not start", "Give a number.")
    elif kind == "total_walltime" and not is_int(limit.get("window")):
        mend = "Give a number of days."
        yield Finding("bad-limit", f"{place}.window", "is not a number; Galaxy would not start", mend)


def is_int(value: Any) -> bool:
    """As Galaxy makes a number of it."""
    try:
        int(value)
    except (TypeError, ValueError, OverflowError):
        return False
    return True


def limited(subject: Subject) -> Iterator[Finding]:
    """What a limit is for: an environment's id or tag, or every job. Rules make environments of other names: of those nothing is said."""
    names = dict.fromkeys(name for item in subject.environments for name in (item.id, *item.tags))
    rules = any(item.runner.startswith("dynamic") for item in subject.environments)
    # One with nothing after it Galaxy passes over.
    last = {
        str(limit.get("type")): index
        for index, limit in enumerate(subject.conf.limits)
        if subject.as_read(limit.get("value"))
    }
    for index, limit in enumerate(subject.conf.limits):
        place, kind = f"limits[{index}]", str(limit.get("type"))
        if kind in _FOR_ALL and limit.get("value") and last.get(kind, index) != index:
            message = f"does not count: limits[{last[kind]}] is of the same kind, and each of them is for every job"
            yield Finding("overridden-limit", place, message, "Keep one of the two.")
        given = {key: str(limit[key]) for key in ("tag", "id") if limit.get(key)}
        if kind in _FOR_ALL:
            for key in given:
                message = f"is not looked at: {kind} is for every job"
                yield Finding("unread-limit-key", f"{place}.{key}", message, "Leave it out.")
        elif kind in _OF_ENVIRONMENTS:
            yield from _of_environment(given, names, rules, place)


def _of_environment(given: Mapping[str, str], names: Mapping[str, None], rules: bool, place: str) -> Iterator[Finding]:
    if len(given) == 2:
        message = "is not looked at, because there is a tag"
        yield Finding("unread-limit-key", f"{place}.id", message, "Make two limits of it.")
    if not given:
        message = "names no environment; nothing is limited"
        yield Finding("limit-of-nothing", f"{place}.id", message, "Give the id or the tag of an environment.")
    for key, name in list(given.items())[:1]:
        if name not in names and not rules:
            message = f"{name!r} is no environment; nothing is limited"
            yield Finding("limit-of-nothing", f"{place}.{key}", message, f"Name one of {listed(names)}.")
