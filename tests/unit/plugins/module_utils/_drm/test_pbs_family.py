# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What PBS Pro and TORQUE share: the job script is run by real interpreters here, as a batch system would run it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ansible_collections.clusterjobs.drm.plugins.module_utils._drm import pbs_answer
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm import pbs_family as family
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.model import EndReason, JobRequest, JobState
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.pbs_errors import (
    OPENPBS_ERRORS,
    TORQUE_ERRORS,
    error_name,
)
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.registry import choose

AWKWARD = {
    "COMMA": "a,b",
    "QUOTES": 'it\'s "x"',
    "LINES": "one\ntwo",
    "DOLLAR": "$HOME `id` $(id)",
    "EMPTY": "",
    "UTF8": "naïve",
}
SHELLS = [shell for shell in ("/bin/sh", "/bin/bash") if os.path.exists(shell)]


def run(script: str, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    """The script as a file that the kernel starts, which is what PBS does."""
    path = tmp_path / "job.SC"
    path.write_text(script, "utf-8")
    path.chmod(0o700)
    return subprocess.run(
        [str(path)],
        cwd="/",
        env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_script_gets_directory_variables_and_arguments(shell: str, tmp_path: Path) -> None:
    work = tmp_path / "my work: 'dir'"
    work.mkdir()
    lines = ['printf "%s|" "$(pwd)" "$@"', *('printf "%%s|" "$%s"' % name for name in sorted(AWKWARD)), "exit 7"]
    script = "#!%s\n#PBS -l nice=1\n\n%s\n" % (shell, "\n".join(lines))
    request = JobRequest(script, args=("first one", "--second", "$(id)"), chdir=str(work), environment=AWKWARD)
    text = family.job_script(request)
    assert text.startswith("#!%s\n#PBS -l nice=1\n" % shell)
    done = run(text, tmp_path)
    assert done.returncode == 7
    assert done.stdout.split("|")[:-1] == [
        str(work),
        "first one",
        "--second",
        "$(id)",
        *(AWKWARD[name] for name in sorted(AWKWARD)),
    ]


def test_a_script_in_another_language_gets_them_too(tmp_path: Path) -> None:
    body = "import os, sys\nprint(os.getcwd(), sys.argv[1:], os.environ['LINES'] == 'one\\ntwo')\nsys.exit(9)\n"
    script = "#!%s -u\n#PBS -q long\n%s" % (sys.executable, body)
    text = family.job_script(JobRequest(script, args=("a b",), chdir=str(tmp_path), environment=AWKWARD))
    assert text.startswith("#!/bin/sh\n#PBS -q long\n")
    done = run(text, tmp_path)
    assert (done.stdout, done.returncode) == ("%s ['a b'] True\n" % tmp_path, 9)


def test_a_long_script_in_another_language(tmp_path: Path) -> None:
    filler = "# %s\n" % ("x" * 100) * 5000
    script = "#!/usr/bin/env %s\nprint('begun')\n%sprint('ended')\n" % (sys.executable, filler)
    done = run(family.job_script(JobRequest(script, chdir=str(tmp_path))), tmp_path)
    assert (done.stdout, done.returncode) == ("begun\nended\n", 0)


def test_a_script_with_our_end_mark_in_it(tmp_path: Path) -> None:
    script = "#!%s\n'''\nCLUSTERJOBS_END_OF_SCRIPT\n'''\nprint('whole')\n" % sys.executable
    assert run(family.job_script(JobRequest(script, chdir="/")), tmp_path).stdout == "whole\n"


def test_a_directory_that_is_not_there_ends_the_job(tmp_path: Path) -> None:
    done = run(family.job_script(JobRequest("#!/bin/sh\necho never\n", chdir=str(tmp_path / "gone"))), tmp_path)
    assert (done.returncode, done.stdout) == (1, "")


def test_a_script_alone_is_left_as_it_is() -> None:
    script = "#!/usr/bin/python3\nprint(1)\n"
    assert family.job_script(JobRequest(script)) == script


@pytest.mark.parametrize("shell", [shell for shell in ("dash", "ksh", "zsh") if shutil.which(shell)])
def test_other_posix_shells(shell: str, tmp_path: Path) -> None:
    done = run(
        family.job_script(JobRequest('#!/usr/bin/env %s\necho "$1"\n' % shell, args=("x y",), chdir="/")), tmp_path
    )
    assert done.stdout == "x y\n"


SCRIPT = "#!/bin/sh\n#PBS -q long\n#PBS -e 'my errors' # words\n#PBS -jeo\n\ntrue\n#PBS -o late\n"


def test_the_scripts_own_options() -> None:
    words = family.directives(SCRIPT)
    assert words == ["-q", "long", "-e", "my errors", "-jeo"]
    assert (family.option(words, "-e"), family.option(words, "-j"), family.option(words, "-o")) == (
        "my errors",
        "eo",
        None,
    )


@pytest.mark.parametrize(
    ("script", "fields", "words", "paths"),
    [
        ("#!/bin/sh\n", {}, ["-o", "/work/a-t.o", "-j", "oe"], ("/work/a-t.o", "/work/a-t.o")),
        ("#!/bin/sh\n", {"stdout": "out"}, ["-o", "/work/out", "-j", "oe"], ("/work/out", "/work/out")),
        ("#!/bin/sh\n", {"stdout": "/o", "stderr": "e"}, ["-o", "/o", "-e", "/work/e"], ("/o", "/work/e")),
        ("#!/bin/sh\n", {"stderr": "e"}, ["-o", "/work/a-t.o", "-e", "/work/e"], ("/work/a-t.o", "/work/e")),
        ("#!/bin/sh\n", {"native_options": ("-o", "host:/n")}, ["-j", "oe"], ("/n", "/n")),
        ("#!/bin/sh\n", {"native_options": ("-on", "-e", "m")}, [], ("/home/u/n", "/home/u/m")),
        ("#!/bin/sh\n#PBS -o s\n", {}, ["-j", "oe"], ("/home/u/s", "/home/u/s")),
        ("#!/bin/sh\n#PBS -o s\n", {"stdout": "out"}, ["-o", "/work/out", "-j", "oe"], ("/work/out", "/work/out")),
        ("#!/bin/sh\n#PBS -o s -e t\n", {}, [], ("/home/u/s", "/home/u/t")),
        ("#!/bin/sh\n#PBS -o s -e t -j eo\n", {}, [], ("/home/u/t", "/home/u/t")),
    ],
)
def test_where_the_output_goes(script: str, fields: dict[str, str], words: list[str], paths: tuple[str, str]) -> None:
    request = JobRequest(script, name="a", token="t", chdir="/work", **fields)
    assert family.output_options(request, "a-t.o") == words
    assert family.output_paths(request, "a-t.o", "/home/u") == paths


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("Sun Nov 22 09:38:46 2026", 1795340326),
        ("Thu Jan  1 00:00:01 1970", 1),
        ("1795340326", 1795340326),
        ("", None),
        ("-", None),
        ("UNKNOWN", None),
        ("Sun Foo 22 09:38:46 2026", None),
        ("9" * 30, None),
    ],
)
def test_times(text: str, seconds: int | None) -> None:
    assert pbs_answer.epoch(text) == seconds


