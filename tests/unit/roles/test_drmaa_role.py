# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role drmaa on this host: what it computes before anything is done, and what it refuses. Its libraries are the scenario gridengine's."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.clusterjobs.drm.tests.unit.helpers.play import Played, play

PLAYBOOK = Path(__file__).with_name("drmaa.yml")


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    return play(PLAYBOOK, tmp_path_factory.mktemp("play"))


def test_grid_engines_service_gets_all_that_its_library_needs(played: Played) -> None:
    """Beside what the site says; of tunables there is one variable."""
    assert played.results["computed"]["Grid Engine by the drmaa runner"] == {
        "wanted": True,
        "from": "package",
        "library": "/usr/lib/gridengine-drmaa/lib/libdrmaa.so.1.0",
        "service": {
            "TZ": "UTC",
            "DRMAA_LIBRARY_PATH": "/usr/lib/gridengine-drmaa/lib/libdrmaa.so.1.0",
            "SGE_ROOT": "/var/lib/gridengine",
            "SGE_CELL": "west",
            "GLIBC_TUNABLES": "glibc.malloc.arena_max=2:glibc.rtld.optional_static_tls=4096",
        },
    }


def test_without_a_runner_that_uses_it_there_is_none(played: Played) -> None:
    computed = played.results["computed"]["Slurm by the cli runner"]
    assert (computed["wanted"], computed["service"]) == (False, {"TZ": "UTC"})


def test_an_archives_library_has_one_path_for_all_builds(played: Played) -> None:
    computed = played.results["computed"]["Slurm by the slurm runner, out of an archive"]
    path = "/opt/clusterjobs-drmaa/slurm/lib/libdrmaa.so"
    assert (computed["wanted"], computed["from"], computed["library"]) == (True, "source", path)
    assert computed["service"] == {"DRMAA_LIBRARY_PATH": path}


@pytest.mark.parametrize(
    ("name", "library"),
    [
        ("A library that the runner names", "/opt/theirs/libdrmaa.so"),
        ("A library that the service is told of already", "/opt/sge/lib/lx-amd64/libdrmaa.so"),
    ],
)
def test_a_site_that_has_one_keeps_it(played: Played, name: str, library: str) -> None:
    computed = played.results["computed"][name]
    assert (computed["wanted"], computed["from"], computed["library"]) == (True, "path", library)
    assert computed["service"]["DRMAA_LIBRARY_PATH"] == library
    assert computed["service"].get("SGE_ROOT", "/opt/sge") == "/opt/sge"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("no package", "No distribution has a DRMAA library for torque. Give drmaa_packages"),
        ("no package", "an archive of pbs-drmaa in drmaa_source_url"),
        ("no place", "drmaa_package_library has to say where the packages"),
        ("no path", "drmaa_from is path, but drmaa_path is empty"),
        ("relative", "The library's path is not absolute: lib/libdrmaa.so."),
        ("two archives", "Give one of drmaa_source_url and drmaa_source_file."),
        ("no checksum", "drmaa_source_checksum is empty: it has to be sha256:"),
        ("weak checksum", "drmaa_source_checksum is md5:d41d8cd98f00b204e9800998ecf8427e: it has to be sha256:"),
        ("name", "The archive's name is not a plain one: get?file=a."),
        ("option", "drmaa_source_configure_options must leave the prefix to drmaa_prefix"),
        ("prefix", "drmaa_prefix is not an absolute path of plain names: /opt/../etc."),
        ("pbs_python", "pbs_python works with TORQUE's library alone, not with slurm"),
        ("pbs_python", "drmaa_pbs_python_checksum is empty"),
        ("two sources", "Give drmaa_python_index or drmaa_python_wheels, not both."),
        ("applied", "No distribution has a DRMAA library for torque."),
        ("not there", "path: /no/such/libdrmaa.so cannot be read: No such file or directory"),
    ],
)
def test_what_is_refused(played: Played, name: str, text: str) -> None:
    assert text in played.results["refused"][name]
