# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTCondor's submit hosts: the schedds that the collector knows. They come by themselves, if they may. Measured on 23.9.6."""

from __future__ import annotations

from typing import List, Sequence

from .model import Command, CommandResult
from .registration import Plan, Registration, Wanted

_MISSING = (
    "the collector knows no schedd on %(host)s (it knows %(known)s). A schedd registers itself: is condor running there with SCHEDD in"
    " DAEMON_LIST and this collector as CONDOR_HOST; has it a token that the collector accepts (condor_token_create here, into its"
    " /etc/condor/tokens.d), for an identity that ALLOW_ADVERTISE_SCHEDD or ALLOW_DAEMON names here; does a firewall let it reach"
    " port 9618? Its /var/log/condor/SchedLog and the CollectorLog here say what was refused"
)
_THERE = (
    "a schedd on %(host)s registers itself, and no command keeps it away. Stop condor there, or take its identity out of"
    " ALLOW_ADVERTISE_SCHEDD and ALLOW_DAEMON, revoke its token (SEC_TOKEN_REVOCATION_EXPR) and run condor_reconfig here"
)


class HTCondorRegistration(Registration):
    """What lets a schedd in is configuration and a token, which are files."""

    name = "htcondor"
    fields = frozenset()
    comes_by_itself = True

    def build_read(self, cluster: str) -> List[Command]:
        return [Command(("condor_status", "-schedd", "-af", "Machine"))]

    def plan(self, results: Sequence[CommandResult], wanted: Wanted, cluster: str) -> Plan:
        hosts = tuple(sorted(set(results[0].stdout.split())))
        lists = {"schedds": hosts}
        if any(wanted.is_host(host) for host in hosts) is wanted.present:
            return Plan(lists, lists)
        words = {"host": wanted.host, "known": ", ".join(hosts) or "none"}
        return Plan(lists, lists, by_hand=(_MISSING if wanted.present else _THERE) % words)
