# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The job configurations under lint/: bad ones that give a code at a place, and good ones, as near as can be, that give nothing at all.

A file's first line is a comment of JSON: the place of the finding, and the options that it is judged with.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).with_name("lint")


@dataclass(frozen=True)
class LintFile:
    """One of them."""

    code: str
    path: Path
    text: str
    place: str
    options: dict[str, Any]

    @property
    def name(self) -> str:
        return f"{self.code}/{self.path.stem}"

    @property
    def form(self) -> str:
        """What Galaxy would have to take it for."""
        return "xml" if self.text.startswith("<") else "yaml"


def lint_files(kind: str) -> list[LintFile]:
    """All the bad ones, or all the good ones."""
    return [_read(path) for path in sorted(FOLDER.glob(f"*/{kind}-*.job_conf"))]


def _read(path: Path) -> LintFile:
    text = path.read_text(encoding="utf-8")
    options = json.loads(text.splitlines()[0].strip("#<!->").strip())
    return LintFile(path.parent.name, path, text, options.pop("place", ""), options)
