# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What real batch systems answered: ``recordings/<drm>/…/<what>.txt`` has the command, its return code, stdout and stderr."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.model import Command, CommandResult

ROOT = Path(__file__).resolve().parents[1] / "recordings"
_RECORDING = re.compile(r"\$ (.*)\n--- rc: (\d+)\n--- stdout:\n(.*?)--- stderr:\n(.*)", re.DOTALL)


def recorded(name: str) -> CommandResult:
    """One recording, by its path below ``recordings`` without ``.txt``."""
    match = _RECORDING.fullmatch((ROOT / (name + ".txt")).read_bytes().decode("utf-8", "backslashreplace"))
    assert match, name
    argv, rc, stdout, stderr = match.groups()
    return CommandResult(Command(tuple(shlex.split(argv))), int(rc), stdout, stderr)
