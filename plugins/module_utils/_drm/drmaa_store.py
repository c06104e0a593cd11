# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the DRMAA child keeps of its jobs: a directory of small files, named by the jobs' names. Runs on the target, as text (program.py).

DRMAA takes a program that is a file, tells no exit status to another process than the one that submitted, and finds no job by its name.
NAME.script is the job's script, NAME.run starts it and writes NAME.exit; NAME.id has its id, and ids/ leads from an id back to a name.
"""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import time
from typing import Any, List, Mapping, Optional, Sequence, Tuple
from urllib.parse import quote

KEEP_SECONDS = 90 * 24 * 3600
# With these one library speaks to one or another DRM, and another one's ids are other jobs.
_WHICH_DRM = (
    "DRMAA_LIBRARY_PATH",
    "SGE_ROOT",
    "SGE_CELL",
    "SLURM_CONF",
    "PBS_DEFAULT",
    "PBS_SERVER",
    "LSF_ENVDIR",
    "CONDOR_CONFIG",
)


class Store:
    """The files of this account. ``$XDG_STATE_HOME``, or the home, must be the same directory on the nodes."""

    def __init__(self) -> None:
        base = os.environ.get("XDG_STATE_HOME", "")
        if not os.path.isabs(base):
            base = os.path.join(os.path.expanduser("~"), ".local", "state")
        self.directory = os.path.join(base, "clusterjobs", "drmaa")
        which = json.dumps([os.environ.get(name) for name in _WHICH_DRM])
        self.drm = hashlib.sha256(which.encode("utf-8", "surrogateescape")).hexdigest()[:12]

    def prepare(self) -> None:
        """Before submissions: the directory is there, and files of jobs long past are not."""
        os.makedirs(os.path.join(self.directory, "ids"), mode=0o700, exist_ok=True)
        oldest = time.time() - KEEP_SECONDS
        for directory in (self.directory, os.path.join(self.directory, "ids")):
            with os.scandir(directory) as entries:
                old = [
                    item.path
                    for item in entries
                    if not item.is_dir() and item.stat(follow_symlinks=False).st_mtime < oldest
                ]
            for path in old:
                os.unlink(path)

    def path(self, name: str, kind: str) -> str:
        return os.path.join(self.directory, "%s.%s" % (name, kind))

    def write_jobs(self, jobs: Sequence[Mapping[str, Any]]) -> None:
        """The jobs' scripts, and what starts them: on disk, as half a script is another one, but not one by one, which takes ten times as long."""
        for job in jobs:
            self._write(job["name"], "script", job["script"])
            self._write(job["name"], "run", self._launcher(job))
        for job in jobs:
            for kind in ("script", "run"):
                fd = os.open(self.path(job["name"], kind), os.O_RDONLY)
                os.fsync(fd)
                os.close(fd)

    def _launcher(self, job: Mapping[str, Any]) -> str:
        """A variable or argument that stands in a DRMAA attribute may be cut at a comma or a newline. Where the DRM's
        accounting tells how a job ended, the script is the job itself; elsewhere its exit status is written down."""
        lines = ["#!/bin/sh"]
        lines += ["export %s=%s" % (key, shlex.quote(value)) for key, value in sorted(job["environment"].items())]
        script = " ".join(map(shlex.quote, [self.path(job["name"], "script"), *job["args"]]))
        if job["accounted"]:
            return "\n".join([*lines, "exec " + script, ""])
        path = shlex.quote(self.path(job["name"], "exit"))
        # A signal for the whole job is the script's to handle.
        lines += ["trap : HUP INT TERM USR1 USR2", script, "code=$?"]
        lines += ['echo "$code" > %s.new && mv -f %s.new %s' % (path, path, path), 'exit "$code"', ""]
        return "\n".join(lines)

    def forget(self, name: str) -> None:
        """Of a job that was refused nothing is needed."""
        for kind in ("script", "run"):
            os.unlink(self.path(name, kind))

    def note(self, name: str, job_id: str) -> None:
        """The job is there: by its name it is found again, by its id its exit status."""
        self._write(name, "id", "%s %s\n" % (self.drm, job_id))
        link = self._link(job_id)
        os.symlink(name, link + ".new")
        os.replace(link + ".new", link)

    def note_cancelled(self, job_id: str) -> None:
        name = self.name(job_id)
        if name:
            self._write(name, "cancelled", "")

    def job_id(self, name: str) -> Optional[str]:
        drm, _space, job_id = self._read(name, "id").strip().partition(" ")
        return job_id if job_id and drm == self.drm else None

    def name(self, job_id: str) -> str:
        try:
            return os.readlink(self._link(job_id))
        except OSError:
            return ""

    def ended(self, name: str) -> Tuple[Optional[int], Optional[int]]:
        """The exit status that was written down, and when."""
        text = self._read(name, "exit").strip()
        if not text.isdigit():
            return None, None
        return int(text), int(os.stat(self.path(name, "exit")).st_mtime)

    def cancelled(self, name: str) -> bool:
        return os.path.exists(self.path(name, "cancelled"))

    def submit_time(self, name: str) -> Optional[int]:
        try:
            return int(os.stat(self.path(name, "id")).st_mtime)
        except OSError:
            return None

    def _link(self, job_id: str) -> str:
        return os.path.join(self.directory, "ids", "%s-%s" % (self.drm, quote(job_id, safe="")))

    def _read(self, name: str, kind: str) -> str:
        try:
            with open(self.path(name, kind), encoding="utf-8") as stream:
                return stream.read(1000)
        except OSError:
            return ""

    def _write(self, name: str, kind: str, text: str) -> None:
        """Whole or not at all; the owner's alone, and executable, as two of them are programs."""
        path = self.path(name, kind)
        fd = os.open(path + ".new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o700)
        with os.fdopen(fd, "w", encoding="utf-8", errors="surrogateescape", newline="") as stream:
            stream.write(text)
        os.replace(path + ".new", path)


def names_of(words: List[str]) -> List[str]:
    """Names of jobs are names of files here."""
    return [name for name in words if name and "/" not in name]
