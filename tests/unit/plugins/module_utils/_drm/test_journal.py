# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the journal keeps, whatever cuts it off."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from ansible_collections.clusterjobs.drm.plugins.module_utils._drm import journal as journal_module
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.journal import (
    KEEP_GENERATED_SECONDS,
    Journal,
    JournalError,
    default_directory,
    key_hash,
)


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(str(tmp_path / "state"), "fake", "", 0.1)


def events(journal: Journal, key: str = "k") -> list:
    entry = journal.read(key)
    return [] if entry is None else [(record["event"], record.get("n")) for record in entry.records]


def test_records_survive_the_process(journal: Journal) -> None:
    with journal.locked("k") as entry:
        assert entry.records == []
        entry.append("intent", n=1)
        entry.append("submitted", n=2)
    assert events(journal) == [("intent", 1), ("submitted", 2)]
    with journal.locked("k") as entry:
        entry.append("ended", n=3)
        assert entry.last()["n"] == 3
        assert entry.last("intent", "submitted")["n"] == 2
        assert entry.last("nothing") is None
    assert events(journal)[-1] == ("ended", 3)


def test_a_key_that_was_never_used_is_not_made_by_reading(journal: Journal, tmp_path: Path) -> None:
    assert journal.read("k") is None
    assert not list(tmp_path.iterdir())


def test_a_refused_attempt_is_as_if_it_had_not_been_made(journal: Journal) -> None:
    with journal.locked("k") as entry:
        entry.append("intent", n=1)
        entry.append("refused")
        assert entry.last() is None
        entry.append("intent", n=2)
        entry.append("submitted", n=2)
        entry.append("ended", n=2)
        entry.append("intent", n=3)
        # Interrupted, looked for, and sent again: the refusal is of both.
        entry.append("intent", n=4)
        entry.append("refused")
        assert entry.last("intent")["n"] == 2
        assert entry.last()["event"] == "ended"


def test_a_torn_line_does_not_count_and_does_not_hurt_what_follows(journal: Journal) -> None:
    with journal.locked("k") as entry:
        entry.append("intent", n=1)
        whole = os.path.getsize(entry.path)
        entry.append("submitted", n=2, text='größer\nthan"')
        path = Path(entry.path)
    data = path.read_bytes()
    for length in range(len(data)):
        path.write_bytes(data[:length])
        kept = [("intent", 1)] if length >= whole else []
        assert events(journal) == kept, length
        with journal.locked("k") as entry:
            entry.append("ended", n=3)
        assert events(journal) == [*kept, ("ended", 3)], length


