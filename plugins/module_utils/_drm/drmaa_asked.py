# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks a library who it is, by ctypes alone and without a session. Runs on the target, as text (program.py).

``drmaa`` asks DRMAA_LIBRARY_PATH, ``slurm`` a libslurm. One answer as JSON on stdout; a refusal is a text on stderr and an exit code.
"""

from __future__ import annotations

import ctypes
import json
import os
import sys
from typing import Any, Dict, Mapping, Optional, Sequence

from .drmaa_session import RC_REFUSED, Problem, find_library

# drmaa.h
_BUFFER = 1024
_FUNCTIONS = ("drmaa_init", "drmaa_exit", "drmaa_get_DRM_system", "drmaa_get_DRMAA_implementation", "drmaa_version")


def _load(path: str) -> ctypes.CDLL:
    try:
        return ctypes.CDLL(path)
    except OSError as error:
        raise Problem("%s cannot be loaded: %s" % (path, error)) from error


def _text(library: ctypes.CDLL, function: str) -> str:
    answer, diagnosis = ctypes.create_string_buffer(_BUFFER), ctypes.create_string_buffer(_BUFFER)
    size = ctypes.c_size_t(_BUFFER)
    code = getattr(library, function)(answer, size, diagnosis, size)
    if code:
        said = diagnosis.value.decode("utf-8", "backslashreplace")
        raise Problem("%s of the DRMAA library answers with error %d: %s" % (function, code, said))
    return answer.value.decode("utf-8", "backslashreplace")


def _drmaa() -> Dict[str, Any]:
    find_library()
    path = os.environ["DRMAA_LIBRARY_PATH"]
    library = _load(path)
    missing = [name for name in _FUNCTIONS if not hasattr(library, name)]
    if missing:
        raise Problem("%s is no DRMAA 1.0 library: it has no %s" % (path, ", ".join(missing)))
    major, minor = ctypes.c_uint(), ctypes.c_uint()
    diagnosis = ctypes.create_string_buffer(_BUFFER)
    library.drmaa_version(ctypes.byref(major), ctypes.byref(minor), diagnosis, ctypes.c_size_t(_BUFFER))
    return {
        "system": _text(library, "drmaa_get_DRM_system"),
        "implementation": _text(library, "drmaa_get_DRMAA_implementation"),
        "version": "%d.%d" % (major.value, minor.value),
    }


def _slurm(path: str) -> Dict[str, Any]:
    """The number of its interface, which is also what its name ends in: libslurm.so.38."""
    library = _load(path)
    library.slurm_api_version.restype = ctypes.c_long
    return {"interface": library.slurm_api_version() >> 16}


def main(words: Sequence[str], request: Optional[Mapping[str, Any]] = None) -> int:
    # What a library prints by itself is no answer.
    answers = os.dup(1)
    os.dup2(2, 1)
    try:
        answer = _drmaa() if words[0] == "drmaa" else _slurm(words[1])
    except Problem as error:
        sys.stderr.write("%s\n" % error)
        return error.code
    except AttributeError as error:
        sys.stderr.write("%s\n" % error)
        return RC_REFUSED
    os.write(answers, (json.dumps(answer) + "\n").encode("ascii"))
    return 0
