"""Faults planted on a real cluster: each has to turn its check red, and the check has to be green again once it is mended."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from testbed.settings import ROOT

from .hosts import TestCluster
from .plays import LOGS, Play

PLAYBOOK = ROOT / "playbooks" / "verify.yml"
RESULTS = ROOT / ".logs" / "sabotage"

Report = Mapping[str, Any]


@dataclass(frozen=True)
class Fault:
    """``where`` is the host's role in the test cluster; ``plant`` and ``mend`` are shell lines of root's there.

    Without ``plant`` it cannot be planted on this DRM, and ``reason`` says why.
    """

    name: str
    check: str
    where: str = "node"
    plant: str = ""
    mend: str = ""
    item: str = ""
    status: str = "error"
    round: int = 1
    reason: str = ""


def start(cluster: TestCluster, site: Path, name: str, arguments: Sequence[str] = (), **variables: Any) -> Play:
    """The playbook as a site plays it."""
    given = {"cluster_verify_report_dir": str(_report_directory(cluster, name)), **variables}
    arguments = ("--extra-vars", json.dumps(given), "--limit", cluster.name, *arguments)
    playbook = {"import_playbook": str(PLAYBOOK)}
    return Play(f"verify-{name}", playbook, inventories=[cluster.inventory, site], arguments=arguments)


def _report_directory(cluster: TestCluster, name: str) -> Path:
    return LOGS / f"verify-{cluster.name}-{name}"


def run(cluster: TestCluster, site: Path, name: str, **variables: Any) -> tuple[Report, str]:
    """Its report and what it printed."""
    path = _report_directory(cluster, name) / "verify.json"
    path.unlink(missing_ok=True)
    finished = start(cluster, site, name, **variables).finish(400)
    assert path.exists(), finished.output[-4000:]
    report = json.loads(path.read_text(encoding="utf-8"))
    bad = report["counts"]["error"] > 0
    assert (finished.rc != 0) == bad, finished.output[-4000:]
    return report, finished.output


def results_of(report: Report, check: str, item: str = "") -> list[Mapping[str, Any]]:
    found = [one for one in report["checks"] if one["name"] == check]
    return [result for one in found for result in one["results"] if not item or result.get("item") == item]


def is_red(report: Report, fault: Fault) -> bool:
    return any(result["status"] == fault.status for result in results_of(report, fault.check, fault.item))


def is_green(report: Report, fault: Fault) -> bool:
    results = results_of(report, fault.check, fault.item)
    return bool(results) and all(result["status"] == "ok" for result in results)


@contextmanager
def planted(cluster: TestCluster, faults: Sequence[Fault]) -> Iterator[None]:
    """All of them at once; whatever happens, what was planted is mended."""
    done: list[Fault] = []
    try:
        for fault in faults:
            done.append(fault)
            host_of(cluster, fault).check_output("sh -ec %s", fault.plant)
        yield
    finally:
        for fault in reversed(done):
            host_of(cluster, fault).run("sh -c %s", fault.mend)


def host_of(cluster: TestCluster, fault: Fault) -> Any:
    return {"node": cluster.node, "galaxy": cluster.submit_host, "controller": cluster.controller}[fault.where]


def keep(cluster: TestCluster, faults: Sequence[Fault], red: Mapping[str, bool], last: Report, seconds: float) -> None:
    """For docs/sabotage.md, by tools/sabotage_table.py."""
    rows = {
        fault.name: {
            "check": fault.check,
            "red": red.get(fault.name, False),
            "green": bool(fault.plant) and is_green(last, fault),
            "reason": fault.reason,
        }
        for fault in faults
    }
    RESULTS.mkdir(parents=True, exist_ok=True)
    kept = {
        "drm": cluster.cluster.drm,
        "version": last["run"]["version"],
        "made": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "seconds_of_a_run": round(seconds, 1),
        "faults": rows,
    }
    text = json.dumps(kept, indent=1) + "\n"
    (RESULTS / f"{cluster.cluster.drm}.json").write_text(text, encoding="utf-8")
