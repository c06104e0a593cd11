# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What run, kill and chown share while they are root: who called, what is allowed, accounts, the log.

Installed beside the programs, with config.json. Standard library alone; docs/real-user.md has the threat model.
"""

from __future__ import annotations

import grp
import json
import os
import pwd
import re
import stat
import sys
import syslog
from collections.abc import Callable
from typing import Any, NamedTuple

import surroundings
from paths import Denied, open_trusted, path_problem

# What the programs end with.
OK, DRM_ERROR, DENIED, REFUSED_ENTRIES = 0, 1, 2, 3

ACCOUNT_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@-]{0,63}")
UID = re.compile(r"[0-9]{1,10}")
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
        surroundings.forget()
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


# --- accounts ---


def look_up(name: str) -> Account:
    """An account by its name, which is never a uid, with all of its groups."""
    if not ACCOUNT_NAME.fullmatch(name):
        raise Denied("%r is not a user" % name)
    if name.isdigit():
        raise Denied("%s is a number, not the name of a user" % name)
    try:
        return _account(pwd.getpwnam(name))
    except KeyError:
        raise Denied("there is no user %s" % name) from None


def look_up_uid(uid: str) -> Account:
    """An account by its uid, which is never a name."""
    if not UID.fullmatch(uid):
        raise Denied("%r is not a uid" % uid)
    try:
        return _account(pwd.getpwuid(int(uid)))
    except (KeyError, OverflowError):
        raise Denied("there is no user with uid %s" % uid) from None


def _account(found: pwd.struct_passwd) -> Account:
    groups = os.getgrouplist(found.pw_name, found.pw_gid)
    return Account(found.pw_name, found.pw_uid, found.pw_gid, groups, found.pw_shell, found.pw_dir)


def mapped_user(config: dict[str, Any], found: Account) -> Account:
    """A user whom jobs may run as, or a refusal that says why not."""
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
    if found.name.isdigit():
        return "has a number for a name, which others take for a uid"
    # Otherwise a second name of a denied user's would be allowed.
    first = pwd.getpwuid(found.uid).pw_name
    if first != found.name:
        return "has the uid of %s" % first
    if found.name in config["denied_users"]:
        return "is one of denied_users"
    return "is Galaxy's own" if found.uid == look_up(config["galaxy_user"]).uid else ""


def group_id(name: str) -> int:
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        raise Denied("there is no group %s" % name) from None
