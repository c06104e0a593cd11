# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""check [USER ...]: root asks, before Galaxy does, whether the other programs will work. Prints what is wrong as JSON.

Not in sudoers. The users are those given and the members of required_group; nothing is left behind in the roots.
"""

from __future__ import annotations

import grp
import json
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

SQUASHED = (
    "%s: root may not change the owner of a file there (%s). The file server squashes root: export it to this host with no_root_squash, "
    "or let jobs run as the Galaxy user"
)


def check(config: dict[str, Any], arguments: list[str]) -> int:
    problems = []
    users = []
    names = [*arguments, *(grp.getgrnam(config["required_group"]).gr_mem if config["required_group"] else [])]
    for name in dict.fromkeys(names):
        try:
            found = guard.mapped_user(config, guard.look_up(name))
        except paths.Denied as reason:
            problems.append(str(reason))
        else:
            users.append({"name": found.name, "uid": found.uid})
    if (
        config["shared_group"]
        and guard.group_id(config["shared_group"]) not in guard.look_up(config["galaxy_user"]).groups
    ):
        problems.append("%s is not in the shared group %s" % (config["galaxy_user"], config["shared_group"]))
    job.Ledger(config)
    problems += [problem for problem in (root_problem(config, root) for root in config["roots"]) if problem]
    sys.stdout.write(json.dumps({"problems": problems, "users": users}) + "\n")
    return guard.OK


def root_problem(config: dict[str, Any], root: str) -> str:
    """Galaxy makes a directory there, and root gives it away."""
    galaxy = guard.look_up(config["galaxy_user"])
    path = "%s/.clusterjobs-check-%d" % (root, os.getpid())
    try:
        with job.acting_as(galaxy):
            os.mkdir(path, 0o700)
    except OSError as error:
        return "%s: %s cannot make a directory there: %s" % (root, galaxy.name, error.strerror)
    try:
        opened = paths.open_below_root(config, path, os.O_PATH | os.O_DIRECTORY)
        paths.chown_opened(opened, config["min_uid"], galaxy.gid)
        paths.chown_opened(opened, galaxy.uid, galaxy.gid)
    except PermissionError as error:
        return SQUASHED % (root, error.strerror)
    except paths.Denied as reason:
        return str(reason)
    finally:
        with job.acting_as(galaxy):
            os.rmdir(path)
    return ""


if __name__ == "__main__":
    guard.serve("check", __file__, check, caller="root")
