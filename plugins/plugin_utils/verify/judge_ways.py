# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether Galaxy gets where it has to: to other hosts by the cli runner's shells, to the real users' programs by sudo."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ...module_utils._verify.ways import HELPERS
from .plan import Facts
from .results import Measured, Result

_DENIED, _NO_PROGRAM, _NO_PARAMIKO, _TOO_LATE = 2, 127, 3, 124
#: What ssh, rsh and paramiko say, and what to do about it. The first that fits.
_REFUSALS: tuple[tuple[str, str, str], ...] = (
    (
        r"HOST IDENTIFICATION HAS CHANGED|BadHostKeyException|does not match",
        "its host key has changed",
        "Was it installed anew, or is it another host? When you are sure, have {user} forget the old key (ssh-keygen -R {host}) and know the new one "
        "(role remote_shell).",
    ),
    (
        r"Host key verification failed|not found in known_hosts|No \S+ host key is known",
        "it is not known",
        "Put its host keys, as it says them itself, into known_hosts of {user} (role remote_shell).",
    ),
    (
        r"Permission denied|Authentication|not a valid|No authentication methods|passphrase|PasswordRequired",
        "it does not let the key in, or asks for a password",
        "Does authorized_keys there have the key, from this address, and is the key here without a passphrase, and {user}'s (role remote_shell)?",
    ),
    (
        r"resolve|not known|refused|timed out|No route|unreachable|Unable to connect|getaddrinfo|NoValidConnections",
        "it cannot be reached",
        "Does its daemon run, does the name {host} lead there from here, and does no firewall stand between?",
    ),
)


def shells(run: Measured) -> Iterator[Result]:
    """The cli runner's shells connect, without a prompt."""
    told = {name: one for one in run.ways.get("logins") or () for name in one["environments"]}
    for asked in run.settings.get("shells") or ():
        item = f"{asked['environment']}: {asked['plugin']} to {asked['host']}"
        found = told.get(asked["environment"])
        if found is None:
            mend = "See the message; Python on the server is cluster_verify_python."
            yield Result(
                run.server, "error", f"It was not tried: {run.troubles.get('ways') or 'no answer'}", mend, item
            )
        elif asked["plugin"] == "ParamikoShell" and found["rc"] in (_NO_PROGRAM, _NO_PARAMIKO):
            message = f"Galaxy's Python cannot be asked: {_last(found)}. cluster_verify_venv names its environment."
            yield Result(run.server, "skipped", message, item=item)
        else:
            yield _judged(run, asked, found, item)


def _judged(run: Measured, asked: Facts, found: Facts, item: str) -> Result:
    user = asked["user"]
    if found["rc"] == 0 and found["stdout"].strip() == user:
        return Result(run.server, "ok", f"{user} gets in.", item=item)
    if found["rc"] == 0:
        mend = "A start-up file of the account's there prints something, or it is another account: Galaxy would take the last word for the id of a job."
        return Result(run.server, "error", f"{found['stdout'].strip()!r} came where {user} was to.", mend, item)
    if found["rc"] == _NO_PROGRAM:
        return Result(run.server, "error", _last(found), "Install the client on the server (role remote_shell).", item)
    if found["rc"] == _TOO_LATE:
        mend = "It is down, far too slow, or asks for something: log in by hand, as this account."
        return Result(run.server, "error", f"{asked['host']} did not answer in time.", mend, item)
    for pattern, what, mend in _REFUSALS:
        if re.search(pattern, found["stderr"]):
            mend = mend.format(user=run.settings["user"], host=asked["host"])
            return Result(run.server, "error", f"{asked['host']}: {what}: {_last(found)}", mend, item)
    mend = "Log in by hand, as this account, and see what it says."
    return Result(run.server, "error", f"rc {found['rc']}: {_last(found)}", mend, item)


def _last(found: Facts) -> str:
    return "\n".join((found["stderr"].strip() or found["stdout"].strip() or "no word").splitlines()[-3:])


def real_user_helpers(run: Measured) -> Iterator[Result]:
    """sudo lets Galaxy call the real users' programs, and each answers."""
    found = run.ways.get("helpers")
    if not found:
        return
    mend = "Apply the role real_user again: it puts the rule for sudo in force."
    for name in HELPERS:
        path, called = f"{found['directory']}/{name}", found["called"].get(name)
        if name not in found["listed"]:
            said = f" rc {found['rc']}: {found['said']}" if found["rc"] else ""
            yield Result(run.server, "error", f"sudo -n -l does not list {path}.{said}", mend, name)
        elif called and (called["rc"] != _DENIED or not called["said"].startswith(f"{name}: denied: takes ")):
            yield Result(run.server, "error", f"sudo -n {path}: rc {called['rc']}: {called['said']}", mend, name)
        else:
            told = "is listed, and answers." if called else "is listed. Galaxy's own script was not called."
            yield Result(run.server, "ok", f"{path} {told}", item=name)
