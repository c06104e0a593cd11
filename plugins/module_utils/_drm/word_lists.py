# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Long lists of ids and names, cut before the system's limit."""

from __future__ import annotations

from typing import Iterator, List, Sequence, Tuple

# Linux takes 128 KiB for one argument (execve(2), MAX_ARG_STRLEN), and at least as much for all of them together.
MAX_LIST_LENGTH = 100 * 1000


def pieces(words: Sequence[str], around: int = 1) -> Iterator[Tuple[str, ...]]:
    """The words in as many lists as the length of a command makes necessary; ``around`` is what stands with each word, in characters."""
    piece: List[str] = []
    length = 0
    for word in words:
        if piece and length + len(word) + around > MAX_LIST_LENGTH:
            yield tuple(piece)
            piece, length = [], 0
        piece.append(word)
        length += len(word) + around
    if piece:
        yield tuple(piece)
