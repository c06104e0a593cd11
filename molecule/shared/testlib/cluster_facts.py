"""What cluster_info and the inventory plugin say of a cluster under test: of one shape, whichever DRM it has."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from typing import Any

from .hosts import TestCluster
from .plays import LOGS, NEWEST, Play, ansible_environment, play

Facts = Mapping[str, Any]

TEXT, NUMBER, NAMES = (str,), (int, type(None)), (list,)
QUEUE = {
    "name": TEXT,
    "state": TEXT,
    "native_state": TEXT,
    "default": (bool,),
    "walltime_seconds": NUMBER,
    "memory_mb": NUMBER,
    "slots": NUMBER,
    "nodes": NAMES,
}
NODE = {
    "name": TEXT,
    "state": TEXT,
    "native_state": TEXT,
    "slots": NUMBER,
    "slots_used": NUMBER,
    "memory_mb": NUMBER,
    "gpus": NUMBER,
    "features": NAMES,
    "queues": NAMES,
    "message": TEXT,
}


def told(cluster: TestCluster) -> Facts:
    """By the module, as the Galaxy user on the submit host; `drm: auto` has to find the DRM."""
    task = {"name": "facts", "clusterjobs.drm.cluster_info": {}}
    over = Play(f"facts-{cluster.name}", play(task), inventories=[cluster.inventory]).finish()
    assert over.rc == 0, over.output[-3000:]
    facts = over.of(cluster.galaxy, "facts")
    assert facts["drm"] == cluster.cluster.drm
    assert facts["version"][0].isalnum()
    for rows, kind in ((facts["queues"], QUEUE), (facts["nodes"], NODE)):
        for row in rows:
            assert set(row) == set(kind)
            assert all(isinstance(row[name], types) for name, types in kind.items()), row
    return facts


def node_of(cluster: TestCluster, facts: Facts) -> Facts:
    """The cluster's one node, which has 16 slots, of which nobody can use more."""
    (node,) = facts["nodes"]
    assert node["name"] == cluster.cluster.host("node").name
    assert node["slots"] == 16
    assert 0 <= node["slots_used"] <= 16
    assert node["state"] in ("IDLE", "MIXED", "FULL")
    assert node["memory_mb"] > 1000
    return dict(node)


def queues_of(facts: Facts) -> dict[str, Facts]:
    return {queue["name"]: queue for queue in facts["queues"]}


def listed(cluster: TestCluster) -> Facts:
    """By the inventory plugin, over ssh to the submit host."""
    source = LOGS / f"{cluster.name}.clusterjobs.yml"
    options = {
        "plugin": "clusterjobs.drm.nodes",
        "drm": cluster.cluster.drm,
        "ssh_host": cluster.galaxy,
        "ssh_options": ["-F", str(cluster.cluster.directory / "ssh_config")],
    }
    source.parent.mkdir(parents=True, exist_ok=True)
    source.write_text("---\n" + json.dumps(options) + "\n", encoding="utf-8")
    argv = [str(NEWEST / "bin" / "ansible-inventory"), f"--inventory={source}", "--list"]
    environ = {**ansible_environment(), "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "1"}
    answer = subprocess.run(argv, capture_output=True, text=True, env=environ, timeout=120, check=False)
    assert answer.returncode == 0, answer.stderr
    inventory: Facts = json.loads(answer.stdout)
    return inventory


def groups_of_node(cluster: TestCluster, inventory: Facts) -> set[str]:
    name = cluster.cluster.host("node").name
    assert inventory["_meta"]["hostvars"][name]["clusterjobs_slots"] == 16
    return {group for group, content in inventory.items() if name in content.get("hosts", ())}
