# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The program of a job on a node: it looks, talks with the server while the lag is measured, and leaves one answer in a shared path."""

from __future__ import annotations

import fcntl
import json
import os
import time
import traceback
from typing import Any, Dict, List, Mapping, Sequence

from .host import galaxy_variables, look
from .marks import Answering, lag_directory, put
from .places import MARKS, TOKEN, hashed, look_at, read_text, run_directory, why, write_text

# The job's exit codes where it can leave no answer: no shared path is there, or they are another uid's.
NO_SHARED_PATH, NO_ACCESS = 41, 42
# A file that was made a moment ago may be missed once.
_TOKEN_SECONDS = 5.0
_HELLO_SECONDS = 30.0


def main(words: Sequence[str], request: Mapping[str, Any]) -> int:
    """``request``: tag, node (its short name in this run), paths (of them and their tokens), files, lag_paths, and what host.look takes."""
    begin = time.time()
    # The shell has taken nothing from these; what follows must not change them.
    variables = galaxy_variables(os.environ)
    paths = [_path(place, request) for place in request["paths"]]
    home = next((path["path"] for path in paths if path["writable"] and not path["problem"] and path["same"]), None)
    if home is None:
        return NO_ACCESS if any(path["denied"] for path in paths) else NO_SHARED_PATH
    answer: Dict[str, Any] = {"began": begin, "paths": paths, "galaxy": variables, "problem": "", "done": {}}
    directory = run_directory(home, request["tag"])
    try:
        _measure(answer, directory, request)
        answer.update(look(request))
        answer["files"] = [hashed(file) for file in request["files"]]
    except Exception:
        answer["problem"] = traceback.format_exc(limit=4)
    answer["ended"] = time.time()
    write_text(os.path.join(directory, request["node"] + ".json"), json.dumps(answer))
    put(os.path.join(directory, MARKS), request["node"], "bye")
    return 0


def _path(place: Mapping[str, Any], request: Mapping[str, Any]) -> Dict[str, Any]:
    """One shared path: the server's token in it, and one of the node's own."""
    found = look_at(place["path"])
    found.update(writable=place["writable"], same=False, denied=False)
    if found["problem"] or not place["writable"]:
        return found
    directory = run_directory(place["path"], request["tag"])
    try:
        found["same"] = _token(os.path.join(directory, TOKEN)) == place["token"]
        if found["same"]:
            write_text(os.path.join(directory, "%s.%s" % (request["node"], TOKEN)), place["token"] + request["node"])
    except OSError as error:
        found.update(problem=why(error), denied=isinstance(error, PermissionError))
    return found


def _token(path: str) -> str:
    """What the server wrote. Another directory of the same name has none."""
    begin = time.monotonic()
    while True:
        try:
            return read_text(path)
        except FileNotFoundError:
            if time.monotonic() - begin > _TOKEN_SECONDS or not os.path.isdir(os.path.dirname(path)):
                return ""
            time.sleep(0.2)


def _measure(answer: Dict[str, Any], directory: str, request: Mapping[str, Any]) -> None:
    """Hold a lock, have the clocks compared, do the changes that the server watches for."""
    with open(os.path.join(directory, request["node"] + ".lock"), "w", encoding="utf-8") as lock:
        try:
            fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            answer["lock"] = ""
        except OSError as error:
            answer["lock"] = why(error)
        talk = Answering(os.path.join(directory, MARKS), request["node"], _HELLO_SECONDS)
        answer["heard"] = talk.until_go()
        if answer["heard"]:
            answer["done"] = talk.do(_lag_directories(request))


def _lag_directories(request: Mapping[str, Any]) -> List[str]:
    return [lag_directory(run_directory(path, request["tag"]), request["node"]) for path in request["lag_paths"]]
