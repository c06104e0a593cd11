# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a library is made for and linked against, read from its file (elf(5)): nothing of it is run, and no readelf is needed."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import BinaryIO, Dict, Iterator, List, Tuple

_MACHINES = {3: "i386", 8: "MIPS", 20: "PowerPC", 21: "ppc64", 22: "s390x", 40: "arm", 62: "x86_64", 183: "aarch64"}
_MACHINES.update({243: "riscv64", 258: "loongarch64"})
_SHARED_OBJECT = 3
_LOAD, _DYNAMIC = 1, 2
_END, _NEEDED, _STRTAB = 0, 1, 5
# Neither has more of them in any real library; a damaged file may say so.
_MOST = 100000


class NotElf(Exception):
    """Why the file is no program or library that this host could run."""


@dataclass(frozen=True)
class Elf:
    """``architecture`` is the same for two files that can be loaded into one process."""

    architecture: str
    shared: bool
    needed: Tuple[str, ...]


def read_elf(path: str) -> Elf:
    """Raises NotElf, and OSError where the file cannot be read."""
    with open(path, "rb") as stream:
        try:
            return _Reader(stream).elf()
        except (struct.error, ValueError, OverflowError) as error:
            raise NotElf("its ELF headers are damaged") from error


class _Reader:
    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        ident = stream.read(16)
        if ident[:4] != b"\x7fELF" or len(ident) < 16 or ident[4] not in (1, 2) or ident[5] not in (1, 2):
            raise NotElf("it is no ELF file")
        self._wide = ident[4] == 2
        self._order = "<" if ident[5] == 1 else ">"

    def elf(self) -> Elf:
        kind, machine = self._unpack(16, "HH")
        name = _MACHINES.get(machine, "machine %d" % machine)
        order = "little" if self._order == "<" else "big"
        architecture = "%s, %d bits, %s-endian" % (name, 64 if self._wide else 32, order)
        return Elf(architecture, kind == _SHARED_OBJECT, tuple(self._needed()))

    def _unpack(self, offset: int, form: str) -> Tuple[int, ...]:
        layout = struct.Struct(self._order + form)
        self._stream.seek(offset)
        return layout.unpack(self._stream.read(layout.size))

    def _segments(self) -> Iterator[Tuple[int, int, int, int]]:
        """Each program header's type, place in the file, address and size there."""
        (start,) = self._unpack(32, "Q") if self._wide else self._unpack(28, "I")
        size, count = self._unpack(54 if self._wide else 42, "HH")
        for index in range(count):
            place = start + index * size
            if self._wide:
                kind, _flags, offset, address, _physical, length = self._unpack(place, "IIQQQQ")
            else:
                kind, offset, address, _physical, length = self._unpack(place, "IIIII")
            yield kind, offset, address, length

    def _needed(self) -> List[str]:
        segments = list(self._segments())
        dynamic = [(offset, length) for kind, offset, _address, length in segments if kind == _DYNAMIC]
        if not dynamic:
            return []
        entries = list(self._entries(*dynamic[0]))
        strings: Dict[int, int] = {tag: value for tag, value in entries if tag == _STRTAB}
        for kind, offset, address, length in segments:
            if kind == _LOAD and address <= strings.get(_STRTAB, -1) < address + length:
                table = strings[_STRTAB] - address + offset
                return [self._text(table + value) for tag, value in entries if tag == _NEEDED]
        return []

    def _entries(self, offset: int, length: int) -> Iterator[Tuple[int, int]]:
        form, size = ("qQ", 16) if self._wide else ("iI", 8)
        for index in range(min(length // size, _MOST)):
            tag, value = self._unpack(offset + index * size, form)
            if tag == _END:
                return
            yield tag, value

    def _text(self, offset: int) -> str:
        self._stream.seek(offset)
        return self._stream.read(256).split(b"\0")[0].decode("utf-8", "backslashreplace")
