# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The programs that run on the Galaxy server and on the nodes, as text."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from ...module_utils._drm.program import program
from ...module_utils._verify import (
    drmaa_job,
    host,
    job_agent,
    marks,
    places,
    server_agent,
    short_agent,
    users,
    watch,
    ways,
)

_END = "CLUSTERJOBS_END_OF_PROGRAM"


def for_server(request: Mapping[str, Any]) -> str:
    """One step on the server, for the standard input of its Python."""
    return program([host, places, marks, watch, ways, users, server_agent], dict(request))


def for_node(python: str, request: Mapping[str, Any]) -> str:
    """A job script that answers for the node. It needs nothing of the node but a Python."""
    text = program([host, places, marks, job_agent], dict(request))
    return f"#!/bin/sh\nexec {shlex.quote(python)} - <<'{_END}'\n{text}{_END}\n"


def for_environment(python: str) -> str:
    """A job script that says who runs it, and with what."""
    text = program([host, short_agent], {})
    return f"#!/bin/sh\nexec {shlex.quote(python)} - <<'{_END}'\n{text}{_END}\n"


def for_library(request: Mapping[str, Any]) -> str:
    """One job through the DRMAA library, for the standard input of Galaxy's Python."""
    return program([drmaa_job], dict(request))


def for_user(python: str) -> str:
    """The same for a job of a real user's, which leaves a sign that it is over in its working directory."""
    text = program([host, short_agent], {})
    return f"#!/bin/sh\n{shlex.quote(python)} - <<'{_END}'\n{text}{_END}\n: > {users.DONE}\n"


def that_fills_memory(python: str, megabytes: int) -> str:
    """A job script that uses more memory than it asked for, and waits to be found out."""
    text = f"import time\nheld = b'x' * ({megabytes} << 20)\ntime.sleep(20)\n"
    return f"#!/bin/sh\nexec {shlex.quote(python)} - <<'{_END}'\n{text}{_END}\n"
