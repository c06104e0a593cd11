# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""LSF's queues and hosts, by the listings that LSF and OpenLava have in common. Measured on OpenLava 2.2."""

from __future__ import annotations

import re
from typing import Dict, List, Optional, Sequence, Tuple

from .cluster import (
    ClusterStatus,
    NodeState,
    NodeStatus,
    QueueState,
    QueueStatus,
    megabytes,
    occupancy,
    once,
    queue_state,
    with_queues,
)
from .errors import ParseError
from .model import Command, CommandResult

#: bhosts(1), STATUS.
_CLOSED = {
    "closed_Adm",
    "closed_Busy",
    "closed_cu_Excl",
    "closed_EGO",
    "closed_Lock",
    "closed_Wind",
    "closed_RC",
    "closed_LIM_Down",
}
_FULL = {"closed_Full", "closed_Excl"}
_DOWN = {"unavail", "unreach", "closed_LIM"}
_HEADS = re.compile(r"^PRIO NICE STATUS .*\n +\S+ +\S+ +(\S+) ", re.MULTILINE)
_LIMITS = re.compile(r"^ ((?:[A-Z]+ *)+)\n +([0-9].*)$", re.MULTILINE)
_HOSTS = re.compile(r"^HOSTS: +(.+(?:\n {5,}\S.*)*)", re.MULTILINE)


def commands() -> List[Command]:
    return [
        Command(argv) for argv in (("lsid",), ("bparams", "-l"), ("bqueues", "-l"), ("bhosts", "-w"), ("lshosts", "-w"))
    ]


def read(results: Sequence[CommandResult]) -> ClusterStatus:
    lsid, bparams, bqueues, bhosts, lshosts = results
    name = re.search(r"^My cluster name is (\S+)$", lsid.stdout, re.MULTILINE)
    version = re.search(r"\b([0-9]+(?:\.[0-9]+)+)\b", lsid.stdout)
    if name is None or version is None:
        raise ParseError("lsid", lsid.stdout)
    default = re.search(r"DEFAULT_QUEUE\s*=\s*(.+)|^Default Queues:\s*(.+)$", bparams.stdout, re.MULTILINE)
    defaults = (default.group(1) or default.group(2)).split() if default else []
    nodes = _hosts(bhosts, _static(lshosts))
    queues = tuple(_queue(text, [node.name for node in nodes], defaults) for text in _queue_texts(bqueues))
    return ClusterStatus("lsf", version.group(1), name.group(1), queues, with_queues(nodes, queues))


def _queue_texts(result: CommandResult) -> List[str]:
    head, *texts = re.split(r"^QUEUE: ", result.stdout, flags=re.MULTILINE)
    if head.strip() or not texts:
        raise ParseError("bqueues", result.stdout)
    return texts


def _queue(text: str, hosts: Sequence[str], defaults: Sequence[str]) -> QueueStatus:
    name, status, listed = text.split("\n", 1)[0].strip(), _HEADS.search(text), _HOSTS.search(text)
    if not name or status is None or listed is None:
        raise ParseError("bqueues", text)
    limits = _limits(text)
    minutes = re.match(r"[0-9.]+", limits.get("RUNLIMIT", ""))
    return QueueStatus(
        name,
        _queue_state(status.group(1)),
        status.group(1),
        default=name in defaults,
        walltime_seconds=int(float(minutes.group()) * 60) if minutes else None,
        memory_mb=megabytes(limits.get("MEMLIMIT", "")),
        nodes=_queue_hosts(listed.group(1), hosts),
    )


def _limits(text: str) -> Dict[str, str]:
    """The queue's hard limits: a row of names over a row of values such as ``2.0 min of hostA`` or ``20000 K``."""
    hard = text.split("DEFAULT LIMITS:")[0] + text.partition("MAXIMUM LIMITS:")[2]
    found: Dict[str, str] = {}
    for names, values in _LIMITS.findall(hard):
        amounts = re.findall(r"[0-9.]+ (?:min(?: of \S+)?|[KMGT]\b)|[0-9.]+", values)
        found.update(zip(names.split(), amounts))
    return found


def _queue_state(native: str) -> QueueState:
    takes, _colon, starts = native.partition(":")
    if takes not in ("Open", "Closed") or not re.match(r"(Active|Inact)", starts):
        return QueueState.UNKNOWN
    return queue_state(takes == "Open", starts.startswith("Active"))


def _queue_hosts(listed: str, hosts: Sequence[str]) -> Tuple[str, ...]:
    """All hosts, or those named. Host groups (``group/``) are not looked up."""
    words = listed.split()
    if words[0] == "all":
        return tuple(hosts)
    named = {re.sub(r"\+[0-9]*$", "", word) for word in words}
    return tuple(host for host in hosts if host in named)


def _rows(result: CommandResult, first: str, needed: Sequence[str]) -> List[Dict[str, str]]:
    """The rows of a table by its column's names."""
    program = result.command.argv[0]
    lines = [line for line in result.stdout.split("\n") if line.strip()]
    if not lines or not result.stdout.endswith("\n") or not lines[0].startswith(first):
        raise ParseError(program, result.stdout)
    names = lines[0].split()
    rows = [dict(zip(names, line.split(None, len(names) - 1))) for line in lines[1:]]
    if not all(set(needed) <= set(row) for row in rows):
        raise ParseError(program, result.stdout)
    try:
        once(row[first] for row in rows)
    except ValueError as error:
        raise ParseError(program, str(error)) from error
    return rows


def _static(result: CommandResult) -> Dict[str, Dict[str, str]]:
    return {row["HOST_NAME"]: row for row in _rows(result, "HOST_NAME", ("type", "ncpus", "maxmem"))}


def _hosts(result: CommandResult, static: Dict[str, Dict[str, str]]) -> List[NodeStatus]:
    nodes = []
    for row in _rows(result, "HOST_NAME", ("STATUS", "MAX", "NJOBS")):
        known = static.get(row["HOST_NAME"], {})
        slots, used = _number(row["MAX"]) or _number(known.get("ncpus", "")), _number(row["NJOBS"])
        nodes.append(
            NodeStatus(
                row["HOST_NAME"],
                _node_state(row["STATUS"], used, slots),
                row["STATUS"],
                slots=slots,
                slots_used=used,
                memory_mb=megabytes(known.get("maxmem", "")),
                features=_features(known),
            )
        )
    return nodes


def _node_state(native: str, used: Optional[int], slots: Optional[int]) -> NodeState:
    if native in _DOWN:
        return NodeState.DOWN
    if native in _FULL:
        return NodeState.FULL
    if native in _CLOSED or native == "closed":
        return NodeState.CLOSED
    return occupancy(used, slots) if native == "ok" else NodeState.UNKNOWN


def _features(known: Dict[str, str]) -> Tuple[str, ...]:
    """Its type and model, and the resources that the administrator gave it, in brackets."""
    words = [known.get("type", "-"), known.get("model", "-"), *known.get("RESOURCES", "").strip("() ").split()]
    return tuple(dict.fromkeys(word for word in words if word not in ("-", "UNKNOWN")))


def _number(text: str) -> Optional[int]:
    return int(text) if text.isdigit() else None
