# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether jobs run as the real users, who are the same on the server and on the node."""

from __future__ import annotations

from collections.abc import Iterator

from .judge_environments import answer_in
from .judge_host import FALSE_SHELLS
from .plan import Facts
from .results import Measured, Result


def real_users(run: Measured) -> Iterator[Result]:
    """A job of each of them ran, and it was theirs."""
    wanted = run.settings.get("real_users") or ()
    for name in wanted:
        told = (run.users.get("users") or {}).get(name)
        if run.users.get("skipped"):
            yield Result(run.server, "skipped", run.users["skipped"], item=name)
        elif told is None:
            mend = "Mend what the check submits or answered says first."
            yield Result(run.server, "error", f"No job was run: {run.troubles.get('users') or 'no answer'}", mend, name)
        elif told["problem"]:
            mend = (
                "The message says who refused: sudo or the programs (see real_user_helpers, and journalctl -t clusterjobs-real-user), "
                "or the DRM, where the user may have to be registered."
            )
            yield Result(run.server, "error", told["problem"], mend, name)
        else:
            yield _judged(run, name, told)


def _judged(run: Measured, name: str, told: Facts) -> Result:
    found, here = answer_in(told["answer"]), told["account"]
    if not found or not isinstance(found.get("account"), dict):
        mend = f"See whether {run.settings['node_python']} is on the node, for {name} too."
        return Result(
            run.server, "error", f"Job {told['job_id']} gave no answer: {told['answer'][-300:]!r}", mend, name
        )
    there, host = found["account"], found["host"]
    numbers = {"job_id": told["job_id"], "uid": there["uid"], "gid": there["gid"]}
    mend = f"Have {host} ask the same name service as {run.server} for {name}, or correct the account there."
    wrong = [f"{key} {there[key]}, not {here[key]}" for key in ("uid", "gid") if there[key] != here[key]]
    if there["name"] != name:
        wrong.append(f"uid {there['uid']} is {there['name'] or 'nobody'} there")
    elif str(there["shell"]).rpartition("/")[2] in FALSE_SHELLS:
        wrong.append(f"the shell is {there['shell']}")
    if wrong:
        return Result(run.server, "error", f"On {host}: {', '.join(wrong)}.", mend, name, numbers)
    lost = sorted(set(here["groups"]) - set(there["groups"]))
    if lost:
        message = f"On {host} without the groups {', '.join(map(str, lost))}."
        return Result(run.server, "warning", message, mend, name, numbers)
    return Result(run.server, "ok", f"A job ran as {name} on {host}; another one was cancelled.", "", name, numbers)
