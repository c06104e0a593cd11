# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role galaxy_service on this host's files: data sets that a group cannot read, and how they are mended."""

from __future__ import annotations

import grp
import os
import pwd
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.clusterjobs.drm.tests.unit.helpers.play import Played, play

PLAYBOOK = Path(__file__).with_name("galaxy_service_datasets.yml")
GROUP = grp.getgrgid(os.getgid()).gr_name


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """Not one of pytest's own directories, which are for their owner alone."""
    place = Path(tempfile.mkdtemp(prefix="datasets-"))
    place.chmod(0o755)
    for name, mode in (("datasets/000/objects", 0o750), ("closed/datasets", 0o755)):
        (place / name).mkdir(parents=True)
        (place / name).chmod(mode)
    (place / "closed").chmod(0o700)
    for name, mode in (("outside", 0o600), ("datasets/000/secret.dat", 0o600), ("datasets/000/run.sh", 0o711)):
        (place / name).touch()
        (place / name).chmod(mode)
    (place / "datasets/000/link.dat").symlink_to(place / "outside")
    yield place
    shutil.rmtree(place)


@pytest.fixture(scope="module")
def played(place: Path, tmp_path_factory: pytest.TempPathFactory) -> Played:
    user = pwd.getpwuid(os.getuid()).pw_name
    return play(PLAYBOOK, tmp_path_factory.mktemp("play"), place=str(place), user=user, group=GROUP)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_how_many_is_told_with_examples_and_the_remedy(played: Played, place: Path) -> None:
    said = played.results["unreadable"]
    assert f"2 below {place}/datasets on localhost cannot be read by the group {GROUP}, such as -" in said
    for name in ("secret.dat", "run.sh"):
        assert str(place / "datasets/000" / name) in said
    assert "Set galaxy_service_datasets: mend" in said


def test_the_group_gets_what_is_missing_and_nobody_loses_anything(played: Played, place: Path) -> None:
    assert mode(place / "datasets/000/secret.dat") == 0o640
    assert mode(place / "datasets/000/run.sh") == 0o751
    assert mode(place / "datasets/000/objects") == 0o750


def test_a_link_is_not_followed(played: Played, place: Path) -> None:
    assert mode(place / "outside") == 0o600


def test_what_a_group_can_read_is_not_for_everybody(played: Played) -> None:
    assert "cannot be read by everybody" in played.results["everybody"]


def test_a_directory_on_the_way_is_told_and_left_alone(played: Played, place: Path) -> None:
    assert f"{place}/closed on localhost does not let the group {GROUP} through" in played.results["closed"]
    assert mode(place / "closed") == 0o700
