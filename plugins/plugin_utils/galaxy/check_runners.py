# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runner plugins: Galaxy loads every one at its start and gives up on the first that does not take its parameters."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches

from .context import Subject, enabled
from .findings import Finding
from .model import Runner
from .parameters import MISREAD, RunnerType
from .runners import RULE_RUNNERS, near, runner_type

YAML_SINCE = "20.05"
# What Galaxy's sample files write, and what its code takes; empty: what belongs to an environment.
SAMPLE_NAMES = {
    "k8s_pod_retrials": "k8s_pod_retries",
    "amqp_republish_time": "amqp_ack_republish_time",
    "app": "pulsar_app_config",
    "requests_cpu": "",
    "requests_memory": "",
    "limits_cpu": "",
    "limits_memory": "",
}


def runners(subject: Subject) -> Iterator[Finding]:
    """Everything about the section, and the release that has to read it."""
    if subject.context.form == "yaml" and subject.context.lacks(YAML_SINCE):
        message = f"Galaxy {subject.context.galaxy_release} reads job_conf.xml alone"
        yield Finding("not-in-release", "job configuration", message, "Render XML, that is a path with .xml.")
    if not subject.conf.runners:
        yield Finding("no-runner", "runners", "is empty; Galaxy would not start", "Define at least one runner.")
    for runner in subject.conf.runners:
        if runner.id in RULE_RUNNERS or not enabled(runner.params):
            continue
        place = f"runners.{runner.id}"
        kind = runner_type(runner.load)
        yield from _workers(runner, place)
        if not kind:
            yield from _load(runner, place)
            continue
        yield from _release(subject, f"{place}.load", runner.load, kind.since)
        yield from _parameters(subject, runner, kind, place)


def _load(runner: Runner, place: str) -> Iterator[Finding]:
    meant = near(runner.load)
    place = f"{place}.load"
    if not runner.load:
        yield Finding("no-load", place, "is missing; Galaxy would not start", "Name the runner's class, module:Class.")
    elif meant:
        message = f"{runner.load!r} cannot be loaded; Galaxy would not start"
        yield Finding("unknown-runner-class", place, message, f"Write {' or '.join(meant)}.")
    else:
        message = f"{runner.load!r} is not in this collection's tables; its parameters are not checked"
        mend = "Compare them with its documentation, and waive this."
        yield Finding("unchecked-runner", place, message, mend)


def _workers(runner: Runner, place: str) -> Iterator[Finding]:
    if runner.workers is not None and not re.fullmatch(r"[1-9]\d*", str(runner.workers)):
        mend = "Leave it out for Galaxy's default, 4."
        yield Finding("bad-workers", f"{place}.workers", "is not an integer above 0", mend)
    elif isinstance(runner.workers, str):
        message = "is a text, for which Galaxy starts no worker"
        yield Finding("workers-not-number", f"{place}.workers", message, "Write it without quotes.")


def _parameters(subject: Subject, runner: Runner, kind: RunnerType, place: str) -> Iterator[Finding]:
    for name, value in runner.params.items():
        if name == "enabled":
            continue
        parameter = kind.params.get(name)
        if parameter is None:
            yield _unknown(runner, kind, name, f"{place}.{name}")
        elif not parameter.accepts(subject.as_read(value)):
            mend = f"Give {parameter.wanted}."
            mend += " A text is none, and XML has texts alone." if parameter.accepts(value) else ""
            yield Finding("bad-runner-value", f"{place}.{name}", "has a value that its runner refuses", mend)
        elif parameter.misread(subject.as_read(value)):
            mend = "Write false without quotes; in XML, leave the element empty."
            yield Finding("text-is-true", f"{place}.{name}", MISREAD, mend)
        else:
            yield from _release(subject, f"{place}.{name}", name, parameter.since)


def _unknown(runner: Runner, kind: RunnerType, name: str, place: str) -> Finding:
    message = f"is no parameter of {runner.load}; Galaxy would not start"
    if name in SAMPLE_NAMES and (kind.module in ("kubernetes", "pulsar")):
        meant = SAMPLE_NAMES[name]
        mend = f"Galaxy's sample says so, its code {meant}." if meant else "It belongs to an environment."
        return Finding("sample-name", place, message, mend)
    close = get_close_matches(name, kind.params, 1)
    mend = f"Is {close[0]} meant? " if close else ""
    return Finding(
        "unknown-runner-parameter",
        place,
        message,
        f"{mend}It takes {', '.join(('load', 'workers', 'enabled', *kind.params))}.",
    )


def _release(subject: Subject, place: str, what: str, since: str) -> Iterator[Finding]:
    if subject.context.lacks(since):
        message = f"{what} came with Galaxy {since}, and this one is {subject.context.galaxy_release}"
        yield Finding("not-in-release", place, message, "Leave it out, or set galaxy_release to what there is.")
