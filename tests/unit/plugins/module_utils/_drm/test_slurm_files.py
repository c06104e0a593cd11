# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a job's output goes: what sbatch of 22.05 and 24.11 made of these patterns."""

from __future__ import annotations

import os
import pwd
from typing import Any, Optional

import pytest

from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.model import JobRequest
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.slurm import Slurm
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.slurm_files import directives, option

ACCOUNT = pwd.getpwuid(os.geteuid()).pw_name


def paths(job_id: str = "80", script: str = "#!/bin/sh\n", **fields: Any) -> tuple[str, str]:
    request = JobRequest(script, name="nm", **dict({"chdir": "/work/dir"}, **fields))
    return Slurm().output_paths(request, job_id, "/home/galaxy")


@pytest.mark.parametrize(
    ("stdout", "path"),
    [
        ("", "/work/dir/slurm-80.out"),
        ("out", "/work/dir/out"),
        ("/tmp/j%j A%A a%a x%x", "/tmp/j80 A80 a4294967294 xnm"),
        ("%% %5j.J%J s%s t%t n%n %03t", "/work/dir/% 00080.J80 sbatch t0 n0 000"),
        ("%q %-end 100%", "/work/dir/%q %-end 100%"),
        ("u%u", "/work/dir/u" + ACCOUNT),
        ("esc\\%j%x.out", "/work/dir/esc%j%x.out"),
        # The node is not known here.
        ("%x.%N", "/work/dir/%x.%N"),
    ],
)
def test_a_jobs_patterns(stdout: str, path: str) -> None:
    assert paths(stdout=stdout) == (path, path)


@pytest.mark.parametrize(
    ("job_id", "stdout", "path"),
    [
        ("78_7", "", "/work/dir/slurm-78_7.out"),
        ("78_7", "%x-%A-%3a", "/work/dir/nm-78-007"),
        # An element has a number of its own.
        ("78_7", "%j", "/work/dir/%j"),
        ("78", "", "/work/dir/slurm-%A_%a.out"),
        ("78", "%A.all", "/work/dir/78.all"),
    ],
)
def test_an_arrays_patterns(job_id: str, stdout: str, path: str) -> None:
    assert paths(job_id, array="7", stdout=stdout) == (path, path)


def test_errors_of_their_own() -> None:
    assert paths(stdout="o.%j", stderr="sub/e.%j") == ("/work/dir/o.80", "/work/dir/sub/e.80")
    assert paths(stderr="e") == ("/work/dir/slurm-80.out", "/work/dir/e")


def test_home_is_the_last_resort() -> None:
    assert paths(chdir="")[0] == "/home/galaxy/slurm-80.out"
    assert paths(chdir="", script="#!/bin/sh\n#SBATCH -D sub\n")[0] == "/home/galaxy/sub/slurm-80.out"


@pytest.mark.parametrize(
    ("script", "stdout", "native", "path"),
    [
        ("-o by-script", "", (), "by-script"),
        ("-o by-script", "asked", (), "asked"),
        ("-o by-script", "asked", ("-o", "native"), "native"),
        ("-o by-script", "asked", ("-onative",), "native"),
        ("", "asked", ("--output=native", "--output=last"), "last"),
        ("", "asked", ("--output", "native"), "native"),
    ],
)
def test_native_options_win_over_the_request_and_it_over_the_script(
    script: str, stdout: str, native: tuple[str, ...], path: str
) -> None:
    text = "#!/bin/sh\n#SBATCH %s\ntrue\n" % script
    assert paths(script=text, stdout=stdout, native_options=native)[0] == "/work/dir/" + path


def test_directives_end_where_the_script_begins() -> None:
    script = (
        "#!/bin/bash\n\n# a comment\n#SBATCH -p long --comment='two words' # why\n#SBATCH --mem=1G\n"
        "#SBATCH --unfinished='\nset -e\n#SBATCH --time=1\n"
    )
    assert directives(script) == ["-p", "long", "--comment=two words", "--mem=1G"]


@pytest.mark.parametrize(
    ("words", "value"),
    [
        ([], None),
        (["--error=e"], "e"),
        (["--error", "e"], "e"),
        (["-e", "e"], "e"),
        (["-ee"], "e"),
        (["--export=ALL"], None),
        (["-e"], None),
    ],
)
def test_options_as_they_can_be_written(words: list[str], value: Optional[str]) -> None:
    assert option(words, "--error", "-e") == value
