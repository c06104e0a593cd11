# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts that may submit: recorded answers of Grid Engine and Slurm, LSF's by its manual."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.errors import (
    CommandError,
    DrmError,
    DrmUnavailableError,
    InvalidRequestError,
)
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.model import CommandResult
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.registration import Wanted
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.registrations import registration_of
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.registry import DRMS
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.torque_slurm import SlurmTorque
from ansible_collections.clusterjobs.drm.tests.unit.helpers.recordings import recorded
from ansible_collections.clusterjobs.drm.tests.unit.helpers.registering import Asked, said


def sge(name: str) -> CommandResult:
    return recorded("gridengine/8.1.9/%s" % name)


GALAXY = Wanted("sge-galaxy")
GONE = Wanted("sge-galaxy", present=False)


def test_gridengine_adds_a_host_and_looks_again() -> None:
    asked = Asked("gridengine", GALAXY, sge("controller.submit-hosts"), sge("added.register"), sge("both.submit-hosts"))
    assert asked.commands == [("qconf", "-ss"), ("qconf", "-as", "sge-galaxy"), ("qconf", "-ss")]
    told = asked.told.as_dict()
    assert (told["changed"], told["persistent"], told["notes"]) == (True, True, [])
    assert told["hosts"] == {"submit_hosts": ["sge-controller", "sge-galaxy"]}
    assert told["diff"] == {
        "before": "submit_hosts:\n  sge-controller\n",
        "after": "submit_hosts:\n  sge-controller\n  sge-galaxy\n",
    }


@pytest.mark.parametrize("name", ["sge-galaxy", "SGE-Galaxy"])
def test_a_host_that_is_there_is_left(name: str) -> None:
    asked = Asked("gridengine", Wanted(name), sge("both.submit-hosts"))
    assert asked.commands == [("qconf", "-ss")]
    assert not asked.told.changed


def test_check_mode_only_reads() -> None:
    asked = Asked("gridengine", GALAXY, sge("controller.submit-hosts"), check_mode=True)
    assert asked.commands == [("qconf", "-ss")]
    assert asked.told.as_dict()["hosts"] == {"submit_hosts": ["sge-controller", "sge-galaxy"]}
    assert asked.told.changed


def test_a_host_under_another_name_is_the_one_that_the_qmaster_resolves() -> None:
    answers = (sge("both.submit-hosts"), sge("alias.register"), sge("both.submit-hosts"))
    assert not Asked("gridengine", Wanted("alias1"), *answers).told.changed
    added = (sge("controller.submit-hosts"), sge("added.register"), sge("both.submit-hosts"))
    assert Asked("gridengine", Wanted("alias1"), *added).told.changed


def test_gridengine_removes_a_host_and_is_content_without_any() -> None:
    asked = Asked("gridengine", GONE, sge("both.submit-hosts"), sge("removed.register"), sge("controller.submit-hosts"))
    assert asked.commands[1] == ("qconf", "-ds", "sge-galaxy")
    assert asked.told.changed
    none = Asked("gridengine", GONE, sge("no.submit-hosts"))
    assert none.told.as_dict()["hosts"] == {"submit_hosts": []}
    assert not none.told.changed


def test_a_host_that_may_be_there_under_its_long_name_is_not_called_gone() -> None:
    with pytest.raises(DrmError, match=r"no sge-galaxy\.example\.org, but sge-galaxy: if that is the host"):
        Asked("gridengine", Wanted("sge-galaxy.example.org", present=False), sge("both.submit-hosts"))


def test_qconf_ends_well_for_one_who_may_not() -> None:
    """rc 0, and nothing done: only the list tells."""
    answers = (sge("controller.submit-hosts"), sge("not-manager.register"), sge("controller.submit-hosts"))
    with pytest.raises(CommandError, match=r"nothing has changed, although .*'qconf' .* must be manager"):
        Asked("gridengine", GALAXY, *answers)


def test_what_qconf_refuses_and_a_qmaster_that_is_down() -> None:
    with pytest.raises(CommandError, match=r"registering .*can't resolve hostname"):
        Asked("gridengine", Wanted("nosuch.example"), sge("controller.submit-hosts"), sge("unresolved.register"))
    down = sge("down.submit-hosts")
    with pytest.raises(DrmUnavailableError, match="gridengine did not answer"):
        Asked("gridengine", GALAXY, down, down, seconds=1)


def test_another_cell() -> None:
    asked = Asked("gridengine", GALAXY, sge("both.submit-hosts"), cluster="west")
    assert asked.runner.asked[0].environ == {"SGE_CELL": "west"}


# --- Slurm ---

PARTITIONS = recorded("slurm/22.05/listed.partition")
CONFIG = recorded("slurm/22.05/cluster.config")
LOGIN = "AllocNodes=slurm-controller,login[1-2]"
WRITTEN = "PartitionName=main Nodes=ALL\npartitionname=short Nodes=ALL allocnodes=slurm-controller,login[1-2] # AllocNodes=ALL\n"
WRITTEN += "PartitionName=closed\nPartitionName=staff\n"


def partitions(hosts: str) -> CommandResult:
    return replace(PARTITIONS, stdout=PARTITIONS.stdout.replace(LOGIN, "AllocNodes=" + hosts))


