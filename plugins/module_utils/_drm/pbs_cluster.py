# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Queues and nodes of OpenPBS and TORQUE. Both tell queues and server in one text form; nodes OpenPBS in JSON, TORQUE in XML.

Measured on OpenPBS 23.06.06 and TORQUE 6.1.3.
"""

from __future__ import annotations

import json
import re
from typing import Any, Dict, List, Optional, Sequence, Tuple
from xml.etree import ElementTree

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
    queue_state,
    with_queues,
)
from .errors import InvalidRequestError, ParseError
from .model import Command, CommandResult

#: pbsnodes(8): a node's state is one of these or several with commas.
_DOWN = {"down", "unresolvable", "stale", "Stale", "sleep"}
_CLOSED = {
    "offline",
    "busy",
    "maintenance",
    "resv-exclusive",
    "reserve",
    "provisioning",
    "wait-provisioning",
    "initializing",
    "state-unknown",
}
_FULL = {"job-exclusive", "job-busy", "time-shared-full"}
_SERVER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]*")


def pbspro_commands(cluster: str) -> List[Command]:
    return _commands(cluster, "-a", "-F", "json")


def torque_commands(cluster: str) -> List[Command]:
    return _commands(cluster, "-x")


def _commands(cluster: str, *how: str) -> List[Command]:
    if cluster and not _SERVER.fullmatch(cluster):
        raise InvalidRequestError("cluster", "%r is no server's name" % cluster)
    server = ("-s", cluster) if cluster else ()
    queues = ("@" + cluster,) if cluster else ()
    return [
        Command(("qstat", "-B", "-f", *((cluster,) if cluster else ()))),
        Command(("qstat", "-Q", "-f", *queues)),
        Command(("pbsnodes", *server, *how)),
    ]


def read_pbspro(results: Sequence[CommandResult]) -> ClusterStatus:
    return _read("pbspro", results, _json_nodes(results[2]))


def read_torque(results: Sequence[CommandResult]) -> ClusterStatus:
    return _read("torque", results, _xml_nodes(results[2]))


#: A node and the queue that it is kept for, if any.
_Nodes = List[Tuple[NodeStatus, str]]


def _read(drm: str, results: Sequence[CommandResult], nodes: _Nodes) -> ClusterStatus:
    servers, queues = blocks(results[0], "Server"), blocks(results[1], "Queue")
    if len(servers) != 1 or "pbs_version" not in servers[0][1]:
        raise ParseError("qstat -B -f", results[0].stdout)
    server, facts = servers[0]
    default = facts.get("default_queue", "").partition("@")[0]
    told = tuple(_queue(name, values, nodes, default) for name, values in queues)
    return ClusterStatus(
        drm, facts["pbs_version"], server, told, with_queues((node for node, _queue_name in nodes), told)
    )


def blocks(result: CommandResult, kind: str) -> List[Tuple[str, Dict[str, str]]]:
    """``Queue: name`` and its attributes; a line that begins with a tab goes on with the one before."""
    text = result.stdout.replace("\n\t", "")
    found = []
    for block in re.split(r"^(?=%s: )" % kind, text, flags=re.MULTILINE):
        head, _newline, rest = block.partition("\n")
        if head.startswith(kind + ": "):
            found.append((head[len(kind) + 2 :].strip(), dict(re.findall(r"^ +(\S+) = (.*)$", rest, re.MULTILINE))))
        elif block.strip():
            raise ParseError(" ".join(result.command.argv), result.stdout)
    if not found:
        raise ParseError(" ".join(result.command.argv), result.stdout)
    return found


def _queue(name: str, values: Dict[str, str], nodes: _Nodes, default: str) -> QueueStatus:
    if not {"queue_type", "enabled", "started"} <= set(values):
        raise ParseError("qstat -Q -f", "%s: %r" % (name, values))
    words = [values["enabled"], values["started"]]
    state = (
        queue_state(words[0] == "True", words[1] == "True") if set(words) <= {"True", "False"} else QueueState.UNKNOWN
    )
    own = [node for node, kept_for in nodes if _works_for(name, values, node, kept_for)]
    limit = values.get("resources_max.walltime", "")
    return QueueStatus(
        name,
        state,
        "enabled=%s started=%s" % (words[0], words[1]),
        default=name == default,
        walltime_seconds=int(limit) if limit.isdigit() else clock_seconds(limit),
        memory_mb=megabytes(values.get("resources_max.mem", "")),
        slots=sum(node.slots or 0 for node in own),
        nodes=tuple(node.name for node in own),
    )


def _works_for(name: str, values: Dict[str, str], node: NodeStatus, kept_for: str) -> bool:
    """A node works for the queue that it is kept for, else for all; TORQUE's queues may want nodes of a property."""
    if values["queue_type"] not in ("Execution", "E"):
        return False
    wanted = values.get("resources_default.neednodes", "")
    return kept_for in ("", name) and (not wanted or wanted in node.features)


