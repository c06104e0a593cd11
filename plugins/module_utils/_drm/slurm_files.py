# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that sbatch takes out of a script, and the files that a job's output goes to."""

from __future__ import annotations

import os
import pwd
import re
import shlex
from typing import Dict, List, Optional, Sequence

from .model import JobRequest

_PATTERN = re.compile(r"%(?:%|([0-9]*)([A-Za-z]))")
# The %a of a job that is no array.
_NO_INDEX = 4294967294


def directives(script: str) -> List[str]:
    """The words of the ``#SBATCH`` lines, which end where the script's first command begins."""
    words: List[str] = []
    for line in script.split("\n")[1:]:
        if line.startswith("#SBATCH"):
            try:
                words += shlex.split(line[len("#SBATCH") :], comments=True)
            except ValueError:
                continue
        elif line.strip() and not line.startswith("#"):
            break
    return words


def option(words: Sequence[str], long: str, short: str = "") -> Optional[str]:
    """The value that an option has at last, in each of the ways in which it can be written."""
    value = None
    for index, word in enumerate(words):
        if word in (long, short):
            value = words[index + 1] if index + 1 < len(words) else None
        elif word.startswith(long + "="):
            value = word[len(long) + 1 :]
        elif short and word.startswith(short) and not word.startswith("--"):
            value = word[len(short) :]
    return value


def output_path(request: JobRequest, job_id: str, home: str, stream: str) -> str:
    """Where ``output`` or ``error`` goes. The request comes before the script, and native options before both, as in sbatch."""
    long, short, asked = {
        "output": ("--output", "-o", request.stdout),
        "error": ("--error", "-e", request.stderr),
    }[stream]
    native, script = request.native_options, directives(request.script)
    path = option(native, long, short) or asked or option(script, long, short)
    if not path:
        if stream == "error":
            return output_path(request, job_id, home, "output")
        path = "slurm-%A_%a.out" if request.array else "slurm-%j.out"
    chdir = option(native, "--chdir", "-D") or request.chdir or option(script, "--chdir", "-D") or ""
    return os.path.join(home, chdir, _expand(path, request, job_id))


def _expand(path: str, request: JobRequest, job_id: str) -> str:
    """sbatch(1), filename pattern. A path with something in it that is not known here stays as it is."""
    if "\\" in path:
        return path.replace("\\", "")
    whole, _separator, index = job_id.partition("_")
    values: Dict[str, str] = {"A": whole, "x": request.job_name, "n": "0", "t": "0", "s": "batch"}
    if index:
        values["a"] = index
    elif not request.array:
        values.update(a=str(_NO_INDEX), j=whole, J=whole)
    if "%u" in path:
        values["u"] = pwd.getpwuid(os.geteuid()).pw_name
    letters = {match.group(2) for match in _PATTERN.finditer(path)}
    # An element's %j is a number of its own, which its id does not tell; %N is a node.
    if letters & set("jJabN") - set(values):
        return path
    return _PATTERN.sub(lambda match: _value(match, values), path)


def _value(match: re.Match[str], values: Dict[str, str]) -> str:
    if match.group(2) is None:
        return "%"
    value = values.get(match.group(2), match.group())
    return value.zfill(int(match.group(1) or 0)) if value.isdigit() else value
