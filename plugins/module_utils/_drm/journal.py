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
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from typing import Any, Callable, Dict, Iterator, List, Optional, Sequence, Tuple

from .errors import DrmError

KEEP_GENERATED_SECONDS = 30 * 24 * 3600
# A look at each of thousands of entries takes longer than a submission.
_PURGE_SECONDS = 24 * 3600
_LOCK_POLL_SECONDS = 0.05
# Put behind a torn line before the next one: a record that lacked only its newline must not come to count later.
_TORN_END = b"~\n"


class JournalError(DrmError):
    """The journal cannot be kept, and without it nothing may be submitted."""

    def __init__(self, path: str, error: OSError) -> None:
        super().__init__(
            "cannot keep the journal %s: %s. Mend that, or set journal_dir to another place."
            % (path, error.strerror or error)
        )


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
        self._unsynced: List[Dict[str, Any]] = []
        with os.fdopen(os.dup(fd), "rb") as stream:
            data = stream.read()
        self._torn = bool(data) and not data.endswith(b"\n")
        for line in data.split(b"\n")[:-1]:
            record = _parse(line)
            if record is not None:
                self.records.append(record)

    def last(self, *events: str) -> Optional[Dict[str, Any]]:
        """The newest record that stands, of one of these events or of any."""
        return next((record for record in reversed(self._standing()) if not events or record["event"] in events), None)

    def _standing(self) -> List[Dict[str, Any]]:
        """All but the attempts that were refused: nothing came of those, so the job before them is still the key's."""
        standing: List[Dict[str, Any]] = []
        for record in self.records:
            if record["event"] != "refused":
                standing.append(record)
                continue
            while standing and standing[-1]["event"] == "intent":
                standing.pop()
        return standing

    def append(self, event: str, **values: Any) -> Dict[str, Any]:
        """Add a record; it is on disk when this returns."""
        record = self.write(event, **values)
        self.sync()
        return record

    def write(self, event: str, **values: Any) -> Dict[str, Any]:
        """Add a record, of which nothing is certain before ``sync``."""
        record = dict(values, event=event, time=int(time.time()))
        line = json.dumps(record, sort_keys=True).encode("utf-8") + b"\n"
        data = _TORN_END + line if self._torn else line
        self._torn = True
        try:
            while data:
                data = data[os.write(self.fd, data) :]
        except OSError as error:
            raise JournalError(self.path, error) from error
        self._unsynced.append(record)
        return record

    def sync(self) -> None:
        """What was written is on disk, and stands, when this returns."""
        try:
            os.fsync(self.fd)
        except OSError as error:
            raise JournalError(self.path, error) from error
        self._torn = False
        self.records += self._unsynced
        self._unsynced = []


def append_all(records: Sequence[Tuple[Entry, Dict[str, Any]]]) -> List[Optional[JournalError]]:
    """Add a record to each of these entries; they are on disk when this returns, but for those whose error is there.

    All are written before the first is synced: one commit of the file system then takes most of them.
    """
    failures = [_failure(partial(entry.write, **values)) for entry, values in records]
    return [failure or _failure(entry.sync) for failure, (entry, _values) in zip(failures, records)]


def _failure(step: Callable[[], Any]) -> Optional[JournalError]:
    try:
        step()
    except JournalError as error:
        return error
    return None


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
        """The key's entry, made if it is new, with its lock held until the end of the block."""
        with self.locked_together([key]) as entries:
            yield entries[0]

    @contextmanager
    def locked_together(self, keys: Sequence[str]) -> Iterator[List[Entry]]:
        """The same for several keys, in their sequence.

        A lock belongs to the open file, so a submission command that inherits each ``entry.fd`` keeps it while it still runs.
        """
        with ExitStack() as opened:
            # Everybody locks in one sequence, or two plays with the same keys would wait for each other.
            fds = {key: self._open_locked(key, opened) for key in sorted(keys)}
            yield self._ready([(self.path(key), fds[key]) for key in keys])

    def _open_locked(self, key: str, opened: ExitStack) -> int:
        path = self.path(key)
        try:
            make_private_directory(self.directory)
            fd = _open_entry(path)
        except OSError as error:
            raise JournalError(path, error) from error
        opened.callback(os.close, fd)
        self._lock(fd, key, path)
        return fd

    def _ready(self, files: Sequence[Tuple[str, int]]) -> List[Entry]:
        try:
            entries = [Entry(path, fd) for path, fd in files]
            if not all(entry.records for entry in entries):
                # Whoever made the file may have died before its name was on disk.
                sync_directory(self.directory)
            for entry in entries:
                # An entry in use is a young one: purge_generated leaves it alone, however long its job is waited for.
                os.utime(entry.fd)
        except OSError as error:
            raise JournalError(self.directory, error) from error
        return entries

    def read(self, key: str) -> Optional[Entry]:
        """The key's entry without making one; None where this key was never used here."""
        path = self.path(key)
        try:
            fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise JournalError(path, error) from error
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
        """Remove entries that no user can name again, once nothing has used them for 30 days. It looks once a day."""
        mark = os.path.join(self.directory, "purged")
        with suppress(FileNotFoundError):
            if time.time() - os.lstat(mark).st_mtime < _PURGE_SECONDS:
                return
        os.close(os.open(mark, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
        os.utime(mark)
        oldest = time.time() - KEEP_GENERATED_SECONDS
        with os.scandir(self.directory) as entries:
            paths = [item.path for item in entries if item.name.endswith(".jsonl")]
        for path in paths:
            # Another play may purge at the same time.
            with suppress(FileNotFoundError):
                if os.lstat(path).st_mtime < oldest and _key_of(path).startswith(prefix):
                    os.unlink(path)


def make_private_directory(path: str) -> None:
    """Make a directory that only its owner can use; refuse one that somebody else could have planted."""
    _make_directories(path)
    found = os.lstat(path)
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022:
        raise DrmError(
            "%s must be a directory of uid %d that nobody else can write; set journal_dir to one that is"
            % (path, os.geteuid())
        )


def _make_directories(path: str) -> None:
    """Every one that is new is its owner's alone, and on disk before anything is put into it."""
    if os.path.lexists(path):
        return
    _make_directories(os.path.dirname(path))
    with suppress(FileExistsError):
        os.mkdir(path, 0o700)
    sync_directory(os.path.dirname(path))


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
        return os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return os.open(path, flags)


def _key_of(path: str) -> str:
    """The key that an entry's first record names; nothing where it cannot be read."""
    with open(path, "rb") as stream:
        first = _parse(stream.readline())
    return str((first or {}).get("key", ""))


def _parse(line: bytes) -> Optional[Dict[str, Any]]:
    try:
        record = json.loads(line.decode("utf-8"))
    except ValueError:
        return None
    return record if isinstance(record, dict) and "event" in record else None
