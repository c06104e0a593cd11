# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Strings the module's slices of waiting together: shows progress, resets a lost connection, goes on until the module says that it is over."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleActionFail, AnsibleAuthenticationFailure, AnsibleConnectionFailure, AnsibleError
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

display = Display()

# A host that never answered is given this long after the first loss, as a submission may have been cut off; one that did,
# until wait_timeout.
FIRST_CONTACT_SECONDS = 60.0
MAX_PAUSE_SECONDS = 15.0
# A module that dies again and again on a host that answers is not a host that restarts.
MAX_DEATHS = 5


class ActionModule(ActionBase):
    """One task of clusterjobs.drm.job."""

    TRANSFERS_FILES = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        if self._task.async_val:
            raise AnsibleActionFail(
                "clusterjobs.drm.job does not run with async: its job is on the cluster already. Use state: submitted with a key, and in a later"
                " task state: finished with the same key."
            )
        result: dict[str, Any] = super().run(tmp, task_vars)
        if "_slice" in self._task.args:
            raise AnsibleActionFail("_slice is not an option of clusterjobs.drm.job")
        result.update(Slices(self, task_vars or {}, _seconds(self._task.args.get("wait_timeout"))).run())
        return result

    def run_slice(self, part: Mapping[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        """Start the module once. Raises AnsibleConnectionFailure where the connection was lost."""
        answer: dict[str, Any] = self._execute_module(
            module_name="clusterjobs.drm.job", module_args=dict(self._task.args, _slice=dict(part)), task_vars=task_vars
        )
        return answer

    def reset_connection(self) -> None:
        """Forget the connection and the host's temporary directory, which a restart has emptied."""
        self._connection._shell.tmpdir = None
        try:
            self._connection.reset()
        except (AnsibleError, AttributeError) as error:
            display.vvv("clusterjobs.drm.job: reset of the connection: %s" % error)


class Slices:
    """The loop over slices, and the clock of the whole wait: it runs here, so time without a connection counts."""

    def __init__(self, action: ActionModule, task_vars: dict[str, Any], wait_timeout: float) -> None:
        self.action = action
        self.task_vars = task_vars
        self.wait_timeout = wait_timeout
        self.host = str(task_vars.get("inventory_hostname", "host"))
        self.task = uuid.uuid4().hex
        self.begin = time.monotonic()
        self.last: dict[str, Any] = {}
        self.changed = False
        self.changed_jobs: set[str] = set()
        self.commands: list[Any] = []
        self.diff: list[Any] = []
        self.lost_since = self.begin
        self.failures = 0
        self.deaths = 0

    def run(self) -> dict[str, Any]:
        while True:
            answer = self._slice()
            if answer is None:
                continue
            self._show(answer.pop("events", []))
            self._add(answer)
            if "pending" not in answer:
                return answer
            self.last = answer

    def _add(self, answer: dict[str, Any]) -> None:
        """What the slices did, they did together."""
        self.changed = answer["changed"] = self.changed or bool(answer.get("changed"))
        if not answer.get("jobs") and self.last:
            # The module failed before it came to the jobs: they are still there.
            answer.update({name: value for name, value in self.last.items() if name in ("jobs", "drm", "commands")})
        if "jobs" not in answer:
            return
        self.changed_jobs |= {job["job_id"] for job in answer["jobs"] if job["changed"]}
        for job in answer["jobs"]:
            job["changed"] = job["job_id"] in self.changed_jobs
        self.commands += [command for command in answer["commands"] if command not in self.commands]
        answer["commands"] = self.commands
        # A slice whose answer was lost is told again by the next one.
        self.diff += [diff for diff in answer.get("diff", []) if diff not in self.diff]
        if "diff" in answer:
            answer["diff"] = self.diff

    def _slice(self) -> dict[str, Any] | None:
        """One slice's answer; None where there was none and it is to be tried again."""
        pending = self.last.get("pending", {})
        part = {"task": self.task, "waited": time.monotonic() - self.begin, **pending}
        try:
            answer = self.action.run_slice(part, self.task_vars)
        except AnsibleConnectionFailure as error:
            if self._give_up() or (isinstance(error, AnsibleAuthenticationFailure) and not self.last):
                return self._lost("the connection is lost: %s" % error, error)
            self._pause("connection lost (%s)" % " ".join(str(error).split())[:200])
            return None
        if _died(answer, answered_before=bool(self.last)) and self.deaths < MAX_DEATHS and not self._give_up():
            self.deaths += 1
            self._pause("the module was ended on the host")
            return None
        self.failures = 0
        return answer

    def _give_up(self) -> bool:
        now = time.monotonic()
        if not self.failures:
            self.lost_since = now
        if self.last:
            return now - self.begin >= max(self.wait_timeout, FIRST_CONTACT_SECONDS)
        return now - self.lost_since >= FIRST_CONTACT_SECONDS

    def _pause(self, why: str) -> None:
        self.failures += 1
        pause = MAX_PAUSE_SECONDS if self.failures > 4 else 2.0 ** (self.failures - 1)
        display.display("[%s] job: %s; trying again in %d s" % (self.host, why, pause))
        self.action.reset_connection()
        time.sleep(pause)

    def _lost(self, message: str, error: AnsibleConnectionFailure) -> dict[str, Any]:
        """Without a connection in time: unreachable if nothing is known, else what was known last."""
        if not self.last:
            raise error
        known = {name: value for name, value in self.last.items() if name not in ("pending", "invocation")}
        return dict(
            known,
            failed=True,
            timed_out=True,
            changed=self.changed,
            msg="%s. The jobs go on; this is what was known last." % message,
        )

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


def _seconds(wait_timeout: Any) -> float:
    """The task's wait_timeout; what is no number the module will refuse."""
    try:
        return 3600.0 if wait_timeout is None else float(wait_timeout)
    except (TypeError, ValueError):
        return 0.0


def _died(answer: Mapping[str, Any], answered_before: bool) -> bool:
    """A module that was killed leaves no answer of its own, but the signal's return code.

    One that cannot start has another. But where it could before, the host is going down, and has taken the module's files away.
    """
    rc = answer.get("rc", 0)
    return "module_stdout" in answer and (answered_before or rc < 0 or rc > 128)
