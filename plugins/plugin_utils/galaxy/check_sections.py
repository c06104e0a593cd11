# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tools, resources, what is empty, and the names by which environments are meant."""

from __future__ import annotations

from collections.abc import Iterator

from .context import Subject
from .findings import Finding, listed
from .model import Tool

#: Parameters of a job that an entry may be for: what Galaxy hands to the rule of a job is its own parameters.
_CONDITIONS = ("source",)
TOOL_CLASSES = ("local", "requires_galaxy", "user_defined")


def references(subject: Subject) -> Iterator[Finding]:
    """Environments are named by id or tag. Only the default's name is looked at when Galaxy starts."""
    conf = subject.conf
    names = dict.fromkeys(name for environment in subject.environments for name in (environment.id, *environment.tags))
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
    for environment in subject.environments:
        for index, entry in enumerate(environment.resubmit):
            name = subject.as_read(entry.get("environment"))
            yield f"execution.environments.{environment.id}.resubmit[{index}].environment", name and str(name)


def empty(subject: Subject) -> Iterator[Finding]:
    """A key with nothing after it. What is rendered leaves it out."""
    for place in subject.conf.empty:
        mend = "Leave it out, or say something."
        yield Finding("empty-section", place, "has nothing after it; Galaxy would not start", mend)
    for place in subject.conf.empty_for_jobs:
        yield Finding("empty-value", place, "has nothing after it; no job would run there", "Leave it out.")


def tools(subject: Subject) -> Iterator[Finding]:
    """A tool is named by its id, or a class of tools by its class. Any other key is a condition on the parameters of the job."""
    entries: dict[tuple[str, str], list[int]] = {}
    for index, tool in enumerate(subject.conf.tools):
        place = f"tools[{index}]"
        if bool(tool.id) == bool(tool.tool_class):
            message = "needs either id or class; Galaxy would not start"
            yield Finding("bad-tool", place, message, "Give one of them.")
        elif tool.tool_class and tool.tool_class not in TOOL_CLASSES:
            message = f"{tool.tool_class!r} is no class of tools; Galaxy would not start"
            yield Finding("bad-tool", f"{place}.class", message, f"Use one of {', '.join(TOOL_CLASSES)}.")
        else:
            # As Galaxy compares ids; of several entries it takes the one without conditions, and a class is one in YAML.
            entries.setdefault((tool.tool_class, tool.id.lower().rstrip("/")), []).append(index)
        for name in tool.params:
            if name not in _CONDITIONS:
                message = "is no key of a tool; Galaxy takes it for a condition on the parameters of a job"
                yield Finding("unknown-tool-key", f"{place}.{name}", message, "Write environment, or leave it out.")
    for names, indices in entries.items():
        if len(indices) == 1:
            continue
        shorter = [index for name in _shorter(names[1]) for index in entries.get(("", name), ())]
        if all(_conditional(subject, subject.conf.tools[index]) for index in (*indices, *shorter)):
            what = "".join(names)
            message = (
                f"is one of {len(indices)} entries of {what!r}, none without a condition; every job of it would fail"
            )
            yield Finding("no-tool-entry", f"tools[{indices[-1]}]", message, "Keep one of them.")


def _shorter(tool_id: str) -> tuple[str, ...]:
    """What Galaxy looks for beside the id of a tool: without its version, and its last word."""
    parts = tool_id.split("/")
    return ("/".join(parts[:-1]), parts[-1], *parts[-2:-1]) if len(parts) > 1 else ()


def _conditional(subject: Subject, tool: Tool) -> bool:
    """Whether an entry is for certain jobs alone. In YAML a class is a condition, too, where there is no params:."""
    return bool(tool.params or (tool.tool_class and not tool.explicit and subject.context.form != "xml"))


def resources(subject: Subject) -> Iterator[Finding]:
    """Galaxy passes over a group that it does not have: the tool's form asks for nothing."""
    conf = subject.conf
    groups = conf.resources.get("groups") or {}
    named = [("resources.default", conf.resources.get("default"))]
    named += [(f"tools[{index}].resources", tool.resources) for index, tool in enumerate(conf.tools)]
    for group, fields in groups.items():
        for index, field in enumerate(fields or ()):
            if field != field.strip():
                message = f"{field!r} has blanks around it, and no parameter such a name"
                yield Finding("unknown-resources", f"resources.groups.{group}[{index}]", message, "Leave them out.")
    for place, name in named:
        if name and str(name) not in groups:
            mend = f"Name one of {listed(groups)}." if groups else "Define it under resources.groups."
            yield Finding("unknown-resources", place, f"{name!r} is no group of resources; no form shows it", mend)
