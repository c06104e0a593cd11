# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kill JOBID UID: end a job that run has submitted, as the user whom the ledger names.

Galaxy passes the uid of whoever submitted last, or None after a restart; another one than the ledger's is logged and not obeyed.
"""

from __future__ import annotations

import os
import sys
import syslog

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.realpath(__file__))
if os.lstat(HERE).st_uid != 0 or os.lstat(HERE).st_mode & 0o22:
    syslog.openlog("clusterjobs-real-user")
    syslog.syslog(syslog.LOG_AUTHPRIV | syslog.LOG_WARNING, "denied: %s is not root's alone" % HERE)
    sys.exit(2)
sys.path.insert(0, HERE)

from typing import Any

import guard
import job
import paths


def kill(config: dict[str, Any], arguments: list[str]) -> int:
    if len(arguments) != 2 or not guard.JOB_ID.fullmatch(arguments[0]):
        raise paths.Denied("takes JOBID and UID")
    job_id, claimed = arguments
    owner = job.Ledger(config).owner(job_id)
    if claimed != str(owner):
        guard.log("kill: job %s is uid %d's, the caller said %s" % (job_id, owner, claimed))
    user = guard.look_up_uid(str(owner))
    # A user who may run no more jobs must still be rid of those that run.
    problem = guard.uid_problem({**config, "denied_users": []}, user)
    if problem:
        raise paths.Denied("user %s %s" % (user.name, problem))
    nothing = os.open("/dev/null", os.O_RDONLY)
    said, text = job.as_user(user, config, {"action": "end", "job_id": job_id}, nothing)
    if said == "id":
        return guard.OK
    guard.log("kill: job %s as uid %d: %s %s" % (job_id, owner, said, text))
    sys.stderr.write("kill: %s\n" % guard.escaped(text))
    return guard.DRM_ERROR


if __name__ == "__main__":
    guard.serve("kill", __file__, kill)
