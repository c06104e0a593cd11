# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The program of a job that is sent by an environment's words: who runs it, and what Galaxy would find of its slots and memory."""

from __future__ import annotations

import json
import os
import platform
import sys
from typing import Any, Mapping, Sequence

from .host import account, galaxy_variables


def main(words: Sequence[str], request: Mapping[str, Any]) -> int:
    """The answer is the job's output, as a tool's is."""
    answer = {"host": platform.node(), "account": account(), "galaxy": galaxy_variables(os.environ)}
    sys.stdout.write(json.dumps(answer) + "\n")
    return 0
