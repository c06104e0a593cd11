# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which DRMAA libraries are fit for a DRM on this host. What ldd and the libraries said was recorded on real Slurm and Grid Engine hosts;
the names of the others are those in their sources."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional

import pytest

from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.drmaa_library import examine, host_client
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.errors import CommandError, InvalidRequestError
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.model import Command, CommandResult
from ansible_collections.clusterjobs.drm.plugins.module_utils._runner import Runner
from ansible_collections.clusterjobs.drm.tests.unit.helpers.elf_file import shared_library
from ansible_collections.clusterjobs.drm.tests.unit.helpers.recordings import recorded

SLURM = '{"system": "SLURM 22.05.8", "implementation": "PSNC DRMAA for SLURM 1.1.4", "version": "1.0"}'


def said(system: str, implementation: str = "") -> str:
    return json.dumps({"system": system, "implementation": implementation, "version": "1.0"})


class Host:
    """A host whose commands answer by their last words, and which has these programs."""

    def __init__(self, tmp_path: Path, **answers: Any) -> None:
        self.answers = answers
        self.commands: List[Command] = []
        self.directory = tmp_path

    def run(self, command: Command) -> CommandResult:
        self.commands.append(command)
        name = (
            "ldd_" + Path(command.argv[1]).name
            if command.argv[0] == "ldd"
            else command.argv[2 if "-" in command.argv else 1]
        )
        answer = self.answers[name.replace(".so", "").replace("-", "")]
        if isinstance(answer, str):
            return CommandResult(command, 0, answer, "what a library prints by itself")
        return CommandResult(command, answer.rc, answer.stdout, answer.stderr)

    def has(self, *programs: str, needed: str = "") -> Callable[[str], Optional[str]]:
        for program in programs:
            (self.directory / program).write_bytes(shared_library([needed] if needed else []))

        def which(program: str) -> Optional[str]:
            return str(self.directory / program) if program in programs else None

        return which

    def library(self, *needed: str, **made: Any) -> str:
        path = self.directory / "libdrmaa.so"
        path.write_bytes(shared_library(needed, **made))
        return str(path)


def nothing(program: str) -> Optional[str]:
    return None


def slurm_host(tmp_path: Path, release: str, linked: str) -> Host:
    answers: Dict[str, Any] = {
        "ldd_sbatch": recorded("drmaa/libraries/slurm-%s.sbatch" % release),
        "slurm": recorded("drmaa/libraries/slurm-%s.interface" % release),
        "ldd_libdrmaa": recorded("drmaa/libraries/libslurm38.%s" % linked),
    }
    return Host(tmp_path, drmaa=SLURM, **answers)


def test_one_for_the_release_that_is_here(tmp_path: Path) -> None:
    host = slurm_host(tmp_path, "22.05.8", "found")
    told = examine(host.library("libslurm.so.38"), "slurm", host.run, host.has("sbatch", needed="libslurmfull.so"))
    assert (told["system"], told["version"]) == ("SLURM 22.05.8", "1.0")
    assert (told["linked"]["name"], told["linked"]["interface"]) == ("libslurm.so.38", "38")
    assert told["client"]["path"] == "/usr/lib/x86_64-linux-gnu/slurm-wlm/libslurmfull.so"
    # Its loading needs room, and the path.
    asked = host.commands[-1]
    assert asked.environ["DRMAA_LIBRARY_PATH"] == str(tmp_path / "libdrmaa.so")
    assert "optional_static_tls" in asked.environ["GLIBC_TUNABLES"]


@pytest.mark.parametrize(
    ("release", "linked", "words"),
    [
        (
            "24.11.5",
            "found",
            ["against libslurm.so.38, ", "interface 38. The DRM's own commands here", "interface 42."],
        ),
        ("22.05.8", "missing", ["against libslurm.so.38, which is not on this host", "libslurmfull.so, interface 38."]),
    ],
)
def test_one_for_another_release_is_refused_unloaded(
    tmp_path: Path, release: str, linked: str, words: List[str]
) -> None:
    host = slurm_host(tmp_path, release, linked)
    with pytest.raises(InvalidRequestError) as caught:
        examine(host.library("libslurm.so.38"), "slurm", host.run, host.has("sbatch", needed="libslurmfull.so"))
    assert [word for word in words if word not in str(caught.value)] == []
    assert "drmaa" not in [command.argv[-1] for command in host.commands]


