"""Runs of cluster_verify on one cluster, for the tests of every scenario: interrupted ones, and the rounds of sabotage, faults together, then none."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from testbed.settings import ROOT as PROJECT

from .faults_of_drms import faults_of
from .faults_planted import NEW_FILES, ROOT, TOOL_DATA, set_up
from .hosts import TestCluster
from .plays import Play
from .sabotage import Fault, Report, is_red, keep, planted, run, start
from .waiting import wait_until

ENDS = ["exit_code", "walltime", "memory", "cancelled"]
COMMON = {
    "cluster_verify_read_paths": [TOOL_DATA],
    "cluster_verify_retry_job_output_collection": 0,
    "cluster_verify_lag_seconds": 20,
    "cluster_verify_environments_seconds": 60,
    "cluster_verify_min_free_mb": 100,
    "cluster_verify_venv": "/srv/galaxy/venv",
}
_REAL_USERS = {"cluster_verify_real_users": ["alice", "bob"], "cluster_verify_real_user_seconds": 20}
_OF_DRMS: Mapping[str, Mapping[str, Any]] = {
    "slurm": _REAL_USERS,
    "gridengine": {
        **_REAL_USERS,
        "cluster_verify_queues": ["main.q"],
        "cluster_verify_native_options": ["-q", "main.q", "-pe", "smp"],
    },
    "htcondor": {},
}


def settings_of(cluster: TestCluster) -> Mapping[str, Any]:
    """What a site with this DRM sets beside. Its nodes are named: HTCondor forgets one that is off."""
    named = {"cluster_verify_nodes": [cluster.cluster.host("node").name], "cluster_verify_environments": ["all"]}
    return {**named, **_OF_DRMS[cluster.cluster.drm]}


def site_of(cluster: TestCluster) -> Path:
    """The inventory of the scenario in which faults are planted on this DRM."""
    drm = cluster.cluster.drm
    return PROJECT / "molecule" / ("verify" if drm == "slurm" else f"verify_{drm}") / "inventory"


def left_behind(cluster: TestCluster) -> list[str]:
    """The directories that runs have made on the hosts and have not removed."""
    places = (f"{ROOT}/jobs", f"{ROOT}/datasets", NEW_FILES, "/tmp")
    listed = [
        host.run("ls -d %s/clusterjobs-verify-*", place).stdout.split()
        for host in (cluster.submit_host, cluster.node)
        for place in places
    ]
    return [path for paths in listed for path in paths]


def interrupted(cluster: TestCluster, name: str) -> Play:
    """A run that is under way: jobs wait and run, and nothing of it is swept yet. The caller ends it."""
    given = settings_of(cluster)
    play = start(cluster, site_of(cluster), name, cluster_verify_ends=["walltime", "cancelled"], **given)
    try:
        play.wait_for_output("Run a job on each", 120)
        wait_until("its jobs are in the queue", lambda: not cluster.all_over())
    except BaseException:
        play.kill()
        raise
    return play


class Rounds:
    """Each report by its round; ``last`` is the one after all was mended."""

    def __init__(self, cluster: TestCluster) -> None:
        self.cluster = cluster
        self.site = site_of(cluster)
        self.faults: Sequence[Fault] = faults_of(cluster)
        self.reports: dict[int, Report] = {}
        self.printed: dict[int, str] = {}
        self.last: Report = {}

    def play(self) -> None:
        set_up(self.cluster)
        for number in sorted({fault.round for fault in self.faults if fault.plant}):
            together = [fault for fault in self.faults if fault.plant and fault.round == number]
            with planted(self.cluster, together):
                ends = ["exit_code", "cancelled"] if any(fault.check == "submits" for fault in together) else []
                self.reports[number], self.printed[number] = self.verify(f"round-{number}", ends)
        begin = time.monotonic()
        self.last, self.printed[0] = self.verify("mended", ENDS)
        keep(self.cluster, self.faults, self.red(), self.last, time.monotonic() - begin)

    def verify(self, name: str, ends: Sequence[str]) -> tuple[Report, str]:
        return run(self.cluster, self.site, name, cluster_verify_ends=ends, **COMMON, **settings_of(self.cluster))

    def red(self) -> Mapping[str, bool]:
        return {fault.name: is_red(self.reports[fault.round], fault) for fault in self.faults if fault.plant}
