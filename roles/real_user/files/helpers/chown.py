# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""chown PATH USER GID: a job's directory goes to the user, or comes back to Galaxy.

First everything is looked at: one entry that may not change its owner, and nothing is changed (exit code 3). Then each directory is
made root's alone before its entries are judged again and changed, so that nobody can link, unlink or rename anything meanwhile,
and the number of a file's links means what it says. The top directory is last: Galaxy takes it for the sign that all is done.
What comes back to Galaxy has lost its ACLs and the write permission of group and others: its former owner may have left himself a way in.
"""

from __future__ import annotations

import errno
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

from typing import Any, NamedTuple

import guard
import paths

MOST_ENTRIES = 500000
MOST_LEVELS = 64
_READ = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_HOLD = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC
_SET_ID = stat.S_ISUID | stat.S_ISGID
_KINDS = (stat.S_ISREG, stat.S_ISDIR, stat.S_ISLNK, stat.S_ISFIFO, stat.S_ISSOCK)
_ACLS = {"system.posix_acl_access", "system.posix_acl_default"}
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


class EntryRefused(Exception):
    """One entry may not change its owner."""


class Change(NamedTuple):
    back: bool
    owners: set[int]
    uid: int
    gid: int
    device: int


def chown(config: dict[str, Any], arguments: list[str]) -> int:
    if len(arguments) != 3:
        raise paths.Denied("takes PATH, USER and GID")
    path, name, gid = arguments
    top = paths.open_below_root(config, path, os.O_PATH | os.O_DIRECTORY)
    change = who(config, name, gid, os.fstat(top))
    try:
        look(top, path, change, 0)
        give(top, path, change)
    except PermissionError as error:
        raise paths.Denied("%s: root may not: does the file server squash root (root_squash)?" % error) from None
    except EntryRefused as reason:
        guard.log("chown: %s to %s: refused: %s" % (path, name, reason))
        sys.stderr.write("chown: refused: %s\n" % guard.escaped(str(reason)))
        return guard.REFUSED_ENTRIES
    return guard.OK


def who(config: dict[str, Any], name: str, gid: str, top: os.stat_result) -> Change:
    """The new owner and group, and the owners that entries may have."""
    galaxy = guard.look_up(config["galaxy_user"])
    shared = guard.group_id(config["shared_group"]) if config["shared_group"] else None
    back = name == galaxy.name
    target = galaxy if back else guard.mapped_user(config, guard.look_up(name))
    owners = {galaxy.uid, target.uid}
    if back and config["min_uid"] <= top.st_uid <= config["max_uid"]:
        owners.add(top.st_uid)
    if not gid.isascii() or not gid.isdigit() or int(gid) not in (target.gid, shared):
        raise paths.Denied("gid %s is neither the primary group of %s nor the shared one" % (gid, target.name))
    return Change(back, owners, target.uid, int(gid) if back or shared is None else shared, top.st_dev)


def judge(opened: int, status: os.stat_result, path: str, change: Change) -> None:
    if status.st_uid not in change.owners:
        raise EntryRefused("%s belongs to uid %d" % (path, status.st_uid))
    if status.st_dev != change.device:
        raise EntryRefused("%s is on another file system" % path)
    if not any(kind(status.st_mode) for kind in _KINDS):
        raise EntryRefused("%s is a device" % path)
    if status.st_nlink > 1 and not stat.S_ISDIR(status.st_mode):
        raise EntryRefused("%s has %d hard links" % (path, status.st_nlink))
    if paths.is_locked(opened):
        raise EntryRefused("%s may not be changed by anybody (chattr +i or +a)" % path)


def look(opened: int, path: str, change: Change, count: int, level: int = 0) -> int:
    """Judge an entry and all below it, and change nothing; how many there are so far."""
    status = os.fstat(opened)
    judge(opened, status, path, change)
    if count >= MOST_ENTRIES or level > MOST_LEVELS:
        raise paths.Denied("%s has more than %d entries or %d levels" % (path, MOST_ENTRIES, MOST_LEVELS))
    if not stat.S_ISDIR(status.st_mode):
        return count + 1
    directory = os.open(".", _READ, dir_fd=opened)
    try:
        for name in names_in(directory):
            try:
                entry = os.open(name, _HOLD, dir_fd=directory)
            except FileNotFoundError:
                continue
            try:
                count = look(entry, "%s/%s" % (path, name), change, count, level + 1)
            finally:
                os.close(entry)
    finally:
        os.close(directory)
    return count + 1


def names_in(directory: int) -> list[str]:
    names = []
    with os.scandir(directory) as entries:
        for entry in entries:
            names.append(entry.name)
            if len(names) > MOST_ENTRIES:
                raise paths.Denied("a directory has more than %d entries" % MOST_ENTRIES)
    return names


def give(opened: int, path: str, change: Change, level: int = 0) -> None:
    """Change all below an entry, and then the entry itself."""
    status = os.fstat(opened)
    judge(opened, status, path, change)
    if level > MOST_LEVELS:
        raise EntryRefused("%s is deeper than %d levels" % (path, MOST_LEVELS))
    if stat.S_ISDIR(status.st_mode):
        give_directory(opened, path, change, status, level)
        return
    paths.chown_opened(opened, change.uid, change.gid)
    if stat.S_ISLNK(status.st_mode):
        return
    mode = os.fstat(opened).st_mode
    # The kernel has cleared set-id bits and capabilities, but for a set-group-id bit without the group's x.
    wanted = mode & ~_SET_ID if stat.S_ISREG(mode) else mode
    if change.back:
        wanted = closed_to_others(opened, wanted)
    if wanted != mode:
        os.chmod("/proc/self/fd/%d" % opened, stat.S_IMODE(wanted))


def closed_to_others(opened: int, mode: int) -> int:
    """Take an entry's ACLs away; the mode with which nobody but its owner can write. With an ACL the group's bits were its mask."""
    name = "/proc/self/fd/%d" % opened
    try:
        found = _ACLS.intersection(os.listxattr(name))
    except OSError as error:
        if error.errno != errno.ENOTSUP:
            raise
        found = set()
    for acl in found:
        os.removexattr(name, acl)
    return mode & ~_OTHERS_WRITE


def give_directory(opened: int, path: str, change: Change, status: os.stat_result, level: int) -> None:
    mode = stat.S_IMODE(status.st_mode)
    directory = os.open(".", _READ, dir_fd=opened)
    uid, gid = status.st_uid, status.st_gid
    try:
        # From here to the end nobody but root can change what is in it.
        os.fchown(directory, 0, -1)
        os.fchmod(directory, mode & ~_OTHERS_WRITE)
        for name in names_in(directory):
            entry = os.open(name, _HOLD, dir_fd=directory)
            try:
                give(entry, "%s/%s" % (path, name), change, level + 1)
            finally:
                os.close(entry)
        if change.back:
            mode = closed_to_others(directory, mode)
        uid, gid = change.uid, change.gid
    finally:
        os.fchmod(directory, mode)
        os.fchown(directory, uid, gid)
        os.close(directory)


if __name__ == "__main__":
    guard.serve("chown", __file__, chown)
