# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What this submit host has submitted: one append-only file a key, so that a submission happens once whatever dies in between.

A line is one JSON record: ``intent`` before the DRM is asked, then ``submitted`` (with the job id), ``refused`` or, later, ``ended``.
Each is on disk (fsync) before the next step. A line without its newline was never finished and does not count.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import stat
import time
from contextlib import contextmanager
from typing import Any, Dict, Iterator, List, Optional

from .errors import DrmError

KEEP_GENERATED_SECONDS = 30 * 24 * 3600
_LOCK_POLL_SECONDS = 0.05


def default_directory() -> str:
    """``$XDG_STATE_HOME/clusterjobs`` (XDG Base Directory Specification), else ``~/.local/state/clusterjobs``."""
    base = os.environ.get("XDG_STATE_HOME", "")
    if not os.path.isabs(base):
        base = os.path.join(os.path.expanduser("~"), ".local", "state")
    return os.path.join(base, "clusterjobs")


def key_hash(drm: str, cluster: str, key: str) -> str:
    """The identity of a key on one DRM and cluster, as 40 hexadecimal digits."""
    return hashlib.sha256(json.dumps([drm, cluster, key]).encode("utf-8")).hexdigest()[:40]


class Entry:
    """One key's records, locked for as long as the object is in use."""

    def __init__(self, path: str, fd: int) -> None:
        self.path = path
        self.fd = fd
        self.records: List[Dict[str, Any]] = []
        with os.fdopen(os.dup(fd), "rb") as stream:
            data = stream.read()
        self._torn = bool(data) and not data.endswith(b"\n")
        for line in data.split(b"\n")[:-1]:
            record = _parse(line)
            if record is not None:
                self.records.append(record)

    def last(self, *events: str) -> Optional[Dict[str, Any]]:
        """The newest record of one of these events, or the newest of all."""
        for record in reversed(self.records):
            if not events or record["event"] in events:
                return record
        return None

    def append(self, event: str, **values: Any) -> Dict[str, Any]:
        """Add a record; it is on disk when this returns."""
        record = dict(values, event=event, time=int(time.time()))
        line = json.dumps(record, sort_keys=True).encode("utf-8") + b"\n"
        data = b"\n" + line if self._torn else line
        self._torn = True
        while data:
            data = data[os.write(self.fd, data) :]
        os.fsync(self.fd)
        self._torn = False
        self.records.append(record)
        return record


class Journal:
    """The directory of entries. Made 0700; a directory that is a link or another user's is refused."""

    def __init__(self, directory: str, drm: str, cluster: str, lock_timeout_seconds: float) -> None:
        self.directory = os.path.join(directory, "journal", drm)
        self.drm = drm
        self.cluster = cluster
        self.lock_timeout_seconds = lock_timeout_seconds

    def path(self, key: str) -> str:
        return os.path.join(self.directory, key_hash(self.drm, self.cluster, key) + ".jsonl")

    @contextmanager
    def locked(self, key: str) -> Iterator[Entry]:
        """The key's entry, made if it is new, with its lock held until the end of the block.

        The lock belongs to the open file, so a submission command that inherits ``entry.fd`` keeps it while it still runs.
        """
        make_private_directory(self.directory)
        path = self.path(key)
        fd = _open_entry(path)
        try:
            self._lock(fd, key, path)
            yield Entry(path, fd)
        finally:
            os.close(fd)

    def read(self, key: str) -> Optional[Entry]:
        """The key's entry without making one; None where this key was never used here."""
        path = self.path(key)
        try:
            fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        try:
            return Entry(path, fd)
        finally:
            os.close(fd)

    def _lock(self, fd: int, key: str, path: str) -> None:
        deadline = time.monotonic() + self.lock_timeout_seconds
        while True:
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    raise DrmError(
                        "key %r: another play has been submitting it for %g s (lock on %s). Nothing was submitted by this one; run it again later."
                        % (key, self.lock_timeout_seconds, path)
                    ) from None
            time.sleep(_LOCK_POLL_SECONDS)

    def purge_generated(self, prefix: str) -> None:
        """Remove entries that no user can name again, once they are 30 days old."""
        oldest = time.time() - KEEP_GENERATED_SECONDS
        with os.scandir(self.directory) as entries:
            old = [item.path for item in entries if item.name.endswith(".jsonl") and item.stat(follow_symlinks=False).st_mtime < oldest]
        for path in old:
            with open(path, encoding="utf-8") as stream:
                first = _parse(stream.readline().encode("utf-8"))
            if first is not None and str(first.get("key", "")).startswith(prefix):
                os.unlink(path)


def make_private_directory(path: str) -> None:
    """Make a directory that only its owner can use; refuse one that somebody else could have planted."""
    os.makedirs(path, mode=0o700, exist_ok=True)
    found = os.lstat(path)
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022:
        raise DrmError("%s must be a directory of uid %d that nobody else can write; set journal_dir to one that is" % (path, os.geteuid()))


def sync_directory(path: str) -> None:
    """A new name is safe only once its directory is on disk as well."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _open_entry(path: str) -> int:
    flags = os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        fd = os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return os.open(path, flags)
    sync_directory(os.path.dirname(path))
    return fd


def _parse(line: bytes) -> Optional[Dict[str, Any]]:
    try:
        record = json.loads(line.decode("utf-8"))
    except ValueError:
        return None
    return record if isinstance(record, dict) and "event" in record else None
