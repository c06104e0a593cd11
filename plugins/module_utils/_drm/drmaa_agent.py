# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The DRMAA child's program, run on the target: one request, one answer as JSON on stdout; a refusal is a text on stderr and an exit code.

The library is used in a child of its own, as libraries crash: what it has answered by then counts, and whether a submission had begun is known.
What a library prints by itself goes to stderr.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
from typing import Any, Callable, List, Mapping, Optional, Sequence

from .drmaa_session import RC_REFUSED, RC_TRY_AGAIN, Problem, Session, find_library, load
from .drmaa_store import Store, names_of

# How long a session may take to open for a submission, so that it can be told that there was none, and to close after its answer.
_OPEN_SECONDS = 20.0
_CLOSE_SECONDS = 5.0


def _work(words: Sequence[str], request: Mapping[str, Any], say: Callable[[Any], None]) -> None:
    """Everything that touches the library."""
    action, words = words[0], words[1:]
    session = Session(load(), Store(), request.get("system", ""))
    say({"opened": True})
    try:
        say({"answer": _answer(session, action, words, request, say)})
    finally:
        session.exit()


def _answer(
    session: Session, action: str, words: Sequence[str], request: Mapping[str, Any], say: Callable[[Any], None]
) -> Any:
    if action == "status":
        return session.status(words)
    if action == "find":
        return session.find(names_of(list(words)))
    if action == "facts":
        return session.facts()
    if action not in ("submit", "submit-many"):
        session.control(action, words)
        return {}
    answers = session.submit(request["jobs"], lambda: say({"begun": True}))
    if action == "submit-many":
        return answers
    if "unknown" in answers[0]:
        raise Problem(answers[0]["unknown"], RC_TRY_AGAIN)
    if "refused" in answers[0]:
        raise Problem(answers[0]["refused"], RC_REFUSED)
    return answers[0]


def _child(pipe: int, words: Sequence[str], request: Mapping[str, Any]) -> None:
    def say(record: Any) -> None:
        data = (json.dumps(record) + "\n").encode("ascii")
        while data:
            data = data[os.write(pipe, data) :]

    os.dup2(2, 1)
    try:
        _work(words, request, say)
    except Problem as error:
        say({"problem": str(error), "code": error.code})
    except Exception as error:
        say({"problem": "%s: %s" % (type(error).__name__, error), "code": RC_TRY_AGAIN})


class _Heard:
    """What the child has said, line by line."""

    def __init__(self, submits: bool) -> None:
        self.submits = submits
        self.opened = False
        self.begun = False
        self.end: Optional[Mapping[str, Any]] = None

    def take(self, line: bytes) -> None:
        record = json.loads(line.decode("ascii"))
        self.opened = self.opened or "opened" in record
        self.begun = self.begun or "begun" in record
        if self.end is None and ("answer" in record or "problem" in record):
            # What closing the session says after it does not count.
            self.end = record

    def patience(self) -> Optional[float]:
        """How long the next word is waited for; our caller has a time limit for all of it."""
        if self.end is not None:
            return _CLOSE_SECONDS
        return _OPEN_SECONDS if self.submits and not self.opened else None


def _listen(pipe: int, pid: int, heard: _Heard) -> None:
    """Until the child has ended, which it does when the patience is over."""
    rest = b""
    while True:
        if not select.select([pipe], [], [], heard.patience())[0]:
            os.kill(pid, signal.SIGKILL)
        # What it said before it was killed is still to be read.
        data = os.read(pipe, 65536)
        if not data:
            return
        lines: List[bytes] = (rest + data).split(b"\n")
        rest = lines.pop()
        for line in lines:
            heard.take(line)


def main(words: Sequence[str], request: Optional[Mapping[str, Any]] = None) -> int:
    """Run one request in a child; its exit code."""
    try:
        find_library()
    except Problem as error:
        return _say(str(error), error.code)
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        try:
            _child(writing, words, request or {})
        finally:
            sys.stderr.flush()
            os._exit(0)
    os.close(writing)
    heard = _Heard(words[0].startswith("submit"))
    _listen(reading, pid, heard)
    status = os.waitpid(pid, 0)[1]
    if heard.end is None:
        return _ended_silently(status, heard)
    if "answer" in heard.end:
        sys.stdout.write(json.dumps(heard.end["answer"]) + "\n")
        return 0
    # Whatever went wrong before a submission began, nothing was submitted.
    code = RC_REFUSED if heard.submits and not heard.begun else heard.end["code"]
    return _say(heard.end["problem"], code)


def _ended_silently(status: int, heard: _Heard) -> int:
    how = "ended by signal %d" % os.WTERMSIG(status) if os.WIFSIGNALED(status) else "ended"
    phase = "after" if heard.opened else "before"
    text = "the process that uses the DRMAA library (DRMAA_LIBRARY_PATH=%s) %s without an answer, %s it had opened a session"
    said = text % (os.environ.get("DRMAA_LIBRARY_PATH", ""), how, phase)
    if heard.submits and not heard.begun:
        return _say(said + ". Nothing was submitted", RC_REFUSED)
    return _say(said, RC_TRY_AGAIN)


def _say(text: str, code: int) -> int:
    sys.stderr.write(text + "\n")
    return code
