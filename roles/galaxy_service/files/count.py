# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""FIND ARGUMENT ...: how many lines it prints, and the first of them, as JSON, since a tree may have millions. Its error and exit code are passed on."""

from __future__ import annotations

import json
import subprocess
import sys

EXAMPLES = 3

with subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE) as find:
    assert find.stdout is not None
    count = 0
    examples = []
    for line in find.stdout:
        count += 1
        if count <= EXAMPLES:
            examples.append(line.decode("utf-8", "replace").rstrip("\n"))
sys.stdout.write(json.dumps({"count": count, "examples": examples}) + "\n")
sys.exit(find.returncode)
