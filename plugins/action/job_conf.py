# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Galaxy's job_conf, translated, checked and rendered here on the controller; ansible.builtin.copy puts the finished text into its place."""

from __future__ import annotations

import base64
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.module_utils.basic import FILE_COMMON_ARGUMENTS
from ansible.plugins.action import ActionBase

from ansible_collections.clusterjobs.drm.plugins.module_utils._arguments import DRM_SPEC
from ansible_collections.clusterjobs.drm.plugins.plugin_utils.galaxy import render
from ansible_collections.clusterjobs.drm.plugins.plugin_utils.galaxy.findings import ERROR, Finding, JobConfError

_PLACED = {**FILE_COMMON_ARGUMENTS, "backup": {"type": "bool", "default": False}, "validate": {"type": "str"}}
_SPEC = {
    # Paths are the host's: the type path would expand ~ and $HOME here on the controller.
    "path": {"type": "str", "required": True, "aliases": ["dest"]},
    "job_config": {"type": "dict", "required": True},
    "galaxy_config": {"type": "dict"},
    "galaxy_config_file": {"type": "str"},
    "drm": DRM_SPEC["drm"],
    **_PLACED,
}


class ActionModule(ActionBase):
    """One task of clusterjobs.drm.job_conf."""

    TRANSFERS_FILES = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        task_vars = task_vars or {}
        options = self.validate_argument_spec(argument_spec=_SPEC)[1]
        path = self._remote_expand_user(options["path"])
        try:
            native, findings = render.prepare(options["job_config"], options["drm"])
            form = render.format_of(path)
            text = render.text_of(native, form)
            findings += self._unread(options, path, task_vars)
        except JobConfError as error:
            return {
                **result,
                "failed": True,
                "msg": str(error),
                "findings": [finding.as_dict() for finding in error.findings],
            }
        result.update(self._place(text, form, {**options, "path": path}, task_vars))
        result["findings"] = [finding.as_dict() for finding in findings]
        if findings:
            result["warnings"] = [*result.get("warnings", []), *map(str, findings)]
        return result

    def _unread(self, options: dict[str, Any], path: str, task_vars: dict[str, Any]) -> list[Finding]:
        """Would Galaxy read the file? The settings that are to be written say so, or else those on the host."""
        settings = options["galaxy_config"] or self._settings_on_host(options["galaxy_config_file"], task_vars)
        findings = render.unread(settings, path)
        if any(finding.level == ERROR for finding in findings):
            raise JobConfError(findings)
        return findings

    def _settings_on_host(self, path: str | None, task_vars: dict[str, Any]) -> Any:
        if not path:
            return None
        answer = self._execute_module(
            module_name="ansible.builtin.slurp", module_args={"src": path}, task_vars=task_vars
        )
        if not answer.get("failed"):
            return render.settings_in(base64.b64decode(answer["content"]).decode("utf-8", "replace"))
        if "not found" in answer.get("msg", ""):
            return None
        message = f"galaxy_config_file: cannot read {path}: {answer.get('msg')}. Use become, or leave the option out."
        raise AnsibleActionFail(message, result=answer)

    def _place(self, text: str, form: str, options: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        """What ansible.builtin.copy answers, with the diff made anew, since what it compares may hold secrets."""
        task = self._task.copy()
        task.args = {name: options[name] for name in _PLACED if options[name] is not None}
        task.args.update(content=text, dest=options["path"])
        copy = self._shared_loader_obj.action_loader.get(
            "ansible.builtin.copy",
            task=task,
            connection=self._connection,
            play_context=self._play_context,
            loader=self._loader,
            templar=self._templar,
            shared_loader_obj=self._shared_loader_obj,
        )
        answer: dict[str, Any] = copy.run(task_vars=task_vars)
        diffs = answer.get("diff") or []
        for diff in diffs if isinstance(diffs, list) else [diffs]:
            for side in ("before", "after"):
                if isinstance(diff.get(side), str):
                    diff[side] = render.diffable(diff[side], form)
        return answer