def test_without_the_drms_commands_what_can_be_told_is(tmp_path: Path) -> None:
    host = slurm_host(tmp_path, "22.05.8", "found")
    assert examine(host.library("libslurm.so.38"), "slurm", host.run, nothing)["client"] is None
    host = slurm_host(tmp_path, "22.05.8", "missing")
    with pytest.raises(InvalidRequestError, match=r"not on this host\. Take the library"):
        examine(host.library("libslurm.so.38"), "slurm", host.run, nothing)


def test_torques_library_and_commands_use_one_file(tmp_path: Path) -> None:
    """Not recorded: the form is ldd's, as above."""
    line = "\tlibtorque.so.2 => %s/libtorque.so.2 (0x00007f49a4fe7000)\n"
    for place, fit in (("/opt/torque/lib", True), ("/opt/torque-4/lib", False)):
        answers = {"ldd_qstat": line % "/opt/torque/lib", "ldd_libdrmaa": line % place, "drmaa": said("Torque")}
        host = Host(tmp_path, **answers)
        which = host.has("qstat", needed="libtorque.so.2")
        path = host.library("libtorque.so.2")
        if fit:
            assert examine(path, "torque", host.run, which)["linked"]["path"] == "/opt/torque/lib/libtorque.so.2"
            continue
        with pytest.raises(InvalidRequestError, match=r"run with /opt/torque/lib/libtorque.so.2"):
            examine(path, "torque", host.run, which)


# system, implementation → the DRMs that it is for
NAMES: Dict[str, Any] = {
    "slurm-drmaa": ("SLURM 24.11.5", "PSNC DRMAA for SLURM 1.1.4", ["slurm"]),
    "slurm-drmaa without an answer": ("SLURM", "PSNC DRMAA for SLURM 1.1.4", ["slurm"]),
    "grid engine": ("SGE 8.1.9", "SGE 8.1.9", ["gridengine"]),
    "open grid scheduler": ("OGS/GE 2011.11p1", "", ["gridengine"]),
    "univa": ("UGE 8.6.1", "", ["gridengine"]),
    "pbs-drmaa for pbs": ("PBS Professional", "FedStage DRMAA for PBS Pro v. 1.0.19 <http://...>", ["pbspro"]),
    "pbs-drmaa for torque": ("Torque", "FedStage DRMAA for PBS Pro v. 1.0.19 <http://...>", ["torque"]),
    "lsf-drmaa": ("IBM Spectrum LSF Standard 10.1.0.0", "FedStage DRMAA for LSF 1.1.1", ["lsf"]),
    "htcondor": ("Condor", "Condor", ["htcondor"]),
}


@pytest.mark.parametrize("library", NAMES)
@pytest.mark.parametrize("drm", ["slurm", "gridengine", "pbspro", "torque", "lsf", "htcondor"])
def test_a_library_says_which_drm_it_is_for(tmp_path: Path, library: str, drm: str) -> None:
    system, implementation, fit = NAMES[library]
    host = Host(tmp_path, drmaa=said(system, implementation))
    if drm in fit:
        assert examine(host.library(), drm, host.run, nothing)["system"] == system
        return
    with pytest.raises(InvalidRequestError, match="for another DRM than %s: it names itself '%s'" % (drm, system)):
        examine(host.library(), drm, host.run, nothing)


@pytest.mark.parametrize("drm", ["torque", "pbspro"])
@pytest.mark.parametrize(
    ("system", "implementation"), [("Torque/PBS", "x"), ("Torque", "DRMAA for PBS/Torque v. 0.1.0 (by DSP Team)")]
)
def test_torques_own_is_refused_and_another_one_proposed(
    tmp_path: Path, drm: str, system: str, implementation: str
) -> None:
    host = Host(tmp_path, drmaa=said(system, implementation))
    with pytest.raises(InvalidRequestError, match=r"TORQUE's own .* crashes, and drops native options: use pbs-drmaa"):
        examine(host.library(), drm, host.run, nothing)


