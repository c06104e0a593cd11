# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The program on the Galaxy server, started for one step at a time; what it finds it prints as JSON."""

from __future__ import annotations

import json
import os
import secrets
import sys
from typing import Any, Callable, Dict, Iterator, List, Mapping, Sequence

from .host import answer, library, look, service_environment
from .places import (
    a_file_in,
    hashed,
    look_at,
    make,
    mount_of,
    read_text,
    record,
    remove,
    run_directory,
    runs_in,
    write_text,
)
from .users import as_users, give_back
from .watch import stop, watch
from .ways import ways

_LIBRARY_SECONDS = 30.0
_CLEANERS = (
    "/etc/tmpfiles.d",
    "/run/tmpfiles.d",
    "/usr/lib/tmpfiles.d",
    "/etc/cron.d",
    "/etc/cron.hourly",
    "/etc/cron.daily",
    "/etc/cron.weekly",
    "/etc/crontab",
    "/etc/anacrontab",
)


def main(words: Sequence[str], request: Mapping[str, Any]) -> int:
    """``request``: step, and what that step takes."""
    steps: Dict[str, Callable[[Mapping[str, Any]], Any]] = {
        "left": lambda asked: {"runs": runs_in(asked["paths"])},
        "remove": removed,
        "users": as_users,
        "drmaa": by_library,
        "prepare": prepared,
        "ways": ways,
        "watch": watched,
        "stop": lambda asked: stop(asked["stop"], asked["result"], asked["seconds"]),
    }
    sys.stdout.write(json.dumps(steps[request["step"]](request)) + "\n")
    return 0


def by_library(request: Mapping[str, Any]) -> Dict[str, Any]:
    """``request``: python (Galaxy's, which need not be there yet), units, environment, library, program (drmaa_job.py's), seconds."""
    python = request["python"] if os.path.lexists(request["python"]) else sys.executable
    environ = dict(os.environ, **service_environment(request["units"], request["environment"]))
    environ["DRMAA_LIBRARY_PATH"] = request["library"]
    # A library may block for ever.
    rc, stdout, stderr = answer([python, "-"], request["seconds"] + _LIBRARY_SECONDS, environ, request["program"])
    try:
        told = dict(json.loads(stdout.splitlines()[-1]))
    except (IndexError, TypeError, ValueError):
        told = {"call": "", "problem": "rc %d: %s" % (rc, (stderr or stdout).strip()[-700:])}
    return dict(told, python=python, galaxys=python == request["python"])


def removed(request: Mapping[str, Any]) -> Dict[str, Any]:
    """``request``: directories of runs, programs (the directory of the real users', or nothing)."""
    if request["programs"]:
        give_back(request["directories"], request["programs"])
    return {"left": remove(request["directories"])}


def prepared(request: Mapping[str, Any]) -> Dict[str, Any]:
    """Tokens in every path that is written to, what lies in those that are read, and the server's own sight of things.

    ``request``: tag, keys (of the jobs to come), write_paths, read_paths, temporary (new_file_path or nothing), library (or nothing, where the
    service's environment names it), units and environment (of Galaxy's service), and what host.look takes.
    """
    paths = [dict(look_at(path), writable=True, token=secrets.token_hex(16)) for path in request["write_paths"]]
    for path in paths:
        path["problem"] = path["problem"] or make(path["path"], request["tag"], path["token"])
    home = next((path["path"] for path in paths if not path["problem"]), "")
    # A site may not have Galaxy yet.
    python = request["python"] if request["python"] and os.path.lexists(request["python"]) else ""
    found = look(dict(request, python=python))
    # In the run's directory, so that nothing is left behind; and whoever sweeps it finds the jobs.
    found["directory"] = run_directory(home, request["tag"]) if home else ""
    for path in paths:
        if not path["problem"]:
            record(path["path"], request["tag"], {"keys": request["keys"], "journal": found["directory"] + "/journal"})
    found["lag_paths"] = _one_of_each_mount(paths)
    found["paths"] = paths + [dict(look_at(path), writable=False, token="") for path in request["read_paths"]]
    files = {path: a_file_in(path) for path in request["read_paths"]}
    found["files"] = [dict(hashed(file), of=path) for path, file in files.items() if file]
    found["cleaned_by"] = list(cleaners(request["temporary"])) if request["temporary"] else []
    environment = service_environment(request["units"], request["environment"])
    drmaa = request["library"] or environment.get("DRMAA_LIBRARY_PATH", "")
    found["library"] = library(python or sys.executable, drmaa, environment) if drmaa else None
    return found


def _one_of_each_mount(paths: Sequence[Mapping[str, Any]]) -> List[str]:
    chosen: Dict[str, str] = {}
    for path in paths:
        if path["writable"] and not path["problem"]:
            chosen.setdefault(mount_of(path["path"])["point"], path["path"])
    return list(chosen.values())


def cleaners(path: str) -> Iterator[str]:
    """Files of tmpfiles.d and cron that this account may read and that name the path."""
    for place in _CLEANERS:
        names = sorted(os.listdir(place)) if os.path.isdir(place) else [""]
        for name in names:
            file = os.path.join(place, name) if name else place
            try:
                lines = read_text(file).splitlines()
            except OSError:
                continue
            if any(path in line.split("#", 1)[0] for line in lines):
                yield file
    rc, stdout, _stderr = answer(["crontab", "-l"], 10)
    if rc == 0 and any(path in line.split("#", 1)[0] for line in stdout.splitlines()):
        yield "crontab"


def watched(request: Mapping[str, Any]) -> Dict[str, Any]:
    """Watch. What was seen goes to the file ``result``, for the step that ends the watch."""
    found = watch(request)
    if os.path.isdir(os.path.dirname(request["result"])):
        write_text(request["result"], json.dumps(found))
    return {"nodes": len(found)}
