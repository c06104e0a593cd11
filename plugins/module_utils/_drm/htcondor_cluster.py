# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTCondor's machines, by condor_status's JSON. It has no queues. Measured on 23.9.6."""

from __future__ import annotations

import json
import re
from typing import Any, Dict, List, Optional, Sequence

from .cluster import ClusterStatus, NodeState, NodeStatus, occupancy
from .errors import ParseError
from .model import Command, CommandResult

ATTRIBUTES = (
    "Name",
    "Machine",
    "State",
    "Activity",
    "SlotType",
    "Cpus",
    "TotalSlotCpus",
    "TotalSlotMemory",
    "TotalMemory",
    "TotalGPUs",
    "Arch",
    "OpSysAndVer",
    "Offline",
    "Start",
)
#: condor_status(1): the states of a slot. Owner: the machine's policy keeps jobs away.
_IN_USE = ("Claimed", "Preempting")
_FREE = ("Unclaimed", "Matched")
_CLOSED = ("Owner", "Drained", "Delete")
_BACKFILL = "Backfill"


def commands() -> List[Command]:
    """The pool's machines: a schedd's name makes no difference to them."""
    return [Command(("condor_version",)), Command(("condor_status", "-json", "-attributes", ",".join(ATTRIBUTES)))]


def read(results: Sequence[CommandResult]) -> ClusterStatus:
    versions, status = results
    version = re.search(r"\$CondorVersion: (\S+) ", versions.stdout)
    if version is None:
        raise ParseError("condor_version", versions.stdout)
    machines: Dict[str, List[Dict[str, Any]]] = {}
    for slot in _slots(status):
        machines.setdefault(slot["Machine"], []).append(slot)
    return ClusterStatus(
        "htcondor", version.group(1), nodes=tuple(_node(name, slots) for name, slots in machines.items())
    )


def _slots(result: CommandResult) -> List[Dict[str, Any]]:
    """The slots that make up the machines: a dynamic slot is a part of a partitionable one. A pool without machines prints nothing."""
    try:
        slots = json.loads(result.stdout)
        if not slots or len({slot["Name"] for slot in slots}) != len(slots):
            raise ValueError("no machine, or a slot twice")
        found = [slot for slot in slots if slot.get("SlotType") != "Dynamic"]
        if not all(isinstance(slot["Machine"], str) and isinstance(slot["State"], str) for slot in found):
            raise TypeError("a slot without machine and state")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ParseError(
            "condor_status", result.stdout or "(nothing: no machine is in the pool, or you may not see it)"
        ) from error
    return found


def _node(name: str, slots: List[Dict[str, Any]]) -> NodeStatus:
    first = slots[0]
    total, used = sum(_total(slot) for slot in slots), sum(_used(slot) for slot in slots)
    return NodeStatus(
        name,
        _state(slots, used, total),
        ",".join(sorted({"%s/%s" % (slot["State"], slot.get("Activity", "")) for slot in slots})),
        slots=total,
        slots_used=used,
        memory_mb=sum(_whole(slot.get("TotalSlotMemory")) or 0 for slot in slots) or None,
        gpus=_whole(first.get("TotalGPUs")),
        features=tuple(str(first[key]) for key in ("Arch", "OpSysAndVer") if isinstance(first.get(key), str)),
        message="Offline" if any(slot.get("Offline") is True for slot in slots) else "",
    )


def _total(slot: Dict[str, Any]) -> int:
    return _whole(slot.get("TotalSlotCpus")) or _whole(slot.get("Cpus")) or 0


def _used(slot: Dict[str, Any]) -> int:
    """Of a partitionable slot what is left is told; another is in use or not."""
    if slot.get("SlotType") == "Partitionable":
        return max(0, _total(slot) - (_whole(slot.get("Cpus")) or 0))
    return _total(slot) if slot["State"] in _IN_USE else 0


def _state(slots: List[Dict[str, Any]], used: int, total: int) -> NodeState:
    states = {slot["State"] for slot in slots}
    if all(slot.get("Offline") is True for slot in slots):
        return NodeState.DOWN
    if states - {*_IN_USE, *_FREE, *_CLOSED, _BACKFILL}:
        return NodeState.UNKNOWN
    if states <= set(_CLOSED):
        return NodeState.CLOSED
    return occupancy(used, total)


def _whole(value: Any) -> Optional[int]:
    """A number of a ClassAd, which may be a real; an expression that has no value comes as text."""
    return int(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None
