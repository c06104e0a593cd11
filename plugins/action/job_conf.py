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
from ansible_collections.clusterjobs.drm.plugins.plugin_utils.galaxy.context import NEWEST, Context
from ansible_collections.clusterjobs.drm.plugins.plugin_utils.galaxy.findings import (
    ERROR,
    WARNING,
    Finding,
    JobConfError,
    error,
)

_PLACED = {**FILE_COMMON_ARGUMENTS, "backup": {"type": "bool", "default": False}, "validate": {"type": "str"}}
_SPEC = {
    # Paths are the host's: the type path would expand ~ and $HOME here on the controller.
    "path": {"type": "str", "required": True, "aliases": ["dest"]},
    "state": {"type": "str", "default": "present", "choices": ["present", "linted", "absent"]},
    "job_config": {"type": "raw"},
    "galaxy_config": {"type": "dict"},
    "galaxy_config_file": {"type": "str"},
    "galaxy_release": {"type": "str", "default": NEWEST},
    "drm": DRM_SPEC["drm"],
    "cluster": {"type": "dict"},
    # Not of type str, which would make a text of the number that YAML takes an unquoted 027 for.
    "umask": {"type": "raw"},
    "waive": {"type": "list", "elements": "str", "default": []},
    **_PLACED,
}

Answer = tuple[dict[str, Any], list[Finding]]


class ActionModule(ActionBase):
    """One task of clusterjobs.drm.job_conf."""

    TRANSFERS_FILES = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        task_vars = task_vars or {}
        options = self.validate_argument_spec(argument_spec=_SPEC)[1]
        options["path"] = self._remote_expand_user(options["path"])
        does = {"present": self._present, "linted": self._linted, "absent": self._absent}[options["state"]]
        try:
            answer, findings = does(options, task_vars)
        except JobConfError as problem:
            told = [finding.as_dict() for finding in problem.findings]
            return {**result, "failed": True, "msg": str(problem), "findings": told}
        result.update(answer)
        result["findings"] = [finding.as_dict() for finding in findings]
        warnings = [str(finding) for finding in findings if finding.level == WARNING]
        if warnings:
            result["warnings"] = [*result.get("warnings", []), *warnings]
        return result

    def _present(self, options: dict[str, Any], task_vars: dict[str, Any]) -> Answer:
        if options["job_config"] is None:
            raise error("bad-option", "job_config", "is missing", "state: present needs it.")
        form = render.format_of(options["path"])
        settings = self._settings(options, task_vars)
        native, findings = render.prepare(options["job_config"], self._context(options, settings, form))
        text = render.text_of(native, form)
        unread = self._unread(settings, options["path"])
        return self._place(text, form, options, task_vars), findings + unread

    def _linted(self, options: dict[str, Any], task_vars: dict[str, Any]) -> Answer:
        """What is given, or else what is there: nothing is written, and an error is an error."""
        form = render.format_of(options["path"])
        settings = self._settings(options, task_vars)
        value = options["job_config"]
        if value is None:
            value = self._text_on_host(options["path"], "path", task_vars)
        if value is None:
            raise error("bad-option", "path", f"{options['path']} is not there", "Name a file, or give job_config.")
        findings = render.lint(value, self._context(options, settings, form)) + render.unread(settings, options["path"])
        if any(finding.level == ERROR for finding in findings):
            raise JobConfError(findings)
        return {"changed": False}, findings

    def _absent(self, options: dict[str, Any], task_vars: dict[str, Any]) -> Answer:
        arguments = {"path": options["path"], "state": "absent"}
        answer = self._execute_module(module_name="ansible.builtin.file", module_args=arguments, task_vars=task_vars)
        return answer, []

    @staticmethod
    def _context(options: dict[str, Any], settings: Any, form: str) -> Context:
        section, cluster, umask = render.galaxy_section(settings), options["cluster"] or {}, options["umask"] or ""
        return Context(
            options["drm"], options["galaxy_release"], tuple(options["waive"]), section, cluster, form, umask
        )

    def _settings(self, options: dict[str, Any], task_vars: dict[str, Any]) -> Any:
        """The settings that are to be written, or else those on the host."""
        if options["galaxy_config"]:
            return options["galaxy_config"]
        path = options["galaxy_config_file"]
        text = self._text_on_host(path, "galaxy_config_file", task_vars) if path else None
        return None if text is None else render.settings_in(text)

    @staticmethod
    def _unread(settings: Any, path: str) -> list[Finding]:
        """Would Galaxy read the file?"""
        findings = render.unread(settings, path)
        if any(finding.level == ERROR for finding in findings):
            raise JobConfError(findings)
        return findings

    def _check_kind(self, path: str, option: str, task_vars: dict[str, Any]) -> None:
        """What is there has to be a file: to read a FIFO would take for ever."""
        there = self._execute_remote_stat(path, task_vars, follow=True, checksum=False)
        if there["exists"] and not there["isreg"]:
            raise error("bad-option", option, f"{path} is there and no file", "Remove it, or name another path.")

    def _text_on_host(self, path: str, option: str, task_vars: dict[str, Any]) -> str | None:
        """What a file says; None where it is not there."""
        self._check_kind(path, option, task_vars)
        answer = self._execute_module(
            module_name="ansible.builtin.slurp", module_args={"src": path}, task_vars=task_vars
        )
        if not answer.get("failed"):
            return self._decoded(base64.b64decode(answer["content"]), path, option)
        if "not found" in answer.get("msg", ""):
            return None
        message = f"{option}: cannot read {path}: {answer.get('msg')}. Use become, or leave the option out."
        raise AnsibleActionFail(message, result=answer)

    @staticmethod
    def _decoded(content: bytes, path: str, option: str) -> str:
        try:
            return content.decode("utf-8")
        except UnicodeDecodeError as problem:
            message = f"{path} is not UTF-8 at byte {problem.start}"
            raise error("bad-option", option, message, "Galaxy would not read it either: save it as UTF-8.") from None

    def _place(self, text: str, form: str, options: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        """What ansible.builtin.copy answers, with the diff made anew, since what it compares may hold secrets."""
        self._check_kind(options["path"], "path", task_vars)
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
