# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a request needs more than a word in Grid Engine, and what it cannot take."""

from __future__ import annotations

import re
from typing import Dict, List, Sequence, Tuple

from .errors import InvalidRequestError
from .gridengine_files import directives
from .model import JobRequest
from .word_lists import variable_words

# The node's daemon cuts a variable off here, name and value together, without a word.
_MAX_VARIABLE_BYTES = 9990
# With these qsub waits for the job and deletes it when the wait is cut off, submits nothing, or takes something else
# for the script. -sync n on the command line is no help against the script's own -sync y.
_NOT_FOR_US = ("-sync", "-now", "-I", "-verify", "-b", "-C", "-@", "-t", "-terse", "-help")
# qsub(1), -t: one range of numbers from 1 on; -tc: how many at once.
_ARRAY = re.compile(r"([0-9]+(?:-[0-9]+(?::[0-9]+)?)?)(?:%([0-9]+))?")


def check(request: JobRequest) -> None:
    """Refuse what Grid Engine would change or misread. Raises InvalidRequestError."""
    _check_array(request.array)
    parallel_environment(request)
    _check_options("native_options", request.native_options)
    _check_options("script", directives(request.script))
    for field in ("stdout", "stderr"):
        if "," in getattr(request, field):
            raise InvalidRequestError(field, "Grid Engine takes no comma in the path of an output file")
    if ":" in request.account:
        raise InvalidRequestError("account", "Grid Engine takes no colon in an account")
    for name, value in request.environment.items():
        _check_variable(name, value)


def _check_variable(name: str, value: str) -> None:
    if "\\n" in value:
        said = "%s: of a backslash before an n Grid Engine makes the end of a line. Set it in the script" % name
        raise InvalidRequestError("environment", said)
    # It sends the end of a line as these two characters.
    length = len(("%s=%s" % (name, value.replace("\n", "\\n"))).encode("utf-8", "surrogateescape"))
    if length > _MAX_VARIABLE_BYTES:
        said = "%s: Grid Engine cuts a variable off after %d bytes, and this one has %d. Put it in a file" % (
            name,
            _MAX_VARIABLE_BYTES,
            length,
        )
        raise InvalidRequestError("environment", said)


def _check_array(array: str) -> None:
    if not array:
        return
    found = _ARRAY.fullmatch(array)
    if found is None or found.group(1).split("-")[0].lstrip("0") == "":
        raise InvalidRequestError(
            "array", "%r: Grid Engine takes one range of numbers from 1 on, such as 1-10, 2-20:2 or 1-10%%4" % array
        )


def _check_options(field: str, words: Sequence[str]) -> None:
    found = [word for word in words if word in _NOT_FOR_US]
    if found:
        said = "%s: the job is submitted as a script and its end waited for apart (state: finished)" % found[0]
        raise InvalidRequestError(field, said)


def output(request: JobRequest) -> List[str]:
    """A path after a colon is one on every host, whatever colons are in it."""
    words: List[str] = []
    for option, path in (("-o", request.stdout), ("-e", request.stderr)):
        words += [option, ":" + path if ":" in path else path] if path else []
    return words if request.stderr else [*words, "-j", "y"]


def parallel_environment(request: JobRequest) -> Tuple[List[str], List[str]]:
    """``-pe`` with its number of slots, and the user's other options.

    More than one slot needs a parallel environment, whose name each site chooses: the user names it in the native options, where its
    number may be left out.
    """
    native = list(request.native_options)
    slots = request.slots or 1
    if "-pe" not in native:
        if slots > 1:
            raise InvalidRequestError(
                "slots",
                "Grid Engine gives %d slots only in a parallel environment, and those have names of each site's own (qconf -spl)."
                " Name yours in native_options, for example [-pe, smp]" % slots,
            )
        return [], native
    at = native.index("-pe")
    name = native[at + 1 : at + 2]
    if not name or name[0].startswith("-"):
        raise InvalidRequestError("native_options", "-pe needs the name of a parallel environment")
    number = next(iter(native[at + 2 : at + 3]), "")
    if not re.fullmatch(r"[0-9][0-9,-]*", number):
        return ["-pe", name[0], str(slots)], native[:at] + native[at + 2 :]
    if request.slots and number != str(request.slots):
        raise InvalidRequestError("slots", "%d, but native_options say -pe %s %s" % (slots, name[0], number))
    return ["-pe", name[0], number], native[:at] + native[at + 3 :]


def environment(request: JobRequest) -> Tuple[List[str], Dict[str, str]]:
    """The request's variables and nothing of the caller's: values that -v would cut at a comma go by name, and qsub looks them up."""
    words, hidden = variable_words(request.environment)
    return ["-v", ",".join(words)] if words else [], hidden
