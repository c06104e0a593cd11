# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What run, kill and chown share while they are root: who called, what is allowed, paths, accounts, the way down to a user, the log.

Installed beside the programs, with config.json. Standard library alone; docs/real-user.md has the threat model.
"""

from __future__ import annotations

import ctypes
import errno
import grp
import json
import os
import pwd
import re
import resource
import signal
import stat
import sys
import syslog
from collections.abc import Callable
from typing import Any, NamedTuple

# What the programs end with.
OK, DRM_ERROR, DENIED, REFUSED_ENTRIES = 0, 1, 2, 3

ACCOUNT_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@-]{0,63}")
JOB_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
NO_SHELLS = ("", "false", "nologin", "true")

_TEXTS = [
    "galaxy_user",
    "required_group",
    "shared_group",
    "cluster",
    "ledger",
    "back_end",
    "drmaa_library",
    "python_path",
]
_NUMBERS = ["min_uid", "max_uid", "ledger_days", "time_limit"]
_KEYS: dict[str, type] = {
    **dict.fromkeys(_TEXTS, str),
    **dict.fromkeys(_NUMBERS, int),
    **dict.fromkeys(("roots", "environment", "native_options"), dict),
    "denied_users": list,
}
_OTHERS_MAY_WRITE = stat.S_IWGRP | stat.S_IWOTH
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC

_LIBC = ctypes.CDLL(None, use_errno=True)
_LIBC.syscall.argtypes = [ctypes.c_long, ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p, ctypes.c_size_t]
_LIBC.syscall.restype = ctypes.c_long
_OPENAT2 = 437
_NO_XDEV, _NO_MAGICLINKS, _NO_SYMLINKS, _BENEATH = 0x01, 0x02, 0x04, 0x08
_AT_EMPTY_PATH = 0x1000


class Denied(Exception):
    """The call is not obeyed, and nothing was changed."""


class Account(NamedTuple):
    name: str
    uid: int
    gid: int
    groups: list[int]
    shell: str
    home: str


# --- the log ---


def log(text: str, level: int = syslog.LOG_NOTICE) -> None:
    """One line in authpriv, whatever stands in it."""
    syslog.syslog(level | syslog.LOG_AUTHPRIV, escaped(text))


def escaped(text: str) -> str:
    return text.encode("unicode_escape", "replace").decode("ascii")[:1500]


# --- start ---


def serve(name: str, file: str, work: Callable[[dict[str, Any], list[str]], int], caller: str = "galaxy") -> None:
    """Run one program and end: what was asked for, by whom, and what came of it is logged."""
    syslog.openlog("clusterjobs-real-user", syslog.LOG_PID, syslog.LOG_AUTHPRIV)
    asked = "%s, asked by uid %s for %s" % (name, os.environ.get("SUDO_UID", "%d, no sudo" % os.getuid()), sys.argv[1:])
    try:
        _calm()
        config = read_config(name, file)
        _know_caller(config, caller)
        code = work(config, sys.argv[1:])
    except Exception as error:
        reason = str(error) if isinstance(error, Denied) else "%s: %s" % (type(error).__name__, error)
        log("denied: %s: %s" % (reason[:700], asked), syslog.LOG_WARNING)
        sys.stderr.write("%s: denied: %s\n" % (name, escaped(reason)))
        code = DENIED
    else:
        log("exit code %d: %s" % (code, asked), syslog.LOG_INFO)
    sys.exit(code)


def _calm() -> None:
    """Nothing of the caller's surroundings counts, and no memory of root's is written to a file."""
    os.chdir("/")
    os.umask(0o022)
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)


def _know_caller(config: dict[str, Any], caller: str) -> None:
    sudo_uid = os.environ.get("SUDO_UID", "")
    os.environ.clear()
    if os.getuid() != 0 or os.geteuid() != 0:
        raise Denied("has to run as root, by sudo")
    if caller == "root":
        return
    if sudo_uid != str(look_up(config["galaxy_user"]).uid):
        raise Denied("is for %s alone, by sudo" % config["galaxy_user"])


# --- configuration ---


def read_config(name: str, file: str) -> dict[str, Any]:
    """config.json beside the program, which has its own name, in a directory of root's alone."""
    directory = os.path.dirname(__file__)
    if file != "%s/%s" % (directory, name):
        raise Denied("has to be called as %s/%s, not as %s" % (directory, name, file))
    path = "%s/config.json" % directory
    with os.fdopen(open_trusted(path), "rb") as opened:
        if not stat.S_ISREG(os.fstat(opened.fileno()).st_mode):
            raise Denied("%s is not a file" % path)
        text = opened.read(1 << 20)
    try:
        found = json.loads(text.decode("utf-8"))
    except ValueError as error:
        raise Denied("%s is not JSON: %s" % (path, error)) from None
    problem = config_problem(found)
    if problem:
        raise Denied("%s: %s" % (path, problem))
    checked: dict[str, Any] = found
    return checked


