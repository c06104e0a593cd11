# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check mode and diff: what would be done, told by the DRM's own dry run where it has one. Nothing is written."""

from __future__ import annotations

from typing import Any, Dict, Mapping, Sequence

from .interface import Drm
from .model import Control, JobRequest, JobState, JobStatus
from .order import Order
from .submission import Submitter


def submission_diff(drm: Drm, request: JobRequest) -> Dict[str, str]:
    """A submission's command and script. Values of the environment are not in them, secrets neither."""
    after = "%s\n\n%s" % ("\n".join(drm.build_submit(request).argv), request.script)
    return {"before": "", "after": after, "before_header": "not submitted", "after_header": "job %s" % request.name}


class Preview:
    """What a start of the module would do, put into ``result``. Raises DrmError for what it would refuse."""

    def __init__(self, submitter: Submitter, controls: Mapping[JobState, Control], result: Dict[str, Any]) -> None:
        self.submitter = submitter
        self.client = submitter.client
        self.controls = controls
        self.result = result

    def run(self, orders: Sequence[Order], keys: Sequence[str], job_ids: Sequence[str]) -> None:
        for order in orders:
            self._order(order)
        known = [self.submitter.known_without_change(key) for key in keys]
        self._control([*[job_id for job_id in known if job_id], *job_ids])

    def _order(self, order: Order) -> None:
        job_id = self.submitter.foresee(order)
        if job_id:
            self._control([job_id])
            return
        said = self.client.dry_run(order.request)
        message = (said.stderr.strip() or said.stdout.strip()) if said else "%s has no dry run" % self.client.drm.name
        status = JobStatus("", JobState.UNKNOWN, name=order.request.name, message="would be submitted: %s" % message)
        self.result["jobs"].append(dict(status.as_dict(), changed=True))
        self.result["changed"] = True
        self.result["diff"].append(submission_diff(self.client.drm, order.request))

    def _control(self, job_ids: Sequence[str]) -> None:
        for status in self.client.statuses(job_ids).jobs.values():
            changes = status.state in self.controls
            self.result["jobs"].append(dict(status.as_dict(), changed=changes))
            self.result["changed"] = self.result["changed"] or changes
