# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A playbook, played on this host by the Ansible of the tests' own environment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

COLLECTIONS = Path(__file__).resolve().parents[3] / ".cache" / "collections"


@dataclass(frozen=True)
class Played:
    """What was printed, and what the playbook wrote into its variable ``out`` as JSON."""

    output: str
    results: dict[str, Any]


def play(playbook: Path, scratch: Path, **variables: str) -> Played:
    """Play it to a good end, with as much output as Ansible has."""
    out = scratch / "out.json"
    extra = json.dumps({**variables, "out": str(out), "ansible_python_interpreter": sys.executable})
    argv = [
        str(Path(sys.executable).with_name("ansible-playbook")),
        "-vvv",
        "-i",
        "localhost,",
        "-e",
        extra,
        str(playbook),
    ]
    settings = {"COLLECTIONS_PATH": str(COLLECTIONS), "LOCAL_TEMP": str(scratch / "tmp"), "PIPELINING": "true"}
    environ = {**os.environ, **{f"ANSIBLE_{name}": value for name, value in settings.items()}}
    answer = subprocess.run(argv, env=environ, capture_output=True, text=True, check=False, cwd=scratch)
    output = answer.stdout + answer.stderr
    assert answer.returncode == 0, output
    return Played(output, json.loads(out.read_text()))
