# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""DIRECTORY ...: print each one in which a file that root makes is not root's, or cannot be made, and why. Nothing is left behind."""

from __future__ import annotations

import os
import sys


def problem(path: str) -> str:
    """Empty where all is well, or where there is no such directory yet."""
    name = ".clusterjobs-check-%d" % os.getpid()
    try:
        directory = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:
        return ""
    except OSError as error:
        return str(error.strerror)
    try:
        made = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600, dir_fd=directory)
        owner = os.fstat(made).st_uid
        os.unlink(name, dir_fd=directory)
    except OSError as error:
        return "root may not write there: %s" % error.strerror
    return "a file that root makes there belongs to uid %d" % owner if owner else ""


for path in sys.argv[1:]:
    found = problem(path)
    if found:
        sys.stdout.write("%s: %s\n" % (path, found))
