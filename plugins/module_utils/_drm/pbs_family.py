# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What PBS Pro and TORQUE have in common in asking: qsub's words, the job script, the output files, finding a job by its name."""

from __future__ import annotations

import os
import pwd
import shlex
from itertools import groupby
from typing import Iterable, List, Optional, Sequence, Tuple

from .errors import InvalidRequestError
from .model import Command, JobRequest
from .script import POSIX_SHELL, end_of_comments, with_lines

#: Both write times in the local time of whoever asks (qstat.c: ctime).
UTC = {"TZ": "UTC0"}


_HERE = "CLUSTERJOBS_END_OF_SCRIPT"


def clock(seconds: int) -> str:
    """Hours are not limited to a day's."""
    return "%d:%02d:%02d" % (seconds // 3600, seconds // 60 % 60, seconds % 60)


def spread(request: JobRequest) -> List[Tuple[int, int, int]]:
    """The job's slots and GPUs over its nodes: how many nodes with how many of each. Raises InvalidRequestError."""
    nodes, slots, gpus = request.nodes or 1, request.slots, request.gpus or 0
    if slots is not None and slots < nodes:
        raise InvalidRequestError("slots", "%d slots cannot be on %d nodes" % (slots, nodes))
    shares = [(_share(slots or nodes, nodes, node), _share(gpus, nodes, node)) for node in range(nodes)]
    return [(len(list(same)), cpus, cards) for (cpus, cards), same in groupby(shares)]


def _share(whole: int, nodes: int, node: int) -> int:
    return whole // nodes + (1 if node < whole % nodes else 0)


def destination(request: JobRequest) -> List[str]:
    """qsub(1), -q: a queue, a server or both."""
    where = request.queue + ("@" + request.cluster if request.cluster else "")
    return ["-q", where] if where else []


def at_server(job_ids: Iterable[str], cluster: str) -> List[str]:
    return [job_id + "@" + cluster if cluster else job_id for job_id in job_ids]


def job_script(request: JobRequest) -> str:
    """The script with its working directory, variables and arguments.

    PBS has no options for a directory that hold everywhere, its ``-v`` splits values at commas and shows them to everybody, and a script
    from standard input gets no arguments. So they are lines of the script, after its directives.
    """
    before = ["cd -- %s || exit 1" % shlex.quote(request.chdir)] if request.chdir else []
    before += ["export %s=%s" % (name, shlex.quote(value)) for name, value in sorted(request.environment.items())]
    if not before and not request.args:
        return request.script
    arguments = [shlex.quote(item) for item in request.args]
    lines = request.script.split("\n")
    if POSIX_SHELL.match(lines[0]):
        return with_lines(request.script, [*before, *([" ".join(["set --", *arguments])] if arguments else [])])
    # The kernel gives an interpreter all that follows its name as one argument.
    interpreter = [shlex.quote(word) for word in lines[0][2:].strip().split(None, 1)]
    end = _HERE
    while end in lines:
        end += "_"
    start = " ".join(["exec", *interpreter, "/dev/fd/3", *arguments, "3<<'%s'" % end])
    head = ["#!/bin/sh", *lines[1 : end_of_comments(request.script)]]
    return "\n".join([*head, *before, start, request.script.rstrip("\n"), end, ""])


def check_paths(request: JobRequest) -> None:
    """PBS reads ``host:path``. Raises InvalidRequestError for a path with a colon."""
    for field in ("stdout", "stderr"):
        path = getattr(request, field)
        whole = os.path.join(request.chdir, path)
        if ":" in whole and (path or field == "stdout"):
            raise InvalidRequestError(field, "%r: PBS takes what is before a colon for the name of a host" % whole)


def directives(script: str) -> List[str]:
    """The words of the ``#PBS`` lines, which end where the script's first command begins."""
    words: List[str] = []
    for line in script.split("\n")[1 : end_of_comments(script)]:
        if line.startswith("#PBS"):
            try:
                words += shlex.split(line[len("#PBS") :], comments=True)
            except ValueError:
                continue
    return words


def option(words: Sequence[str], letter: str) -> Optional[str]:
    """The value of ``-o value`` or ``-ovalue`` at last."""
    value = None
    for index, word in enumerate(words):
        if word == letter:
            value = words[index + 1] if index + 1 < len(words) else None
        elif word.startswith(letter):
            value = word[len(letter) :]
    return value


def output_options(request: JobRequest, default: str) -> List[str]:
    """Where the output goes: always one file a job, whose name has the token, as PBS's own names do not. What the user's own options say stands."""
    native, script = request.native_options, directives(request.script)
    words: List[str] = []
    if option(native, "-o") is None and (request.stdout or option(script, "-o") is None):
        words += ["-o", os.path.join(request.chdir, request.stdout or default)]
    if option(native, "-e") is None and request.stderr:
        words += ["-e", os.path.join(request.chdir, request.stderr)]
    elif not any(option([*native, *script], letter) for letter in ("-e", "-j")):
        words += ["-j", "oe"]
    return words


def output_paths(request: JobRequest, default: str, home: str) -> Tuple[str, str]:
    """The files of output_options. qsub completes a relative path of the user's own with its own directory, the account's home."""
    native, script = request.native_options, directives(request.script)
    base = os.path.join(home, request.chdir)

    def path(letter: str, asked: str) -> str:
        own = option(native, letter)
        if own is None and asked:
            return os.path.join(base, asked)
        told = own or option(script, letter) or ""
        return os.path.join(home, told.partition(":")[2] if ":" in told else told) if told else ""

    stdout = path("-o", request.stdout) or os.path.join(base, default)
    stderr = path("-e", request.stderr)
    join = option([*script, *native], "-j") or ("" if stderr else "oe")
    if join == "oe":
        return stdout, stdout
    if join == "eo" and stderr:
        return stderr, stderr
    return stdout, stderr or os.path.join(home, request.job_name + ".e")


def select_by_name(names: Sequence[str], cluster: str, *more: str) -> List[Command]:
    """qselect(1): the caller's jobs of exactly these names, one a command. Another user's job may have the same."""
    where = ("-q", "@" + cluster) if cluster else ()
    user = pwd.getpwuid(os.geteuid()).pw_name
    return [Command(("qselect", *more, *where, "-u", user, "-N", name)) for name in names]