@pytest.mark.parametrize(
    ("exit_status", "code", "signal", "reason"),
    [
        (0, 0, None, None),
        (1, 1, None, None),
        (137, 137, None, None),
        (254, 254, None, None),
        (265, None, 9, EndReason.SIGNAL),
        (271, None, 15, EndReason.SIGNAL),
        (256, None, None, EndReason.OTHER),
        (999, None, None, EndReason.SIGNAL),
    ],
)
def test_exit_statuses(exit_status: int, code: int | None, signal: int | None, reason: EndReason | None) -> None:
    assert pbs_answer.how_it_ended(exit_status)[:3] == (code, signal, reason)


def test_words_about_exit_codes_that_may_mean_more() -> None:
    assert "signal 9" in pbs_answer.how_it_ended(137)[3]
    assert "shell" in pbs_answer.how_it_ended(254)[3]


@pytest.mark.parametrize(
    ("hold_types", "depend", "state"),
    [
        ("u", "", JobState.HELD),
        ("us", "afterok:1.srv", JobState.HELD),
        ("o", "", JobState.HELD),
        ("s", "", JobState.HELD),
        ("s", "afterok:1.srv", JobState.QUEUED),
        # The limit of an array's slots.
        ("l", "", JobState.QUEUED),
        ("", "", JobState.HELD),
    ],
)
def test_holds(hold_types: str, depend: str, state: JobState) -> None:
    assert pbs_answer.held_or_queued(hold_types, depend) is state


def test_return_codes_have_each_systems_own_names() -> None:
    names = [
        (rc, error_name(rc, OPENPBS_ERRORS), error_name(rc, TORQUE_ERRORS)) for rc in (153, 159, 170, 175, 187, 35, 2)
    ]
    assert names == [
        (153, "PBSE_UNKJOBID (15001)", "PBSE_UNKJOBID (15001)"),
        (159, "PBSE_PERM (15007)", "PBSE_PERM (15007)"),
        (170, "PBSE_UNKQUE (15018)", "PBSE_BADSTATE (15018)"),
        (175, "PBSE_BADUSER (15023)", "PBSE_QUNOENB (15023)"),
        (187, "PBSE_UNKRESC (15035)", "PBSE_NOCONNECTS (15035)"),
        (35, "PBSE_HISTJOBID (15139)", ""),
        (2, "", ""),
    ]
    # In TORQUE 15025 is a bad user, in OpenPBS a queue that is there already.
    assert (TORQUE_ERRORS[15025], OPENPBS_ERRORS[15025]) == ("PBSE_BADUSER", "PBSE_QUEEXIST")


BASE = ("qsub", "qstat", "qdel", "qselect", "qhold", "qrls", "pbsnodes", "qmgr")


@pytest.mark.parametrize(
    ("commands", "name"),
    [
        ((*BASE, "pbs_rstat", "pbs_rsub"), "pbspro"),
        ((*BASE, "qchkpt", "pbs-config"), "torque"),
    ],
)
def test_pbs_pro_and_torque_are_told_apart_by_their_commands(commands: tuple[str, ...], name: str) -> None:
    assert choose("auto", lambda program: program if program in commands else None).name == name
    # A user can always name one, whatever is on the PATH.
    assert choose("pbspro", lambda program: None).name == "pbspro"
    assert choose("torque", lambda program: None).name == "torque"
