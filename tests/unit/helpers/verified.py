# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run of cluster_verify on a real Slurm where all was well, recorded, for tests to change in one place each."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

from ansible_collections.clusterjobs.drm.plugins.plugin_utils.verify.checks import judged
from ansible_collections.clusterjobs.drm.plugins.plugin_utils.verify.collect import collected

_RECORDED = json.loads(
    (Path(__file__).parents[1] / "plugins" / "plugin_utils" / "verify" / "slurm.json").read_text("utf-8")
)


class Run:
    """``server`` is what the server saw of itself, ``seen`` what it saw of the node, ``answer`` what the node answered.

    ``ways`` is whether Galaxy got where it has to.
    """

    def __init__(self) -> None:
        self.steps: dict[str, Any] = copy.deepcopy(_RECORDED)
        self.settings = self.steps["settings"]
        self.cluster = self.steps["cluster"]
        self.node = self.cluster["nodes"][0]
        self.server: dict[str, Any] = json.loads(self.steps["prepared"]["stdout"])
        self.batch = self.steps["batches"][0]
        self.watched: dict[str, Any] = json.loads(self.batch["stop"]["stdout"])
        self.seen = self.watched["n0"]
        self.answer = self.seen["answer"]
        self.job = self.batch["job"]["jobs"][0]
        self.ways: dict[str, Any] = json.loads(self.steps["ways"]["stdout"])

    def users(self, account: dict[str, Any] | None = None, **told: Any) -> None:
        """Change what is told of alice, and what her job has answered of itself."""
        given = json.loads(self.steps["users"]["stdout"])
        alice = given["users"]["alice"]
        answer = json.loads(alice["answer"])
        answer["account"].update(account or {})
        alice.update({"answer": json.dumps(answer), **told})
        self.steps["users"]["stdout"] = json.dumps(given)

    def path(self, number: int = 0) -> dict[str, Any]:
        """One of the paths, as the node sees it."""
        found: dict[str, Any] = self.answer["paths"][number]
        return found

    def end(self, kind: str) -> dict[str, Any]:
        jobs = [*self.steps["ends"]["jobs"], *self.steps["cancel"]["jobs"]]
        return next(job for job in jobs if job["key"].endswith(kind))

    def report(self) -> dict[str, Any]:
        if self.server:
            self.steps["prepared"]["stdout"] = json.dumps(self.server)
        self.batch["stop"]["stdout"] = json.dumps(self.watched)
        if self.ways:
            self.steps["ways"]["stdout"] = json.dumps(self.ways)
        return judged(collected(self.steps), 0, 1, "")

    def results(self, check: str) -> list[dict[str, Any]]:
        found = [each for each in self.report()["checks"] if each["name"] == check]
        return list(found[0]["results"]) if found else []
