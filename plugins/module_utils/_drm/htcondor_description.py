# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The submit description: the job's script, arguments and variables as one argument of a shell, and where its output goes.

HTCondor starts a program that is there already, or one that it copies from a file on the submit host. A file would have to outlive
the submission without being anybody's, so the script travels in the description itself and writes itself to the job's scratch
directory. That works with and without a shared file system. A description has no way to write a newline; printf has.
"""

from __future__ import annotations

import os
import re
import shlex
from typing import Hashable, Iterator, List, Optional, Sequence

from .errors import InvalidRequestError
from .model import JobRequest

#: Attributes of the job that tell an array's elements, and the account that a job is looked for by.
ARRAY_INDEX = "ClusterjobsArrayIndex"
USER = "ClusterjobsUser"

# Linux takes 128 KiB for one argument, 2 MB for all; the schedd keeps them for as long as it knows the job.
_MAX_ARGUMENT = 100 * 1000
_MAX_ENCODED = 1000 * 1000
_MAX_ELEMENTS = 100 * 1000
# A longer script goes in a description of its own, so that none becomes too large to hold.
_MAX_TOGETHER = 64 * 1024
# printf takes these as they are, and so does condor_submit between single quotes.
_PLAIN = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 _-+=./:,@%;<>|&()[]{}*?!~^#")
_PATTERN = re.compile(r"\$\((Cluster|ClusterId|Process|ProcId)\)", re.IGNORECASE)
_LOADER = 'eval "$(printf %b "$@")"'
# HTCondor gives a job neither PATH nor HOME; a shell has a PATH of its own, but its programs do not.
_LOGIN = """\
env | grep -q ^PATH= || PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
HOME=${HOME:-$(getent passwd "$(id -u)" 2>/dev/null | cut -d: -f6)}
USER=${USER:-$(id -un)}
LOGNAME=${LOGNAME:-$USER}
export PATH HOME USER LOGNAME
"""


def description(request: JobRequest, commands: Sequence[str], user: str) -> str:
    """What condor_submit reads for one request. What makes a job what it is comes after the user's own commands."""
    lines = job_commands(request, commands, user)
    if not request.array:
        return "\n".join([*lines, "queue", ""])
    indices = ", ".join(map(str, array_indices(request.array)))
    lines += [
        'environment = "CLUSTERJOBS_ARRAY_INDEX=$(ClusterjobsIndex)"',
        "My.%s = $(ClusterjobsIndex)" % ARRAY_INDEX,
        "queue ClusterjobsIndex in (%s)" % indices,
    ]
    return "\n".join([*lines, ""])


def description_of_many(jobs: Sequence[Sequence[str]]) -> str:
    """What condor_submit reads for jobs whose commands have the same names: they become the processes of one cluster, in one step.

    HTCondor 24 takes one queue statement only, and its table of items has no way to write a comma. So what differs is a macro for
    each process.
    """
    macros, lines = [], []
    for place, commands in enumerate(zip(*jobs)):
        if len(set(commands)) == 1:
            lines.append(commands[0])
            continue
        for process, command in enumerate(commands):
            macros.append("Clusterjobs%d_%d = %s" % (place, process, command.partition("=")[2].strip()))
        lines.append("%s= $(Clusterjobs%d_$(Process))" % (commands[0].partition("=")[0], place))
    return "\n".join([*macros, *lines, "queue %d" % len(jobs), ""])


def group(request: JobRequest, commands: Sequence[str]) -> Optional[Hashable]:
    """What the jobs of one command have in common; None for a job that needs a cluster of its own."""
    if request.array or len(request.script) > _MAX_TOGETHER or any("$" in word for word in request.native_options):
        return None
    if _PATTERN.search(request.stdout) or _PATTERN.search(request.stderr):
        # The number of the cluster may be all that keeps its files apart.
        return None
    names = [line.partition("=")[0].strip().lower() for line in commands]
    return (request.cluster, request.chdir != "", request.stderr != "", request.hold, *names)


def job_commands(request: JobRequest, commands: Sequence[str], user: str) -> List[str]:
    """The commands of one job, but for those that make an array of it."""
    lines = list(commands)
    lines += ["initialdir = %s" % _value("chdir", request.chdir)] if request.chdir else []
    lines += ["output = %s" % _path("stdout", request.stdout or _default_output(request))]
    lines += ["error = %s" % _path("stderr", request.stderr)] if request.stderr else []
    lines += ["hold = true"] if request.hold else []
    return [
        *lines,
        "executable = /bin/sh",
        "transfer_executable = false",
        'arguments = "%s"' % " ".join("'%s'" % word for word in _arguments(request)),
        "batch_name = %s" % request.job_name,
        'My.%s = "%s"' % (USER, user.replace("\\", "\\\\").replace('"', '\\"').replace("$", "$(DOLLAR)")),
    ]


