# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role shared_filesystem on this host alone: where its paths come from, and which it refuses."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from ansible_collections.clusterjobs.drm.tests.unit.helpers.play import Played, play

PLAYBOOK = Path(__file__).with_name("shared_filesystem.yml")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("place")


@pytest.fixture(scope="module")
def played(place: Path, tmp_path_factory: pytest.TempPathFactory) -> Played:
    return play(PLAYBOOK, tmp_path_factory.mktemp("play"), place=str(place))


def modes(directory: Path) -> dict[str, str]:
    return {
        str(path.relative_to(directory)): oct(stat.S_IMODE(path.stat().st_mode))
        for path in sorted(directory.rglob("*"))
    }


def test_paths_come_from_galaxys_own_variables(played: Played, place: Path) -> None:
    assert modes(place / "old") == {
        "jobs": "0o755",
        "tool_data": "0o750",
        "var": "0o755",
        "var/new_files": "0o1777",
        "var/pbs": "0o755",
    }
    assert (place / "elsewhere").is_dir()


def test_a_later_release_has_no_cluster_files_directory(played: Played, place: Path) -> None:
    assert set(modes(place / "new")) == {"datasets", "jobs", "var", "var/tmp"}


def test_unreadable_settings_are_told(played: Played) -> None:
    said = played.output.count(
        "galaxy_config uses variables that are not known in this play, so paths in it were not read."
    )
    assert said == 1


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("relative", 'Not an absolute path of plain names without "..": data/sets.'),
        ("upwards", "/refused/../sets."),
        ("pattern", "/refused/*."),
        ("mount", "Not an absolute path of plain names"),
        ("link", "Not an absolute path of plain names"),
        ("root", "shared_filesystem_new_file_path (/tmp) is cleaned: it must be a directory below another."),
        ("same", "/refused/datasets must not lie in it."),
        ("around", "/refused/datasets, "),
        ("number", "Not a quoted octal mode such as '0755' in shared_filesystem_extra_directories: 493."),
        ("letters", "Not a quoted octal mode such as '0755' in shared_filesystem_extra_directories: u=rwx."),
    ],
)
def test_what_would_do_harm_is_refused_before_anything_is_made(
    played: Played, place: Path, name: str, text: str
) -> None:
    assert text in played.results["refused"][name]
    assert not (place / "refused").exists()
