# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Slurm's partitions and nodes, by scontrol, whose one-line form is the same in 22.05 and 24.11."""

from __future__ import annotations

import re
from typing import Dict, List, Optional, Sequence, Tuple

from .cluster import (
    ClusterStatus,
    NodeState,
    NodeStatus,
    QueueState,
    QueueStatus,
    clock_seconds,
    megabytes,
    occupancy,
    once,
)
from .errors import ParseError
from .model import Command, CommandResult
from .slurm_answer import expand_nodes

#: scontrol(1), State of a partition.
_QUEUE_STATES = {
    "UP": QueueState.OPEN,
    "DOWN": QueueState.STOPPED,
    "DRAIN": QueueState.DRAINING,
    "INACTIVE": QueueState.CLOSED,
}
#: sinfo(1), NODE STATE CODES: a base state and flags behind it.
_UP = ("IDLE", "MIXED", "ALLOCATED")
_DEAD = ("DOWN", "ERROR", "FUTURE")
_DEAD_FLAGS = {"NOT_RESPONDING", "INVALID_REG"}
_CLOSED_FLAGS = {
    "DRAIN",
    "FAIL",
    "MAINTENANCE",
    "MAINT",
    "REBOOT_ISSUED",
    "REBOOT_REQUESTED",
    "POWERING_DOWN",
    "POWER_DOWN",
    "BLOCKED",
    # For the jobs of a reservation alone.
    "RESERVED",
}
# The operating system's text stands in front of the state and holds spaces; a reason or comment stands behind it.
_PAIR = re.compile(r"(?:^|\s)([A-Za-z][A-Za-z0-9_:]*)=(\S*)")
_NONE = ("", "(null)", "N/A", "None")


def commands(cluster: Tuple[str, ...]) -> List[Command]:
    """``cluster`` as options of scontrol. Hidden partitions too: it is the cluster that is asked for."""
    show = ("scontrol", *cluster, "--all", "--oneliner", "show")
    return [Command((*show, what)) for what in ("config", "partition", "node")]


def read(results: Sequence[CommandResult]) -> ClusterStatus:
    config, partitions, nodes = results
    facts = dict(re.findall(r"^(SLURM_VERSION|ClusterName)\s*= (\S+)$", config.stdout, re.MULTILINE))
    if len(facts) != 2:
        raise ParseError("scontrol show config", config.stdout)
    return ClusterStatus(
        "slurm",
        facts["SLURM_VERSION"],
        facts["ClusterName"],
        tuple(_partition(values) for values in _records(partitions, "PartitionName", ("State", "MaxTime", "Nodes"))),
        tuple(_node(values) for values in _records(nodes, "NodeName", ("State", "CPUTot", "CPUAlloc", "RealMemory"))),
    )


def _records(result: CommandResult, key: str, needed: Sequence[str]) -> List[Dict[str, str]]:
    """One record a line (or several lines in scontrol's longer form); of two values of one name the first counts."""
    if not result.stdout.endswith("\n"):
        raise ParseError(" ".join(result.command.argv), result.stdout[-500:])
    records = []
    for text in re.split(r"^(?=%s=)" % key, result.stdout, flags=re.MULTILINE):
        values = dict(reversed(_PAIR.findall(text)), reason=_reason(text))
        if not text.strip():
            continue
        if not set(needed) <= set(values) or not text.startswith(key + "="):
            raise ParseError(" ".join(result.command.argv), text)
        records.append(values)
    try:
        once(values[key] for values in records)
    except ValueError as error:
        raise ParseError(" ".join(result.command.argv), str(error)) from error
    if not records:
        raise ParseError(" ".join(result.command.argv), result.stdout)
    return records


def _reason(text: str) -> str:
    """The administrator's words; Slurm puts who and when behind them, and a comment after that."""
    found = re.search(r"\sReason=(.*?)(?: \[[^\[\]]*\])?(?=\s+(?:Comment|Extra)=|\s*$)", text)
    return found.group(1) if found and found.group(1) not in _NONE else ""


def _partition(values: Dict[str, str]) -> QueueStatus:
    return QueueStatus(
        values["PartitionName"],
        _QUEUE_STATES.get(values["State"], QueueState.UNKNOWN),
        values["State"],
        default=values.get("Default") == "YES",
        walltime_seconds=clock_seconds(values["MaxTime"]),
        memory_mb=megabytes(values.get("MaxMemPerNode", ""), "M"),
        slots=_number(values.get("TotalCPUs", "")),
        nodes=() if values["Nodes"] in _NONE else expand_nodes(values["Nodes"]),
    )


def _node(values: Dict[str, str]) -> NodeStatus:
    slots, used = _number(values["CPUTot"]), _number(values["CPUAlloc"])
    return NodeStatus(
        values["NodeName"],
        _state(values["State"], used, slots),
        values["State"],
        slots=slots,
        slots_used=used,
        memory_mb=megabytes(values["RealMemory"], "M"),
        gpus=_gpus(values.get("Gres", "")),
        features=_names(values.get("ActiveFeatures", "")),
        queues=_names(values.get("Partitions", "")),
        message=values["reason"],
    )


def _state(native: str, used: Optional[int], slots: Optional[int]) -> NodeState:
    base, *flags = native.split("+")
    if base.rstrip("*~#!%$@^-") in _DEAD or "*" in base or _DEAD_FLAGS & set(flags):
        return NodeState.DOWN
    if base.rstrip("*~#!%$@^-") not in _UP:
        return NodeState.UNKNOWN
    return NodeState.CLOSED if _CLOSED_FLAGS & set(flags) else occupancy(used, slots)


def _gpus(gres: str) -> int:
    """``gpu:a100:4(S:0-1),gpu:2,shard:8``: what stands last before a bracket is how many."""
    counts = re.findall(r"(?:^|,)gpu(?::[^:,()]+)??:([0-9]+)(?=[(,]|$)", gres)
    return sum(int(count) for count in counts)


def _names(text: str) -> Tuple[str, ...]:
    return () if text in _NONE else tuple(text.split(","))


def _number(text: str) -> Optional[int]:
    return int(text) if text.isdigit() else None
