# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Grid Engine's cluster queues and hosts, by the XML of qhost and qstat: qconf answers on administrative hosts alone. Measured on 8.1.9."""

from __future__ import annotations

import re
from typing import Dict, List, Mapping, Optional, Sequence, Tuple
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
    with_nodes,
)
from .errors import ParseError
from .model import Command, CommandResult

#: qstat(1), the letters of a queue instance's state. a and A are the load's: it takes no more for the moment.
_UNREACHED = "u"
_SHUT = "adsACDESoc"
_ALARMS = "aA"


def commands(environ: Mapping[str, str]) -> List[Command]:
    """``environ`` names the cell, where it is another."""
    # Of jobs nothing is to be told: root has none.
    queues = ("qstat", "-f", "-F", "h_rt", "-u", "root", "-xml")
    return [Command(argv, environ=environ) for argv in (("qstat", "-help"), queues, ("qhost", "-q", "-xml"))]


def read(results: Sequence[CommandResult]) -> ClusterStatus:
    usage, qstat, qhost = results
    version = re.match(r"\s*([A-Z]+) ([0-9]\S*)", usage.stdout)
    if version is None:
        raise ParseError("qstat -help", usage.stdout)
    hosts = _hosts(qhost)
    nodes = [_node(name, values, instances) for name, values, instances in hosts]
    queues = [_queue(name, limits, hosts) for name, limits in _limits(qstat, hosts).items()]
    whole = "%s %s" % version.groups()
    return ClusterStatus("gridengine", whole, "", with_nodes(queues, nodes), tuple(nodes))


#: One host: its name, its own values, and each queue instance's values by the queue's name.
_Host = Tuple[str, Dict[str, str], Dict[str, Dict[str, str]]]


def _hosts(result: CommandResult) -> List[_Host]:
    try:
        root = ElementTree.fromstring(result.stdout)
        found = [
            (
                str(host.attrib["name"]),
                {str(item.get("name")): item.text or "" for item in host.findall("hostvalue")},
                {
                    str(queue.attrib["name"]): {
                        str(item.get("name")): item.text or "" for item in queue.findall("queuevalue")
                    }
                    for queue in host.findall("queue")
                },
            )
            for host in root.findall("host")
        ]
        once(name for name, _values, _instances in found)
    except (ElementTree.ParseError, KeyError, ValueError) as error:
        raise ParseError("qhost", result.stdout) from error
    if root.tag != "qhost":
        raise ParseError("qhost", result.stdout)
    return [host for host in found if host[0] != "global"]


def _node(name: str, values: Dict[str, str], instances: Dict[str, Dict[str, str]]) -> NodeStatus:
    # A slot may be in several queues: the largest of them is the most that can be told.
    slots = [_number(queue.get("slots", "")) or 0 for queue in instances.values()]
    used = sum(_number(queue.get("slots_used", "")) or 0 for queue in instances.values())
    letters = {queue: values.get("state_string", "") for queue, values in instances.items()}
    silent = values.get("load_avg", "-") == "-"
    arch = values.get("arch_string", "-")
    whole = max([*slots, used]) if instances else None
    return NodeStatus(
        name,
        _state(list(letters.values()), silent, used, whole),
        ",".join("%s:%s" % item for item in sorted(letters.items()) if item[1]),
        slots=whole,
        slots_used=used,
        memory_mb=megabytes(values.get("mem_total", "")),
        features=() if arch == "-" else (arch,),
        queues=tuple(sorted(instances)),
        message="its execd does not answer" if silent else "",
    )


def _state(states: List[str], silent: bool, used: int, slots: Optional[int]) -> NodeState:
    if silent or (states and all(_UNREACHED in state for state in states)):
        return NodeState.DOWN
    if any(set(state) - set(_UNREACHED + _SHUT) for state in states):
        return NodeState.UNKNOWN
    # Each letter keeps new jobs away, and so does being in no queue.
    if all(states):
        return NodeState.CLOSED
    return occupancy(used, slots)


def _limits(result: CommandResult, hosts: Sequence[_Host]) -> Dict[str, List[str]]:
    """The time limits of each queue's instances. Both listings have to tell of the same instances."""
    try:
        root = ElementTree.fromstring(result.stdout)
        limits = {
            (queue.findtext("name") or "").strip(): (queue.findtext("resource[@name='h_rt']") or "").strip()
            for queue in root.findall("queue_info/Queue-List")
        }
    except ElementTree.ParseError as error:
        raise ParseError("qstat -f", result.stdout) from error
    known = {"%s@%s" % (queue, host) for host, _values, instances in hosts for queue in instances}
    if root.tag != "job_info" or set(limits) != known or not all(limits.values()):
        raise ParseError("qstat -f", result.stdout)
    found: Dict[str, List[str]] = {}
    for name, limit in limits.items():
        found.setdefault(name.partition("@")[0], []).append(limit)
    return found


def _queue(name: str, limits: List[str], hosts: Sequence[_Host]) -> QueueStatus:
    states = [instances[name] for _host, _values, instances in hosts if name in instances]
    letters = [state.get("state_string", "") for state in states]
    # A job can have the longest of them; one that is no time is none.
    seconds = [int(limit) if limit.isdigit() else clock_seconds(limit) for limit in limits]
    whole = [limit for limit in seconds if limit is not None]
    slots = sum(_number(state.get("slots", "")) or 0 for state in states)
    return QueueStatus(
        name,
        _queue_state(letters),
        ",".join(letter or "-" for letter in sorted(set(letters))),
        False,
        max(whole) if len(whole) == len(seconds) else None,
        slots=slots,
    )


def _queue_state(letters: List[str]) -> QueueState:
    """Jobs can always be sent to a queue; it starts them where one of its instances is open."""
    if any(set(letter) - set(_UNREACHED + _SHUT) for letter in letters):
        return QueueState.UNKNOWN
    return QueueState.OPEN if any(not letter.strip(_ALARMS) for letter in letters) else QueueState.STOPPED


def _number(text: str) -> Optional[int]:
    return int(text) if text.isdigit() else None
