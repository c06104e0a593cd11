# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the roles refuse, played on this host, and a default that must never be what it is not."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from ansible_collections.clusterjobs.drm.tests.unit.helpers.play import play

ROLES = Path(__file__).resolve().parents[3] / "roles"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("place")


@pytest.fixture(scope="module")
def said(place: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    playbook = Path(__file__).with_name("refusals.yml")
    return play(playbook, tmp_path_factory.mktemp("play"), place=str(place / "galaxy")).results


def test_an_account_without_a_real_shell_is_told_the_remedy(said: dict[str, str]) -> None:
    assert "/usr/sbin/nologin" in said["shell"]
    assert "usermod" in said["shell"]


def test_an_unknown_account_is_not_made_where_that_is_not_wanted(said: dict[str, str]) -> None:
    assert "clusterjobs-nobody-has-this" in said["unknown"]


def test_a_relative_path_is_refused_before_anything_is_made(said: dict[str, str], place: Path) -> None:
    assert "var/tmp" in said["relative"]
    assert not (place / "galaxy").exists()


def test_nfs_is_never_mounted_noac_by_default() -> None:
    defaults = yaml.safe_load((ROLES / "shared_filesystem" / "defaults" / "main.yml").read_text(encoding="utf-8"))
    options = defaults["shared_filesystem_nfs_options"].split(",")
    assert "hard" in options
    assert not {"noac", "sync", "actimeo=0", "lookupcache=none"} & set(options)
