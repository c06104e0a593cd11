# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists of words for a command: ids and names, cut before the system's limit, and a job's variables."""

from __future__ import annotations

import re
from typing import Dict, Iterator, List, Mapping, Sequence, Tuple

# Linux takes 128 KiB for one argument (execve(2), MAX_ARG_STRLEN), and at least as much for all of them together.
MAX_LIST_LENGTH = 100 * 1000
# A value that a list with commas takes as it stands, so that PATH or LD_LIBRARY_PATH for the job is not the command's own.
_PLAIN_VALUE = re.compile(r"[A-Za-z0-9_./:=+@-]{1,4000}")


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


def variable_words(values: Mapping[str, str]) -> Tuple[List[str], Dict[str, str]]:
    """``NAME=value`` where a list with commas takes the value, else ``NAME`` alone; and the variables of these, for the command's environment."""
    words: List[str] = []
    hidden: Dict[str, str] = {}
    length = 0
    for name, value in sorted(values.items()):
        plain = _PLAIN_VALUE.fullmatch(value) and length < MAX_LIST_LENGTH
        words.append("%s=%s" % (name, value) if plain else name)
        length += len(words[-1]) + 1
        if not plain:
            hidden[name] = value
    return words, hidden
