"""One role on a converged cluster, with some of the site's variables changed, as a user plays it."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

from testbed.settings import ROOT

from .hosts import TestCluster
from .plays import Finished, Play

FACTS = ["!all", "!min", "distribution", "pkg_mgr", "user"]

_numbers = itertools.count()


def site(cluster: TestCluster) -> Path:
    """The inventory with the variables of such a cluster's site: its own scenario's, or that of its DRM."""
    own = ROOT / "molecule" / cluster.name / "inventory"
    return own if own.exists() else ROOT / "molecule" / cluster.cluster.drm / "inventory"


def apply(
    cluster: TestCluster,
    role: str,
    hosts: str = "galaxyservers",
    arguments: tuple[str, ...] = (),
    variables: dict[str, Any] | None = None,
    **keywords: Any,
) -> Finished:
    """Play it; whether it should have ended well is for the test to say."""
    play = {
        "hosts": hosts,
        "gather_facts": True,
        "gather_subset": FACTS,
        "become": True,
        "vars": {"clusterjobs_controllers": [cluster.cluster.host("controller").name]},
        "roles": [f"clusterjobs.drm.{role}"],
        **keywords,
    }
    given = ("--extra-vars", json.dumps(variables or {}), "--limit", cluster.name)
    name = f"role-{role}-{cluster.name}-{next(_numbers)}"
    return Play(name, play, inventories=[cluster.inventory, site(cluster)], arguments=(*given, *arguments)).finish(600)


def refusal(finished: Finished, host: str) -> str:
    """The message of the task that failed on the host."""
    failed = [result for result in finished.results[host].values() if result["outcome"] == "failed"]
    assert failed, finished.output[-3000:]
    assert finished.rc != 0
    return str(failed[-1]["msg"])


def changed(finished: Finished) -> list[str]:
    """The tasks that changed something, on whichever host."""
    return [task for results in finished.results.values() for task, result in results.items() if result.get("changed")]
