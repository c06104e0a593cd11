# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A finished job's output, read on the submit host."""

from __future__ import annotations

import os
import stat
import time
from typing import Any, Callable, Dict

# A network filesystem may show a node's file late; what is not there is looked for again, this often in all, this far apart (seconds).
_PAUSES = 3
_PAUSE_SECONDS = 0.5


class OutputReader:
    """Reads the output of finished jobs. Of many jobs that left none, each is not waited for anew."""

    def __init__(self, sleep: Callable[[float], None] = time.sleep) -> None:
        self._sleep = sleep
        self._pauses = _PAUSES

    def read(self, path: str, max_bytes: int) -> Dict[str, Any]:
        """The last ``max_bytes`` bytes of it as ``text`` and ``truncated``; ``text`` is None, with ``problem``, where it cannot be read."""
        while True:
            try:
                return _tail(path, max_bytes)
            except OSError as error:
                if not isinstance(error, FileNotFoundError) or not self._pauses:
                    return {"text": None, "truncated": False, "problem": str(error)}
            self._pauses -= 1
            self._sleep(_PAUSE_SECONDS)


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
