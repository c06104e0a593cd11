# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose the journal is: locks, links, owners and modes."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ansible_collections.clusterjobs.drm.plugins.module_utils._drm import journal as journal_module
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.errors import DrmError
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.journal import Journal, JournalError


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(str(tmp_path / "state"), "fake", "", 0.1)


def test_another_plays_lock_is_waited_for_and_then_named(journal: Journal) -> None:
    # flock belongs to the open file, so a second opening in this process is like another process.
    with journal.locked("k") as entry:
        begin = time.monotonic()
        with pytest.raises(DrmError, match="another play has been submitting it") as caught, journal.locked("k"):
            pass
        assert time.monotonic() - begin >= journal.lock_timeout_seconds
        assert entry.path in str(caught.value)
        assert "Nothing was submitted" in str(caught.value)
        with journal.locked("other"):
            pass
    with journal.locked("k"):
        pass


def test_a_lock_let_go_in_time_is_taken(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    with journal.locked("k") as entry:
        path = entry.path
    fd = os.open(path, os.O_RDWR)
    fcntl.flock(fd, fcntl.LOCK_EX)
    monkeypatch.setattr(journal_module.time, "sleep", lambda seconds: os.close(fd))
    with journal.locked("k"):
        pass


def test_a_child_that_outlives_us_keeps_the_lock(journal: Journal) -> None:
    with journal.locked("k") as entry:
        child = subprocess.Popen(
            [sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE, pass_fds=(entry.fd,)
        )
    with pytest.raises(DrmError, match="another play"), journal.locked("k"):
        pass
    child.communicate()
    with journal.locked("k"):
        pass


def test_nothing_stays_open(journal: Journal) -> None:
    before = os.listdir("/proc/self/fd")
    for key in ("k", "other"):
        with journal.locked(key):
            pass
        journal.read(key)
    with pytest.raises(ZeroDivisionError), journal.locked("k"):
        raise ZeroDivisionError
    assert len(os.listdir("/proc/self/fd")) == len(before)


def test_a_link_in_place_of_the_entry_is_refused(journal: Journal, tmp_path: Path) -> None:
    with journal.locked("k") as entry:
        path = Path(entry.path)
    path.unlink()
    other = tmp_path / "other"
    other.write_text('{"event": "submitted", "job_id": "1"}\n')
    path.symlink_to(other)
    with pytest.raises(JournalError, match="cannot keep the journal"), journal.locked("k"):
        pass
    with pytest.raises(JournalError, match="cannot keep the journal"):
        journal.read("k")


def test_a_link_in_place_of_the_directory_is_refused(journal: Journal, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    (tmp_path / "state" / "journal").mkdir(parents=True)
    (tmp_path / "state" / "journal" / "fake").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(DrmError, match="set journal_dir"), journal.locked("k"):
        pass
    assert not list((tmp_path / "elsewhere").iterdir())


@pytest.mark.parametrize("mode", [0o770, 0o702, 0o777])
def test_a_directory_that_others_can_write_is_refused(journal: Journal, mode: int) -> None:
    with journal.locked("k"):
        pass
    os.chmod(journal.directory, mode)
    with pytest.raises(DrmError, match="nobody else can write"), journal.locked("k"):
        pass


def test_a_directory_of_another_user_is_refused(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    with journal.locked("k"):
        pass
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    with pytest.raises(DrmError, match="directory of uid %d" % (os.getuid() + 1)), journal.locked("k"):
        pass


def test_an_entry_that_cannot_be_read_is_a_clear_error(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*arguments: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(journal_module, "Entry", fails)
    with pytest.raises(JournalError, match="Input/output error"), journal.locked("k"):
        pass


def test_a_place_that_cannot_be_used_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    journal = Journal(str(tmp_path / "file"), "fake", "", 0.1)
    with pytest.raises(JournalError, match="set journal_dir to another place"), journal.locked("k"):
        pass
    with pytest.raises(JournalError, match="set journal_dir to another place"):
        journal.read("k")
