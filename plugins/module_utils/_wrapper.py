# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The program behind a shell script that only sets variables for it, where a DRM's commands are such scripts on this host."""

from __future__ import annotations

import os
import re
import shutil
from typing import Dict, Mapping, Optional, Tuple

from ._drm.model import Wrapper

_ASSIGNMENT = re.compile(r"(?:export\s+)?(\w+)=(.*)")
_PLAIN = re.compile(r"[A-Za-z0-9_./-]*")


def behind(wrapper: Wrapper, name: str, environ: Mapping[str, str]) -> Optional[Tuple[str, Dict[str, str]]]:
    """The program that the command of this name starts, and the variables that it would get.

    None where the command is no such wrapper, or where it takes a shell to know what that would do.
    """
    program = os.path.join(wrapper.programs, name)
    found = shutil.which(name, path=environ.get("PATH"))
    if found is None or os.path.realpath(found) != wrapper.script or not os.access(program, os.X_OK):
        return None
    settings = _settings(wrapper.settings)
    if settings is None:
        return None
    values = {name: settings.get(name) or default for name, default in wrapper.defaults.items()}
    if not all(_PLAIN.fullmatch(value) for value in values.values()):
        return None
    return program, {name: environ.get(name) or value for name, value in values.items()}


def _settings(path: str) -> Optional[Dict[str, str]]:
    """The variables that a file of assignments sets; None where there is more in it."""
    values: Dict[str, str] = {}
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as stream:
            lines = [line.strip() for line in stream]
    except OSError:
        return values
    for line in lines:
        found = _ASSIGNMENT.fullmatch(line)
        if found:
            value = found.group(2).strip()
            quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "'\""
            values[found.group(1)] = value[1:-1] if quoted else value
        elif line and not line.startswith("#"):
            return None
    return values
