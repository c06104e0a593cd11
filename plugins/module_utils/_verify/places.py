# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shared paths as one host sees them: tokens, hashes, space, mounts; and the directories of a run in each of them."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import stat
import time
from typing import Any, Dict, Iterator, List, Mapping, Sequence

PREFIX = "clusterjobs-verify-"
TOKEN = "token"
RECORD = "run.json"
MARKS = "marks"
# Of large files the beginning and the size tell whether it is the same one.
_HASHED_BYTES = 1 << 20
# A directory's first file is looked for among so many entries.
_MOST_ENTRIES = 2000
_REMOVE_SECONDS = 70.0
_TAG = re.compile(r"[A-Za-z0-9-]{1,64}")


def noted_job(directory: str) -> str:
    """Where the id of the job stands that goes through the DRMAA library, as long as it has not ended. It has no key."""
    return os.path.join(directory, "drmaa-job")


def run_directory(path: str, tag: str) -> str:
    """This run's own directory in a shared path."""
    return os.path.join(path, PREFIX + tag)


def write_text(path: str, text: str) -> None:
    """Whole or not at all, also for who reads it from another host."""
    scratch = path + ".new"
    with open(scratch, "w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(scratch, path)


def read_text(path: str) -> str:
    with open(path, encoding="utf-8", errors="replace") as stream:
        return stream.read(1 << 22)


def why(error: OSError) -> str:
    return error.strerror or str(error)


def look_at(path: str) -> Dict[str, Any]:
    """Mode, space, inodes and mount of a path; ``problem`` where it cannot be looked at."""
    found: Dict[str, Any] = {"path": path, "problem": "", "mode": ""}
    try:
        found["mode"] = "%04o" % stat.S_IMODE(os.stat(path).st_mode)
        space = os.statvfs(path)
    except OSError as error:
        return dict(found, problem=why(error))
    found.update(
        free_bytes=space.f_bavail * space.f_frsize,
        size_bytes=space.f_blocks * space.f_frsize,
        free_inodes=space.f_favail,
        inodes=space.f_files,
        mount=mount_of(path),
    )
    return found


def mount_of(path: str, table: str = "/proc/self/mountinfo") -> Dict[str, str]:
    """The mount that a path lies in: point, type, source and options (proc(5)). Links on the way are followed."""
    real = os.path.realpath(path)
    best: Dict[str, str] = {"point": "", "type": "", "source": "", "options": ""}
    try:
        lines = read_text(table).splitlines()
    except OSError:
        return best
    for line in lines:
        left, _dash, right = line.partition(" - ")
        before, after = left.split(" "), right.split(" ")
        if len(before) < 6 or len(after) < 3:
            continue
        point = _plain(before[4])
        inside = real == point or real.startswith(point.rstrip("/") + "/")
        # Of two on one point the later one counts.
        if inside and len(point) >= len(best["point"]):
            options = ",".join(dict.fromkeys([*before[5].split(","), *after[2].split(",")]))
            best = {"point": point, "type": after[0], "source": _plain(after[1]), "options": options}
    return best


def _plain(text: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found.group(1), 8)), text)


def hashed(path: str) -> Dict[str, Any]:
    """A file's size and the hash of its beginning."""
    try:
        with open(path, "rb") as stream:
            digest = hashlib.sha256(stream.read(_HASHED_BYTES)).hexdigest()
            size = os.fstat(stream.fileno()).st_size
    except OSError as error:
        return {"path": path, "sha256": "", "size_bytes": None, "problem": why(error)}
    return {"path": path, "sha256": digest, "size_bytes": size, "problem": ""}


def a_file_in(path: str) -> str:
    """The path itself, or the first file of some content in it that can be read; empty where there is none."""
    if not os.path.isdir(path):
        return path
    seen = 0
    for base, directories, names in os.walk(path):
        directories[:] = sorted(name for name in directories if not name.startswith(PREFIX))
        for name in sorted(names):
            seen += 1
            file = os.path.join(base, name)
            if os.path.isfile(file) and not os.path.islink(file) and os.access(file, os.R_OK) and os.path.getsize(file):
                return file
        if seen + len(directories) > _MOST_ENTRIES:
            break
    return ""


def runs_in(paths: Sequence[str]) -> List[Dict[str, Any]]:
    """What runs have left in these paths: tag, directories, their jobs' keys, and job_ids. Only what this account owns is of ours."""
    runs: Dict[str, Dict[str, Any]] = {}
    for directory in _directories(paths):
        tag = os.path.basename(directory)[len(PREFIX) :]
        run = runs.setdefault(tag, {"tag": tag, "directories": [], "jobs": [], "job_ids": [], "journal": ""})
        run["directories"].append(directory)
        try:
            values = json.loads(read_text(os.path.join(directory, RECORD)))
            run["jobs"] = [{"key": str(key)} for key in values["keys"]]
            run["journal"] = str(values["journal"])
            if os.path.exists(noted_job(directory)):
                run["job_ids"] = read_text(noted_job(directory)).split()
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return [runs[tag] for tag in sorted(runs)]


def _directories(paths: Sequence[str]) -> Iterator[str]:
    for path in dict.fromkeys(paths):
        try:
            names = sorted(os.listdir(path))
        except OSError:
            continue
        for name in names:
            directory = os.path.join(path, name)
            if not name.startswith(PREFIX) or not _TAG.fullmatch(name[len(PREFIX) :]):
                continue
            found = os.lstat(directory)
            if stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid():
                yield directory


def remove(directories: Sequence[str], seconds: float = _REMOVE_SECONDS) -> List[str]:
    """Remove these directories of runs; returns those that are still there. What a node has made may be seen late, and so be removed late."""
    for directory in directories:
        if not os.path.basename(directory).startswith(PREFIX):
            raise ValueError("%s is no directory of a run" % directory)
    end = time.monotonic() + seconds
    while True:
        for directory in directories:
            shutil.rmtree(directory, ignore_errors=True)
        left = [directory for directory in directories if os.path.lexists(directory)]
        if not left or time.monotonic() > end:
            return left
        time.sleep(0.5)


def make(path: str, tag: str, token: str) -> str:
    """This run's directory in a shared path, with the server's token; returns why there is none."""
    directory = run_directory(path, tag)
    try:
        os.mkdir(directory, 0o700)
        os.mkdir(os.path.join(directory, MARKS), 0o700)
        write_text(os.path.join(directory, TOKEN), token)
    except OSError as error:
        return why(error)
    return ""


def record(path: str, tag: str, values: Mapping[str, Any]) -> None:
    """What runs_in reads."""
    write_text(os.path.join(run_directory(path, tag), RECORD), json.dumps(values))
