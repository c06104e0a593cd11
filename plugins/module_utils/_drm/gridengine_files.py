# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that qsub takes out of a script, what runs the script, and the files that a job's output goes to."""

from __future__ import annotations

import os
import pwd
import re
import shlex
from typing import List, Optional, Sequence

from .model import JobRequest

_VARIABLE = re.compile(r"\$(HOME|USER|JOB_ID|JOB_NAME|TASK_ID|HOSTNAME)")


def directives(script: str) -> List[str]:
    """The words of the ``#$`` lines, wherever they are in the script (qsub(1), -C)."""
    words: List[str] = []
    for line in script.split("\n"):
        if line.startswith("#$"):
            try:
                words += shlex.split(line[2:])
            except ValueError:
                continue
    return words


def option(words: Sequence[str], name: str) -> Optional[str]:
    """The value that an option has at last."""
    found = [words[index + 1] for index, word in enumerate(words[:-1]) if word == name]
    return found[-1] if found else None


def interpreter(script: str) -> str:
    """What -S gets, as a queue's own shell would run the script whatever its first line says (sge_queue_conf(5), shell_start_mode).

    A first line of several words, such as ``#!/usr/bin/env python3``, is no path: env starts the script itself, and the kernel reads the line.
    """
    first = script.split("\n", 1)[0]
    words = first[2:].split() if first.startswith("#!") else []
    if not words:
        return ""
    return words[0] if len(words) == 1 and not set(",:$") & set(words[0]) else "/usr/bin/env"


def output_path(request: JobRequest, name: str, job_id: str, home: str, stream: str) -> str:
    """Where ``-o`` or ``-e`` goes. Native options come before the request, and the request before the script, as in qsub."""
    native, script = request.native_options, directives(request.script)
    asked = request.stdout if stream == "-o" else request.stderr
    path = option(native, stream) or asked or option(script, stream)
    if stream == "-e" and (not path or _joined(request)):
        return output_path(request, name, job_id, home, "-o")
    if not path:
        path = "$JOB_NAME.o$JOB_ID" + (".$TASK_ID" if request.array else "")
    elif path != asked:
        path = path.partition(":")[2] or path
    chdir = option(native, "-wd") or request.chdir or option(script, "-wd") or ""
    return os.path.join(home, chdir, _expand(path, name, job_id, home))


def _joined(request: JobRequest) -> bool:
    joined = option(request.native_options, "-j")
    return joined.startswith("y") if joined else not request.stderr


def _expand(path: str, name: str, job_id: str, home: str) -> str:
    """qsub(1), -e. An element's number or a host that is not known here stays as it is."""
    number, _dot, task = job_id.partition(".")
    values = {"HOME": home, "JOB_ID": number, "JOB_NAME": name}
    if task:
        values["TASK_ID"] = task
    if "$USER" in path:
        values["USER"] = pwd.getpwuid(os.geteuid()).pw_name
    return _VARIABLE.sub(lambda match: values.get(match.group(1), match.group()), path)