@pytest.mark.parametrize(
    ("usage", "fit"), [("SGE 8.1.9\nusage: qstat", True), ("SGE 8.1.8\nusage", False), ("?", True)]
)
def test_grid_engines_is_of_the_commands_version(tmp_path: Path, usage: str, fit: bool) -> None:
    host = Host(tmp_path, drmaa=said("SGE 8.1.9"), help=usage)
    which = host.has("qstat")
    if fit:
        assert examine(host.library(), "gridengine", host.run, which)["linked"] is None
        return
    with pytest.raises(InvalidRequestError, match=r"is of SGE 8.1.9, but the commands on this host are of SGE 8.1.8"):
        examine(host.library(), "gridengine", host.run, which)


@pytest.mark.parametrize(
    ("made", "text"),
    [
        ({"machine": 183}, "another architecture (aarch64, 64 bits"),
        ({"wide": False, "machine": 3}, "another architecture (i386, 32 bits"),
        ({"kind": 2}, "is no shared library"),
    ],
)
def test_what_this_host_cannot_load_is_not_tried(tmp_path: Path, made: Dict[str, Any], text: str) -> None:
    host = Host(tmp_path)
    with pytest.raises(InvalidRequestError) as caught:
        examine(host.library(**made), "slurm", host.run, nothing)
    assert text in str(caught.value)
    assert host.commands == []


def test_what_is_no_library_or_not_there(tmp_path: Path) -> None:
    path = tmp_path / "libdrmaa.so"
    with pytest.raises(InvalidRequestError, match="No such file"):
        examine(str(path), "slurm", Host(tmp_path).run, nothing)
    path.write_text("INPUT(libdrmaa.so.1)")
    with pytest.raises(InvalidRequestError, match="no ELF file"):
        examine(str(path), "slurm", Host(tmp_path).run, nothing)


@pytest.mark.parametrize(
    ("recording", "text"),
    [("no-root", "Please set the environment variable SGE_ROOT"), ("no-client", "SGE_EXECD_PORT")],
)
def test_a_library_that_gives_up_is_told_in_its_own_words(tmp_path: Path, recording: str, text: str) -> None:
    """Grid Engine's ends the process that has loaded it."""
    host = Host(tmp_path, drmaa=recorded("drmaa/libraries/sge-8.1.9." + recording))
    with pytest.raises(CommandError, match=text):
        examine(host.library(), "gridengine", host.run, nothing)


def test_the_child_itself(tmp_path: Path) -> None:
    """A real library that is none of DRMAA's, and one that is only a header."""
    libc = next(path for path in Path("/lib").glob("*-linux-gnu*/libm.so.6"))
    with pytest.raises(CommandError, match=r"no DRMAA 1\.0 library: it has no drmaa_init, drmaa_exit"):
        examine(str(libc), "slurm", Runner(30).run, nothing)
    # One of a header alone: the loader says so, or crashes.
    with pytest.raises(CommandError, match=r"cannot be loaded|crashes with signal"):
        examine(Host(tmp_path).library(), "slurm", Runner(30).run, nothing)


def test_a_library_that_crashes(tmp_path: Path) -> None:
    host = Host(tmp_path, drmaa=CommandResult(Command(("python3",)), -11, "", ""))
    with pytest.raises(CommandError, match="asking the library, which crashes with signal 11"):
        examine(host.library(), "slurm", host.run, nothing)


def test_a_command_that_is_a_script_tells_nothing(tmp_path: Path) -> None:
    (tmp_path / "sbatch").write_text("#!/bin/sh\n")
    assert host_client("slurm", Host(tmp_path).run, lambda program: str(tmp_path / program)) is None


def test_a_client_library_that_does_not_answer_tells_nothing(tmp_path: Path) -> None:
    refused = CommandResult(Command(("python3",)), 65, "", "undefined symbol: slurm_api_version")
    host = Host(tmp_path, ldd_sbatch=recorded("drmaa/libraries/slurm-24.11.5.sbatch"), slurm=refused)
    assert host_client("slurm", host.run, host.has("sbatch", needed="libslurmfull.so")) is None
