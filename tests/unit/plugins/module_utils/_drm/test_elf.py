# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an ELF file is made for and needs: this Python's own, as its loader sees it, and small ones of other kinds."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.elf import Elf, NotElf, read_elf
from ansible_collections.clusterjobs.drm.tests.unit.helpers.elf_file import shared_library


def test_this_python(tmp_path: Path) -> None:
    path = str(Path(sys.executable).resolve())
    listed = subprocess.run(["ldd", path], stdout=subprocess.PIPE, check=True).stdout.decode("utf-8").split()
    needed = read_elf(path).needed
    assert "libc.so.6" in needed
    assert set(needed) <= set(listed)


@pytest.mark.parametrize(
    ("machine", "wide", "order", "architecture"),
    [
        (62, True, "<", "x86_64, 64 bits, little-endian"),
        (183, True, "<", "aarch64, 64 bits, little-endian"),
        (21, True, ">", "ppc64, 64 bits, big-endian"),
        (3, False, "<", "i386, 32 bits, little-endian"),
        (22, False, ">", "s390x, 32 bits, big-endian"),
        (9999, True, "<", "machine 9999, 64 bits, little-endian"),
    ],
)
def test_other_architectures(tmp_path: Path, machine: int, wide: bool, order: str, architecture: str) -> None:
    path = tmp_path / "libdrmaa.so"
    path.write_bytes(shared_library(["libslurm.so.38", "libc.so.6"], machine, wide, order))
    assert read_elf(str(path)) == Elf(architecture, True, ("libslurm.so.38", "libc.so.6"))


def test_a_program_is_no_library(tmp_path: Path) -> None:
    path = tmp_path / "program"
    path.write_bytes(shared_library(kind=2))
    assert read_elf(str(path)) == Elf(read_elf(str(path)).architecture, False, ())


@pytest.mark.parametrize("data", [b"", b"\x7fELF", b"#!/bin/sh\necho no library\n", b"\x7fELF" + bytes(60)])
def test_what_is_no_elf(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(data)
    with pytest.raises(NotElf, match="no ELF file"):
        read_elf(str(path))


def test_a_file_that_ends_too_early_or_is_damaged_is_told(tmp_path: Path) -> None:
    """Each cut is either an error of ours or an answer: never another exception, never a long search."""
    whole = shared_library(["libslurm.so.38"])
    path = tmp_path / "file"
    refused = 0
    for length in range(16, len(whole)):
        for data in (whole[:length], whole[:length] + b"\xff" * 64):
            path.write_bytes(data)
            try:
                read_elf(str(path))
            except NotElf:
                refused += 1
    assert refused > 64
