# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The submit description: a script, its arguments and variables arrive as they are, and what cannot is refused by name."""

from __future__ import annotations

import dataclasses
import os
import re
import subprocess
from pathlib import Path

import pytest

from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.errors import InvalidRequestError
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.htcondor import HTCondor
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.htcondor_description import array_indices
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.model import JobRequest

DRM = HTCondor()
REQUEST = JobRequest("#!/bin/sh\ntrue\n", name="index", token="0123456789")
ODD = "two  words; $(HOME) $$(x) `id` 'single' \"double\" back\\slash \\n \\0101 %s # \u00fc\u20ac\t\x01\nnew line\n"


def arguments_of(request: JobRequest) -> list[str]:
    """The arguments as HTCondor takes them out of the description: condor_submit(1), new syntax, after its own macros."""
    [line] = [line for line in (DRM.build_submit(request).stdin or "").splitlines() if line.startswith("arguments = ")]
    text = line[len("arguments = ") :]
    assert text[0] == text[-1] == '"'
    inner = text[1:-1].replace('""', "\0").replace("$(DOLLAR)", "\1")
    assert '"' not in inner
    assert "$" not in inner
    words = re.findall(r"'([^']*)'", inner)
    assert " ".join("'%s'" % word for word in words) == inner
    return [word.replace("\0", '"').replace("\1", "$") for word in words]


