# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pages' commands for PBS Pro, TORQUE and LSF, run with stand-ins for theirs: no real server is here. They must stand to be repeated."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from ansible_collections.clusterjobs.drm.tests.unit.helpers.play import play

HOST = "galaxy.example.org"
# "print server" shows each host of a list in a line of its own.
QMGR = """#!/bin/sh
case "$2" in
  'print server') cat "$SERVER" ;;
  *) echo "$2" >> "$SERVER" ;;
esac
"""
LSID = "#!/bin/sh\necho 'IBM Spectrum LSF 10.1.0.0'\necho 'My cluster name is lab'\n"
CLIENTS = "Begin   Host\nHOSTNAME  model  type  server  RESOURCES\nhead1  !  !  1  ()\nEnd     Host\n"


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("pages")
    play(Path(__file__).with_name("hand_over.yml"), place)
    return place


def follow(pages: Path, drm: str, place: Path, **commands: str) -> None:
    """The administrator runs the script, twice."""
    for name, text in commands.items():
        (place / name).write_text(text, encoding="utf-8")
        (place / name).chmod(0o755)
    environ = {"PATH": f"{place}:{os.environ['PATH']}", "SERVER": str(place / "server"), "LSF_ENVDIR": str(place)}
    for _again in range(2):
        subprocess.run(["sh", str(pages / drm / "controller.sh")], env=environ, cwd=place, check=True)


def test_torque(pages: Path, tmp_path: Path) -> None:
    server = tmp_path / "server"
    server.write_text("set server submit_hosts = head1\nset server submit_hosts += galaxyxexample.org\n")
    follow(pages, "torque", tmp_path, qmgr=QMGR)
    assert server.read_text().splitlines()[2:] == [f"set server submit_hosts += {HOST}"]
    server.write_text("set server acl_host_enable = True\nset server acl_hosts = head1\n")
    follow(pages, "torque", tmp_path, qmgr=QMGR)
    assert server.read_text().splitlines()[2:] == [
        f"set server submit_hosts += {HOST}",
        f"set server acl_hosts += {HOST}",
    ]


def test_pbspro(pages: Path, tmp_path: Path) -> None:
    server = tmp_path / "server"
    open_to_all = "set server flatuid = True\n"
    server.write_text(open_to_all)
    follow(pages, "pbspro", tmp_path, qmgr=QMGR)
    assert server.read_text() == open_to_all
    server.write_text(open_to_all + "set server acl_host_enable = True\n")
    follow(pages, "pbspro", tmp_path, qmgr=QMGR)
    assert server.read_text().splitlines()[2:] == [f"set server acl_hosts += {HOST}"]


def test_lsf(pages: Path, tmp_path: Path) -> None:
    clients = tmp_path / "lsf.cluster.lab"
    clients.write_text(CLIENTS)
    (tmp_path / "lsf.conf").write_text("LSF_MASTER_LIST=head1\n")
    nothing = "#!/bin/sh\n"
    # The script copies lsf.conf to where it is run.
    place = tmp_path / "here"
    place.mkdir()
    for _again in range(2):
        for name, text in {"lsid": LSID, "lsadmin": nothing, "badmin": nothing}.items():
            (place / name).write_text(text)
            (place / name).chmod(0o755)
        environ = {"PATH": f"{place}:{os.environ['PATH']}", "LSF_ENVDIR": str(tmp_path)}
        subprocess.run(["sh", str(pages / "lsf" / "controller.sh")], env=environ, cwd=place, check=True)
    assert clients.read_text().splitlines()[2:] == ["head1  !  !  1  ()", f"{HOST} ! ! 0 ()", "End     Host"]
    assert (place / "lsf.conf").read_text() == "LSF_MASTER_LIST=head1\n"


def test_gridengines_page_asks_for_the_accounting_and_proves_the_registration(pages: Path) -> None:
    page = (pages / "gridengine" / "README.md").read_text()
    assert f"qconf -as {HOST}\nqconf -ss | grep" in page
    assert "submit_host_gridengine_common_dir" in page
    assert page.count("The shared file system") == 0
