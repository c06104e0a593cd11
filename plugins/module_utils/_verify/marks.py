# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How server and node talk to each other while the lag of the file system between them is measured.

By the names of empty files in one directory, which both list: a listing is fresh where a stat and the content of a file may be a minute
old (measured on NFS). A name carries all that is said, times too.
"""

from __future__ import annotations

import os
import time
from typing import Callable, Dict, List, Tuple

_SEPARATOR = "~"

#: What the node does to a file, and how the server looks for it: the file, and the event of which its lag is told.
PROBES = ("create_stat", "create_open", "create_list", "size_stat", "mode_stat", "remove_stat")
#: Those whose file is there before the node does something to it.
EXISTING = ("size_stat", "mode_stat", "remove_stat")
PINGS = 3


def name_of(node: str, *words: str) -> str:
    return _SEPARATOR.join((node, *words))


def put(directory: str, node: str, *words: str) -> None:
    """Say something."""
    descriptor = os.open(os.path.join(directory, name_of(node, *words)), os.O_WRONLY | os.O_CREAT, 0o600)
    os.close(descriptor)


def seen(directory: str) -> List[Tuple[str, ...]]:
    """All that was said by now; nothing, where the directory cannot be listed."""
    try:
        return [tuple(name.split(_SEPARATOR)) for name in os.listdir(directory)]
    except OSError:
        return []


def lag_directory(run_directory: str, node: str) -> str:
    return os.path.join(run_directory, node + ".lag")


def file_of(directory: str, probe: str) -> str:
    return os.path.join(directory, probe)


def prepare(directory: str) -> None:
    """The server's side, before the node begins: what the node is going to change is there and known, what it is going to make is known to be missing."""
    os.mkdir(directory, 0o700)
    for probe in PROBES:
        path = file_of(directory, probe)
        if probe in EXISTING:
            with open(path, "w", encoding="utf-8") as stream:
                stream.write("x")
            os.chmod(path, 0o600)
    for probe in PROBES:
        has_changed(directory, probe)


def change(directory: str, probe: str) -> None:
    """The node's side."""
    path = file_of(directory, probe)
    if probe.startswith("create"):
        with open(path, "x", encoding="utf-8") as stream:
            stream.write("node")
    elif probe.startswith("size"):
        with open(path, "a", encoding="utf-8") as stream:
            stream.write("more")
    elif probe.startswith("mode"):
        os.chmod(path, 0o640)
    else:
        os.unlink(path)


def has_changed(directory: str, probe: str) -> bool:
    """The server's side: whether the node's change can be seen in this probe's way."""
    path = file_of(directory, probe)
    if probe == "create_list":
        return probe in os.listdir(directory)
    try:
        if probe == "create_open":
            with open(path, encoding="utf-8") as stream:
                return stream.read() == "node"
        status = os.stat(path)
    except OSError:
        return probe == "remove_stat"
    if probe == "create_stat":
        return True
    if probe == "size_stat":
        return status.st_size == len("xmore")
    return probe == "mode_stat" and status.st_mode & 0o777 == 0o640


class Answering:
    """The node's side of the talk: it answers each ping with its clock, and does the changes when it is told to go."""

    def __init__(self, directory: str, node: str, patience: float) -> None:
        self.directory = directory
        self.node = node
        self.patience = patience
        self.answered: Dict[str, bool] = {}

    def until_go(self) -> bool:
        """Say hello, then answer. False where the server did not say go in time."""
        put(self.directory, self.node, "hello")
        begin = time.monotonic()
        while time.monotonic() - begin < self.patience:
            said = [words[1:] for words in seen(self.directory) if words[0] == self.node]
            for words in said:
                if words[0] == "ping" and not self.answered.get(words[1]):
                    self.answered[words[1]] = True
                    put(self.directory, self.node, "pong", words[1], "%.6f" % time.time())
            if ("go",) in said:
                return True
            time.sleep(0.01)
        return False

    def do(self, directories: List[str]) -> Dict[str, Dict[str, float]]:
        """All changes, each with the time when it was done; what could not be done is left out."""
        times: Dict[str, Dict[str, float]] = {}
        for directory in directories:
            for probe in PROBES:
                try:
                    change(directory, probe)
                except OSError:
                    continue
                times.setdefault(directory, {})[probe] = time.time()
        return times


class Clock:
    """The server's side: how far the node's clock is off, from pings and their answers."""

    def __init__(self, say: Callable[..., None]) -> None:
        self.say = say
        self.asked: Dict[str, float] = {}
        self.samples: List[Tuple[float, float]] = []

    def ask(self) -> None:
        number = str(len(self.asked))
        # The answer may come before the clock is read again.
        self.asked[number] = time.time()
        self.say("ping", number)

    def heard(self, number: str, told: str) -> None:
        """One pong: half the way there, half the way back."""
        now, asked = time.time(), self.asked.get(number)
        if asked is None:
            return
        self.samples.append(((now - asked) / 2, float(told) - (now + asked) / 2))
        if len(self.asked) < PINGS:
            self.ask()

    @property
    def over(self) -> bool:
        return len(self.samples) >= PINGS

    def told(self) -> Dict[str, float]:
        """``offset_s``: node minus server, with the uncertainty of the quickest answer."""
        uncertainty, offset = min(self.samples)
        return {"offset_s": round(offset, 4), "uncertainty_s": round(uncertainty, 4)}