def test_slurm_adds_a_host_to_the_partitions_that_have_a_list() -> None:
    before = (PARTITIONS, CONFIG, said(WRITTEN))
    after = (partitions("galaxy,login[1-2],slurm-controller"), CONFIG, said(WRITTEN))
    asked = Asked("slurm", Wanted("galaxy"), *before, said(""), *after)
    assert asked.commands[2] == ("cat", "/etc/slurm/slurm.conf")
    assert asked.commands[3] == (
        "scontrol",
        "update",
        "partitionname=short",
        "allocnodes=slurm-controller,login1,login2,galaxy",
    )
    told = asked.told.as_dict()
    assert (told["changed"], told["persistent"]) == (True, False)
    assert told["hosts"]["main"] == ["ALL"]
    [note] = told["notes"]
    assert note.startswith("/etc/slurm/slurm.conf has AllocNodes=slurm-controller,login1,login2 for partition short:")


def test_slurm_conf_that_agrees_or_is_not_there() -> None:
    agreed = WRITTEN.replace("login[1-2] ", "login[1-2],galaxy ")
    there = partitions("galaxy")
    told = Asked("slurm", Wanted("galaxy", queues=("short",)), there, CONFIG, said(agreed)).told.as_dict()
    assert (told["changed"], told["persistent"], told["notes"]) == (False, True, [])
    assert told["hosts"] == {"short": ["galaxy"]}
    told = Asked("slurm", Wanted("galaxy", queues=("short",)), there, CONFIG, said("", 1)).told.as_dict()
    assert told["persistent"] is None
    assert "does not show AllocNodes of partition short" in told["notes"][0]


def test_slurm_removes_a_host_but_never_the_last_one() -> None:
    """An empty list is taken for ALL: it would let everybody in."""
    after = partitions("slurm-controller,login2")
    gone = Wanted("login1", present=False)
    asked = Asked("slurm", gone, PARTITIONS, CONFIG, said(WRITTEN), said(""), after, CONFIG, said(WRITTEN))
    assert asked.commands[3][-1] == "allocnodes=slurm-controller,login2"
    with pytest.raises(DrmError, match="only host of AllocNodes of partition short, and Slurm takes an empty list"):
        Asked("slurm", gone, partitions("login1"), CONFIG, said(WRITTEN))
    with pytest.raises(DrmError, match="partition main is ALL"):
        Asked("slurm", replace(gone, queues=("main",)), PARTITIONS, CONFIG, said(WRITTEN))


def test_a_partition_that_is_not_there() -> None:
    with pytest.raises(InvalidRequestError, match="queues: the controller knows no partition nope"):
        Asked("slurm", Wanted("galaxy", queues=("nope",)), PARTITIONS, CONFIG, said(WRITTEN))


# --- LSF and HTCondor: files, which are looked at ---

LSID = said("Openlava project 2.2, Oct 30 2013\n\nMy cluster name is lab\nMy master name is lavanode\n")
LSHOSTS = recorded("lsf/openlava-2.2/lshosts_w")


def test_lsf_says_what_to_write_where() -> None:
    with pytest.raises(DrmError, match=r"'galaxy ! ! 0 \(\)' to the section Host of lsf\.cluster\.lab"):
        Asked("lsf", Wanted("galaxy"), LSID, LSHOSTS)
    client = LSHOSTS.stdout + "galaxy    UNKNOWN UNKNOWN_   1.0     -      -      -     No ()\n"
    told = Asked("lsf", Wanted("galaxy"), LSID, replace(LSHOSTS, stdout=client)).told
    assert (told.changed, told.plan.notes) == (False, ())
    with pytest.raises(DrmError, match=r"Remove the line of galaxy from the section Host of lsf\.cluster\.lab"):
        Asked("lsf", Wanted("galaxy", present=False), LSID, replace(LSHOSTS, stdout=client))


def test_htcondors_schedd_comes_by_itself_and_is_waited_for() -> None:
    asked = Asked("htcondor", Wanted("galaxy"), said("head1\n"), said(""), said("galaxy\nhead1\n"), seconds=30)
    assert len(asked.commands) == 3
    assert asked.told.as_dict()["hosts"] == {"schedds": ["galaxy", "head1"]}
    with pytest.raises(DrmError, match=r"knows no schedd on galaxy \(it knows head1\).*ALLOW_ADVERTISE_SCHEDD"):
        Asked("htcondor", Wanted("galaxy"), said("head1\n"))
    with pytest.raises(DrmError, match="no command keeps it away"):
        Asked("htcondor", Wanted("galaxy", present=False), said("galaxy\n"))


# --- what is refused before anything is asked ---


@pytest.mark.parametrize("name", ["", "-as", "a b", "a,b", "a;rm", "@allhosts", "host*", "a" * 255, "ü", "a\n", "."])
def test_what_is_no_host(name: str) -> None:
    with pytest.raises(InvalidRequestError, match="host: "):
        Wanted(name)


@pytest.mark.parametrize(
    ("drm", "wanted", "cluster"),
    [
        ("gridengine", Wanted("a", queues=("q",)), ""),
        ("slurm", Wanted("a", flatuid=True), ""),
        ("torque", Wanted("a", flatuid=True), ""),
        ("lsf", Wanted("a"), "west"),
        ("htcondor", Wanted("a"), "west"),
    ],
)
def test_options_of_another_drm_are_refused_by_name(drm: str, wanted: Wanted, cluster: str) -> None:
    with pytest.raises(InvalidRequestError, match=r"(queues|flatuid|cluster): is nothing by which"):
        Asked(drm, wanted, cluster=cluster)


def test_drms_without_submit_hosts() -> None:
    with pytest.raises(InvalidRequestError, match="local has no list of submit hosts"):
        registration_of(DRMS["local"])
    with pytest.raises(InvalidRequestError, match="say drm: slurm"):
        registration_of(SlurmTorque())
