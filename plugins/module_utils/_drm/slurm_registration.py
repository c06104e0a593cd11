# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Slurm's partitions that only some hosts may submit to (AllocNodes), by scontrol. Measured on 22.05 and 24.11.

scontrol changes the running controller alone: what is in slurm.conf is what counts after its next start.
"""

from __future__ import annotations

import re
from typing import Dict, List, Optional, Sequence, Tuple

from .errors import InvalidRequestError, ParseError
from .model import Command, CommandResult
from .registration import Lists, Plan, Registration, Wanted, without
from .slurm_answer import expand_nodes

_ALL = ("ALL",)


class SlurmRegistration(Registration):
    """A host may submit to every partition whose AllocNodes is ALL, as it is by default."""

    name = "slurm"
    fields = frozenset(("cluster", "queues"))

    def build_read(self, cluster: str) -> List[Command]:
        show = ("scontrol", *_options(cluster), "--all", "--oneliner", "show")
        return [Command((*show, "partition")), Command((*show, "config"))]

    def build_details(self, results: Sequence[CommandResult]) -> List[Command]:
        return [Command(("cat", _configuration(results[1])))]

    def answers(self, result: CommandResult) -> bool:
        # On a host without the file nothing can be said of what stands in it.
        return result.rc == 0 or result.command.argv[0] == "cat"

    def plan(self, results: Sequence[CommandResult], wanted: Wanted, cluster: str) -> Plan:
        told = _alloc_nodes(results[0])
        unknown = [name for name in wanted.queues if name not in told]
        if unknown:
            raise InvalidRequestError("queues", "the controller knows no partition %s" % ", ".join(unknown))
        before = {name: told[name] for name in wanted.queues or told}
        after = {name: _changed(hosts, wanted) for name, hosts in before.items()}
        commands = tuple(
            Command(
                ("scontrol", *_options(cluster), "update", "partitionname=%s" % name, "allocnodes=%s" % _list(hosts))
            )
            for name, hosts in after.items()
            if hosts != before[name]
        )
        by_hand = "" if wanted.present else _not_to_be_removed(before, after, wanted)
        notes, persistent = _written(results[1], results[2], before, wanted)
        return Plan(before, after, commands, notes, by_hand, persistent)


def _options(cluster: str) -> Tuple[str, ...]:
    return ("--clusters=%s" % cluster,) if cluster else ()


def _list(hosts: Sequence[str]) -> str:
    return ",".join(hosts)


def _alloc_nodes(result: CommandResult) -> Dict[str, Tuple[str, ...]]:
    rows = re.findall(r"^PartitionName=(\S+) .*?\bAllocNodes=(\S+)", result.stdout, re.MULTILINE)
    if not rows:
        raise ParseError("scontrol show partition", result.stdout)
    return {name: expand_nodes(hosts) for name, hosts in rows}


def _may(hosts: Sequence[str], wanted: Wanted) -> bool:
    return tuple(hosts) == _ALL or any(wanted.is_host(name) for name in hosts)


def _changed(hosts: Tuple[str, ...], wanted: Wanted) -> Tuple[str, ...]:
    if wanted.present:
        return hosts if _may(hosts, wanted) else (*hosts, wanted.host)
    return without(hosts, wanted)


def _not_to_be_removed(before: Lists, after: Lists, wanted: Wanted) -> str:
    for name, hosts in before.items():
        if hosts == _ALL and name in wanted.queues:
            return "AllocNodes of partition %s is ALL: give it the list of the others instead" % name
        # An empty list would let everybody in.
        if hosts and not after[name]:
            return "%s is the only host of AllocNodes of partition %s, and Slurm takes an empty list for ALL" % (
                wanted.host,
                name,
            )
    return ""


def _configuration(config: CommandResult) -> str:
    path = re.search(r"^SLURM_CONF\s*= (/\S+)$", config.stdout, re.MULTILINE)
    if path is None:
        raise ParseError("scontrol show config", config.stdout)
    return path.group(1)


def _written(
    config: CommandResult, text: CommandResult, partitions: Lists, wanted: Wanted
) -> Tuple[Tuple[str, ...], Optional[bool]]:
    """What slurm.conf says of the same partitions: that is what the controller's next start leaves."""
    path = _configuration(config)
    written = _written_lists(text.stdout) if text.rc == 0 else {}
    # Included files, and the partitions of DEFAULT lines, are not followed.
    unknown = [name for name in partitions if name not in written]
    if unknown:
        return ("%s on this host does not show AllocNodes of partition %s" % (path, ", ".join(unknown)),), None
    wrong = [name for name in partitions if _may(written[name], wanted) is not wanted.present]
    notes = tuple(
        "%s has AllocNodes=%s for partition %s: change it there too, or this is gone when slurmctld next reads it"
        % (path, _list(written[name]), name)
        for name in wrong
    )
    return notes, not wrong


def _written_lists(text: str) -> Dict[str, Tuple[str, ...]]:
    lines = re.sub(r"\\\n", " ", text).splitlines()
    found: Dict[str, Tuple[str, ...]] = {}
    for line in lines:
        # Slurm's names are of any case.
        name = re.match(r"\s*PartitionName=(\S+)", line, re.IGNORECASE)
        hosts = re.search(r"\sAllocNodes=(\S+)", line.partition("#")[0], re.IGNORECASE)
        if name:
            found[name.group(1)] = expand_nodes(hosts.group(1)) if hosts else found.get("DEFAULT", _ALL)
    return found
