# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that bsub takes out of a script, what is put into one, and the files that a job's output goes to."""

from __future__ import annotations

import os
import re
import shlex
from typing import Dict, List, Mapping, Optional, Sequence

from .model import JobRequest
from .script import with_arguments, with_environment

# bsub's options of several letters that begin as one of a single letter whose value may stand right behind it (-o/dev/null).
_LONG = ("-oo", "-outdir", "-eo", "-ep", "-env", "-eptl", "-ext", "-extsched", "-We", "-Me", "-cwd")

# OpenLava writes bsub's environment between single quotes as it is, and leaves these out (createJobInfoFile in its lsb.sub.c);
# bsub itself would read the others of these names.
_OWN_NAME = re.compile(r"HOME|PWD|USER|TERM|TERMCAP|DISPLAY|PATH|LANG|(LC|LD|LS|LSB|LSF|OPENLAVA)_.*")
_PLAIN_VALUE = re.compile(r"[^'\n\r\\]*")


def directives(script: str) -> List[str]:
    """The words of the ``#BSUB`` lines, which LSF reads to the end of the script."""
    words: List[str] = []
    for line in script.split("\n"):
        text = line.lstrip("# \t") if line.startswith("#") else ""
        if text.startswith("BSUB"):
            try:
                words += shlex.split(text[len("BSUB") :], comments=True)
            except ValueError:
                continue
    return words


def option(words: Sequence[str], *names: str) -> Optional[str]:
    """The value that an option has at last, in each of the ways in which it can be written."""
    value = None
    for index, word in enumerate(words):
        if word in names:
            value = words[index + 1] if index + 1 < len(words) else None
        elif word[:2] in names and word not in _LONG:
            value = word[2:]
    return value


def given(words: Sequence[str], name: str) -> bool:
    return option(words, name) is not None


def output_options(request: JobRequest) -> List[str]:
    """Without ``-o`` LSF sends a job's output by mail."""
    words = [*request.native_options, *directives(request.script)]
    options = ["-e", request.stderr] if request.stderr else []
    if request.stdout or option(words, "-o", "-oo") is None:
        options += ["-o", request.stdout or _default(request)]
    return options


def output_path(request: JobRequest, job_id: str, home: str, stream: str) -> str:
    """Where ``stdout`` or ``stderr`` goes. The request comes before the script, and native options before both, as in bsub."""
    names, asked = {"stdout": (("-o", "-oo"), request.stdout), "stderr": (("-e", "-eo"), request.stderr)}[stream]
    native, script = request.native_options, directives(request.script)
    path = option(native, *names) or asked or option(script, *names)
    if not path:
        return output_path(request, job_id, home, "stdout") if stream == "stderr" else _absolute(request, job_id, home)
    return _absolute(request, job_id, home, path)


def _default(request: JobRequest) -> str:
    return "lsf-%J_%I.out" if request.array else "lsf-%J.out"


def _absolute(request: JobRequest, job_id: str, home: str, path: str = "") -> str:
    """bsub(1), -o: %J is the job's id and %I the element's index, 0 in a job that is no array."""
    whole, _bracket, index = job_id.rstrip("]").partition("[")
    path = (path or _default(request)).replace("%J", whole)
    if index or not request.array:
        path = path.replace("%I", index or "0")
    native = option(request.native_options, "-cwd") or option(directives(request.script), "-cwd") or ""
    return os.path.join(home, request.chdir, native, path)


def handed_on(environment: Mapping[str, str]) -> Dict[str, str]:
    """The variables that bsub hands on as they are; the others stand in the script."""
    return {
        name: value
        for name, value in environment.items()
        if _PLAIN_VALUE.fullmatch(value) and not _OWN_NAME.fullmatch(name)
    }


def script_of(request: JobRequest) -> str:
    plain = handed_on(request.environment)
    others = {name: value for name, value in request.environment.items() if name not in plain}
    return with_environment(with_arguments(request.script, request.args), others)
