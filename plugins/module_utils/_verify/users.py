# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs of real users, as Galaxy sends them: a directory that becomes the user's, the job by sudo, and the directory back."""

from __future__ import annotations

import grp
import json
import os
import pwd
import time
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple

from .host import answer
from .places import read_text, run_directory, why, write_text

_HELPER_SECONDS = 150.0
# The one that is to be cancelled ends by itself soon, should that fail.
_SLEEP = "#!/bin/sh\nexec sleep 60\n"
#: The job makes this file at its end.
DONE = "done"
#: Directories of runs that hold other users' directories end so.
SUFFIX = "-users"


class Failed(Exception):
    """One step with one user did not go through."""


def as_users(asked: Mapping[str, Any]) -> Dict[str, Any]:
    """``asked``: tag, users, directory (of the programs), path (Galaxy's job_working_directory), script, native, seconds."""
    if not os.path.exists(os.path.join(asked["directory"], "config.json")):
        return {"skipped": "There is no %s/config.json: the role real_user is not set up." % asked["directory"]}
    base = run_directory(asked["path"], asked["tag"] + SUFFIX)
    os.mkdir(base, 0o755)
    os.chmod(base, 0o755)
    jobs = {name: _Job(asked, base, name) for name in asked["users"]}
    for job in jobs.values():
        job.step(job.submit)
    end = time.monotonic() + asked["seconds"]
    for job in jobs.values():
        job.step(job.wait, end)
        job.step(job.cancel_another)
        job.give_back()
    return {"users": {name: job.told for name, job in jobs.items()}}


class _Job:
    """One user's job. ``told`` is what came of it; after a step that failed no other is tried."""

    def __init__(self, asked: Mapping[str, Any], base: str, name: str) -> None:
        self.asked = asked
        self.name = name
        self.path = os.path.join(base, name)
        self.job_id = ""
        self.told: Dict[str, Any] = {"problem": "", "account": None, "answer": ""}

    def step(self, work: Callable[..., None], *words: Any) -> None:
        if self.told["problem"]:
            return
        try:
            work(*words)
        except Failed as problem:
            self.told["problem"] = str(problem)
        except OSError as error:
            self.told["problem"] = "%s: %s" % (self.path, why(error))

    def submit(self) -> None:
        account = self.told["account"] = known(self.name)
        if account is None:
            raise Failed("The server does not know the user %s." % self.name)
        os.mkdir(self.path, 0o755)
        os.chmod(self.path, 0o755)
        self._script("galaxy_1", self.asked["script"])
        self._script("galaxy_2", _SLEEP)
        self._helper("chown", self.path, self.name, str(account["gid"]))
        self.job_id = self.told["job_id"] = self._run("galaxy_1")

    def wait(self, end: float) -> None:
        while not os.path.exists(os.path.join(self.path, DONE)):
            if time.monotonic() > end:
                self._helper("kill", self.job_id, str(self.told["account"]["uid"]))
                raise Failed("Job %s did not answer within %d s." % (self.job_id, self.asked["seconds"]))
            time.sleep(0.2)

    def cancel_another(self) -> None:
        job_id = self._run("galaxy_2")
        self._helper("kill", job_id, str(self.told["account"]["uid"]))

    def give_back(self) -> None:
        """Also after a failure: what stays the user's cannot be removed."""
        if not os.path.isdir(self.path):
            return
        try:
            if os.lstat(self.path).st_uid != os.getuid():
                self._helper("chown", self.path, pwd.getpwuid(os.getuid()).pw_name, str(os.getgid()))
            if not self.told["problem"]:
                self.told["answer"] = read_text(os.path.join(self.path, "galaxy_1.o"))
        except Failed as problem:
            self.told["problem"] = self.told["problem"] or str(problem)
        except OSError as error:
            self.told["problem"] = self.told["problem"] or "The job's output cannot be read: %s" % why(error)

    def _script(self, name: str, text: str) -> None:
        files = {kind: "%s/%s.%s" % (self.path, name, kind) for kind in ("sh", "jt_json", "o", "e")}
        template = {
            "remoteCommand": files["sh"],
            "jobName": "verify-%s" % self.asked["tag"],
            "workingDirectory": self.path,
            "outputPath": ":" + files["o"],
            "errorPath": ":" + files["e"],
            "nativeSpecification": " ".join(self.asked["native"]),
        }
        write_text(files["sh"], text)
        os.chmod(files["sh"], 0o755)
        write_text(files["jt_json"], json.dumps(template))

    def _run(self, name: str) -> str:
        uid = str(self.told["account"]["uid"])
        return self._helper("run", "--assign_all_groups", uid, "%s/%s.jt_json" % (self.path, name)).strip()

    def _helper(self, name: str, *words: str) -> str:
        rc, stdout, stderr = called(self.asked["directory"], name, words)
        if rc:
            raise Failed("sudo -n %s: rc %d: %s" % (name, rc, stderr.strip()[-700:]))
        return stdout


def called(directory: str, name: str, words: Sequence[str]) -> Tuple[int, str, str]:
    return answer(["sudo", "-n", os.path.join(directory, name), *words], _HELPER_SECONDS)


def known(name: str) -> Optional[Dict[str, Any]]:
    """A user as this host knows it."""
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    groups = {entry.pw_gid, *(group.gr_gid for group in grp.getgrall() if name in group.gr_mem)}
    groups.update(os.getgrouplist(name, entry.pw_gid))
    return {"name": name, "uid": entry.pw_uid, "gid": entry.pw_gid, "groups": sorted(groups), "shell": entry.pw_shell}


def give_back(directories: Sequence[str], programs: str) -> None:
    """What an interrupted run has left as the users' becomes this account's again, so that it can be removed."""
    ours = pwd.getpwuid(os.getuid()).pw_name
    for base in directories:
        if not base.endswith(SUFFIX) or not os.path.isdir(base):
            continue
        for path in _others(base):
            # One that stays theirs is told of as left, when it cannot be removed.
            called(programs, "chown", [path, ours, str(os.getgid())])


def _others(base: str) -> List[str]:
    paths = [os.path.join(base, name) for name in sorted(os.listdir(base))]
    return [path for path in paths if os.lstat(path).st_uid != os.getuid()]
