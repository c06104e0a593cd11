# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Strings the module's slices of waiting together: shows progress, resets a lost connection, goes on until the module says that it is over."""

from __future__ import annotations

import time
import uuid
from typing import Any, Dict, List, Mapping, Optional, Set

from ansible.errors import AnsibleActionFail, AnsibleConnectionFailure
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

display = Display()

# A host that never answered is given this long, as a submission may have been cut off; one that did, until wait_timeout.
FIRST_CONTACT_SECONDS = 60.0
MAX_PAUSE_SECONDS = 15.0
# A module that dies again and again on a host that answers is not a host that restarts.
MAX_DEATHS = 5


class ActionModule(ActionBase):
    """One task of clusterjobs.drm.job."""

    TRANSFERS_FILES = False

    def run(self, tmp: Optional[str] = None, task_vars: Optional[Dict[str, Any]] = None) -> Dict[str, Any]:
        if self._task.async_val:
            raise AnsibleActionFail(
                "clusterjobs.drm.job does not run with async: its job is on the cluster already. Use state: submitted with a key, and in a later"
                " task state: finished with the same key."
            )
        result: Dict[str, Any] = super().run(tmp, task_vars)
        if "_slice" in self._task.args:
            raise AnsibleActionFail("_slice is not an option of clusterjobs.drm.job")
        wait_timeout = float(self._task.args.get("wait_timeout") or 3600)
        result.update(Slices(self, task_vars or {}, wait_timeout).run())
        return result

    def run_slice(self, part: Mapping[str, Any], task_vars: Dict[str, Any]) -> Dict[str, Any]:
        """Start the module once. Raises AnsibleConnectionFailure where the connection was lost."""
        answer: Dict[str, Any] = self._execute_module(
            module_name="clusterjobs.drm.job", module_args=dict(self._task.args, _slice=dict(part)), task_vars=task_vars
        )
        return answer

    def reset_connection(self) -> None:
        """Forget the connection and the host's temporary directory, which a restart has emptied."""
        self._connection._shell.tmpdir = None
        try:
            self._connection.reset()
        except (AnsibleConnectionFailure, AttributeError) as error:
            display.vvv("clusterjobs.drm.job: reset of the connection: %s" % error)


class Slices:
    """The loop over slices, and the clock of the whole wait: it runs here, so time without a connection counts."""

    def __init__(self, action: ActionModule, task_vars: Dict[str, Any], wait_timeout: float) -> None:
        self.action = action
        self.task_vars = task_vars
        self.wait_timeout = wait_timeout
        self.host = str(task_vars.get("inventory_hostname", "host"))
        self.task = uuid.uuid4().hex
        self.begin = time.monotonic()
        self.last: Dict[str, Any] = {}
        self.changed = False
        self.changed_jobs: Set[str] = set()
        self.commands: List[Any] = []
        self.diff: List[Any] = []
        self.failures = 0
        self.deaths = 0

    def run(self) -> Dict[str, Any]:
        while True:
            answer = self._slice()
            if answer is None:
                continue
            self._show(answer.pop("events", []))
            self._add(answer)
            if "pending" not in answer:
                return answer
            self.last = answer

    def _add(self, answer: Dict[str, Any]) -> None:
        """What the slices did, they did together."""
        self.changed = answer["changed"] = self.changed or bool(answer.get("changed"))
        if "jobs" not in answer:
            return
        self.changed_jobs |= {job["job_id"] for job in answer["jobs"] if job["changed"]}
        for job in answer["jobs"]:
            job["changed"] = job["job_id"] in self.changed_jobs
        self.commands += [command for command in answer["commands"] if command not in self.commands]
        answer["commands"] = self.commands
        self.diff += answer.get("diff", [])
        if "diff" in answer:
            answer["diff"] = self.diff

    def _slice(self) -> Optional[Dict[str, Any]]:
        """One slice's answer; None where there was none and it is to be tried again."""
        pending = self.last.get("pending", {})
        part = {"task": self.task, "waited": time.monotonic() - self.begin, **pending}
        try:
            answer = self.action.run_slice(part, self.task_vars)
        except AnsibleConnectionFailure as error:
            if self._give_up():
                return self._lost("the connection is lost: %s" % error, error)
            self._pause("connection lost (%s)" % str(error).strip().splitlines()[0][:200])
            return None
        if _died(answer) and self.deaths < MAX_DEATHS and not self._give_up():
            self.deaths += 1
            self._pause("the module was ended on the host")
            return None
        self.failures = 0
        return answer

    def _give_up(self) -> bool:
        passed = time.monotonic() - self.begin
        return passed >= (max(self.wait_timeout, FIRST_CONTACT_SECONDS) if self.last else FIRST_CONTACT_SECONDS)

    def _pause(self, why: str) -> None:
        self.failures += 1
        pause = min(MAX_PAUSE_SECONDS, 2.0 ** (self.failures - 1))
        display.display("[%s] job: %s; trying again in %d s" % (self.host, why, pause))
        self.action.reset_connection()
        time.sleep(pause)

    def _lost(self, message: str, error: AnsibleConnectionFailure) -> Dict[str, Any]:
        """Without a connection in time: unreachable if nothing is known, else what was known last."""
        if not self.last:
            raise error
        known = {name: value for name, value in self.last.items() if name not in ("pending", "invocation")}
        return dict(known, failed=True, timed_out=True, changed=self.changed, msg="%s. The jobs go on; this is what was known last." % message)

    def _show(self, events: Any) -> None:
        for event in events:
            if "state" not in event:
                text = event["message"]
            else:
                native = event["native_state"]
                where = " on %s" % ",".join(event["nodes"]) if event["nodes"] else ""
                because = ": %s" % event["message"] if event["message"] else ""
                text = "job %s %s (%s)%s%s" % (event["job_id"], event["state"], native, where, because)
            display.display("[%s] %s" % (self.host, text))


def _died(answer: Mapping[str, Any]) -> bool:
    """A module that was killed leaves no answer of its own: Ansible gives what it printed instead."""
    return bool(answer.get("failed")) and "jobs" not in answer and "module_stdout" in answer and not answer.get("exception", "").startswith("Traceback")
