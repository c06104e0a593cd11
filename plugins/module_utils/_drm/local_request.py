# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a local job's request means, without input or output. Travels to the target by itself: it imports the standard library alone."""

from __future__ import annotations

import os
import re
from typing import Any, List, Mapping, Set, Tuple

MAX_ELEMENTS = 10000


def array_elements(text: str) -> Tuple[List[int], int]:
    """The indices of ``1,3,5-9:2%4`` and how many may run at once (0: any number). Without an array there is one element, 0."""
    ranges, _percent, at_once = text.partition("%")
    indices: Set[int] = set()
    for part in ranges.split(",") if text else ["0"]:
        span, _colon, step = part.partition(":")
        first, _dash, last = span.partition("-")
        found = range(int(first), int(last or first) + 1, int(step or 1))
        if len(found) + len(indices) > MAX_ELEMENTS:
            raise ValueError("more than %d elements" % MAX_ELEMENTS)
        indices.update(found)
    if not indices:
        raise ValueError("no elements")
    return sorted(indices), int(at_once or 0)


def element_id(number: str, index: int, array: str) -> str:
    return "%s_%d" % (number, index) if array else number


def output_paths(values: Mapping[str, Any], job_id: str, home: str) -> Tuple[str, str]:
    """Where stdout and stderr go: joined in ``clusterjobs-ID.out`` of the working directory unless the request says otherwise.

    ``%j`` is the job's id, ``%A`` the array's, ``%a`` the element's index, ``%x`` the job's name, ``%%`` a percent sign.
    """
    number, _underscore, index = job_id.partition("_")
    words = {"%%": "%", "%A": number, "%x": values["name"]}
    if index or not values["array"]:
        words.update({"%j": job_id, "%a": index})
    default = "clusterjobs-%A_%a.out" if values["array"] else "clusterjobs-%j.out"
    stdout = _expand(values["stdout"] or default, words)
    stderr = _expand(values["stderr"], words) or stdout
    directory = os.path.join(home, values["chdir"])
    return os.path.join(directory, stdout), os.path.join(directory, stderr)


def _expand(pattern: str, words: Mapping[str, str]) -> str:
    pieces = []
    at = 0
    while at < len(pattern):
        width = 2 if pattern[at : at + 2] in words else 1
        pieces.append(words.get(pattern[at : at + width], pattern[at : at + width]))
        at += width
    return "".join(pieces)


def interpreter(script: str) -> List[str]:
    """What a script's first line names: a program and at most one argument, as the kernel reads it."""
    return re.split("[ \t]+", script.split("\n", 1)[0][2:].strip(" \t"), maxsplit=1)