def run(request: JobRequest, directory: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """The job as a node runs it: HTCondor gives it no PATH and no HOME."""
    return subprocess.run(
        ["/bin/sh", *arguments_of(request)],
        env={"_CONDOR_SCRATCH_DIR": str(directory), **environ},
        capture_output=True,
        check=False,
        encoding="utf-8",
        timeout=60,
    )


def test_a_description_has_only_lines_that_can_be_printed() -> None:
    text = DRM.build_submit(dataclasses.replace(REQUEST, script="#!/bin/sh\n" + ODD, args=(ODD,))).stdin or ""
    assert text.isascii()
    assert all(line.isprintable() and not line.endswith("\\") for line in text.splitlines())


def test_script_arguments_and_variables_arrive_as_they_are(tmp_path: Path) -> None:
    script = '#!/bin/sh\n: \'%s\'\nprintf "%%s|" "$ODD" "$#" "$@"\ncat "$0"\nexit 5\n' % ODD.replace("'", "")
    request = dataclasses.replace(REQUEST, script=script, args=(ODD, "", "-n"), environment={"ODD": ODD})
    done = run(request, tmp_path)
    assert done.stdout == "|".join([ODD, "3", ODD, "", "-n", ""]) + script
    assert (done.returncode, done.stderr) == (5, "")


def test_a_job_has_what_a_login_has(tmp_path: Path) -> None:
    script = '#!/bin/sh\nenv | grep -E "^(PATH|HOME|USER|LOGNAME)=" | sort\n'
    lines = run(dataclasses.replace(REQUEST, script=script), tmp_path).stdout.splitlines()
    assert [line.partition("=")[0] for line in lines] == ["HOME", "LOGNAME", "PATH", "USER"]
    assert "HOME=%s" % os.path.expanduser("~" + os.environ.get("USER", "root")) in lines
    given = run(dataclasses.replace(REQUEST, script=script), tmp_path, PATH="/opt/x:/usr/bin:/bin", HOME="/there")
    assert {"PATH=/opt/x:/usr/bin:/bin", "HOME=/there"} <= set(given.stdout.splitlines())


def test_standard_error_goes_where_standard_output_goes_unless_it_has_a_file(tmp_path: Path) -> None:
    script = "#!/bin/sh\necho out; echo err >&2\n"
    assert run(dataclasses.replace(REQUEST, script=script), tmp_path).stdout == "out\nerr\n"
    apart = run(dataclasses.replace(REQUEST, script=script, stderr="e"), tmp_path)
    assert (apart.stdout, apart.stderr) == ("out\n", "err\n")


def test_a_signal_is_the_scripts_own(tmp_path: Path) -> None:
    assert run(dataclasses.replace(REQUEST, script="#!/bin/sh\nkill -SEGV $$\n"), tmp_path).returncode == -11


def test_nothing_new_lies_in_the_scratch_directory_itself(tmp_path: Path) -> None:
    """HTCondor brings new files of it back to the submit host; directories stay where they are."""
    run(REQUEST, tmp_path)
    assert all(path.is_dir() for path in tmp_path.iterdir())


def test_a_large_script_travels_in_pieces_and_a_larger_one_is_refused(tmp_path: Path) -> None:
    script = "#!/bin/sh\n" + "# $ '\n" * 20000 + "wc -c < $0\n"
    request = dataclasses.replace(REQUEST, script=script)
    DRM.check_request(request)
    assert max(map(len, arguments_of(request))) <= 100000
    assert run(request, tmp_path).stdout.strip() == str(len(script))
    with pytest.raises(InvalidRequestError, match="script: with args and environment it takes"):
        DRM.check_request(dataclasses.replace(REQUEST, script=script * 3))


@pytest.mark.parametrize(
    ("array", "indices"),
    [("7", [7]), ("1-4", [1, 2, 3, 4]), ("0-8:4", [0, 4, 8]), ("1,3,5-9:2,3", [1, 3, 5, 7, 9])],
)
def test_the_indices_of_an_array(array: str, indices: list[int]) -> None:
    assert array_indices(array) == indices


@pytest.mark.parametrize("array", ["1-10%2", "5-1", "1-9:0", "1-9999999999", "0-99999,200000"])
def test_an_array_that_cannot_be_had_is_refused_by_name(array: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        DRM.check_request(dataclasses.replace(REQUEST, array=array))
    assert caught.value.field == "array"


@pytest.mark.parametrize("option", ["chdir", "stdout", "stderr"])
@pytest.mark.parametrize("path", [" /x", "/x ", "/x\\", '"/x"', "/x\ty", "/x\r", "/x\x85"])
def test_a_path_that_a_description_cannot_carry_is_refused_by_name(option: str, path: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        DRM.check_request(dataclasses.replace(REQUEST, **{option: path}))
    assert caught.value.field == option


def test_paths_are_not_macros() -> None:
    request = dataclasses.replace(
        REQUEST, chdir="/a b/$(HOME)", stdout='o "q" $ENV(X) $(Cluster) \u00fc', stderr="$$(e)"
    )
    DRM.check_request(request)
    lines = (DRM.build_submit(request).stdin or "").splitlines()
    assert lines[:3] == [
        "initialdir = /a b/$(DOLLAR)(HOME)",
        'output = o "q" $(DOLLAR)ENV(X) $(Cluster) \u00fc',
        "error = $(DOLLAR)$(DOLLAR)(e)",
    ]


@pytest.mark.parametrize(
    "item",
    [
        'requirements = (Machine == "node1")',
        "  Request_Disk=1G",
        '+Project = "x"',
        "MY.Project = 3",
        "my.project = 3",
        "max_retries = 2",
        "periodic_remove = JobStatus == 5",
    ],
)
def test_the_users_own_words(item: str) -> None:
    request = dataclasses.replace(REQUEST, native_options=(item,))
    DRM.check_request(request)
    assert item in (DRM.build_submit(request).stdin or "").splitlines()


def test_a_macro_that_another_item_uses() -> None:
    DRM.check_request(dataclasses.replace(REQUEST, native_options=("size = 3", "request_disk = $(size)G")))


@pytest.mark.parametrize(
    ("item", "said"),
    [
        # condor_submit would only warn of it, and submit the job without it.
        ("request_memry = 5", "which may mean request_memory"),
        ("nosuchcommand = 1", "does not know nosuchcommand"),
        ("--partition=long", "one command of a submit description"),
        ("-append", "one command of a submit description"),
        ("queue 100", "one command of a submit description"),
        ("queue = 100", "option array"),
        ("include : /etc/passwd", "one command of a submit description"),
        ("if true", "one command of a submit description"),
        ("rank @=end", "one command of a submit description"),
        ("rank = 1 \\", "one command of a submit description"),
        ("rank = 1\rqueue", "one command of a submit description"),
        ("Executable = /bin/false", "option command"),
        ("ARGUMENTS = x", "option args"),
        ("batch_name = mine", "option name"),
        ("environment = A=1", "option environment"),
        ("output = x", "option stdout"),
        ("hold = true", "option hold"),
        ("max_materialize = 2", "option array"),
        ('+JobBatchName = "mine"', "is set by HTCondor"),
        ("MY.JobStatus = 4", "is set by HTCondor"),
        ('my.ClusterjobsUser = "bob"', "is set by HTCondor"),
    ],
)
def test_words_that_are_refused_by_name(item: str, said: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        DRM.check_request(dataclasses.replace(REQUEST, native_options=("rank = 1", item)))
    assert said in str(caught.value)
    assert repr(item) in str(caught.value)


@pytest.mark.parametrize("item", ["periodic_remove = false", "allowed_execute_duration = 9"])
def test_a_policy_that_would_undo_the_walltime(item: str) -> None:
    """Measured: with any periodic_remove, HTCondor keeps no allowed_execute_duration."""
    with pytest.raises(InvalidRequestError, match="this would undo"):
        DRM.check_request(dataclasses.replace(REQUEST, native_options=(item,), walltime_seconds=9))
