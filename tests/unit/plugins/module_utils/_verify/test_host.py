# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a process sees of its host, and what Galaxy's job scripts would make of a job's variables."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.clusterjobs.drm.plugins.module_utils._verify import host

# Slurm 22.05: the line of a job's detail that Galaxy's statement looks for, among others that hold "mem=".
SCONTROL = (
    "JobId=7 JobName=verify UserId=galaxy(1450) NumCPUs=2 TRES=cpu=2,mem=500M,node=1,billing=2 JOB_GRES=(null) "
    "  Nodes=verify-node CPU_IDs=0-1 Mem=500 GRES= MinCPUsNode=2 MinMemoryNode=500M Features=(null)\n"
)


@pytest.fixture
def scontrol(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    told = {"answer": (0, SCONTROL, "")}
    monkeypatch.setattr(host, "answer", lambda argv, seconds: told["answer"])
    return told


@pytest.mark.parametrize(
    ("environ", "slots"),
    [
        ({"SLURM_CPUS_ON_NODE": "4", "NSLOTS": "2"}, 4),
        ({"SLURM_NTASKS": "2", "SLURM_CPUS_PER_TASK": "3"}, 6),
        ({"SLURM_NTASKS": "2", "NSLOTS": "7"}, 2),
        ({"NSLOTS": "5", "NCPUS": "6"}, 5),
        ({"NCPUS": "6", "PBS_NCPUS": "7"}, 6),
        ({"PBS_NCPUS": "7", "LSB_DJOB_NUMPROC": "8"}, 7),
        ({"LSB_DJOB_NUMPROC": "8", "GALAXY_SLOTS": "9"}, 8),
        ({"GALAXY_SLOTS": "9"}, 9),
        ({"NSLOTS": ""}, None),
        ({"NSLOTS": "many"}, None),
    ],
)
def test_slots_are_found_in_galaxys_order(environ: dict[str, str], slots: int | None) -> None:
    assert host.galaxy_variables(environ)["slots"] == slots


def test_slots_by_the_lines_of_a_node_file(tmp_path: Path) -> None:
    nodes = tmp_path / "nodes"
    nodes.write_text("a\na\nb\n")
    assert host.galaxy_variables({"PBS_NODEFILE": str(nodes), "LSB_DJOB_NUMPROC": "8"})["slots"] == 3


def test_slurm_tells_the_memory_of_the_whole_job(scontrol: dict[str, Any]) -> None:
    found = host.galaxy_variables({"SLURM_JOB_ID": "7", "SLURM_CPUS_ON_NODE": "2"})
    assert (found["memory_mb"], found["memory_mb_per_slot"], found["problem"]) == (500, 250, "")


def test_a_node_without_scontrol_has_no_memory_and_says_why(scontrol: dict[str, Any]) -> None:
    scontrol["answer"] = (127, "", "scontrol: No such file or directory")
    found = host.galaxy_variables({"SLURM_JOB_ID": "7", "SLURM_CPUS_ON_NODE": "2"})
    assert found["memory_mb"] is found["memory_mb_per_slot"] is None
    assert "scontrol: No such file" in found["problem"]


@pytest.mark.parametrize(
    ("limit", "per_slot", "problem"),
    [("2G", 2048, ""), ("1.5G", 1536, ""), ("500", 500, ""), ("500M", None, "G alone")],
)
def test_grid_engine_tells_it_of_each_slot(
    limit: str, per_slot: int | None, problem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host.shutil, "which", lambda name: "/usr/bin/" + name)
    found = host.galaxy_variables({"SGE_HGR_h_vmem": limit, "NSLOTS": "2"})
    assert found["memory_mb_per_slot"] == per_slot
    assert found["memory_mb"] == (per_slot * 2 if per_slot else None)
    assert problem in found["problem"]


def test_grid_engines_memory_needs_bc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host.shutil, "which", lambda name: None)
    found = host.galaxy_variables({"SGE_HGR_h_vmem": "2G", "NSLOTS": "2"})
    assert found["memory_mb"] is None
    assert "no bc" in found["problem"]


def test_memory_that_an_environment_has_set() -> None:
    found = host.galaxy_variables({"GALAXY_MEMORY_MB": "4000", "GALAXY_SLOTS": "4"})
    assert (found["memory_mb"], found["memory_mb_per_slot"]) == (4000, 1000)


def test_an_interpreter_that_starts_and_what_it_lacks() -> None:
    found = host.interpreter(sys.executable, ["json", "no_such_module"])
    assert found["version"] == "%d.%d.%d" % sys.version_info[:3]
    assert list(found["missing"]) == ["no_such_module"]
    assert found["problem"] == ""


def test_an_interpreter_that_is_not_there() -> None:
    found = host.interpreter("/nowhere/python", ["json"])
    assert found["version"] == ""
    assert "No such file" in found["problem"]


def test_a_scratch_directory_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", "/nowhere")
    assert "No such file" in host.temporary()["problem"]


def test_a_library_that_is_none(tmp_path: Path) -> None:
    broken = tmp_path / "libdrmaa.so"
    broken.write_text("no library")
    assert "file too short" in host.library(sys.executable, str(broken), {})["problem"]


def test_the_services_environment_is_systemds_and_what_is_given_wins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As systemctl of systemd 252 prints it."""
    systemctl = tmp_path / "systemctl"
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert host.service_environment(["galaxy.service"], {"A": "1"}) == {"A": "1"}
    lines = (
        "#!/bin/sh",
        'test "$4" = galaxy.service || exit 0',
        "cat <<'END'",
        'SGE_ROOT=/opt/sge "NOTE=a b" A=2',
        "END",
    )
    systemctl.write_text("\n".join([*lines, ""]))
    systemctl.chmod(0o755)
    assert host.service_environment(["gunicorn.service"], {}) == {}
    found = host.service_environment(["gunicorn.service", "galaxy.service"], {"A": "1"})
    assert found == {"SGE_ROOT": "/opt/sge", "NOTE": "a b", "A": "1"}


def test_a_library_without_drmaa_in_it() -> None:
    assert "drmaa_init" in host.library(sys.executable, "libc.so.6", {})["problem"]


def test_the_account_is_the_process_own() -> None:
    found = host.account()
    assert (found["uid"], found["gid"]) == (os.getuid(), os.getgid())
    assert found["gid"] in found["groups"]
