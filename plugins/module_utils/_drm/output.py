# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A finished job's output, read on the submit host."""

from __future__ import annotations

import os
import stat
import time
from typing import Any, Callable, Dict, Optional

# A network filesystem may show a node's file late; a finished job's output is looked for this often, this far apart (seconds).
_TRIES = 4
_PAUSE_SECONDS = 0.5


def read_output(path: str, max_bytes: int, sleep: Callable[[float], None] = time.sleep) -> Dict[str, Any]:
    """The last ``max_bytes`` bytes of a job's output as ``text`` and ``truncated``; ``text`` is None, with ``problem``, where it cannot be read."""
    problem: Optional[OSError] = None
    for attempt in range(_TRIES):
        if attempt:
            sleep(_PAUSE_SECONDS)
        try:
            return _tail(path, max_bytes)
        except FileNotFoundError as error:
            problem = error
        except OSError as error:
            return {"text": None, "truncated": False, "problem": str(error)}
    return {"text": None, "truncated": False, "problem": str(problem)}


def _tail(path: str, max_bytes: int) -> Dict[str, Any]:
    # A FIFO or device in the job's directory must not hang us.
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        found = os.fstat(fd)
        if not stat.S_ISREG(found.st_mode):
            return {"text": None, "truncated": False, "problem": "%s is not a regular file" % path}
        with os.fdopen(fd, "rb", closefd=False) as stream:
            stream.seek(max(0, found.st_size - max_bytes))
            data = stream.read(max_bytes)
    finally:
        os.close(fd)
    return {"text": data.decode("utf-8", "backslashreplace"), "truncated": found.st_size > max_bytes}
