# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where Galaxy has to get to, with programs in the place of ssh and sudo."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.clusterjobs.drm.plugins.module_utils._verify.ways import helpers, logins, ways


def test_a_login_is_told_with_all_its_environments() -> None:
    asked = [
        {"environments": ["a", "b"], "argv": ["sh", "-c", "cat; echo no >&2; exit 255"], "stdin": "galaxy"},
        {"environments": ["c"], "argv": ["/nowhere/ssh"], "stdin": ""},
    ]
    first, second = logins(asked)
    assert first == {"environments": ["a", "b"], "rc": 255, "stdout": "galaxy", "stderr": "no\n"}
    assert second["rc"] == 127
    assert "/nowhere/ssh" in second["stderr"]


def test_nothing_asked_is_nothing_told(tmp_path: Path) -> None:
    assert ways({"logins": [], "directory": ""}) == {"logins": [], "helpers": None}
    assert helpers(str(tmp_path / "nowhere")) is None


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A sudo that lists two of the three, and runs nothing."""
    directory = tmp_path / "programs"
    directory.mkdir()
    sudo = tmp_path / "sudo"
    listed = f"(root) NOSETENV: NOPASSWD: {directory}/run, {directory}/killed, {directory}/chown"
    sudo.write_text(f'#!/bin/sh\n[ "$2" = -l ] && echo "{listed}" && exit\necho "$2: denied" >&2\nexit 2\n')
    sudo.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    return directory


def test_programs_are_listed_by_their_whole_names_and_called(programs: Path) -> None:
    (programs / "config.json").write_text("{}")
    found = helpers(str(programs))
    assert found is not None
    assert found["listed"] == ["run", "chown"]
    assert found["called"]["kill"] == {"rc": 2, "said": f"{programs}/kill: denied"}


def test_galaxys_own_scripts_are_not_called(programs: Path) -> None:
    found = helpers(str(programs))
    assert found is not None
    assert found["called"] == {}
