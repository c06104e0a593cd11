# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Grid Engine's submit hosts, by qconf. Measured on 8.1.9."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import List, Sequence

from .model import Command, CommandResult
from .registration import Plan, Registration, Wanted, without

_LIST = "submit_hosts"
_ADDED = re.compile(r'^(?:submithost "(?=.*exists)|(?=.*added))([^\s"]+)', re.MULTILINE)
_EMPTY = "no submit host defined"


class GridEngineRegistration(Registration):
    """``qconf -as`` adds a host under the name that the qmaster resolves, and ends well where it is there already."""

    name = "gridengine"

    def build_read(self, cluster: str) -> List[Command]:
        return [_qconf(cluster, "-ss")]

    def answers(self, result: CommandResult) -> bool:
        # Of no host at all it is told by rc 1.
        return result.rc == 0 or _EMPTY in result.stdout + result.stderr

    def resolved(self, result: CommandResult, wanted: Wanted) -> Wanted:
        found = _ADDED.search(result.stdout + result.stderr)
        return replace(wanted, host=found.group(1)) if found else wanted

    def plan(self, results: Sequence[CommandResult], wanted: Wanted, cluster: str) -> Plan:
        hosts = tuple(results[0].stdout.split()) if results[0].rc == 0 else ()
        before = {_LIST: hosts}
        others = without(hosts, wanted)
        there = others != hosts
        if there is wanted.present:
            return Plan(before, before)
        if wanted.present:
            return Plan(before, {_LIST: (*hosts, wanted.host)}, (_qconf(cluster, "-as", wanted.host),))
        return Plan(before, {_LIST: others}, (_qconf(cluster, "-ds", wanted.host),))


def _qconf(cluster: str, *words: str) -> Command:
    return Command(("qconf", *words), environ={"SGE_CELL": cluster} if cluster else {})
