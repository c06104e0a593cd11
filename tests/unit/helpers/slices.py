# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole plays of the job module over the fake batch system, slice by slice as the action plugin strings them together."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence

from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.desired import Desired, Slice, Targets, Wish
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.errors import DrmError
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.order import Order

from .fake_clock import FakeClock
from .fake_drm import FakeCluster
from .orders import submitter


def wish(state: str, **values: Any) -> Wish:
    defaults = {
        "wait_timeout": 3600,
        "wait_interval": None,
        "cancel_on_timeout": False,
        "fail_on_job_failure": True,
        "return_output": False,
        "output_max_bytes": 100,
    }
    return Wish(state, **dict(defaults, **values))


class Play:
    """Every slice has a submitter of its own: only the journal, the batch system and JSON connect them."""

    def __init__(self, cluster: FakeCluster, directory: Path, clock: FakeClock) -> None:
        self.cluster = cluster
        self.directory = directory
        self.clock = clock
        self.slices: List[Dict[str, Any]] = []
        self.events: List[Dict[str, Any]] = []

    def slice(
        self, wanted: Wish, orders: Sequence[Order], targets: Targets, task: str, pending: Dict[str, Any], waited: float
    ) -> Dict[str, Any]:
        result: Dict[str, Any] = {"changed": False, "timed_out": False, "jobs": [], "diff": []}
        part = Slice(waited, pending.get("unknown", 0.0), pending.get("known", {}))
        try:
            Desired(submitter(self.cluster, self.directory, task), wanted, part, False, result).run(orders, targets)
        except DrmError as error:
            result.update(error.fail_arguments(), failed=True)
        answer: Dict[str, Any] = json.loads(json.dumps(result))
        self.slices.append(answer)
        self.events += answer.get("events", [])
        return answer

    def run(
        self, wanted: Wish, orders: Sequence[Order] = (), targets: Optional[Targets] = None, task: str = "task-1"
    ) -> Dict[str, Any]:
        begin = self.clock.now
        pending: Dict[str, Any] = {}
        while True:
            answer = self.slice(wanted, orders, targets or Targets(), task, pending, self.clock.now - begin)
            if "pending" not in answer:
                return answer
            assert not answer.get("failed")
            pending = answer["pending"]
            # The start of a module takes a while.
            self.clock.sleep(0.5)
