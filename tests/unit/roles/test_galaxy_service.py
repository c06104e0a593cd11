# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role galaxy_service on this host: every way of restarting but systemd, which the scenario slurm has."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.clusterjobs.drm.tests.unit.helpers.play import Played, play

PLAYBOOK = Path(__file__).with_name("galaxy_service.yml")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With programs that write down how they were called."""
    place = tmp_path_factory.mktemp("place")
    (place / "venv" / "bin").mkdir(parents=True)
    for program in (place / "restart", place / "venv" / "bin" / "galaxyctl"):
        program.write_text(f'#!/bin/sh\nprintf "[%s]" "$@" >> {program}.called\necho >> {program}.called\n')
        program.chmod(0o755)
    return place


@pytest.fixture(scope="module")
def played(place: Path, tmp_path_factory: pytest.TempPathFactory) -> Played:
    return play(PLAYBOOK, tmp_path_factory.mktemp("play"), place=str(place))


def test_a_command_of_ones_own(played: Played, place: Path) -> None:
    assert (place / "restart.called").read_text() == "[with][two words]\n"


def test_gravity_reads_its_configuration_and_restarts_gracefully(played: Played, place: Path) -> None:
    config = place / "config" / "galaxy.yml"
    called = (place / "venv" / "bin" / "galaxyctl.called").read_text()
    assert called == f"[--config-file][{config}][update]\n[--config-file][{config}][graceful]\n"


@pytest.mark.parametrize("program", ["none", "no-venv/bin/galaxyctl"])
def test_what_is_not_there_yet_is_said_and_no_failure(played: Played, place: Path, program: str) -> None:
    assert f"{place}/{program} is not there yet, so nothing was restarted." in played.output


def test_environment_and_umask_to_merge_for_gravity(played: Played) -> None:
    environment = {"environment": {"DRMAA_LIBRARY_PATH": "/usr/lib/libdrmaa.so.1"}}
    assert played.results["merged"] == {
        "galaxy": {"brand": "ours"},
        "gravity": {
            "umask": "027",
            "galaxy_group": "bio",
            "gunicorn": environment,
            "celery": environment,
            "handlers": {"handler": environment},
        },
    }


def test_environment_and_umask_to_merge_for_uwsgi(played: Played) -> None:
    assert played.results["uwsgi"] == {"uwsgi": {"umask": "027", "env": ["DRMAA_LIBRARY_PATH=/usr/lib/libdrmaa.so.1"]}}


def test_a_handler_of_the_sites_own_takes_the_place_of_ours(played: Played, place: Path) -> None:
    assert (place / "own").read_text() == "restarted"
    assert "galaxy_service_manager is none, so this role does not do it" in played.output


@pytest.mark.parametrize(
    "text",
    [
        "galaxy_service_restart_command is empty",
        "Not a name in galaxy_service_environment: A=B.",
        "control character, such as the end of a line: TWO.",
        "galaxy_service_umask is 23: give a quoted octal number",
        "which is no name of a group.",
    ],
)
def test_what_is_refused(played: Played, text: str) -> None:
    assert text in played.results["refused"]


def test_a_group_that_is_to_read_the_data_sets_has_to_be_named(played: Played) -> None:
    assert (
        "is for a group, but no galaxy_service_datasets_group (or galaxy_group) is given"
        in played.results["refused_group"]
    )
