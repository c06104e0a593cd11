# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report's files: whole or not at all."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from ansible_collections.clusterjobs.drm.plugins.plugin_utils.verify import files
from ansible_collections.clusterjobs.drm.plugins.plugin_utils.verify.judge import finish
from ansible_collections.clusterjobs.drm.plugins.plugin_utils.verify.reading import ShapeError
from ansible_collections.clusterjobs.drm.tests.unit.helpers.reports import site


def test_a_failure_leaves_what_was_there_and_nothing_else(tmp_path: Path) -> None:
    old = dict.fromkeys(files.NAMES, "old")
    files.write(tmp_path, old)
    with pytest.raises(UnicodeEncodeError):
        files.write(tmp_path, {**old, "summary": "new", "json": "\ud800"})
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(files.NAMES.values())
    assert {path.read_text() for path in tmp_path.iterdir()} == {"old"}


def test_modes_are_the_umasks(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        files.write(tmp_path, dict.fromkeys(files.NAMES, ""))
    finally:
        os.umask(before)
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o640}


def test_the_last_report(tmp_path: Path) -> None:
    assert files.last_report(tmp_path / "never") is None
    report = finish(site(["n1", "n2", "n3"]), {"same_uid": "known"})
    files.write(tmp_path, files.texts(report))
    last = files.last_report(tmp_path)
    assert last is not None
    assert last.checks == report.checks


@pytest.mark.parametrize("content", ["", "[]", '{"schema": 3}', "\0"])
def test_a_last_report_that_cannot_be_read_is_named(tmp_path: Path, content: str) -> None:
    path = tmp_path / "verify.json"
    path.write_text(content)
    with pytest.raises(ShapeError, match=str(path)):
        files.last_report(tmp_path)
