# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every DRM by its name, and none imported that is not used."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from ansible_collections.clusterjobs.drm.plugins.module_utils._drm import registry
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.registry import DRM_NAMES, DRMS, choose

PREFIX = "ansible_collections.clusterjobs.drm.plugins.module_utils._drm."
PROGRAM = f"""
import json, sys
from {PREFIX}registry import choose
choose(sys.argv[1], lambda program: program if program in sys.argv[2:] else None)
print(json.dumps([name[{len(PREFIX)}:] for name in sys.modules if name.startswith({PREFIX!r})]))
"""


def imported(name: str, *programs: str) -> set[str]:
    """The DRMs whose files a process of its own imports to choose one."""
    argv = [sys.executable, "-c", PROGRAM, name, *programs]
    path = json.dumps(sys.path)
    said = subprocess.run(
        [*argv[:2], f"import sys; sys.path[:] = {path}\n{PROGRAM}", *argv[3:]],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(json.loads(said.stdout)) & set(DRM_NAMES)


@pytest.mark.parametrize("name", DRM_NAMES)
def test_each_has_its_own_name_and_one_of_its_commands(name: str) -> None:
    drm = DRMS[name]
    _make, command = registry._MAKERS[name]
    assert drm.name == name
    assert command in drm.executables or (command, drm.executables) == ("", ())
    assert choose(name, lambda program: None) is drm


def test_only_the_one_that_is_there_is_imported() -> None:
    assert imported("auto", *DRMS["htcondor"].executables) == {"htcondor"}
    assert imported("local") == {"local"}
