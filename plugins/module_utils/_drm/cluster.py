# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster's facts, of one shape on every DRM: its queues, its nodes, their limits and states. No input or output here."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, replace
from enum import Enum
from typing import Any, Dict, Iterable, List, Optional, Sequence, Set, Tuple


class QueueState(str, Enum):
    """What a queue does with jobs."""

    OPEN = "OPEN"
    #: It takes jobs and starts none.
    STOPPED = "STOPPED"
    #: It starts the jobs it has and takes no new ones.
    DRAINING = "DRAINING"
    CLOSED = "CLOSED"
    UNKNOWN = "UNKNOWN"


class NodeState(str, Enum):
    """What a node can do for the next job."""

    IDLE = "IDLE"
    #: Some of its slots are in use.
    MIXED = "MIXED"
    FULL = "FULL"
    #: It answers and takes no new jobs: drained, disabled, reserved for maintenance, overloaded.
    CLOSED = "CLOSED"
    DOWN = "DOWN"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True)
class QueueStatus:
    """One queue or partition. A limit that is None is not set, or not known; ``memory_mb`` is for a job on one node."""

    name: str
    state: QueueState
    native_state: str = ""
    default: bool = False
    walltime_seconds: Optional[int] = None
    memory_mb: Optional[int] = None
    slots: Optional[int] = None
    nodes: Tuple[str, ...] = ()


@dataclass(frozen=True)
class NodeStatus:
    """One node. ``memory_mb`` is what jobs can have on it, ``gpus`` how many it has; ``message`` why it is not in use."""

    name: str
    state: NodeState
    native_state: str = ""
    slots: Optional[int] = None
    slots_used: Optional[int] = None
    memory_mb: Optional[int] = None
    gpus: Optional[int] = None
    features: Tuple[str, ...] = ()
    queues: Tuple[str, ...] = ()
    message: str = ""


@dataclass(frozen=True)
class ClusterStatus:
    """A whole cluster: ``name`` is its own or its server's, ``version`` that of the DRM."""

    drm: str
    version: str
    name: str = ""
    queues: Tuple[QueueStatus, ...] = ()
    nodes: Tuple[NodeStatus, ...] = ()

    def as_dict(self) -> Dict[str, Any]:
        """Plain types for a module's result."""
        values = asdict(self)
        values["queues"] = [_plain(queue) for queue in values["queues"]]
        values["nodes"] = [_plain(node) for node in values["nodes"]]
        return values


def _plain(values: Dict[str, Any]) -> Dict[str, Any]:
    plain = {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}
    return dict(plain, state=values["state"].value)


def occupancy(used: Optional[int], slots: Optional[int]) -> NodeState:
    """The state of a node that is up, by its slots."""
    if not used:
        return NodeState.IDLE if used == 0 else NodeState.UNKNOWN
    return NodeState.FULL if slots is not None and used >= slots else NodeState.MIXED


def queue_state(takes: bool, starts: bool) -> QueueState:
    if takes:
        return QueueState.OPEN if starts else QueueState.STOPPED
    return QueueState.DRAINING if starts else QueueState.CLOSED


def with_queues(nodes: Iterable[NodeStatus], queues: Sequence[QueueStatus]) -> Tuple[NodeStatus, ...]:
    """The nodes with the names of the queues that name them, for a DRM that tells it of the queues alone."""
    of_node: Dict[str, List[str]] = {}
    for queue in queues:
        for name in queue.nodes:
            of_node.setdefault(name, []).append(queue.name)
    return tuple(replace(node, queues=tuple(of_node.get(node.name, ()))) for node in nodes)


def with_nodes(queues: Iterable[QueueStatus], nodes: Sequence[NodeStatus]) -> Tuple[QueueStatus, ...]:
    """The queues with the names of the nodes that name them, and their slots together, for a DRM that tells it of the nodes alone."""
    found = []
    for queue in queues:
        own = [node for node in nodes if queue.name in node.queues]
        slots = queue.slots if queue.slots is not None else sum(node.slots or 0 for node in own)
        found.append(replace(queue, nodes=tuple(node.name for node in own), slots=slots))
    return tuple(found)


def once(names: Iterable[str]) -> Set[str]:
    """The names, each once. Raises ValueError for a name that comes twice: one of the two would be forged, or the answer broken."""
    seen: Set[str] = set()
    for name in names:
        if name in seen:
            raise ValueError("%s is there twice" % name)
        seen.add(name)
    return seen


_UNITS = {"": 1, "B": 1, "K": 1024, "M": 1024**2, "G": 1024**3, "T": 1024**4, "P": 1024**5}


def megabytes(text: str, unit: str = "") -> Optional[int]:
    """``23.5G``, ``24684084kb`` or a number of ``unit`` as MiB; None for what is no amount."""
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?) ?([KMGTP]?)(?:i?B|bytes)?", text.strip(), re.IGNORECASE)
    if match is None:
        return None
    return int(float(match.group(1)) * _UNITS[(match.group(2) or unit).upper()] / _UNITS["M"])


def clock_seconds(text: str) -> Optional[int]:
    """``[[D-]H:]MM:SS`` as seconds; None for what is no time, such as UNLIMITED."""
    match = re.fullmatch(r"(?:([0-9]+)-)?(?:([0-9]+):)?([0-9]+):([0-9]+)", text.strip())
    if match is None:
        return None
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds
