# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The job script: out of a command, a text or a file on the host, with the DRM's directives left where they are."""

from __future__ import annotations

import os
import re
import shlex
from dataclasses import dataclass, replace
from typing import List, Mapping, Sequence

from .errors import DrmError, InvalidRequestError
from .journal import make_private_directory

DEFAULT_INTERPRETER = "#!/bin/bash"
POSIX_SHELL = re.compile(r"#!\s*(?:/usr/bin/env\s+)?(?:\S*/)?(?:ba|da|k|mk|z|a)?sh(?:\s|$)")
_MAX_SCRIPT_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True)
class JobScript:
    """A script's text and the name its job has when the user gave none."""

    text: str
    name: str = "job"


def script_from_command(argv: List[str]) -> JobScript:
    """A script that runs this one command in place of itself: its exit code and signals are the job's."""
    base = re.sub(r"[^A-Za-z0-9_.+-]", "_", os.path.basename(argv[0])).lstrip(".+-")[:64]
    return JobScript("#!/bin/sh\nexec %s\n" % " ".join(shlex.quote(item) for item in argv), base or "job")


def script_from_text(text: str) -> JobScript:
    """The user's text; bash runs it where its first line names no interpreter."""
    if not text.endswith("\n"):
        text += "\n"
    return JobScript(text if text.startswith("#!") else "%s\n%s" % (DEFAULT_INTERPRETER, text))


def read_script(path: str) -> JobScript:
    """A script that is on the host already. Raises InvalidRequestError where it is not one."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape", newline="") as stream:
            text = stream.read(_MAX_SCRIPT_BYTES + 1)
    except OSError as error:
        raise InvalidRequestError("src", "cannot read %s on the host: %s" % (path, error.strerror)) from error
    if not text.strip() or "\0" in text or len(text) > _MAX_SCRIPT_BYTES:
        raise InvalidRequestError(
            "src",
            "%s is empty, not a text, or larger than %d bytes; use command to run a program"
            % (path, _MAX_SCRIPT_BYTES),
        )
    name = re.sub(r"[^A-Za-z0-9_.+-]", "_", os.path.basename(path)).lstrip(".+-")[:64]
    return replace(script_from_text(text), name=name or "job")


def with_secrets(script: str, path: str) -> str:
    """The script with a line that reads the secrets' file."""
    return _with_shell_line(script, ". %s" % shlex.quote(path), "secret_environment", "can read the secrets' file")


def with_arguments(script: str, arguments: Sequence[str]) -> str:
    """The script with its arguments in it, for a DRM that gives none to a script on its standard input."""
    if not arguments:
        return script
    line = "set -- %s" % " ".join(shlex.quote(item) for item in arguments)
    return _with_shell_line(script, line, "args", "can be given arguments on this DRM")


def with_environment(script: str, values: Mapping[str, str]) -> str:
    """The script with these variables in it, for a DRM that would lose them on the way."""
    if not values:
        return script
    lines = "\n".join("export %s=%s" % (name, shlex.quote(value)) for name, value in sorted(values.items()))
    return _with_shell_line(script, lines, "environment", "can be given %s on this DRM" % ", ".join(sorted(values)))


def _with_shell_line(script: str, line: str, field: str, use: str) -> str:
    if "\n#" in line:
        raise InvalidRequestError(field, "a line in it begins with '#', and a DRM could take it for a directive")
    first = script.split("\n", 1)[0]
    if not POSIX_SHELL.match(first):
        raise InvalidRequestError(
            field, "the script's first line %.80r names no POSIX shell, and only such a script %s" % (first, use)
        )
    return with_lines(script, [line])


def with_lines(script: str, more: Sequence[str]) -> str:
    """The script with more lines after its leading comments, where no DRM looks for directives any more."""
    at = end_of_comments(script)
    lines = script.split("\n")
    return "\n".join([*lines[:at], *more, *lines[at:]])


def end_of_comments(script: str) -> int:
    """The number of the script's first line that is no comment; the ``#!`` line comes before it."""
    lines = script.split("\n")
    at = 1
    while at < len(lines) and (lines[at].startswith("#") or not lines[at].strip()):
        at += 1
    return at


def write_secrets(path: str, values: Mapping[str, str]) -> None:
    """The secrets' file, readable by its owner alone; it replaces an older one of the same job in one step."""
    text = "".join("export %s=%s\n" % (name, shlex.quote(value)) for name, value in sorted(values.items()))
    # The key's lock is held, so nobody else writes this one; what is left of an interrupted writer is overwritten.
    scratch = path + ".new"
    try:
        make_private_directory(os.path.dirname(path))
        fd = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(fd, "w", encoding="utf-8", errors="surrogateescape") as stream:
            stream.write(text)
        os.replace(scratch, path)
    except OSError as error:
        raise DrmError(
            "cannot write the secrets' file %s: %s. Nothing was submitted." % (path, error.strerror or error)
        ) from error
