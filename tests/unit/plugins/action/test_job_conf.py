# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module job_conf, played by this environment's Ansible on this host: one play, looked at from all sides."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
import yaml

from ansible_collections.clusterjobs.drm.tests.unit.helpers.play import Played, play

PLAYBOOK = Path(__file__).with_name("job_conf.yml")
JUDGED = """\
runners: {site: {load: "site:Runner"}}
execution: {environments: {here: {runner: site, env: [{name: DB_PASSWORD, value: 1234567}]}}}
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("place")
    (path / "inline.yml").write_text("galaxy: {job_config: !include jobs.yml}\n")
    (path / "old.yml").write_text("runners: {}\n")
    (path / "judged.yml").write_text(JUDGED)
    os.mkfifo(path / "fifo.yml")
    (path / "directory").mkdir()
    (path / "latin.yml").write_bytes("# Gänse\n".encode("latin-1") + JUDGED.encode())
    return path


@pytest.fixture(scope="module")
def played(place: Path, tmp_path_factory: pytest.TempPathFactory) -> Played:
    return play(PLAYBOOK, tmp_path_factory.mktemp("play"), place=str(place))


def codes(played: Played, name: str) -> list[str]:
    return [finding["code"] for finding in played.results[name]["findings"]]


def test_no_secret_in_anything_that_ansible_prints(played: Played) -> None:
    assert "DB_PASSWORD" in played.output
    assert "hunter2" not in played.output


def test_what_is_in_the_file(played: Played, place: Path) -> None:
    backup = Path(played.results["change"]["backup_file"])
    environment = yaml.safe_load(backup.read_text())["execution"]["environments"]["slurm"]
    assert environment == {
        "runner": "cli",
        "env": [{"name": "THREADS", "value": "2"}, {"name": "DB_PASSWORD", "value": "hunter2xxxxxx"}],
        "job_plugin": "Slurm",
        "job_--nodes": "1",
        "job_--ntasks": "1",
        "job_ncpus": "2",
        "job_time": "0-04:00:00",
    }
    assert (
        (place / "job_conf.xml").read_text().startswith('<?xml version="1.0" encoding="utf-8"?>\n<!-- Ansible managed')
    )


def test_changed_once(played: Played, place: Path) -> None:
    changed = {name: result["changed"] for name, result in played.results.items() if not result.get("failed")}
    assert changed == {
        "fresh_check": True,
        "first": True,
        "second": False,
        "mode": True,
        "change_check": True,
        "change": True,
        "xml": True,
        "other_file": True,
        "no_settings": False,
        "linted_waived": False,
        "absent_check": True,
        "absent": True,
        "absent_again": False,
    }
    assert stat.S_IMODE((place / "job_conf.yml").stat().st_mode) == 0o640
    assert not (place / "not").exists()


@pytest.mark.parametrize("name", ["first", "change_check", "change", "xml"])
def test_diffs(played: Played, name: str) -> None:
    diff = played.results[name]["diff"][0]
    assert "********" in diff["after"]
    assert ("site:Runner" in diff["after"]) == name.startswith("change")
    assert ("ShellJobRunner" in diff["before"]) == name.startswith("change")


def test_an_error_names_itself_and_writes_nothing(played: Played) -> None:
    error = played.results["error"]
    assert error["failed"]
    assert error["msg"].startswith("tools[0].environment: 'big' is no environment")
    assert error["findings"][0]["level"] == "error"
    assert played.results["first"]["diff"][0]["before"] == ""


def test_a_warning_is_shown(played: Played) -> None:
    assert codes(played, "change") == ["unchecked-runner", "env-not-text"]
    assert [finding["level"] for finding in played.results["change"]["findings"]] == ["warning", "note"]
    assert "runners.site.load: 'site:Runner' is not in this collection's tables" in " ".join(played.output.split())


def test_validation_comes_before_the_replacement(played: Played) -> None:
    assert "failed to validate" in played.results["invalid"]["msg"]
    backup = Path(played.results["change"]["backup_file"])
    assert "site:Runner" not in backup.read_text()


def test_a_file_that_galaxy_would_not_read(played: Played) -> None:
    assert codes(played, "inline_variable") == codes(played, "inline_file") == ["file-ignored"]
    assert played.results["inline_file"]["failed"]
    assert codes(played, "other_file") == ["env-not-text", "other-file"]


def test_judged_as_it_stands(played: Played, place: Path) -> None:
    assert played.results["linted"]["failed"]
    assert codes(played, "linted") == codes(played, "linted_waived") == ["unchecked-runner", "env-not-text"]
    assert {finding["level"] for finding in played.results["linted_waived"]["findings"]} == {"waived"}
    assert (place / "judged.yml").read_text() == JUDGED
    assert "1234567" not in played.output
    assert "no.yml is not there" in played.results["linted_missing"]["msg"]


def test_judged_against_release_and_cluster(played: Played) -> None:
    assert codes(played, "linted_cluster") == ["env-not-text", "above-queue-limit"]


def test_removed(played: Played, place: Path) -> None:
    assert not (place / "old.yml").exists()
    assert "job_config: is missing" in played.results["nothing"]["msg"]


def test_what_is_there_is_no_file_that_galaxy_reads(played: Played) -> None:
    fifo, directory, latin = (result["msg"] for result in played.results["no_file"]["results"])
    assert "fifo.yml is there and no file" in fifo
    assert "directory is there and no file" in directory
    assert "latin.yml is not UTF-8 at byte 3" in latin


def test_bad_options(played: Played) -> None:
    assert "is there and no file" in played.results["bad_settings"]["msg"]
    assert "Unsupported parameters" in played.results["bad_option"]["msg"]
    assert "destination" in played.results["bad_option"]["msg"]
