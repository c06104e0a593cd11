# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which process takes a job: the methods, the processes, and the names by which those are meant."""

from __future__ import annotations

from collections.abc import Iterator

from .check_limits import is_int
from .context import Subject, enabled
from .findings import Finding, listed
from .runners import RULE_RUNNERS

ASSIGN = ("mem-self", "db-self", "db-preassign", "db-transaction-isolation", "db-skip-locked")
_HANDLING = ("assign", "default", "max_grab", "processes", "ready_window_size")
# Galaxy's name for the processes that have no tag. (galaxy/web_stack/handlers.py)
_UNTAGGED = "_default_"
# These two give a job to whoever has the name, be there one or not.
_WAITED_FOR = ("db-transaction-isolation", "db-skip-locked")
_NUMBERS = ("max_grab", "ready_window_size")


def handling(subject: Subject) -> Iterator[Finding]:
    """Which process takes a job: an unknown method ends Galaxy's start, an unknown key is passed over."""
    section = subject.conf.handling
    methods = section.get("assign")
    for index, method in enumerate(methods if isinstance(methods, list) else ()):
        if str(method).lower() not in ASSIGN:
            message = f"{method!r} is no way to assign a handler; Galaxy would not start"
            yield Finding("bad-handling", f"handling.assign[{index}]", message, f"Use one of {', '.join(ASSIGN)}.")
    if methods not in (None, "", {}) and not isinstance(methods, list):
        yield Finding("bad-handling", "handling.assign", "is not a list; Galaxy would not start", "Give a list.")
    for key in _NUMBERS:
        if section.get(key) is not None and not is_int(subject.as_read(section[key])):
            message = "is not a number; Galaxy would not start"
            yield Finding("bad-handling", f"handling.{key}", message, "Give a number.")
    for key in section:
        if key not in _HANDLING:
            mend = "Write assign, a list." if key == "assign_with" else f"It takes {', '.join(_HANDLING)}."
            yield Finding("unknown-handling-key", f"handling.{key}", "is not read by Galaxy", mend)


def processes(subject: Subject) -> Iterator[Finding]:
    """A tool's handler is a process or a tag. A process that is not listed here may be started under that name all the same."""
    conf = subject.conf
    listed_here = conf.handling.get("processes") or {}
    runners = [*(runner.id for runner in conf.runners if enabled(runner.params)), *RULE_RUNNERS]
    names = dict.fromkeys(listed_here)
    for name, process in listed_here.items():
        names.update(dict.fromkeys((process or {}).get("tags") or [_UNTAGGED]))
        for index, plugin in enumerate((process or {}).get("plugins") or ()):
            if plugin not in runners:
                place = f"handling.processes.{name}.plugins[{index}]"
                message = f"{plugin!r} is not defined in runners; that process would be without it"
                yield Finding("unknown-runner", place, message, f"Define it, or name one of {listed(runners)}.")
    for place, name in _meant(subject) if names else ():
        if name not in names:
            message = f"{name!r} is no process and no tag of handling.processes; the jobs would fail or wait for ever"
            mend = f"Name one of {listed(names)}. Waive this where a process of that name or pool is started otherwise."
            yield Finding("unknown-handler", place, message, mend)


def _meant(subject: Subject) -> Iterator[tuple[str, str]]:
    """Where a job is given to a process by its name, and the name."""
    conf = subject.conf
    assign = conf.handling.get("assign")
    methods = [str(method).lower() for method in assign] if isinstance(assign, list) else []
    # A method that finds no process leaves the job to the next one; of these three each takes whatever comes.
    taking = next((method for method in methods if method in ("mem-self", *_WAITED_FOR)), "")
    if taking == "mem-self":
        return
    default = conf.handling.get("default")
    # Without these a job that is not given to anybody waits for a process without a tag, be it listed or not.
    if "db-self" not in methods[:1] and (default or set(methods) == {"db-preassign"}):
        yield "handling.default", str(default or _UNTAGGED)
    for index, tool in enumerate(conf.tools):
        if tool.handler:
            yield f"tools[{index}].handler", tool.handler
    for environment in subject.environments:
        for index, entry in enumerate(environment.resubmit):
            if entry.get("handler"):
                yield f"execution.environments.{environment.id}.resubmit[{index}].handler", str(entry["handler"])
