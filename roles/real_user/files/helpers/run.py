# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""run [--assign_all_groups] UID JOBTEMPLATE.json: submit Galaxy's job as the user, and print its id.

Root opens the template with Galaxy's rights and reads nothing of it; as_user.py parses it and submits, in the user's identity.
"""

from __future__ import annotations

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

MOST_BYTES = 1 << 20
# All groups are always assigned; without them root's would stay.
IGNORED = "--assign_all_groups"


def run(config: dict[str, Any], arguments: list[str]) -> int:
    words = [word for word in arguments if word != IGNORED]
    if len(words) != 2:
        raise paths.Denied("takes UID and JOBTEMPLATE.json")
    user = guard.mapped_user(config, guard.look_up_uid(words[0]))
    galaxy = guard.look_up(config["galaxy_user"])
    template = open_template(config, words[1], galaxy, {galaxy.uid, user.uid})
    ledger = job.Ledger(config)
    reserved = ledger.reserve(user.uid)
    request = {"action": "submit", "directory": os.path.dirname(words[1])}
    said, text = job.as_user(user, config, request, template)
    if said == "id" and guard.JOB_ID.fullmatch(text):
        ledger.keep(reserved, text)
        guard.log("run: job %s of %s is uid %d's (%s)" % (text, config["cluster"], user.uid, user.name))
        sys.stdout.write(text + "\n")
        return guard.OK
    ledger.drop(reserved)
    if said == "refused":
        raise paths.Denied(text)
    guard.log("run: uid %d: %s %s" % (user.uid, said, text))
    sys.stderr.write("run: %s\n" % guard.escaped(text))
    return guard.DRM_ERROR


def open_template(config: dict[str, Any], path: str, galaxy: guard.Account, owners: set[int]) -> int:
    """With Galaxy's rights and never waiting; what was opened is judged, not the name."""
    with job.acting_as(galaxy):
        directory = paths.open_below_root(config, os.path.dirname(path), os.O_PATH | os.O_DIRECTORY)
        template = paths.open_below_root(config, path, os.O_RDONLY | os.O_NONBLOCK)
    status = os.fstat(template)
    if not stat.S_ISREG(status.st_mode) or status.st_size > MOST_BYTES:
        raise paths.Denied("%s is not a file of at most %d bytes" % (path, MOST_BYTES))
    # A user may put a link to a file that only Galaxy can read there; and take it away again after this opened it.
    if status.st_nlink != 1 or os.readlink("/proc/self/fd/%d" % template).endswith(" (deleted)"):
        raise paths.Denied("%s has %d hard links, or has been removed" % (path, status.st_nlink))
    if status.st_uid not in owners or os.fstat(directory).st_uid not in owners:
        raise paths.Denied("%s or its directory is neither Galaxy's nor the user's" % path)
    return template


if __name__ == "__main__":
    guard.serve("run", __file__, run)
