# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text that came from anywhere, made fit for a page; names folded; times and amounts as a reader wants them."""

from __future__ import annotations

import json
import re
import time
import unicodedata
from collections.abc import Iterable
from typing import Any

# Longest texts of a report, in characters.
NAME, MESSAGE, VALUE = 255, 2000, 500
_CUT = " … (cut)"
_NUMBERED = re.compile(r"([^.]*?)([0-9]+)([^0-9.]*)(\..*)?", re.DOTALL)
_SIZES = ("bytes", "kB", "MB", "GB", "TB", "PB")


def clean(value: Any, most: int) -> str:
    """Lines of printable text, a plain str. What would steer a terminal, turn text around or be no XML is shown by its number."""
    text = str(value)
    kept = text[:most].replace("\r\n", "\n").replace("\t", " ")
    shown = "".join(char if char == "\n" or _printable(char) else _number(char) for char in kept)
    return shown + _CUT if len(text) > most else shown


def clean_line(value: Any, most: int = NAME) -> str:
    """The same in one line, for names."""
    return clean(value, most).replace("\n", "\\n")


def clean_value(value: Any) -> Any:
    """A number, a truth or nothing as it is; anything else as text."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int) and abs(value) < 10**18:
        return int(value)
    if isinstance(value, float) and abs(value) < float("inf"):
        return float(value)
    if isinstance(value, (dict, list)):
        value = json.dumps(value, default=str)
    return clean_line(value, VALUE)


def _printable(char: str) -> bool:
    # C: control, format (those that turn the direction of text too), surrogate, private, unassigned. Zl, Zp: separators.
    category = unicodedata.category(char)
    return category[0] != "C" and category not in ("Zl", "Zp")


def _number(char: str) -> str:
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def folded(names: Iterable[str]) -> str:
    """Hosts as Slurm writes them: node[1-3,7],login."""
    groups: dict[tuple[str, str], list[str]] = {}
    for name in dict.fromkeys(names):
        match = _NUMBERED.fullmatch(name)
        key = (match[1], match[3] + (match[4] or "")) if match else (name, "")
        groups.setdefault(key, []).append(match[2] if match else "")
    return ",".join(_folded_group(*key, numbers) for key, numbers in groups.items())


def _folded_group(before: str, after: str, numbers: list[str]) -> str:
    if len(numbers) == 1:
        return before + numbers[0] + after
    spans: list[list[str]] = []
    for number in sorted(numbers, key=lambda text: (int(text), text)):
        if spans and number == str(int(spans[-1][-1]) + 1).zfill(len(spans[-1][-1])):
            spans[-1] = [spans[-1][0], number]
        else:
            spans.append([number])
    return f"{before}[{','.join('-'.join(span) for span in spans)}]{after}"


def moment(epoch: float) -> str:
    """When that was, for readers in any time zone."""
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(epoch))


def lasted(seconds: float) -> str:
    """How long that took: 90 s, 12 min, 3 h 5 min."""
    if seconds < 120:
        return f"{max(seconds, 0):.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"


def many(count: int, noun: str) -> str:
    """1 error, 2 errors."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def amount(name: str, value: Any) -> str:
    """A value as a reader wants it. A name that ends in _bytes is a size."""
    if value is None:
        return "not measured"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if name.endswith("_bytes") and isinstance(value, (int, float)):
        return size(value)
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def size(count: float) -> str:
    """Bytes in the unit that leaves one to three digits before the point."""
    step = 0
    while abs(count) >= 1000 and step < len(_SIZES) - 1:
        count, step = count / 1000, step + 1
    return f"{count:.3g} {_SIZES[step]}"


def label(name: str) -> str:
    """The name of a number as the heading of a column. The unit of a size stands with its value."""
    return name.removesuffix("_bytes").replace("_", " ")
