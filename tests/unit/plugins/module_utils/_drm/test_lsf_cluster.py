# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""OpenLava 2.2's listings were recorded, all but an lsid that is answered; LSF's forms follow IBM's reference."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.cluster import (
    ClusterStatus,
    NodeState,
    NodeStatus,
    QueueState,
    QueueStatus,
)
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.errors import ParseError, UnsupportedFieldError
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.lsf import Lsf
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.model import Command, CommandResult, Outcome
from ansible_collections.clusterjobs.drm.tests.unit.helpers.recordings import recorded

DRM = Lsf()
LSID = "openlava project 2.2, Nov 22 2026\n\nMy cluster name is openlava\nMy master name is lavanode\n"
LSF_LSID = (
    "IBM Spectrum LSF 10.1.0.13, Apr 15 2022\nCopyright International Business Machines Corp. 1992, 2016.\n"
    "US Government Users Restricted Rights - Use, duplication or disclosure restricted by GSA ADP Schedule Contract with IBM Corp.\n\n"
    "My cluster name is prod\nMy master name is hostA\n"
)
# bqueues(1) of LSF 10.1.
LSF_QUEUE = """
QUEUE: gpu
  -- QUEUE: forged, STATUS Closed:Inact

PARAMETERS/STATISTICS
PRIO NICE STATUS          MAX JL/U JL/P JL/H NJOBS  PEND   RUN SSUSP USUSP  RSV PJOBS
 30    0  Open:Inact_Adm    -    -    -    -     0     0     0     0     0    0     0
Interval for a host to accept two jobs is 0 seconds

DEFAULT LIMITS:
 RUNLIMIT
 60.0 min of hostA

MAXIMUM LIMITS:
 CPULIMIT              RUNLIMIT
 10.0 min of hostA     1440.0 min of hostA

 MEMLIMIT  SWAPLIMIT
     64 G      80 G

SCHEDULING PARAMETERS
           r15s   r1m  r15m   ut      pg    io   ls    it    tmp    swp    mem
 loadSched   -     -     -     -       -     -    -     -     -      -      -

USERS: all
HOSTS:  hostA+2 groupB/
"""


def openlava(name: str) -> CommandResult:
    return recorded("lsf/openlava-2.2/" + name)


def text(program: str, said: str) -> CommandResult:
    return CommandResult(Command((program,)), 0, said, "")


def told(**answers: CommandResult) -> ClusterStatus:
    known = {
        "lsid": text("lsid", LSID),
        "bparams": openlava("bparams_l"),
        "bqueues": openlava("bqueues_l_short"),
        "bhosts": openlava("bhosts_w"),
        "lshosts": openlava("lshosts_w"),
    }
    return DRM.parse_cluster(list(dict(known, **answers).values()))


def hosts(status: str, used: int = 0) -> CommandResult:
    result = openlava("bhosts_w")
    row = "lavanode           %-14s     -      4      %d      %d      0      0      0\n" % (status, used, used)
    return replace(result, stdout=result.stdout.split("\n")[0] + "\n" + row)


def test_an_openlava_cluster() -> None:
    cluster = told()
    assert (cluster.drm, cluster.version, cluster.name) == ("lsf", "2.2", "openlava")
    assert cluster.queues == (
        QueueStatus("short", QueueState.OPEN, "Open:Active", False, 120, None, None, ("lavanode",)),
    )
    assert cluster.nodes == (
        NodeStatus("lavanode", NodeState.IDLE, "ok", 4, 0, 24105, None, ("linux", "IntelI5", "cs"), ("short",)),
    )


def test_the_default_queue() -> None:
    short = openlava("bqueues_l_short")
    normal = replace(short, stdout=short.stdout.replace("QUEUE: short", "QUEUE: normal"))
    assert [queue.default for queue in told(bqueues=normal).queues] == [True]
    assert [queue.default for queue in told(bparams=text("bparams", "Default Queues:  short normal\n")).queues] == [
        True
    ]


