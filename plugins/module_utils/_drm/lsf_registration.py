# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""LSF's clients. They stand in a file of the cluster's, so there is nothing that a command could add: it is looked at, and said what to write.

lshosts was recorded on OpenLava 2.2; the file's form follows IBM's reference of lsf.cluster.
"""

from __future__ import annotations

import re
from typing import List, Sequence

from .errors import ParseError
from .model import Command, CommandResult
from .registration import Plan, Registration, Wanted

_ADD = (
    "LSF registers clients in a file, not by a command. Add the line '%(host)s ! ! 0 ()' to the section Host of lsf.cluster.%(cluster)s"
    " (or let any host of a network in, by FLOAT_CLIENTS and FLOAT_CLIENTS_ADDR_RANGE in its section Parameters), then run"
    " 'lsadmin reconfig' and 'badmin mbdrestart' on the master"
)
_REMOVE = (
    "LSF registers clients in a file, not by a command. Remove the line of %(host)s from the section Host of lsf.cluster.%(cluster)s,"
    " then run 'lsadmin reconfig' and 'badmin mbdrestart' on the master"
)


class LsfRegistration(Registration):
    """lshosts lists servers and clients alike, a client with "No" under "server"."""

    name = "lsf"
    fields = frozenset()

    def build_read(self, cluster: str) -> List[Command]:
        return [Command(("lsid",)), Command(("lshosts", "-w"))]

    def plan(self, results: Sequence[CommandResult], wanted: Wanted, cluster: str) -> Plan:
        lsid, lshosts = results
        name = re.search(r"^My cluster name is (\S+)$", lsid.stdout, re.MULTILINE)
        head, _newline, rows = lshosts.stdout.partition("\n")
        if name is None or not head.startswith("HOST_NAME"):
            raise ParseError("lsid and lshosts -w", lsid.stdout + lshosts.stdout)
        hosts = tuple(line.split()[0] for line in rows.splitlines() if line.strip())
        lists = {"hosts": hosts}
        if any(wanted.is_host(host) for host in hosts) is wanted.present:
            return Plan(lists, lists)
        words = {"host": wanted.host, "cluster": name.group(1)}
        return Plan(lists, lists, by_hand=(_ADD if wanted.present else _REMOVE) % words)
