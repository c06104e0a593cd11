# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests against what the cluster has, where cluster facts are given: a job above a queue's limits is refused or waits for ever."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ...module_utils._drm.errors import InvalidRequestError
from ...module_utils._values import parse_walltime
from .context import Subject
from .findings import Finding, listed
from .model import Environment
from .natives import options_of
from .parameters import RunnerType
from .portable import READERS, read

_RU_WALLCLOCK = ("SGE ", "GE ")
_LIMITS = (("slots", "slots"), ("memory_mb", "memory_mb"), ("walltime", "walltime_seconds"))


def limits(subject: Subject) -> Iterator[Finding]:
    """Each environment of the cluster's DRM against the queue that it names, or the default one; without queues, against the nodes."""
    cluster = subject.context.cluster
    queues = {str(queue.get("name")): queue for queue in cluster.get("queues") or () if isinstance(queue, dict)}
    nodes = [node for node in cluster.get("nodes") or () if isinstance(node, dict)]
    if not queues and not nodes:
        return
    default = next((name for name, queue in queues.items() if queue.get("default")), "")
    for environment, kind, place in subject.placed:
        drm = subject.drm_of(environment, kind)
        if not drm or (cluster.get("drm") and cluster["drm"] != drm):
            continue
        asked = _asked(environment, kind, drm)
        if not queues:
            yield from _above_nodes(asked, nodes, place)
            continue
        name = str(asked.get("queue") or default)
        if asked.get("queue") and name not in queues:
            message = f"{name!r} is no queue of the cluster"
            yield Finding("unknown-queue", f"{place}.queue", message, f"It has {listed(queues)}.")
        elif name in queues:
            yield from _above(asked, queues[name], name, place)


def accounting(subject: Subject) -> Iterator[Finding]:
    """The univa runner reads a job's wallclock, which the Grid Engines of Sun's line (SGE 8.1.9, GE 6.2u5, GE 2011.11) call ru_wallclock."""
    version = str(subject.context.cluster.get("version"))
    if not version.startswith(_RU_WALLCLOCK):
        return
    for _environment, kind, place in subject.placed:
        if kind.module == "univa":
            message = f"the univa runner never sees the end of a job on {version}, whose accounting has no wallclock"
            mend = "Use the runner drmaa, or give Galaxy the qacct of docs/job_conf.md and waive this."
            yield Finding("univa-wallclock", f"{place}.runner", message, mend)


def _above(asked: Mapping[str, Any], queue: Mapping[str, Any], name: str, place: str) -> Iterator[Finding]:
    for option, fact in _LIMITS:
        most, wanted = queue.get(fact), asked.get(option)
        if isinstance(most, int) and isinstance(wanted, int) and wanted > most:
            message = f"{wanted} is more than the {most} that queue {name!r} gives a job"
            yield Finding("above-queue-limit", f"{place}.{option}", message, "Ask for less, or name another queue.")


def _above_nodes(asked: Mapping[str, Any], nodes: Sequence[Mapping[str, Any]], place: str) -> Iterator[Finding]:
    """A warning, since a DRM without queues, HTCondor, forgets the nodes that are off."""
    for option in ("slots", "memory_mb"):
        sizes, wanted = [node.get(option) for node in nodes], asked.get(option)
        known = [size for size in sizes if isinstance(size, int)]
        if known and len(known) == len(nodes) and isinstance(wanted, int) and wanted > max(known):
            message = f"{wanted} is more than the {max(known)} that any node has"
            yield Finding(
                "above-every-node", f"{place}.{option}", message, "Ask for less, or see whether larger nodes are off."
            )


def _asked(environment: Environment, kind: RunnerType, drm: str) -> dict[str, Any]:
    """The portable request, over what the native words say."""
    try:
        native = read(drm, options_of(environment, kind, drm)).request if drm in READERS else {}
    except ValueError:
        # Quotes that do not match are a finding of their own.
        native = {}
    asked = {**native, **environment.request}
    for option in ("slots", "memory_mb"):
        if str(asked.get(option, "")).isdigit():
            asked[option] = int(asked[option])
    try:
        asked["walltime"] = parse_walltime(asked.get("walltime"))
    except InvalidRequestError:
        # The translation refuses it by name.
        asked["walltime"] = None
    return asked
