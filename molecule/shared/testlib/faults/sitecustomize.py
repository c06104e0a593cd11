"""Ends the process that imports it with SIGKILL at the point that $FAULT_POINT names, once. Runs on the target, in the module's own Python.

Points: ``EVENT:before-write``, ``EVENT:torn-write`` (half of it is written), ``EVENT:before-fsync``, ``EVENT:after-fsync`` for each event of
the journal, and ``submit:before``, ``submit:started``, ``submit:running`` (a second later) and ``submit:answered`` for the submission by $FAULT_PROGRAM.
$FAULT_MARK is made, with the point in it, just before the end: without that file nothing has happened.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from typing import Any

POINT = os.environ.pop("FAULT_POINT", "")
MARK = os.environ.pop("FAULT_MARK", "")
PROGRAM = os.environ.pop("FAULT_PROGRAM", "")
# But for "once" the whole play is to die: no module of it starts again.
MODE = os.environ.pop("FAULT_MODE", "")
for name in ("PYTHONPATH", "PYTHONDONTWRITEBYTECODE"):
    os.environ.pop(name, None)

_write, _fsync = os.write, os.fsync
_event = ""


def _reach(point: str) -> None:
    if point != POINT:
        return
    with open(MARK, "x", encoding="ascii") as stream:
        stream.write(point)
    os.kill(os.getpid(), signal.SIGKILL)


def _is_journal(fd: int) -> bool:
    return os.readlink("/proc/self/fd/%d" % fd).endswith(".jsonl")


def _event_of(data: bytes) -> str:
    return str(json.loads(data.split(b"\n")[-2])["event"])


def write(fd: int, data: bytes) -> int:
    global _event
    if not _is_journal(fd):
        return _write(fd, data)
    _event = _event_of(data)
    _reach(_event + ":before-write")
    if _event + ":torn-write" == POINT:
        _write(fd, data[: len(data) // 2])
        _reach(POINT)
    return _write(fd, data)


def fsync(fd: int) -> None:
    if not _is_journal(fd):
        return _fsync(fd)
    _reach(_event + ":before-fsync")
    _fsync(fd)
    return _reach(_event + ":after-fsync")


class Popen(subprocess.Popen[Any]):
    """Recognises the submission by its program."""

    def __init__(self, args: Sequence[str], **keywords: Any) -> None:
        self._submits = args[0] == PROGRAM and not {"--test-only", "-dry-run"} & set(args)
        if self._submits:
            _reach("submit:before")
        super().__init__(args, **keywords)
        if self._submits:
            _reach("submit:started")

    def communicate(self, *arguments: Any, **keywords: Any) -> Any:
        if self._submits and POINT == "submit:running":
            threading.Timer(1, _reach, ["submit:running"]).start()
        answer = super().communicate(*arguments, **keywords)
        if self._submits:
            _reach("submit:answered")
        return answer


if POINT and not os.path.exists(MARK):
    vars(os).update(write=write, fsync=fsync)
    vars(subprocess).update(Popen=Popen)
elif POINT and MODE != "once":
    sys.stderr.write("this host is dead for this play\n")
    os._exit(137)
