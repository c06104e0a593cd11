# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shared paths: mounts, hashes, the directories of runs, and that nothing else is ever removed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ansible_collections.clusterjobs.drm.plugins.module_utils._verify import places

# proc(5), mountinfo: a root, NFS below it, a bind mount of a part of that, and a name with a blank.
MOUNTS = r"""22 1 254:1 / / rw,relatime - ext4 /dev/vda1 rw
40 22 0:44 / /srv/galaxy rw,relatime shared:9 - nfs4 nfs:/galaxy rw,vers=4.2,acregmin=3
41 40 0:45 / /srv/galaxy/jobs rw,nosuid - fuse /srv/galaxy/jobs rw,user_id=0
42 22 0:46 / /mnt/two\040words rw - tmpfs none rw,size=64k
"""


@pytest.fixture
def table(tmp_path: Path) -> str:
    path = tmp_path / "mountinfo"
    path.write_text(MOUNTS)
    return str(path)


@pytest.mark.parametrize(
    ("path", "point", "kind"),
    [
        ("/srv/galaxy/datasets", "/srv/galaxy", "nfs4"),
        ("/srv/galaxy/jobs/1", "/srv/galaxy/jobs", "fuse"),
        ("/srv/galaxy-other", "/", "ext4"),
        ("/mnt/two words/x", "/mnt/two words", "tmpfs"),
    ],
)
def test_the_mount_of_a_path(path: str, point: str, kind: str, table: str) -> None:
    found = places.mount_of(path, table)
    assert (found["point"], found["type"]) == (point, kind)


def test_a_mounts_options_are_those_of_mount_and_file_system(table: str) -> None:
    assert places.mount_of("/srv/galaxy", table)["options"] == "rw,relatime,vers=4.2,acregmin=3"


def test_a_file_of_a_directory_is_the_first_with_something_in_it(tmp_path: Path) -> None:
    (tmp_path / "a-empty").touch()
    (tmp_path / "b-link").symlink_to("/etc/hostname")
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "file").write_text("x")
    assert places.a_file_in(str(tmp_path)) == str(tmp_path / "c" / "file")
    assert places.a_file_in(str(tmp_path / "a-empty")) == str(tmp_path / "a-empty")


def test_files_of_another_content_have_another_hash(tmp_path: Path) -> None:
    (tmp_path / "one").write_text("1")
    (tmp_path / "two").write_text("2")
    one, two = (places.hashed(str(tmp_path / name)) for name in ("one", "two"))
    assert one["sha256"] != two["sha256"]
    assert places.hashed(str(tmp_path / "none"))["problem"] == "No such file or directory"


def test_a_run_is_found_by_its_directories_with_its_jobs(tmp_path: Path) -> None:
    for name in ("jobs", "datasets"):
        (tmp_path / name).mkdir()
        assert places.make(str(tmp_path / name), "v1-ab", "token") == ""
        places.record(str(tmp_path / name), "v1-ab", {"keys": ["v1-ab-n0"], "journal": "/j"})
    (run,) = places.runs_in([str(tmp_path / "jobs"), str(tmp_path / "datasets"), str(tmp_path / "jobs")])
    assert run["tag"] == "v1-ab"
    assert len(run["directories"]) == 2
    assert (run["jobs"], run["journal"]) == ([{"key": "v1-ab-n0"}], "/j")
    assert places.remove(run["directories"]) == []
    assert list((tmp_path / "jobs").iterdir()) == []


def test_what_is_not_a_runs_own_directory_is_none(tmp_path: Path) -> None:
    (tmp_path / "clusterjobs-verify-file").touch()
    (tmp_path / "clusterjobs-verify-link").symlink_to("/etc")
    (tmp_path / "clusterjobs-verify-a b").mkdir()
    (tmp_path / "clusterjobs").mkdir()
    assert places.runs_in([str(tmp_path)]) == []


def test_another_accounts_directory_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    places.make(str(tmp_path), "v1", "token")
    monkeypatch.setattr(places.os, "getuid", lambda: os.geteuid() + 1)
    assert places.runs_in([str(tmp_path)]) == []


def test_nothing_else_is_removed(tmp_path: Path) -> None:
    (tmp_path / "datasets").mkdir()
    with pytest.raises(ValueError, match="no directory of a run"):
        places.remove([str(tmp_path / "datasets")])
    assert (tmp_path / "datasets").exists()


def test_a_run_whose_record_was_not_written_is_found_too(tmp_path: Path) -> None:
    (tmp_path / "clusterjobs-verify-v1").mkdir()
    assert places.runs_in([str(tmp_path)])[0]["jobs"] == []


def test_a_path_that_is_not_there_says_so(tmp_path: Path) -> None:
    assert places.look_at(str(tmp_path / "none"))["problem"] == "No such file or directory"
    assert places.make(str(tmp_path / "none"), "v1", "token") == "No such file or directory"