def test_a_write_that_fails_half_way_leaves_the_entry_usable(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write

    def full(fd: int, data: bytes) -> int:
        if len(data) > 10:
            return write(fd, data[:10])
        raise OSError(28, "No space left on device")

    with journal.locked("k") as entry:
        entry.append("intent", n=1)
        monkeypatch.setattr(os, "write", full)
        with pytest.raises(JournalError, match="No space left on device") as caught:
            entry.append("submitted", n=2)
        assert entry.path in str(caught.value)
        monkeypatch.undo()
        entry.append("submitted", n=3)
    assert events(journal) == [("intent", 1), ("submitted", 3)]


def test_short_writes_are_completed(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: write(fd, data[:7]))
    with journal.locked("k") as entry:
        entry.append("intent", n=1)
    assert events(journal) == [("intent", 1)]


def test_lines_of_another_kind_are_passed_over(journal: Journal) -> None:
    with journal.locked("k") as entry:
        entry.append("intent", n=1)
        os.write(entry.fd, b'\xff\xfe\n[1]\n{"n": 5}\n\n"event"\n')
        entry.append("submitted", n=2)
    assert events(journal) == [("intent", 1), ("submitted", 2)]


def test_each_record_is_on_disk_before_append_returns(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    write, fsync = os.write, os.fsync
    monkeypatch.setattr(os, "write", lambda fd, data: calls.append(("write", fd)) or write(fd, data))
    monkeypatch.setattr(os, "fsync", lambda fd: calls.append(("fsync", fd)) or fsync(fd))
    with journal.locked("k") as entry:
        # The names of the file and of each new directory come first.
        assert {name for name, fd in calls} == {"fsync"}
        assert len(calls) == 4
        calls.clear()
        entry.append("intent")
        assert calls == [("write", entry.fd), ("fsync", entry.fd)]
    calls.clear()
    with journal.locked("k") as entry:
        assert calls == []


def test_the_name_is_synced_again_where_its_maker_may_have_died_before(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    with journal.locked("k"):
        pass
    synced = []
    monkeypatch.setattr(journal_module, "sync_directory", synced.append)
    with journal.locked("k"):
        assert synced == [journal.directory]


def test_files_and_directories_are_their_owners_alone(journal: Journal, tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        with journal.locked("k") as entry:
            assert os.stat(entry.path).st_mode & 0o777 == 0o600
    finally:
        os.umask(before)
    for directory in ("state", "state/journal", "state/journal/fake"):
        assert (tmp_path / directory).stat().st_mode & 0o777 == 0o700


def test_an_entry_is_made_where_there_is_none(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    flags = []
    real = os.open
    monkeypatch.setattr(os, "open", lambda path, how, *mode: flags.append((path, how)) or real(path, how, *mode))
    with journal.locked("k") as entry:
        path = entry.path
    how = [how for opened, how in flags if opened == path]
    assert len(how) == 1
    assert how[0] & os.O_CREAT
    assert how[0] & os.O_EXCL
    assert how[0] & os.O_NOFOLLOW


def test_only_old_generated_entries_are_purged(journal: Journal) -> None:
    for key in ("task:1#0", "task:2#0", "user", "task:torn"):
        with journal.locked(key) as entry:
            entry.append("intent", key=key)
    Path(journal.path("task:torn")).write_bytes(b"\xff\xfe{")
    old = time.time() - KEEP_GENERATED_SECONDS - 60
    for key in ("task:1#0", "user", "task:torn"):
        os.utime(journal.path(key), (old, old))
    journal.purge_generated("task:")
    left = {key for key in ("task:1#0", "task:2#0", "user", "task:torn") if journal.read(key) is not None}
    assert left == {"task:2#0", "user", "task:torn"}


def test_entries_are_looked_at_once_a_day(journal: Journal) -> None:
    def old_entry(key: str) -> Path:
        with journal.locked(key) as entry:
            entry.append("intent", key=key)
        os.utime(journal.path(key), (0, 0))
        return Path(journal.path(key))

    first = old_entry("task:1#0")
    journal.purge_generated("task:")
    assert not first.exists()
    second = old_entry("task:2#0")
    journal.purge_generated("task:")
    assert second.exists()
    yesterday = time.time() - 25 * 3600
    os.utime(Path(journal.directory, "purged"), (yesterday, yesterday))
    journal.purge_generated("task:")
    assert not second.exists()


def test_an_entry_in_use_is_not_purged_however_old(journal: Journal) -> None:
    with journal.locked("task:1#0") as entry:
        entry.append("intent", key="task:1#0")
    old = time.time() - KEEP_GENERATED_SECONDS - 60
    os.utime(journal.path("task:1#0"), (old, old))
    with journal.locked("task:1#0"):
        journal.purge_generated("task:")
    assert journal.read("task:1#0") is not None


def test_two_plays_may_purge_at_the_same_time(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    with journal.locked("task:1#0") as entry:
        entry.append("intent", key="task:1#0")
    old = time.time() - KEEP_GENERATED_SECONDS - 60
    os.utime(journal.path("task:1#0"), (old, old))
    unlink = os.unlink
    monkeypatch.setattr(os, "unlink", lambda path: (unlink(path), unlink(path)))
    journal.purge_generated("task:")
    assert journal.read("task:1#0") is None


def test_a_key_is_one_key_on_one_drm_and_cluster() -> None:
    hashes = {
        key_hash(*names)
        for names in (("a", "", "k"), ("b", "", "k"), ("a", "x", "k"), ("a", "", "x/k"), ("a/x", "", "k"))
    }
    assert len(hashes) == 5
    assert key_hash("a", "", "k\udc80") != key_hash("a", "", "k")


@pytest.mark.parametrize(
    ("state_home", "expected"),
    [("/var/x", "/var/x/clusterjobs"), ("", "/h/.local/state/clusterjobs"), ("rel", "/h/.local/state/clusterjobs")],
)
def test_the_default_place(monkeypatch: pytest.MonkeyPatch, state_home: str, expected: str) -> None:
    monkeypatch.setenv("HOME", "/h")
    monkeypatch.setenv("XDG_STATE_HOME", state_home)
    assert default_directory() == expected


def test_a_record_is_one_line_of_json_with_its_time(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_module.time, "time", lambda: 1234.9)
    with journal.locked("k") as entry:
        entry.append("intent", script="a\nb")
        line = Path(entry.path).read_text()
    assert json.loads(line) == {"event": "intent", "script": "a\nb", "time": 1234}
    assert line.count("\n") == 1