def config_problem(found: Any) -> str:
    """What is wrong with a configuration; nothing is left to a default."""
    if not isinstance(found, dict) or set(found) != set(_KEYS):
        odd = sorted(map(str, set(found) ^ set(_KEYS))) if isinstance(found, dict) else []
        return "has to be an object of exactly these keys: %s (odd: %s)" % (", ".join(_KEYS), ", ".join(odd))
    for key, kind in _KEYS.items():
        if not is_of(found[key], kind):
            return "%s has to be of type %s" % (key, kind.__name__)
    inner = {"denied_users": str, "roots": str, "environment": str, "native_options": int}
    for key, kind in inner.items():
        values = found[key] if isinstance(found[key], list) else found[key].values()
        if not all(is_of(value, kind) for value in values):
            return "every value in %s has to be of type %s" % (key, kind.__name__)
    for path in [*found["roots"], *found["roots"].values(), found["ledger"]]:
        if path_problem(path):
            return "path %r: %s" % (path, path_problem(path))
    if not found["roots"] or not 0 < found["min_uid"] <= found["max_uid"]:
        return "roots must not be empty, and 0 < min_uid <= max_uid"
    if any(one.startswith(other + "/") for one in found["roots"] for other in found["roots"]):
        return "one of the roots is below another"
    return "" if JOB_ID.fullmatch(found["cluster"]) else "cluster has to be a word"


def is_of(value: Any, kind: type) -> bool:
    """JSON's true and false are no numbers here."""
    return isinstance(value, kind) and not isinstance(value, bool)


def open_trusted(path: str) -> int:
    """Open what is root's and can be written by nobody else, as is every directory above it."""
    if path_problem(path):
        raise Denied("%r: %s" % (path, path_problem(path)))
    names = path.split("/")[1:]
    opened = os.open("/", _DIRECTORY)
    _must_be_roots(opened, "/")
    for depth, name in enumerate(names, start=1):
        flags = _DIRECTORY if depth < len(names) else os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        above = opened
        try:
            opened = os.open(name, flags, dir_fd=above)
        except OSError as error:
            raise Denied("/%s: %s" % ("/".join(names[:depth]), error.strerror)) from None
        finally:
            os.close(above)
        _must_be_roots(opened, "/" + "/".join(names[:depth]))
    return opened


def _must_be_roots(opened: int, path: str) -> None:
    status = os.fstat(opened)
    if status.st_uid != 0 or status.st_mode & _OTHERS_MAY_WRITE:
        raise Denied("%s is not root's alone (uid %d, mode %o)" % (path, status.st_uid, status.st_mode & 0o7777))


# --- paths ---


def path_problem(path: str) -> str:
    if not path.startswith("/"):
        return "is not absolute"
    if any(part in ("", ".", "..") for part in path.split("/")[1:]):
        return "has an empty component, . or .."
    return "has a control character" if re.search(r"[\x00-\x1f\x7f]", path) else ""


def open_below_root(config: dict[str, Any], path: str, flags: int) -> int:
    """Open what lies below one of the roots; no symbolic link is followed and no other file system entered."""
    if path_problem(path):
        raise Denied("path %r %s" % (path, path_problem(path)))
    for root, real in config["roots"].items():
        if path.startswith(root + "/"):
            top = _open_at(os.open("/", _DIRECTORY), real[1:], os.O_PATH | os.O_DIRECTORY, _BENEATH)
            return _open_at(top, path[len(root) + 1 :], flags, _BENEATH | _NO_XDEV)
    raise Denied("path %r is not below a root" % path)