def _json_nodes(result: CommandResult) -> _Nodes:
    try:
        told = json.loads(result.stdout, strict=False, object_pairs_hook=_unforged)["nodes"]
        found = [(_json_node(name, values), str(values.get("queue", ""))) for name, values in told.items()]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ParseError("pbsnodes", result.stdout) from error
    return found


def _unforged(pairs: List[Tuple[str, Any]]) -> Dict[str, Any]:
    once(name for name, _value in pairs)
    return dict(pairs)


def _json_node(name: str, values: Dict[str, Any]) -> NodeStatus:
    has, taken = values["resources_available"], values.get("resources_assigned", {})
    slots, used = int(has.get("ncpus", values.get("pcpus", 0))), int(taken.get("ncpus", 0))
    features = [str(has["arch"])] if "arch" in has else []
    features += sorted(key for key, value in has.items() if value in (True, "True"))
    return NodeStatus(
        name,
        _state(values["state"], used, slots),
        values["state"],
        slots=slots,
        slots_used=used,
        memory_mb=megabytes(str(has.get("mem", ""))),
        gpus=int(has["ngpus"]) if "ngpus" in has else None,
        features=tuple(features),
        message=str(values.get("comment", "")),
    )


def _xml_nodes(result: CommandResult) -> _Nodes:
    try:
        root = ElementTree.fromstring(result.stdout)
        found = [_xml_node({item.tag: item.text or "" for item in node}) for node in root.findall("Node")]
        once(node.name for node in found)
    except (ElementTree.ParseError, KeyError, ValueError) as error:
        raise ParseError("pbsnodes", result.stdout) from error
    if root.tag != "Data" or not found:
        raise ParseError("pbsnodes", result.stdout)
    return [(node, "") for node in found]


def _xml_node(values: Dict[str, str]) -> NodeStatus:
    slots, used = int(values["np"]), _slots_in_use(values.get("jobs", ""))
    # The machine's own word, with spaces and commas in what uname says: the first of a name counts.
    status = dict(reversed(re.findall(r"(?:^|,)([a-z]+)=([^,]*)", values.get("status", ""))))
    return NodeStatus(
        values["name"],
        _state(values["state"], used, slots),
        values["state"],
        slots=slots,
        slots_used=used,
        memory_mb=megabytes(status.get("physmem", "")),
        gpus=int(values.get("gpus") or 0),
        features=tuple(word for word in values.get("properties", "").split(",") if word),
        message=values.get("note", ""),
    )


def _slots_in_use(jobs: str) -> int:
    """``0/64.server,1-3/65.server``: the slots stand in front of the job."""
    used = 0
    for first, last in re.findall(r"(?:^|[,\s])([0-9]+)(?:-([0-9]+))?(?=/|,[0-9])", jobs):
        used += int(last or first) - int(first) + 1
    return used


def _state(native: str, used: Optional[int], slots: Optional[int]) -> NodeState:
    words = {word.strip() for word in native.split(",")}
    if words & _DOWN:
        return NodeState.DOWN
    if words & {"state-unknown"} or words - _CLOSED - _FULL - {"free"}:
        return NodeState.UNKNOWN
    if words & _CLOSED:
        return NodeState.CLOSED
    return NodeState.FULL if words & _FULL else occupancy(used, slots)
