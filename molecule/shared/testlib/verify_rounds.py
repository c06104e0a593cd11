"""The rounds of sabotage on one cluster, for the test of every scenario: faults together, then a whole run without any."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .faults_of_drms import faults_of
from .faults_planted import TOOL_DATA, set_up
from .hosts import TestCluster
from .sabotage import Fault, Report, is_red, keep, planted, run

ENDS = ["exit_code", "walltime", "memory", "cancelled"]
COMMON = {
    "cluster_verify_read_paths": [TOOL_DATA],
    "cluster_verify_retry_job_output_collection": 0,
    "cluster_verify_lag_seconds": 20,
    "cluster_verify_min_free_mb": 100,
    "cluster_verify_venv": "/srv/galaxy/venv",
}
#: What a site with this DRM sets beside.
SITES: Mapping[str, Mapping[str, Any]] = {
    "slurm": {
        "cluster_verify_environments": ["all"],
        "cluster_verify_real_users": ["alice", "bob"],
        "cluster_verify_real_user_seconds": 20,
    },
    "gridengine": {
        "cluster_verify_queues": ["main.q"],
        "cluster_verify_native_options": ["-q", "main.q", "-pe", "smp"],
        "cluster_verify_service_environment": {
            "DRMAA_LIBRARY_PATH": "/usr/lib/gridengine-drmaa/lib/libdrmaa.so.1.0",
            "GLIBC_TUNABLES": "glibc.rtld.optional_static_tls=4096",
        },
    },
    "htcondor": {},
}


class Rounds:
    """Each report by its round; ``last`` is the one after all was mended."""

    def __init__(self, cluster: TestCluster, site: Path) -> None:
        self.cluster = cluster
        self.site = site
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
        return run(self.cluster, self.site, name, cluster_verify_ends=ends, **COMMON, **SITES[self.cluster.cluster.drm])

    def red(self) -> Mapping[str, bool]:
        return {fault.name: is_red(self.reports[fault.round], fault) for fault in self.faults if fault.plant}
