# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recorded servers of OpenPBS and TORQUE, with attributes added that their manuals describe."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.errors import DrmError
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.model import CommandResult
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.registration import Wanted
from ansible_collections.clusterjobs.drm.tests.unit.helpers.recordings import recorded
from ansible_collections.clusterjobs.drm.tests.unit.helpers.registering import Asked, said

OPENPBS = recorded("pbspro/23.06.06/cluster.qstat_Bf")
TORQUE = recorded("torque/6.1.3.h5/cluster.qstat_Bf")


def server(result: CommandResult, *lines: str) -> CommandResult:
    """With more attributes, behind those that were recorded."""
    return replace(
        result, stdout=result.stdout.rstrip("\n") + "\n" + "".join("    %s\n" % line for line in lines) + "\n"
    )


def test_torque_adds_a_host_to_both_lists() -> None:
    listed = server(TORQUE, "acl_host_enable = True")
    after = listed.stdout.replace("= torquenode\n", "= torquenode,galaxy\n")
    asked = Asked("torque", Wanted("galaxy"), listed, said(""), said(""), replace(listed, stdout=after))
    assert asked.commands[1:3] == [
        ("qmgr", "-c", "set server acl_hosts += galaxy"),
        ("qmgr", "-c", "set server submit_hosts += galaxy"),
    ]
    assert asked.told.as_dict()["hosts"] == {
        "acl_hosts": ["torquenode", "galaxy"],
        "submit_hosts": ["torquenode", "galaxy"],
    }


def test_torque_without_host_lists_has_one_list() -> None:
    asked = Asked("torque", Wanted("galaxy"), TORQUE, check_mode=True, cluster="head2")
    assert asked.commands == [("qstat", "-B", "-f", "head2")]
    [command] = asked.told.plan.commands
    assert command.argv == ("qmgr", "-c", "set server submit_hosts += galaxy", "head2")


def test_torque_removes_a_host() -> None:
    asked = Asked("torque", Wanted("torquenode", present=False), TORQUE, check_mode=True)
    [command] = asked.told.plan.commands
    assert command.argv == ("qmgr", "-c", "set server submit_hosts -= torquenode")
    assert "allow_node_submit is True" in asked.told.plan.notes[0]


def test_pbspro_takes_everybodys_jobs_where_accounts_are_the_same() -> None:
    told = Asked("pbspro", Wanted("galaxy"), OPENPBS).told.as_dict()
    assert (told["changed"], told["hosts"], told["notes"]) == (False, {"flatuid": ["True"]}, [])


def test_pbspro_says_what_flatuid_is_for_and_sets_it_when_asked() -> None:
    strict = replace(OPENPBS, stdout=OPENPBS.stdout.replace("    flatuid = True\n", ""))
    told = Asked("pbspro", Wanted("galaxy"), strict).told
    assert not told.changed
    assert "jobs from galaxy are refused (Bad UID)" in told.plan.notes[0]
    asked = Asked("pbspro", Wanted("galaxy", flatuid=True), strict, said(""), OPENPBS)
    assert asked.commands[1] == ("qmgr", "-c", "set server flatuid = True")
    assert asked.told.changed


@pytest.mark.parametrize(
    ("listed", "command"),
    [
        ("head", "set server acl_hosts += galaxy.example.org"),
        ("head,+galaxy.example.org", ""),
        ("head,*.example.org", ""),
        ("head,GALAXY.example.org", ""),
        ("*.example.com", "set server acl_hosts += galaxy.example.org"),
    ],
)
def test_pbspro_adds_a_host_where_only_some_may_talk_to_the_server(listed: str, command: str) -> None:
    result = server(OPENPBS, "acl_host_enable = True", "acl_hosts = " + listed)
    plan = Asked("pbspro", Wanted("galaxy.example.org"), result, check_mode=True).told.plan
    assert [asked.argv[2] for asked in plan.commands] == ([command] if command else [])


def test_pbspro_cannot_keep_a_host_away_without_a_list() -> None:
    with pytest.raises(DrmError, match="acl_host_enable is not set, so the server talks to every host"):
        Asked("pbspro", Wanted("galaxy", present=False), OPENPBS)
    wide = server(OPENPBS, "acl_host_enable = True", "acl_hosts = galaxy.lab,*.lab")
    with pytest.raises(DrmError, match=r"acl_hosts has \*\.lab, which covers galaxy\.lab"):
        Asked("pbspro", Wanted("galaxy.lab", present=False), wide)
