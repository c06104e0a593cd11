# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""check [--umask UMASK] [--group GROUP] [USER ...]: root asks, before Galaxy does, whether the other programs will work.

Prints what is wrong as JSON. Not in sudoers. The users are those given and the members of required_group; UMASK and GROUP are those
of Galaxy's service, whose directories they have to come through. Nothing is left behind in the roots.
"""

from __future__ import annotations

import argparse
import grp
import json
import os
import stat
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
SHUT_OUT = (
    "%s: %s cannot enter what Galaxy's service makes there (%s, gid %d: %s), so this user's jobs fail. "
    "Make the users members of that group, or have Galaxy's service run with the umask 022; every directory above has to let them through, too"
)


def check(config: dict[str, Any], arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="check")
    parser.add_argument("--umask", type=lambda text: int(text, 8), default=0o022)
    parser.add_argument("--group", default="")
    parser.add_argument("users", nargs="*")
    asked = parser.parse_args(arguments)
    problems = []
    users = []
    names = [*asked.users, *(grp.getgrnam(config["required_group"]).gr_mem if config["required_group"] else [])]
    for name in dict.fromkeys(names):
        try:
            found = guard.mapped_user(config, guard.look_up(name))
        except paths.Denied as reason:
            problems.append(str(reason))
        else:
            users.append(found)
    galaxy = guard.look_up(config["galaxy_user"])
    if config["shared_group"] and guard.group_id(config["shared_group"]) not in galaxy.groups:
        problems.append("%s is not in the shared group %s" % (config["galaxy_user"], config["shared_group"]))
    job.Ledger(config)
    if asked.group:
        galaxy = galaxy._replace(gid=guard.group_id(asked.group))
    os.umask(asked.umask)
    for root in config["roots"]:
        problems += root_problems(config, root, galaxy, users)
    told = [{"name": user.name, "uid": user.uid} for user in users]
    sys.stdout.write(json.dumps({"problems": problems, "users": told}) + "\n")
    return guard.OK


def root_problems(config: dict[str, Any], root: str, galaxy: guard.Account, users: list[guard.Account]) -> list[str]:
    """Galaxy makes a directory there, a user enters it, and root gives one away."""
    path = "%s/.clusterjobs-check-%d" % (root, os.getpid())
    try:
        with job.acting_as(galaxy):
            os.mkdir(path)
    except OSError as error:
        return ["%s: %s cannot make a directory there: %s" % (root, galaxy.name, error.strerror)]
    problems = []
    try:
        problems += [shut_out(user, root, path) for user in users]
        opened = paths.open_below_root(config, path, os.O_PATH | os.O_DIRECTORY)
        paths.chown_opened(opened, config["min_uid"], galaxy.gid)
        paths.chown_opened(opened, galaxy.uid, galaxy.gid)
    except PermissionError as error:
        problems.append(SQUASHED % (root, error.strerror))
    except paths.Denied as reason:
        problems.append(str(reason))
    finally:
        with job.acting_as(galaxy):
            os.rmdir(path)
    return [problem for problem in problems if problem]


def shut_out(user: guard.Account, root: str, path: str) -> str:
    try:
        with job.acting_as(user):
            os.stat(path + "/.")
    except OSError as error:
        made = os.lstat(path)
        return SHUT_OUT % (root, user.name, stat.filemode(made.st_mode), made.st_gid, error.strerror)
    return ""


if __name__ == "__main__":
    guard.serve("check", __file__, check, caller="root")