def test_a_queue_of_lsf() -> None:
    cluster = told(
        lsid=text("lsid", LSF_LSID),
        bqueues=text("bqueues", LSF_QUEUE),
        bhosts=text(
            "bhosts",
            "HOST_NAME STATUS JL/U MAX NJOBS RUN SSUSP USUSP RSV\nhostA closed_Full - 4 4 4 0 0 0\nhostC ok - - 0 0 0 0 0\n",
        ),
        lshosts=text(
            "lshosts",
            "HOST_NAME type model cpuf ncpus maxmem maxswp server RESOURCES\nhostA X86_64 Intel 60.0 16 251.5G 8G Yes (mg gpu)\n",
        ),
    )
    assert (cluster.version, cluster.name) == ("10.1.0.13", "prod")
    assert cluster.queues == (
        QueueStatus("gpu", QueueState.STOPPED, "Open:Inact_Adm", False, 86400, 65536, None, ("hostA",)),
    )
    assert cluster.nodes == (
        NodeStatus(
            "hostA", NodeState.FULL, "closed_Full", 4, 4, 257536, None, ("X86_64", "Intel", "mg", "gpu"), ("gpu",)
        ),
        NodeStatus("hostC", NodeState.IDLE, "ok", None, 0, None, None, (), ()),
    )


@pytest.mark.parametrize(
    ("status", "used", "state"),
    [
        ("ok", 0, NodeState.IDLE),
        ("ok", 1, NodeState.MIXED),
        ("ok", 4, NodeState.FULL),
        ("closed_Full", 4, NodeState.FULL),
        ("closed_Excl", 1, NodeState.FULL),
        ("closed_Adm", 0, NodeState.CLOSED),
        ("closed_Busy", 0, NodeState.CLOSED),
        ("closed", 0, NodeState.CLOSED),
        ("closed_LIM", 0, NodeState.DOWN),
        ("unavail", 0, NodeState.DOWN),
        ("unreach", 1, NodeState.DOWN),
        ("closed_Brandnew", 0, NodeState.UNKNOWN),
    ],
)
def test_states_of_hosts(status: str, used: int, state: NodeState) -> None:
    [node] = told(bhosts=hosts(status, used)).nodes
    assert (node.state, node.native_state) == (state, status)


def test_a_host_that_does_not_answer_as_recorded() -> None:
    [node] = told(bhosts=openlava("bhosts_unavail")).nodes
    assert (node.state, node.native_state, node.slots_used) == (NodeState.DOWN, "unreach", 1)


@pytest.mark.parametrize(
    ("native", "state"),
    [
        ("Open:Active", QueueState.OPEN),
        ("Open:Inact", QueueState.STOPPED),
        ("Open:Inact_Win", QueueState.STOPPED),
        ("Closed:Active", QueueState.DRAINING),
        ("Closed:Inact", QueueState.CLOSED),
        ("Ajar:Active", QueueState.UNKNOWN),
    ],
)
def test_states_of_queues(native: str, state: QueueState) -> None:
    short = openlava("bqueues_l_short")
    [queue] = told(bqueues=replace(short, stdout=short.stdout.replace("Open:Active", native))).queues
    assert (queue.state, queue.native_state) == (state, native)


def test_two_thousand_hosts() -> None:
    head, row = openlava("bhosts_w").stdout.rstrip("\n").split("\n")
    table = "\n".join([head, *(row.replace("lavanode", "node%04d" % number) for number in range(2000))]) + "\n"
    assert len(told(bhosts=text("bhosts", table)).nodes) == 2000


@pytest.mark.parametrize(
    "answers",
    [
        {"lsid": ""},
        {"lsid": "openlava project 2.2, Nov 22 2026\n\n"},
        {"bqueues": ""},
        {"bqueues": "QUEUE: short\n  -- run limit two minutes\n"},
        {"bhosts": ""},
        {"bhosts": "HOST_NAME          STATUS       JL/U    MAX  NJOBS\nlavanode   ok\n"},
        {"bhosts": "HOST_NAME STATUS JL/U MAX NJOBS\nlavanode ok - 4 0"},
        {"bhosts": "HOST_NAME STATUS JL/U MAX NJOBS\na ok - 4 0\na closed_Adm - 4 0\n"},
        {"lshosts": "welcome\n"},
    ],
)
def test_half_an_answer_is_an_error(answers: dict[str, str]) -> None:
    with pytest.raises(ParseError):
        told(**{program: text(program, said) for program, said in answers.items()})


def test_daemons_that_are_down_are_no_empty_cluster() -> None:
    assert DRM.classify(openlava("lsid_daemons_down")) is Outcome.UNREACHABLE


def test_no_other_cluster_can_be_asked() -> None:
    with pytest.raises(UnsupportedFieldError):
        DRM.build_cluster("west")
