# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
from pathlib import Path
from typing import List

import pytest

from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.output import OutputReader


def test_the_end_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_bytes(b"0123456789")
    assert OutputReader().read(str(path), 4) == {"text": "6789", "truncated": True}
    assert OutputReader().read(str(path), 10) == {"text": "0123456789", "truncated": False}
    assert OutputReader().read(str(path), 0) == {"text": "", "truncated": True}
    path.write_bytes(b"")
    assert OutputReader().read(str(path), 4) == {"text": "", "truncated": False}


def test_bytes_that_are_no_text_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_bytes("größe ".encode() + b"\xff")
    assert OutputReader().read(str(path), 100)["text"] == "größe \\xff"


def test_a_file_that_comes_late_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "out"
    slept: List[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 2:
            path.write_text("late")

    assert OutputReader(sleep).read(str(path), 100)["text"] == "late"
    assert len(slept) == 2


def test_a_file_that_never_comes_is_a_problem_after_a_while(tmp_path: Path) -> None:
    slept: List[float] = []
    found = OutputReader(slept.append).read(str(tmp_path / "out"), 100)
    assert (found["text"], found["truncated"]) == (None, False)
    assert "No such file or directory" in found["problem"]
    assert 0 < sum(slept) <= 3


def test_many_jobs_without_output_are_waited_for_together(tmp_path: Path) -> None:
    slept: List[float] = []
    reader = OutputReader(slept.append)
    for number in range(100):
        assert "No such file" in reader.read(str(tmp_path / str(number)), 100)["problem"]
    assert 0 < sum(slept) <= 3


def test_what_cannot_be_read_is_a_problem_at_once(tmp_path: Path) -> None:
    def sleep(seconds: float) -> None:
        pytest.fail("there is nothing to wait for")

    (tmp_path / "file").write_text("")
    found = OutputReader(sleep).read(str(tmp_path / "file" / "out"), 100)
    assert found["text"] is None
    assert found["truncated"] is False
    assert "Not a directory" in found["problem"]
    before = os.listdir("/proc/self/fd")
    found = OutputReader(sleep).read(str(tmp_path), 100)
    assert len(os.listdir("/proc/self/fd")) == len(before)
    assert found["truncated"] is False
    assert "not a regular file" in found["problem"]


def test_a_fifo_does_not_hang_us(tmp_path: Path) -> None:
    os.mkfifo(str(tmp_path / "out"))
    assert "not a regular file" in OutputReader().read(str(tmp_path / "out"), 100)["problem"]
