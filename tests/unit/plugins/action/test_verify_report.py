# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""verify_report, played by this environment's Ansible: one play, looked at from all sides."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from ansible_collections.clusterjobs.drm.tests.unit.helpers.play import Played, play
from ansible_collections.clusterjobs.drm.tests.unit.helpers.reports import site

PLAYBOOK = Path(__file__).with_name("verify_report.yml")
FILES = {"html": "verify.html", "json": "verify.json", "junit": "verify.xml", "summary": "verify.txt"}


def first_run() -> dict[str, Any]:
    data = site(["node1", "node2", "node3"])
    # What a node says is no template.
    data["checks"][5]["results"][0]["message"] = "{{ 7 * 191 }}"
    return data


def second_run() -> dict[str, Any]:
    data = copy.deepcopy(first_run())
    data["run"].update(started=1795688100, ended=1795688200)
    (row,) = [row for row in data["checks"][3]["results"] if row["subject"] == "node3"]
    row.update(status="ok", message="in 2 s")
    return data


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("place")
    (path / "first.json").write_text(json.dumps(first_run()))
    (path / "second.json").write_text(json.dumps(second_run()))
    (path / "broken").mkdir()
    (path / "broken" / "verify.json").write_text('{"schema": 1, "run"')
    return path


@pytest.fixture(scope="module")
def played(place: Path, tmp_path_factory: pytest.TempPathFactory) -> Played:
    return play(PLAYBOOK, tmp_path_factory.mktemp("play"), place=str(place))


def test_check_mode_writes_nothing_and_tells_the_same(played: Played) -> None:
    check, first = played.results["check"], played.results["first"]
    assert not played.results["nothing"]["stat"]["exists"]
    assert {name: check[name] for name in ("counts", "summary", "files", "changed")} == {
        name: first[name] for name in ("counts", "summary", "files", "changed")
    }


def test_what_is_returned(played: Played, place: Path) -> None:
    first, second = played.results["first"], played.results["second"]
    assert first["files"] == {name: f"{place}/new/reports/{file}" for name, file in FILES.items()}
    assert first["counts"] == {"ok": 22, "warning": 4, "error": 2, "skipped": 2, "waived": 0}
    assert (first["ready"], first["failed_checks"], first["compared"]) == (False, ["answered", "same_uid"], None)
    assert second["counts"] == {"ok": 23, "warning": 2, "error": 1, "skipped": 2, "waived": 2}
    assert second["compared"]["better"] == [{"check": "answered", "subject": "node3", "from": "error", "to": "ok"}]
    assert not second["compared"]["worse"]


def test_the_files(played: Played, place: Path) -> None:
    """The last report in the directory is the other server's, with the first run's data."""
    folder = place / "new" / "reports"
    assert sorted(path.name for path in folder.iterdir()) == sorted(FILES.values())
    report = json.loads((folder / "verify.json").read_text())
    assert report["run"]["galaxy_host"] == "galaxy2"
    assert ElementTree.parse(folder / "verify.xml").getroot().tag == "testsuites"
    assert (folder / "verify.txt").read_text() == played.results["other_server"]["summary"]
    page = (folder / "verify.html").read_text()
    assert page.startswith("<!DOCTYPE html>")
    assert "{{ 7 * 191 }}" in page
    assert "1337" not in page


def test_the_summary_is_printed_as_it_is(played: Played, place: Path) -> None:
    assert "\nERROR   answered: The node ran its job and answered\n        node3: sinfo says down*" in played.output
    assert f"\nReport: {place}/new/reports/verify.html\n" in played.output
    assert "\nWAIVED  data_source_url on node[1-2]: No way out\n" in played.output


def test_what_cannot_be_compared_is_said(played: Played) -> None:
    (other,) = played.results["other_server"]["warnings"]
    assert "is of galaxy1 and slurm: nothing is compared" in other
    (broken,) = played.results["broken"]["warnings"]
    assert "broken/verify.json" in broken
    assert played.results["broken"]["compared"] is None


def test_what_fails_says_why(played: Played) -> None:
    told = {name: played.results[name]["msg"] for name in ("bad_waiver", "bad_shape", "no_directory")}
    assert "there is no check 'not_there'; there are submit, job_conf" in told["bad_waiver"]
    assert "schema is 2" in told["bad_shape"]
    assert "dest: cannot write to" in told["no_directory"]
