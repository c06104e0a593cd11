# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may submit to PBS Pro and TORQUE: attributes of the server, by qstat and qmgr.

The servers' attributes were recorded on OpenPBS 23.06.06 and TORQUE 6.1.3; qmgr's words follow the two manuals.
"""

from __future__ import annotations

import re
from typing import Dict, List, Sequence, Tuple

from .model import Command, CommandResult
from .pbs_cluster import blocks
from .registration import Plan, Registration, Wanted, without

_ACL = "acl_hosts"
_Hosts = Dict[str, Tuple[str, ...]]
_OPEN = "acl_host_enable is not set, so the server talks to every host"


class _PbsRegistration(Registration):
    def build_read(self, cluster: str) -> List[Command]:
        return [Command(("qstat", "-B", "-f", *((cluster,) if cluster else ())))]

    def plan(self, results: Sequence[CommandResult], wanted: Wanted, cluster: str) -> Plan:
        [(_server, values)] = blocks(results[0], "Server")
        before = self.read(values)
        after, notes, by_hand = self.wish(values, before, wanted)
        words = [word for name in sorted(before) for word in _changes(name, before[name], after[name])]
        server = (cluster,) if cluster else ()
        commands = tuple(Command(("qmgr", "-c", "set server %s" % word, *server)) for word in words)
        return Plan(before, after, commands, notes, by_hand)

    def read(self, values: Dict[str, str]) -> _Hosts:
        """The attributes that say who may submit."""
        raise NotImplementedError

    def wish(self, values: Dict[str, str], before: _Hosts, wanted: Wanted) -> Tuple[_Hosts, Tuple[str, ...], str]:
        """The same as they should be, what there is to know, and what no command does."""
        raise NotImplementedError


class PbsProRegistration(_PbsRegistration):
    """PBS Pro takes jobs of every host that may talk to the server, and then asks whether the accounts are the same (flatuid)."""

    name = "pbspro"
    fields = frozenset(("cluster", "flatuid"))

    def read(self, values: Dict[str, str]) -> _Hosts:
        lists: _Hosts = {"flatuid": (values.get("flatuid", "False"),)}
        return dict(lists, **{_ACL: _names(values, _ACL)}) if _is_on(values) else lists

    def wish(self, values: Dict[str, str], before: _Hosts, wanted: Wanted) -> Tuple[_Hosts, Tuple[str, ...], str]:
        after = dict(before)
        if not wanted.present:
            left = ("flatuid is for all hosts, and is left as it is",)
            return dict(after, **_acl_without(before, wanted)), left, _not_to_be_removed(values, before, wanted)
        if wanted.flatuid:
            after["flatuid"] = ("True",)
        missing = "flatuid is not True: jobs from %s are refused (Bad UID) unless the server's hosts.equiv names it"
        notes: Tuple[str, ...] = () if after["flatuid"] == ("True",) else (missing % wanted.host,)
        return dict(after, **_acl_with(before, wanted)), notes, ""


class TorqueRegistration(_PbsRegistration):
    """TORQUE has a list of hosts that may submit, beside the one of those that may talk to the server."""

    name = "torque"

    def read(self, values: Dict[str, str]) -> _Hosts:
        lists: _Hosts = {"submit_hosts": _names(values, "submit_hosts")}
        return dict(lists, **{_ACL: _names(values, _ACL)}) if _is_on(values) else lists

    def wish(self, values: Dict[str, str], before: _Hosts, wanted: Wanted) -> Tuple[_Hosts, Tuple[str, ...], str]:
        hosts = without(before["submit_hosts"], wanted)
        notes = ("allow_node_submit is True: a compute node may submit anyway",)
        if wanted.present:
            listed = hosts != before["submit_hosts"]
            after = {"submit_hosts": before["submit_hosts"] if listed else (*hosts, wanted.host)}
            return dict(after, **_acl_with(before, wanted)), (), ""
        return (
            dict({"submit_hosts": hosts}, **_acl_without(before, wanted)),
            notes if values.get("allow_node_submit") == "True" else (),
            "",
        )


def _is_on(values: Dict[str, str]) -> bool:
    return values.get("acl_host_enable") == "True"


def _names(values: Dict[str, str], name: str) -> Tuple[str, ...]:
    return tuple(word.strip() for word in values.get(name, "").split(",") if word.strip())


def _covers(entry: str, wanted: Wanted) -> bool:
    """A list's entry may have a sign before it and asterisks in it."""
    pattern = ".*".join(re.escape(part) for part in entry.lstrip("+").split("*"))
    return re.fullmatch(pattern, wanted.host, re.IGNORECASE) is not None


def _acl_with(before: _Hosts, wanted: Wanted) -> _Hosts:
    if _ACL not in before:
        return {}
    covered = any(_covers(entry, wanted) for entry in before[_ACL])
    return {_ACL: before[_ACL] if covered else (*before[_ACL], wanted.host)}


def _acl_without(before: _Hosts, wanted: Wanted) -> _Hosts:
    return {_ACL: without(before[_ACL], wanted)} if _ACL in before else {}


def _not_to_be_removed(values: Dict[str, str], before: _Hosts, wanted: Wanted) -> str:
    if not _is_on(values):
        return "%s; no list keeps %s away until acl_hosts names all others and acl_host_enable is True" % (
            _OPEN,
            wanted.host,
        )
    wide = [entry for entry in without(before[_ACL], wanted) if _covers(entry, wanted)]
    return "acl_hosts has %s, which covers %s: change it by hand" % (", ".join(wide), wanted.host) if wide else ""


def _changes(name: str, before: Tuple[str, ...], after: Tuple[str, ...]) -> List[str]:
    """qmgr's words for what is to be added to an attribute, or taken from it; a truth value is set."""
    if name == "flatuid":
        return ["flatuid = %s" % after[0]] if after != before else []
    added = ["%s += %s" % (name, host) for host in after if host not in before]
    return added + ["%s -= %s" % (name, host) for host in before if host not in after]
