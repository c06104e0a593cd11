# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module from its arguments to its JSON, on this host and over commands that fail."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.module_utils import basic

from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.cluster import (
    ClusterStatus,
    NodeState,
    NodeStatus,
    QueueState,
    QueueStatus,
)
from ansible_collections.clusterjobs.drm.plugins.modules import cluster_info


def run(monkeypatch: pytest.MonkeyPatch, capsys: Any, **arguments: Any) -> dict[str, Any]:
    monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)
    monkeypatch.setattr(basic, "_ANSIBLE_ARGS", json.dumps({"ANSIBLE_MODULE_ARGS": arguments}).encode())
    with pytest.raises(SystemExit):
        cluster_info.main()
    answer: dict[str, Any] = json.loads(capsys.readouterr().out)
    return answer


def test_this_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    answer = run(monkeypatch, capsys, drm="local")
    assert (answer["changed"], answer["drm"], answer["queues"]) == (False, "local", [])
    [node] = answer["nodes"]
    assert (node["state"], node["slots_used"]) == ("IDLE", 0)
    assert answer["commands"][0][-1] == "cluster"


def test_a_controller_that_does_not_answer_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    scontrol = tmp_path / "scontrol"
    scontrol.write_text("#!/bin/sh\necho 'slurm_load_ctl_conf error: Unable to contact slurm controller' >&2; exit 1\n")
    scontrol.chmod(0o755)
    monkeypatch.setenv("PATH", "%s:/usr/bin:/bin" % tmp_path)
    answer = run(monkeypatch, capsys, drm="slurm", timeout=0)
    assert (answer["failed"], answer["drm"], answer["rc"]) == (True, "slurm", 1)
    assert "slurm did not answer" in answer["msg"]
    assert "nodes" not in answer


def test_bad_input(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    assert "timeout: -1 is less than 0" in run(monkeypatch, capsys, drm="local", timeout=-1)["msg"]
    assert "cannot honour cluster" in run(monkeypatch, capsys, drm="local", cluster="west")["msg"]


def test_the_documentation_names_what_is_returned() -> None:
    returned = yaml.safe_load(cluster_info.RETURN)
    told = ClusterStatus(
        "x", "1", queues=(QueueStatus("q", QueueState.OPEN),), nodes=(NodeStatus("n", NodeState.IDLE),)
    ).as_dict()
    assert set(returned) == set(told) | {"commands"}
    assert set(returned["queues"]["contains"]) == set(told["queues"][0])
    assert set(returned["nodes"]["contains"]) == set(told["nodes"][0])
    for kind, states in (("queues", QueueState), ("nodes", NodeState)):
        words = " ".join(returned[kind]["contains"]["state"]["description"])
        assert all(state.value in words for state in states)
