# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the site's job configuration, as it is on the server, has the check try out."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from ..galaxy.context import Context, Subject
from ..galaxy.dialects import native_of
from ..galaxy.findings import JobConfError
from ..galaxy.model import Environment, from_native
from ..galaxy.natives import BY_LIBRARY, Option, options_of
from ..galaxy.portable import READERS, read
from ..galaxy.request import translated
from ..galaxy.shell_login import PROGRAMS, PROOF, login, strict


def subject_of(text: str, drm: str, environ: Mapping[str, Any] | None) -> Subject | None:
    """None where it cannot be read, which is a finding of the check job_conf. ``environ`` are the variables of Galaxy's service."""
    try:
        context = Context(drm=drm, environ=environ)
        return Subject(translated(from_native(native_of(text, environ)), context), context)
    except JobConfError:
        return None


def shells_in(subject: Subject) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The environments of the cli runner that go to another host, with their ``shell_`` options."""
    for environment, kind, _place in subject.placed:
        shell = {name: value for name, value in environment.params.items() if name.startswith("shell_")}
        if kind.module == "cli" and shell.get("shell_plugin") in PROGRAMS:
            yield environment.id, shell


def drmaa_runners(subject: Subject) -> list[str]:
    """The runners that use a DRMAA library, by their names."""
    return [name for name, kind in subject.kinds.items() if kind and kind.module in BY_LIBRARY]


def shells(subject: Subject, user: str) -> list[dict[str, Any]]:
    """What is said of each way that logins has: nothing of it is secret."""
    return [
        {
            "environment": name,
            "plugin": shell["shell_plugin"],
            "user": str(shell.get("shell_username") or user),
            "host": str(shell.get("shell_hostname") or "localhost"),
        }
        for name, shell in shells_in(subject)
    ]


def logins(subject: Subject, python: str, paramiko_program: str) -> list[dict[str, Any]]:
    """The commands, each once, with the environments that go that way. A password is on the standard input alone."""
    found: dict[str, dict[str, Any]] = {}
    for name, shell in shells_in(subject):
        argv, given = [*login(shell), PROOF], ""
        if shell["shell_plugin"] == "ParamikoShell":
            argv = [python or "python3", "-c", paramiko_program]
            given = json.dumps({**shell, "shell_strict_host_key_checking": strict(shell), "command": PROOF})
        one = {"environments": [], "argv": argv, "stdin": given}
        found.setdefault(json.dumps([argv, given]), one)["environments"].append(name)
    return list(found.values())


def environments(subject: Subject, names: Sequence[str]) -> list[dict[str, Any]]:
    """These environments, or ``all`` that send jobs to the DRM, with what the DRM is asked for by their own words."""
    known = {environment.id: environment for environment in subject.conf.environments}
    wanted = [name for name in names if name != "all"]
    found = [_asked(subject, known[name]) if name in known else _unknown(name, known) for name in wanted]
    if "all" in names:
        others = [_asked(subject, known[name]) for name in known if name not in wanted]
        found += [one for one in others if not one["skipped"]]
    return found


def _asked(subject: Subject, environment: Environment) -> dict[str, Any]:
    kind = subject.kinds.get(environment.runner)
    drm = subject.drm_of(environment, kind) if kind else ""
    if kind is None or drm != subject.context.drm:
        return _not_tried(environment.id, f"Its runner {environment.runner} sends no jobs to {subject.context.drm}.")
    try:
        options = options_of(environment, kind, drm)
    except ValueError as problem:
        return {**_not_tried(environment.id, ""), "unknown": f"Its options cannot be split into words: {problem}"}
    asked = read(drm, options).request if drm in READERS else {}
    return {
        **_not_tried(environment.id, ""),
        "native_options": [word for option in options for word in _words(option)],
        "environment": {
            str(one["name"]): str(one["value"]) for one in environment.env if {"name", "value"} <= set(one)
        },
        "slots": asked.get("slots"),
        "memory_mb": asked.get("memory_mb"),
    }


def _words(option: Option) -> list[str]:
    """As the module job takes them, one argument an item."""
    if not option.name.startswith("-"):
        return [f"{option.name} = {option.value}"]
    if option.name.startswith("--") and option.values:
        return [f"{option.name}={option.value}"]
    return [option.name, *option.values]


def _not_tried(name: str, why: str) -> dict[str, Any]:
    empty: dict[str, Any] = {"native_options": [], "environment": {}, "slots": None, "memory_mb": None}
    return {"name": name, "unknown": "", "skipped": why, **empty}


def _unknown(name: str, known: Collection[str]) -> dict[str, Any]:
    message = f"The job configuration has no environment {name}; it has {', '.join(known) or 'none'}."
    return {**_not_tried(name, ""), "unknown": message}
