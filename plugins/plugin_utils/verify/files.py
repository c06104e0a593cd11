# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A report's files in one directory. The only file of the report that reads or writes."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

from .junit import junit
from .model import Report
from .page import html
from .reading import ShapeError, read
from .summary import summary

# The JSON comes last: it is what the next run compares with.
NAMES = {"summary": "verify.txt", "junit": "verify.xml", "html": "verify.html", "json": "verify.json"}


def last_report(directory: Path) -> Report | None:
    """The report that is there; None where there is none. Raises ShapeError for one that cannot be read."""
    path = directory / NAMES["json"]
    try:
        return read(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise ShapeError(f"{path}: {error}") from error


def texts(report: Report) -> dict[str, str]:
    """What each file says, by the names of NAMES."""
    return {
        "summary": summary(report) + "\n",
        "junit": junit(report),
        "html": html(report),
        "json": json.dumps(report.as_dict(), indent=2, ensure_ascii=False, allow_nan=False) + "\n",
    }


def write(directory: Path, contents: dict[str, str]) -> dict[str, str]:
    """Whoever reads one of the files meanwhile gets the old one or the new one, whole. Returns their paths."""
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".verify-", dir=directory) as scratch:
        for name, file_name in NAMES.items():
            with open(Path(scratch, file_name), "w", encoding="utf-8") as file:
                file.write(contents[name])
                file.flush()
                os.fsync(file.fileno())
        for file_name in NAMES.values():
            Path(scratch, file_name).replace(directory / file_name)
    return {name: str(directory / file_name) for name, file_name in NAMES.items()}
