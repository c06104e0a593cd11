# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tools, limits, and the names by which environments are meant."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .context import Subject, enabled
from .findings import Finding, listed

TOOL_CLASSES = ("local", "requires_galaxy", "user_defined")
_COUNTED = (
    "registered_user_concurrent_jobs",
    "anonymous_user_concurrent_jobs",
    "environment_user_concurrent_jobs",
    "environment_total_concurrent_jobs",
    "destination_user_concurrent_jobs",
    "destination_total_concurrent_jobs",
    "concurrent_jobs",
)
_TIMED = ("walltime", "total_walltime")
_LIMITS = (*_COUNTED, *_TIMED, "output_size")
# Names of Galaxy's first job_conf.xml, which many a file still has.
_MEANT = {"job_walltime": "walltime", "unregistered_user_concurrent_jobs": "anonymous_user_concurrent_jobs"}
_SIZE = re.compile(r"\d+(\.\d+)? *([KMGTPE]i?)?(B(ytes?)?)?", re.IGNORECASE)


def references(subject: Subject) -> Iterator[Finding]:
    """Environments are named by id or tag. Only the default's name is looked at when Galaxy starts."""
    conf = subject.conf
    usable = [environment for environment in conf.environments if enabled(environment.params)]
    names = dict.fromkeys(name for environment in usable for name in (environment.id, *environment.tags))
    mend = f"Name one of {listed(names)}." if names else "Define an environment."
    if not conf.default and len(names) != 1:
        yield Finding("no-default", "execution.default", "is missing; Galaxy would not start", mend)
    elif conf.default and conf.default not in names:
        message = f"{conf.default!r} is no environment; Galaxy would not start"
        yield Finding("unknown-default", "execution.default", message, mend)
    for place, name in _named(subject):
        if name and name not in names:
            yield Finding("unknown-environment", place, f"{name!r} is no environment; the jobs would fail", mend)


def _named(subject: Subject) -> Iterator[tuple[str, str | None]]:
    for index, tool in enumerate(subject.conf.tools):
        yield f"tools[{index}].environment", tool.environment
    for environment in subject.conf.environments:
        for index, entry in enumerate(environment.resubmit):
            name = entry.get("environment")
            yield f"execution.environments.{environment.id}.resubmit[{index}].environment", name and str(name)


def tools(subject: Subject) -> Iterator[Finding]:
    """A tool is named by its id, or a class of tools by its class."""
    for index, tool in enumerate(subject.conf.tools):
        if bool(tool.id) == bool(tool.tool_class):
            message = "needs either id or class; Galaxy would not start"
            yield Finding("bad-tool", f"tools[{index}]", message, "Give one of them.")
        elif tool.tool_class and tool.tool_class not in TOOL_CLASSES:
            message = f"{tool.tool_class!r} is no class of tools; Galaxy would not start"
            yield Finding("bad-tool", f"tools[{index}].class", message, f"Use one of {', '.join(TOOL_CLASSES)}.")


def limits(subject: Subject) -> Iterator[Finding]:
    """A limit of another name limits nothing, and a value that is none ends Galaxy's start. YAML reads 12:00:00 as a number of seconds."""
    for index, limit in enumerate(subject.conf.limits):
        place, kind = f"limits[{index}]", limit.get("type")
        value = str(limit.get("value")).strip()
        if not kind or not isinstance(kind, str):
            message = "is no text; Galaxy would not start" if kind else "is missing; Galaxy would not start"
            yield Finding("bad-limit", f"{place}.type", message, "Name the limit's type.")
        elif kind not in _LIMITS:
            mend = f"Write {_MEANT[kind]}." if kind in _MEANT else f"Galaxy knows {', '.join(_LIMITS)}."
            yield Finding("unknown-limit", f"{place}.type", f"{kind!r} limits nothing in Galaxy", mend)
        elif kind in _TIMED and not re.fullmatch(r"\d+:\d+:\d+", value):
            mend = "Write it in quotes: '12:00:00'."
            yield Finding("bad-limit", f"{place}.value", "is not H:MM:SS; Galaxy would not start", mend)
        elif kind in _COUNTED and not re.fullmatch(r"\d+", value):
            yield Finding("bad-limit", f"{place}.value", "is not a number; Galaxy would not start", "Give a number.")
        elif kind == "total_walltime" and not re.fullmatch(r"\d+", str(limit.get("window")).strip()):
            mend = "Give a number of days."
            yield Finding("bad-limit", f"{place}.window", "is not a number; Galaxy would not start", mend)
        elif kind == "output_size" and not _SIZE.fullmatch(str(limit.get("value"))):
            yield Finding("bad-limit", f"{place}.value", "is no size; Galaxy would not start", "Write it as 50G.")


def limited(subject: Subject) -> Iterator[Finding]:
    """A limit is for an environment's id or tag. Dynamic ones make environments of other names, so that nothing is said beside them."""
    environments = subject.conf.environments
    if any(environment.runner.startswith("dynamic") for environment in environments):
        return
    names = dict.fromkeys(name for environment in environments for name in (environment.id, *environment.tags))
    for index, limit in enumerate(subject.conf.limits):
        for key in ("id", "tag"):
            name = limit.get(key)
            if limit.get("type") in _COUNTED and name and str(name) not in names:
                message = f"{name!r} is no environment; nothing is limited"
                yield Finding("limit-of-nothing", f"limits[{index}].{key}", message, f"Name one of {listed(names)}.")


def resources(subject: Subject) -> Iterator[Finding]:
    """Galaxy passes over a group that it does not have: the tool's form asks for nothing."""
    conf = subject.conf
    groups = conf.resources.get("groups") or {}
    named = [("resources.default", conf.resources.get("default"))]
    named += [(f"tools[{index}].resources", tool.resources) for index, tool in enumerate(conf.tools)]
    for place, name in named:
        if name and str(name) not in groups:
            mend = f"Name one of {listed(groups)}." if groups else "Define it under resources.groups."
            yield Finding("unknown-resources", place, f"{name!r} is no group of resources; no form shows it", mend)
