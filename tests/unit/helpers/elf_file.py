# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A shared library's file with nothing in it but what it is made for and what it needs (elf(5)). It cannot be loaded."""

from __future__ import annotations

import struct
import sys
from pathlib import Path
from typing import Sequence

_BASE = 0x10000


def own_machine() -> int:
    """The number of this Python's architecture."""
    head = Path(sys.executable).resolve().read_bytes()[:20]
    return int(struct.unpack("<H" if head[5] == 1 else ">H", head[18:20])[0])


def shared_library(
    needed: Sequence[str] = (), machine: int = -1, wide: bool = True, order: str = "<", kind: int = 3
) -> bytes:
    """By default for this host, if that is a 64-bit one with little ends first."""
    machine = own_machine() if machine < 0 else machine
    strings = b"\0"
    entries = []
    for name in needed:
        entries.append((1, len(strings)))
        strings += name.encode("ascii") + b"\0"
    head, header = (64, 56) if wide else (52, 32)
    dynamic_at = head + 2 * header
    entry = struct.Struct(order + ("qQ" if wide else "iI"))
    strings_at = dynamic_at + (len(entries) + 2) * entry.size
    # DT_STRTAB names an address, which the loadable segment leads back to a place in the file.
    dynamic = b"".join(entry.pack(*item) for item in [*entries, (5, _BASE + strings_at), (0, 0)])
    size = strings_at + len(strings)
    segments = [(1, 0, size), (2, dynamic_at, len(dynamic))]
    headers = b""
    for segment, offset, length in segments:
        if wide:
            headers += struct.pack(order + "IIQQQQQQ", segment, 5, offset, _BASE + offset, 0, length, length, 8)
        else:
            headers += struct.pack(order + "IIIIIIII", segment, offset, _BASE + offset, 0, length, length, 5, 4)
    ident = b"\x7fELF" + bytes([2 if wide else 1, 1 if order == "<" else 2, 1]) + bytes(9)
    form = "HHIQQQIHHHHHH" if wide else "HHIIIIIHHHHHH"
    rest = struct.pack(order + form, kind, machine, 1, 0, head, 0, 0, head, header, len(segments), 0, 0, 0)
    return ident + rest + headers + dynamic + strings