def check_encoded(request: JobRequest) -> None:
    """Refuse what the description cannot carry. Raises InvalidRequestError."""
    length = sum(map(len, _encoded(_program(request))))
    if length > _MAX_ENCODED:
        raise InvalidRequestError(
            "script",
            "with args and environment it takes %d bytes in HTCondor's submit description, which are limited to %d here; let it call"
            " a script that is on the nodes" % (length, _MAX_ENCODED),
        )
    for option in ("chdir", "stdout", "stderr"):
        _value(option, getattr(request, option))


def array_indices(array: str) -> List[int]:
    """Each index of ``1-10``, ``0-8:2`` or ``1,3,5``. Raises InvalidRequestError."""
    ranges, percent, _limit = array.partition("%")
    if percent:
        raise InvalidRequestError(
            "array",
            "%.200r: HTCondor cannot limit how many elements run at once and show the others too; leave %%%s out, or use"
            " native_options with concurrency_limits" % (array, _limit),
        )
    indices: List[int] = []
    for part in filter(None, ranges.split(",")):
        bounds, _colon, step = part.partition(":")
        first, _dash, last = bounds.partition("-")
        if int(step or 1) < 1 or int(last or first) < int(first):
            raise InvalidRequestError("array", "%.200r has no elements in %s" % (array, part))
        indices += _bounded(array, range(int(first), int(last or first) + 1, int(step or 1)), len(indices))
    return sorted(set(indices))


def _bounded(array: str, numbers: range, already: int) -> range:
    if already + len(numbers) > _MAX_ELEMENTS:
        raise InvalidRequestError("array", "%.200r has more than %d elements" % (array, _MAX_ELEMENTS))
    return numbers


def output_path(request: JobRequest, job_id: str, home: str, path: str) -> str:
    """A path with the job's id in it where it says so. An array's own id leaves the place of the element's number as it is."""
    cluster, _point, process = job_id.partition(".")
    values = {"c": cluster, "p": process}

    def expand(match: re.Match[str]) -> str:
        return values[match.group(1)[0].lower()] or match.group()

    return os.path.join(home, request.chdir, _PATTERN.sub(expand, path or _default_output(request)))


def _default_output(request: JobRequest) -> str:
    return "%s.$(Cluster).$(Process).out" % request.name


def _arguments(request: JobRequest) -> Iterator[str]:
    """sh's: the loader, its name in messages, and the program in pieces. A dollar would be condor_submit's."""
    yield "-c"
    yield _LOADER.replace('"', '""').replace("$", "$(DOLLAR)")
    yield "job"
    piece = ""
    for part in _encoded(_program(request)):
        if len(piece) + len(part) > _MAX_ARGUMENT:
            yield piece
            piece = ""
        piece += part
    yield piece


def _program(request: JobRequest) -> str:
    """A shell program that becomes the job: its exit code and signals are the script's."""
    lines = [_LOGIN.rstrip("\n")]
    lines += ["export %s=%s" % (name, shlex.quote(value)) for name, value in sorted(request.environment.items())]
    lines += [] if request.stderr else ["exec 2>&1"]
    lines += [
        # A directory of its own, since HTCondor may bring new files of the scratch directory itself back to the submit host.
        'clusterjobs_dir=$(mktemp -d "${_CONDOR_SCRATCH_DIR:-/tmp}/clusterjobs.XXXXXX") || exit',
        'printf %%s %s > "$clusterjobs_dir/script" && chmod 700 "$clusterjobs_dir/script" || exit'
        % shlex.quote(request.script),
        " ".join(['exec "$clusterjobs_dir/script"', *map(shlex.quote, request.args)]),
    ]
    return "\n".join(lines)


def _encoded(text: str) -> Iterator[str]:
    """Each character of a text as printf's %b and condor_submit take it."""
    for byte in text.encode("utf-8", "surrogateescape"):
        if byte in _PLAIN:
            yield chr(byte)
        else:
            yield "\\n" if byte == 10 else "\\0%03o" % byte


def _path(option: str, path: str) -> str:
    """A path whose own $(Cluster) and $(Process) stay what they are to HTCondor."""
    _value(option, path)
    pieces, end = [], 0
    for match in _PATTERN.finditer(path):
        pieces += [path[end : match.start()].replace("$", "$(DOLLAR)"), match.group()]
        end = match.end()
    return "".join([*pieces, path[end:].replace("$", "$(DOLLAR)")])


def _value(option: str, text: str) -> str:
    """The rest of a line: condor_submit strips its blanks, goes on after a backslash, and takes off quotes around it."""
    if text != text.strip() or text.endswith("\\") or text[:1] == '"' or not text.isprintable():
        raise InvalidRequestError(
            option,
            "%.200r: HTCondor cannot be given a path with blanks around it, a backslash at its end, a quote at its beginning, or a"
            " character that cannot be printed" % text,
        )
    return text.replace("$", "$(DOLLAR)")
