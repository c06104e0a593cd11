# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check mode and diff: what would be done, told by the DRM's own dry run where it has one. Nothing is written."""

from __future__ import annotations

from typing import Any, Dict, List, Sequence

from .desired import CONTROLS, Targets
from .interface import Drm
from .model import JobState, JobStatus
from .submission import Order, Submitter


def submission_diff(drm: Drm, orders: Sequence[Order]) -> List[Dict[str, str]]:
    """Each submission's command and script. Values of the environment are not in them, secrets neither."""
    diffs = []
    for order in orders:
        command = drm.build_submit(order.request)
        after = "%s\n\n%s" % ("\n".join(command.argv), order.request.script)
        diffs.append({"before": "", "after": after, "before_header": "not submitted", "after_header": "job %s" % order.request.name})
    return diffs


class Preview:
    """What a start of the module would do, put into ``result``. Raises DrmError for what it would refuse."""

    def __init__(self, submitter: Submitter, state: str, result: Dict[str, Any]) -> None:
        self.submitter = submitter
        self.client = submitter.client
        self.state = state
        self.result = result

    def run(self, orders: Sequence[Order], targets: Targets) -> None:
        for order in orders:
            self._order(order)
        known = [self.submitter.known_without_change(key) for key in targets.keys]
        self._control([*[job_id for job_id in known if job_id], *targets.job_ids])

    def _order(self, order: Order) -> None:
        self.client.drm.check_request(order.request)
        self.client.drm.check_job_ids(order.request.depends_on)
        job_id = self.submitter.known_without_change(order.key)
        if job_id:
            self._control([job_id])
            return
        said = self.client.dry_run(order.request)
        message = (said.stderr.strip() or said.stdout.strip()) if said else "%s has no dry run" % self.client.drm.name
        status = JobStatus("", JobState.UNKNOWN, name=order.request.name, message="would be submitted: %s" % message)
        self.result["jobs"].append(dict(status.as_dict(), changed=True))
        self.result["changed"] = True

    def _control(self, job_ids: Sequence[str]) -> None:
        wanted = CONTROLS.get(self.state, {})
        for status in self.client.statuses(job_ids).jobs.values():
            self.result["jobs"].append(dict(status.as_dict(), changed=status.state in wanted))
            self.result["changed"] = self.result["changed"] or status.state in wanted