def _open_at(directory: int, names: str, flags: int, resolve: int) -> int:
    """openat2(2), or where the kernel has none (before 5.6) a walk. The directory is closed."""
    flags |= os.O_NOFOLLOW | os.O_CLOEXEC
    how = (ctypes.c_uint64 * 3)(flags, 0, resolve | _NO_SYMLINKS | _NO_MAGICLINKS)
    try:
        opened = _LIBC.syscall(_OPENAT2, directory, os.fsencode(names), ctypes.byref(how), ctypes.sizeof(how))
        if opened >= 0:
            return int(opened)
        if ctypes.get_errno() != errno.ENOSYS:
            raise Denied("/%s cannot be opened: %s" % (names, os.strerror(ctypes.get_errno())))
        return walk(directory, names.split("/"), flags, bool(resolve & _NO_XDEV))
    finally:
        os.close(directory)


def walk(directory: int, names: list[str], flags: int, one_file_system: bool) -> int:
    """Component by component, each by the descriptor of the one before, no symbolic link followed."""
    device = os.fstat(directory).st_dev
    at = os.dup(directory)
    for depth, name in enumerate(names, start=1):
        kind = flags if depth == len(names) else os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
        above = at
        try:
            at = os.open(name, kind, dir_fd=above)
        except OSError as error:
            raise Denied("/%s cannot be opened: %s" % ("/".join(names), error.strerror)) from None
        finally:
            os.close(above)
        status = os.fstat(at)
        if stat.S_ISLNK(status.st_mode) or (one_file_system and status.st_dev != device):
            os.close(at)
            raise Denied("/%s: a symbolic link or another file system on the way" % "/".join(names))
    return at


def chown_opened(opened: int, uid: int, gid: int) -> None:
    """Change the owner of exactly what an O_PATH descriptor stands for."""
    if _LIBC.fchownat(opened, b"", uid, gid, _AT_EMPTY_PATH):
        raise OSError(ctypes.get_errno(), "fchownat: %s" % os.strerror(ctypes.get_errno()))


# --- accounts ---


def look_up(word: str) -> Account:
    """An account by its name or its uid, with all of its groups."""
    if not ACCOUNT_NAME.fullmatch(word):
        raise Denied("%r is not a user" % word)
    try:
        found = pwd.getpwuid(int(word)) if re.fullmatch("[0-9]{1,10}", word) else pwd.getpwnam(word)
    except (KeyError, OverflowError):
        raise Denied("there is no user %s" % word) from None
    groups = os.getgrouplist(found.pw_name, found.pw_gid)
    return Account(found.pw_name, found.pw_uid, found.pw_gid, groups, found.pw_shell, found.pw_dir)


def mapped_user(config: dict[str, Any], word: str) -> Account:
    """A user whom jobs may run as, or a refusal that says why not."""
    found = look_up(word)
    problem = uid_problem(config, found)
    if not problem and os.path.basename(found.shell) in NO_SHELLS:
        problem = "has no real shell (%s)" % found.shell
    if not problem and config["required_group"] and group_id(config["required_group"]) not in found.groups:
        problem = "is not in the group %s" % config["required_group"]
    if not problem and found.gid == 0:
        problem = "has root's group"
    if problem:
        raise Denied("user %s (uid %d) %s" % (found.name, found.uid, problem))
    return found


def uid_problem(config: dict[str, Any], found: Account) -> str:
    if found.uid == 0 or not config["min_uid"] <= found.uid <= config["max_uid"]:
        return "is outside uid %d to %d" % (config["min_uid"], config["max_uid"])
    if found.name in config["denied_users"]:
        return "is one of denied_users"
    return "is Galaxy's own" if found.uid == look_up(config["galaxy_user"]).uid else ""


def group_id(name: str) -> int:
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        raise Denied("there is no group %s" % name) from None
