# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What cluster_verify may have measured on small made-up clusters, in the shape of its report."""

from __future__ import annotations

from typing import Any, Dict, List

Plain = Dict[str, Any]
FILES = "/data/galaxy/files"
OPTIONS = "rw,relatime,vers=4.2,rsize=1048576,wsize=1048576,hard,proto=tcp,sec=sys"


def result(subject: str, status: str = "ok", message: str = "", mend: str = "", **more: Any) -> Plain:
    return dict(more, subject=subject, status=status, message=message, mend=mend)


def check(name: str, title: str, results: List[Plain], level: str = "error") -> Plain:
    return {"name": name, "title": title, "level": level, "results": results}


def measured(checks: List[Plain], nodes: List[str], **run: Any) -> Plain:
    facts = {
        "tag": "v20261125T101500-3f2a",
        "started": 1795601700,
        "ended": 1795601790.5,
        "drm": "slurm",
        "version": "23.11.4",
        "galaxy_host": "galaxy1",
        "user": "galaxy",
        "nodes": nodes,
    }
    return {"schema": 1, "run": dict(facts, **run), "checks": checks}


def site(nodes: List[str]) -> Plain:
    """Of three nodes or more the second has another uid and a lag, the third does not answer."""
    return measured([*_server(), *_account(nodes), *_paths(nodes), *_jobs(nodes)], nodes)


def _asked(nodes: List[str]) -> List[str]:
    return [node for node in nodes if node != nodes[2]]


def _server() -> List[Plain]:
    here = "galaxy1"
    queue = "Give the environment big no more than the 24:00:00 that the queue main allows, or another queue."
    return [
        check(
            "submit",
            "The server submits, holds and cancels",
            [result(here, message="Job 4711 was held, released, cancelled.")],
        ),
        check(
            "job_conf",
            "The job configuration fits the live cluster",
            [result(here, "warning", "environment big asks for 48:00:00 in the queue main", queue, item="big")],
        ),
        check("drmaa", "DRMAA in the service's environment runs a job", [result(here, message="slurm-drmaa 1.1.4")]),
    ]


def _account(nodes: List[str]) -> List[Plain]:
    second, third = nodes[1], nodes[2]
    down = "sinfo says down*: Not responding"
    mend = f"scontrol update nodename={third} state=resume\nIf it comes back down, see slurmd's log on {third}."
    uids = [result(node, message="uid 1450, gid 1450", numbers={"uid": 1450, "gid": 1450}) for node in _asked(nodes)]
    other = result(
        second,
        "error",
        f"alice has uid 1702 on {second}, 1701 on galaxy1",
        f"usermod -u 1701 alice\non {second}, or join it to the directory service.",
        user="alice",
        numbers={"uid": 1702, "uid_server": 1701},
    )
    answers = [result(node, message="in 1.4 s", numbers={"answer_s": 1.4}) for node in _asked(nodes)]
    return [
        check("answered", "The node ran its job and answered", [*answers, result(third, "error", down, mend)]),
        check(
            "same_uid",
            "The account has the same uid, gid and groups",
            [*uids, other, result(third, "skipped", "no answer")],
        ),
        check(
            "real_shell", "The account has a real shell", [result(node, message="/bin/bash") for node in _asked(nodes)]
        ),
    ]


def _paths(nodes: List[str]) -> List[Plain]:
    second = nodes[1]
    lag = (
        f"{second} saw a new file 10.2 s late; jobs end as failed although they did not",
        "Set retry_job_output_collection to 15 in galaxy.yml; if that is not enough, mount with actimeo=1.",
    )
    lags = []
    for index, node in enumerate(_asked(nodes)):
        seconds = 10.2 if node == second else 0.01 * (1 + index % 7)
        numbers = {"stat_s": seconds, "listing_s": seconds / 2, "open_s": 0.004, "type": "nfs4", "options": OPTIONS}
        said = lag if node == second else (f"at most {seconds:.2f} s", "")
        lags.append(result(node, "warning" if node == second else "ok", *said, item=FILES, numbers=numbers))
    space = {"free_bytes": 8123456789012, "free_inodes": 120000000, "used_percent": 61.25}
    paths = [
        result(node, message="read and written", item=path)
        for node in _asked(nodes)
        for path in (FILES, "/data/galaxy/tmp")
    ]
    return [
        check("same_path", "The same absolute path is the same directory", paths),
        check("attribute_cache", "New files are seen at once", lags),
        check(
            "free_space",
            "There is room for data",
            [result(node, item=FILES, numbers=space) for node in _asked(nodes)],
            "warning",
        ),
    ]


def _jobs(nodes: List[str]) -> List[Plain]:
    umask = ("umask 0077: Galaxy cannot read what jobs write", "Set UMASK 022 in /etc/login.defs, or in slurmd's unit.")
    umasks = [
        result(node, "warning", *umask) if node in nodes[3:50:2] else result(node, message="0022")
        for node in _asked(nodes)
    ]
    skew = [result(node, message="0.002 s", numbers={"skew_s": 0.002}) for node in _asked(nodes)]
    url = "no answer from https://usegalaxy.org in 5 s"
    net = [
        result(node, "warning", url, "Open the firewall for the nodes, or waive data_source_url.")
        for node in _asked(nodes)
    ]
    ends = [
        result("galaxy1", message="FAILED, exit code 3", item="exit 3"),
        result("galaxy1", message="FAILED, WALLTIME", item="over its walltime"),
        result("galaxy1", message="FAILED, MEMORY", item="over its memory"),
        result("galaxy1", "skipped", "The run's time was over.", item="cancelled"),
    ]
    return [
        check("umask", "Jobs write what Galaxy can read", umasks, "warning"),
        check("clock", "The clock is the server's", skew),
        check("data_source_url", "The node reaches data sources", net, "warning"),
        check("failures_seen", "Failures are seen as such", ends),
    ]


# What a node might answer that means no good: ends of attributes and elements, a template, controls, what is no XML.
HOSTILE = "\"'>]]></style></script><script>alert(1)</script><img src=x onerror=alert(2)>{{ 7 * 7 }}&lt;\x00\x1b[2J\u202e\ufffe\ud800"
