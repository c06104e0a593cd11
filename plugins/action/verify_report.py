# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a verification measured, made into a report here on the controller."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ansible_collections.clusterjobs.drm.plugins.plugin_utils.verify import files
from ansible_collections.clusterjobs.drm.plugins.plugin_utils.verify.compare import comparable
from ansible_collections.clusterjobs.drm.plugins.plugin_utils.verify.judge import finish
from ansible_collections.clusterjobs.drm.plugins.plugin_utils.verify.model import Report
from ansible_collections.clusterjobs.drm.plugins.plugin_utils.verify.reading import ShapeError, read

_SPEC = {
    "measured": {"type": "dict", "required": True},
    "waived": {"type": "dict", "default": {}},
    "dest": {"type": "path", "required": True},
}

display = Display()


class ActionModule(ActionBase):
    """One task of clusterjobs.drm.verify_report. It connects to nothing."""

    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        options = self.validate_argument_spec(argument_spec=_SPEC)[1]
        directory = Path(options["dest"]).absolute()
        try:
            last, warning = _last(directory, read(options["measured"]))
            report = finish(options["measured"], options["waived"], last)
        except ShapeError as error:
            raise AnsibleActionFail(f"verify_report: {error}") from error
        if warning:
            result["warnings"] = [warning]
        contents = files.texts(report)
        result["files"] = {name: str(directory / files.NAMES[name]) for name in files.NAMES}
        if not self._task.check_mode:
            try:
                files.write(directory, contents)
            except OSError as error:
                raise AnsibleActionFail(f"verify_report: dest: cannot write to {directory}: {error}") from error
            display.display(f"{contents['summary']}\nReport: {result['files']['html']}")
        finished = report.as_dict()
        told = {name: finished[name] for name in ("counts", "ready", "compared")}
        result.update(told, changed=True, failed_checks=report.failed_checks, summary=contents["summary"])
        return result


def _last(directory: Path, report: Report) -> tuple[Report | None, str]:
    """The last report of the same server and DRM, or why there is none to compare with."""
    try:
        last = files.last_report(directory)
    except ShapeError as error:
        return None, f"The last report cannot be read, so nothing is compared. {error}"
    if last is None or comparable(last, report):
        return last, ""
    run = last.run
    return (
        None,
        f"The last report in {directory} is of {run.galaxy_host} and {run.drm or 'no DRM'}: nothing is compared.",
    )
