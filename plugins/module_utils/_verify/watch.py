# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The server's side while jobs are on the nodes: it compares clocks, watches for the nodes' changes, and takes in their answers."""

from __future__ import annotations

import fcntl
import json
import os
import time
from typing import Any, Dict, Mapping, Optional, Sequence, Set, Tuple

from .marks import PROBES, Clock, has_changed, lag_directory, prepare, put, seen
from .places import MARKS, TOKEN, read_text, run_directory, why

# An answer whose mark was seen may itself be late.
_ANSWER_SECONDS = 15.0
_BUSY_SECONDS, _IDLE_SECONDS = 0.02, 0.2


class Node:
    """One node of this batch."""

    def __init__(self, name: str, tag: str, lag_paths: Sequence[str]) -> None:
        self.name = name
        self.lag = {path: lag_directory(run_directory(path, tag), name) for path in lag_paths}
        self.home = ""
        self.clock: Optional[Clock] = None
        self.went = False
        self.ended = 0.0
        self.heard: Set[Tuple[str, ...]] = set()
        self.seen: Dict[Tuple[str, str], float] = {}
        self.answer: Optional[Dict[str, Any]] = None
        self.lock = ""

    def hear(self, marks: str, words: Tuple[str, ...]) -> None:
        if words in self.heard:
            return
        self.heard.add(words)
        if words[0] == "hello":
            self.home = marks
            self.lock = _lock_is_seen(os.path.join(os.path.dirname(marks), self.name + ".lock"))
            for directory in self.lag.values():
                _quietly(prepare, directory)
            self.clock = Clock(lambda *said: put(marks, self.name, *said))
            self.clock.ask()
        elif words[0] == "pong" and self.clock is not None:
            self.clock.heard(words[1], words[2])
        elif words[0] == "bye":
            self.home, self.ended = marks, time.time()
        if self.clock is not None and self.clock.over and not self.went:
            self.went = True
            put(marks, self.name, "go")

    def look(self) -> None:
        """Whether any more of the node's changes can be seen, and its answer."""
        if self.went:
            for path, directory in self.lag.items():
                for probe in PROBES:
                    if (path, probe) not in self.seen and _quietly(has_changed, directory, probe):
                        self.seen[path, probe] = time.time()
        if self.ended and self.answer is None:
            self.answer = _read(os.path.join(os.path.dirname(self.home), self.name + ".json"))

    def over(self, lag_seconds: float) -> bool:
        """The answer is there, and each of its changes was seen, or not for so long."""
        if not self.ended:
            return False
        passed = time.time() - self.ended
        if self.answer is None:
            return passed > _ANSWER_SECONDS
        done = self.answer.get("done", {})
        missing = [
            probe
            for path, directory in self.lag.items()
            for probe in done.get(directory, {})
            if (path, probe) not in self.seen
        ]
        return not missing or passed > lag_seconds

    def told(self, paths: Sequence[Mapping[str, Any]], tag: str) -> Dict[str, Any]:
        """What is known of the node now."""
        clock = self.clock.told() if self.clock is not None and self.clock.samples else None
        values: Dict[str, Any] = {"answer": self.answer, "clock": clock, "lock": self.lock, "lag": {}, "back": {}}
        if self.answer is None:
            return values
        for place in paths:
            if place["writable"]:
                values["back"][place["path"]] = self._token_back(place, tag)
        if clock is not None:
            for path, directory in self.lag.items():
                done = self.answer.get("done", {}).get(directory, {})
                values["lag"][path] = {probe: self._lag(path, probe, done[probe], clock) for probe in done}
        return values

    def _lag(self, path: str, probe: str, done: float, clock: Mapping[str, float]) -> Optional[float]:
        """None: not seen while it was watched for."""
        when = self.seen.get((path, probe))
        return None if when is None else round(max(0.0, when - (done - clock["offset_s"])), 3)

    def _token_back(self, place: Mapping[str, Any], tag: str) -> str:
        """Why the node's token is not what it should be; empty where it is."""
        try:
            path = os.path.join(run_directory(place["path"], tag), "%s.%s" % (self.name, TOKEN))
            return "" if read_text(path) == place["token"] + self.name else "it has another content"
        except OSError as error:
            return why(error)


def watch(request: Mapping[str, Any]) -> Dict[str, Any]:
    """``request``: tag, nodes (their short names), paths, lag_paths, seconds (of all), lag_seconds, stop (a file that ends it)."""
    nodes = {name: Node(name, request["tag"], request["lag_paths"]) for name in request["nodes"]}
    writable = [place["path"] for place in request["paths"] if place["writable"]]
    marks = [os.path.join(run_directory(path, request["tag"]), MARKS) for path in writable]
    end = time.monotonic() + request["seconds"]
    # Where the run was swept, nobody wants to know any more.
    while time.monotonic() < end and os.path.isdir(os.path.dirname(request["stop"])):
        for directory in marks:
            for words in seen(directory):
                if words[0] in nodes:
                    nodes[words[0]].hear(directory, words[1:])
        for node in nodes.values():
            node.look()
        if all(node.over(request["lag_seconds"]) for node in nodes.values()):
            break
        if os.path.exists(request["stop"]) and not _going_on(nodes.values(), request["lag_seconds"]):
            break
        busy = any(node.clock is not None and not node.over(2.0) for node in nodes.values())
        time.sleep(_BUSY_SECONDS if busy else _IDLE_SECONDS)
    return {name: node.told(request["paths"], request["tag"]) for name, node in nodes.items()}


def _going_on(nodes: Any, lag_seconds: float) -> bool:
    """The jobs are over; whether there is still a change to be seen of a node that has answered."""
    return any(node.ended and not node.over(lag_seconds) for node in nodes)


def _lock_is_seen(path: str) -> str:
    """Why the node's lock is no lock for this host; empty where it is."""
    try:
        with open(path, "r+", encoding="utf-8") as stream:
            fcntl.lockf(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return ""
    except OSError as error:
        return why(error)
    return "the server got the lock that the node holds"


def _quietly(act: Any, *arguments: Any) -> Any:
    """A path that is gone on the way is told of by others."""
    try:
        return act(*arguments)
    except OSError:
        return None


def _read(path: str) -> Optional[Dict[str, Any]]:
    try:
        answer = json.loads(read_text(path))
    except (OSError, ValueError):
        return None
    return answer if isinstance(answer, dict) else {"problem": "an answer of another shape", "done": {}}


def stop(path: str, result: str, seconds: float) -> Dict[str, Any]:
    """The jobs are over: have the watcher end, and take what it has written."""
    with open(path, "w", encoding="utf-8"):
        pass
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = _read(result)
        if found is not None:
            return found
        time.sleep(0.1)
    raise TimeoutError("the watcher has written nothing to %s within %d s" % (result, seconds))
