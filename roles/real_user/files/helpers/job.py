# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What run and kill share: the way down to a user's identity, and the ledger of who owns which job."""

from __future__ import annotations

import json
import os
import re
import signal
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import guard
import paths
import surroundings

_SAID = re.compile(r"(id|refused|failed) ([^\n]*)\n?")


@contextmanager
def acting_as(account: guard.Account) -> Iterator[None]:
    """Only for opening a file with this account's rights: root can come back from it."""
    groups = os.getgroups()
    os.setgroups(account.groups)
    os.setegid(account.gid)
    os.seteuid(account.uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)
        os.setgroups(groups)


def as_user(user: guard.Account, config: dict[str, Any], request: dict[str, Any], given: int) -> tuple[str, str]:
    """Run as_user.py in this user's identity; what it says is (id | refused | failed, text)."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            _become_program(user, config, request, given, writer)
        except BaseException as error:
            os.write(writer, ("failed %s: %s" % (type(error).__name__, error)).encode("utf-8", "replace")[:2000])
        finally:
            os._exit(guard.DENIED)
    os.close(writer)
    try:
        if not _ended(child, config["time_limit"]):
            return "failed", "no answer within %d s; whether the DRM took it is not known" % config["time_limit"]
        os.set_blocking(reader, False)
        said = _SAID.fullmatch(os.read(reader, 4096).decode("utf-8", "replace"))
    finally:
        os.close(reader)
    return (said[1], said[2]) if said else ("failed", "the program that runs as %s said nothing" % user.name)


def _become_program(
    user: guard.Account, config: dict[str, Any], request: dict[str, Any], given: int, writer: int
) -> None:
    os.setsid()
    surroundings.signals_as_usual()
    become(user)
    program = "%s/as_user.py" % os.path.dirname(__file__)
    settings = {key: config[key] for key in ("back_end", "python_path", "native_options", "time_limit")}
    os.dup2(given, 0)
    # A library's banner must not be taken for the job's id.
    os.dup2(2, 1)
    os.dup2(writer, 3)
    os.set_inheritable(3, True)
    os.closerange(4, 1024)
    argv = [sys.executable, "-IS", program, json.dumps({**settings, **request})]
    os.execve(sys.executable, argv, _environment(user, config))


def become(user: guard.Account) -> None:
    """All of this user's groups and identities, and the proof that root cannot come back."""
    os.setgroups(user.groups)
    os.setresgid(user.gid, user.gid, user.gid)
    os.setresuid(user.uid, user.uid, user.uid)
    if (os.getresuid(), os.getresgid()) != ((user.uid,) * 3, (user.gid,) * 3) or set(os.getgroups()) != set(
        user.groups
    ):
        raise paths.Denied("could not become %s" % user.name)
    for regain in (os.setuid, os.seteuid, os.setgid, os.setegid):
        try:
            regain(0)
        except PermissionError:
            continue
        raise paths.Denied("root could come back by %s" % regain.__name__)
    with open("/proc/self/status", encoding="ascii", errors="replace") as status:
        held = re.findall(r"^Cap(?:Prm|Eff):\s*([0-9a-f]+)", status.read(), re.MULTILINE)
    if len(held) != 2 or any(int(capabilities, 16) for capabilities in held):
        raise paths.Denied("%s would have capabilities of root's" % user.name)


def _environment(user: guard.Account, config: dict[str, Any]) -> dict[str, str]:
    """Nothing of the caller's; the configuration's comes last."""
    library = {"DRMAA_LIBRARY_PATH": config["drmaa_library"]} if config["drmaa_library"] else {}
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "HOME": user.home,
        "USER": user.name,
        "LOGNAME": user.name,
        "SHELL": user.shell,
        **library,
        **config["environment"],
    }


def _ended(child: int, seconds: int) -> bool:
    """Wait for it; what takes too long is killed."""
    deadline = time.monotonic() + seconds
    while os.waitpid(child, os.WNOHANG)[0] == 0:
        if time.monotonic() > deadline:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return False
        time.sleep(0.01)
    return True


class Ledger:
    """One small file for each job in a directory of root's alone: its name is cluster and job, its content the uid."""

    def __init__(self, config: dict[str, Any]) -> None:
        self._cluster = config["cluster"]
        self._seconds = config["ledger_days"] * 86400
        self._directory = paths.open_trusted(config["ledger"])
        status = os.fstat(self._directory)
        if not stat.S_ISDIR(status.st_mode) or status.st_mode & 0o077:
            raise paths.Denied("%s is not a directory of root's alone (mode 0700)" % config["ledger"])

    def reserve(self, uid: int) -> str:
        """Write the entry before the job is there, so that a full disk is known before."""
        self._forget_old_ones()
        name = ".new-%d" % os.getpid()
        opened = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600, dir_fd=self._directory)
        with os.fdopen(opened, "w") as entry:
            entry.write("%d\n" % uid)
            entry.flush()
            os.fsync(opened)
        return name

    def drop(self, reserved: str) -> None:
        os.unlink(reserved, dir_fd=self._directory)

    def keep(self, reserved: str, job_id: str) -> None:
        """An older job may have had this id, before the DRM counted anew."""
        os.replace(reserved, self._name(job_id), src_dir_fd=self._directory, dst_dir_fd=self._directory)
        os.fsync(self._directory)

    def owner(self, job_id: str) -> int:
        try:
            opened = os.open(self._name(job_id), os.O_RDONLY | os.O_NOFOLLOW, dir_fd=self._directory)
        except FileNotFoundError:
            raise paths.Denied("job %s of %s was not submitted here" % (job_id, self._cluster)) from None
        with os.fdopen(opened) as entry:
            if os.fstat(opened).st_mtime < time.time() - self._seconds:
                raise paths.Denied("job %s is too old" % job_id)
            return int(entry.read(20))

    def _name(self, job_id: str) -> str:
        return "%s,%s" % (self._cluster, job_id)

    def _forget_old_ones(self) -> None:
        for name in os.listdir(self._directory):
            # Another run may have renamed it or forgotten it meanwhile.
            with suppress(FileNotFoundError):
                if os.stat(name, dir_fd=self._directory, follow_symlinks=False).st_mtime < time.time() - self._seconds:
                    os.unlink(name, dir_fd=self._directory)
