# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The job script, and how its secrets reach it. Scripts are run by real shells where that is the question."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import List

import pytest

from ansible_collections.clusterjobs.drm.plugins.module_utils._drm import script as script_module
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.errors import DrmError, InvalidRequestError
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.model import JobState
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.script import (
    read_script,
    script_from_command,
    script_from_text,
    with_arguments,
    with_secrets,
    write_secrets,
)
from ansible_collections.clusterjobs.drm.tests.unit.helpers.fake_drm import FakeCluster, answering
from ansible_collections.clusterjobs.drm.tests.unit.helpers.orders import order, submitter

SECRETS = {"TOKEN": 'it\'s $HOME; `id`\nand "more"', "PASSWORD": "abcdefgh"}


def run(text: str, path: Path, *arguments: str) -> str:
    path.write_text(text)
    path.chmod(0o700)
    return subprocess.run([str(path), *arguments], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize(
    ("argv", "name"),
    [
        (["/opt/tools/bwa", "index"], "bwa"),
        (["-odd"], "odd"),
        (["./größe x"], "gr__e_x"),
        (["/"], "job"),
        (["..."], "job"),
        (["x" * 100], "x" * 64),
    ],
)
def test_a_commands_job_is_named_after_its_program(argv: List[str], name: str) -> None:
    assert script_from_command(argv).name == name


def test_a_command_keeps_its_arguments_and_its_exit_code(tmp_path: Path) -> None:
    odd = ["a b", "$HOME", "it's", "*", "", 'q"q', "new\nline"]
    text = script_from_command(["printf", "<%s>", *odd]).text
    assert run(text, tmp_path / "job") == "".join("<%s>" % item for item in odd)
    (tmp_path / "job").write_text(script_from_command(["sh", "-c", "exit 7"]).text)
    assert subprocess.run(["sh", str(tmp_path / "job")], check=False).returncode == 7


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("true", "#!/bin/bash\ntrue\n"),
        ("true\n", "#!/bin/bash\ntrue\n"),
        ("#SBATCH --mem=1\ntrue\n", "#!/bin/bash\n#SBATCH --mem=1\ntrue\n"),
        ("#!/usr/bin/python3\nprint()\n", "#!/usr/bin/python3\nprint()\n"),
    ],
)
def test_bash_runs_a_text_without_interpreter(text: str, expected: str) -> None:
    assert script_from_text(text).text == expected


def test_a_file_is_read_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "my job.sh"
    path.write_bytes(b"#!/bin/sh\r\necho \xe9\n")
    found = read_script(str(path))
    assert found.name == "my_job.sh"
    assert found.text.encode("utf-8", "surrogateescape") == path.read_bytes()


@pytest.mark.parametrize(
    ("data", "said"),
    [(b"", "is empty"), (b" \n", "is empty"), (b"\x7fELF\0", "use command"), (b"a" * 4194305, "larger than")],
)
def test_a_file_that_is_no_script_is_refused(tmp_path: Path, data: bytes, said: str) -> None:
    path = tmp_path / "job"
    path.write_bytes(data)
    with pytest.raises(InvalidRequestError, match=said) as caught:
        read_script(str(path))
    assert caught.value.field == "src"
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(("name", "said"), [("missing", "No such file"), ("", "Is a directory")])
def test_a_missing_file_is_named(tmp_path: Path, name: str, said: str) -> None:
    with pytest.raises(InvalidRequestError, match="src: cannot read .*%s" % said):
        read_script(str(tmp_path / name))


def test_the_secrets_come_behind_the_directives(tmp_path: Path) -> None:
    text = "#!/bin/bash\n# about\n\n#SBATCH --mem=1\n\necho $TOKEN\n#SBATCH --late\n"
    lines = with_secrets(text, "/s p/x").split("\n")
    assert lines == [
        "#!/bin/bash",
        "# about",
        "",
        "#SBATCH --mem=1",
        "",
        ". '/s p/x'",
        "echo $TOKEN",
        "#SBATCH --late",
        "",
    ]


def test_a_script_of_comments_alone_can_have_secrets() -> None:
    assert with_secrets("#!/bin/sh\n# nothing", "/s") == "#!/bin/sh\n# nothing\n. /s"


@pytest.mark.parametrize(
    "shebang",
    [
        "#!/bin/sh",
        "#!/bin/bash -eu",
        "#! /usr/bin/env bash",
        "#!/bin/dash",
        "#!/usr/local/bin/zsh",
        "#!/bin/ksh",
    ],
)
def test_posix_shells_can_read_secrets(shebang: str) -> None:
    assert "\n. /s\n" in with_secrets(shebang + "\ntrue\n", "/s")


@pytest.mark.parametrize(
    "shebang",
    [
        "#!/usr/bin/python3",
        "#!/usr/bin/env python3",
        "#!/bin/csh",
        "#!/bin/tcsh",
        "#!/usr/bin/fish",
        "#!/opt/sh/perl",
        "#!/bin/shfoo",
    ],
)
def test_other_interpreters_cannot(shebang: str) -> None:
    with pytest.raises(InvalidRequestError, match="names no POSIX shell") as caught:
        with_secrets(shebang + "\ntrue\n", "/s")
    assert caught.value.field == "secret_environment"
    assert shebang in str(caught.value)


@pytest.mark.parametrize("shell", ["#!/bin/sh", "#!/bin/bash -u"])
def test_the_script_sees_the_secrets_exactly(tmp_path: Path, shell: str) -> None:
    path = tmp_path / "secrets" / "x.sh"
    write_secrets(str(path), SECRETS)
    text = with_secrets(shell + "\n#SBATCH x\nprintenv TOKEN PASSWORD\n", str(path))
    assert run(text, tmp_path / "job") == "%s\n%s\n" % (SECRETS["TOKEN"], SECRETS["PASSWORD"])


def test_the_secrets_are_their_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "secrets" / "x.sh"
    before = os.umask(0)
    try:
        write_secrets(str(path), SECRETS)
        path.chmod(0o644)
        write_secrets(str(path), {"NEW": "abcdefgh"})
    finally:
        os.umask(before)
    assert path.read_text() == "export NEW=abcdefgh\n"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert list(path.parent.iterdir()) == [path]


def test_an_interrupted_writer_is_not_in_the_way(tmp_path: Path) -> None:
    path = tmp_path / "x.sh"
    (tmp_path / "x.sh.new").write_text("half of a much longer secret")
    (tmp_path / "x.sh.new").chmod(0o600)
    write_secrets(str(path), {"A": "abcdefgh"})
    assert path.read_text() == "export A=abcdefgh\n"


def test_a_place_where_secrets_cannot_be_written_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(script_module.os, "replace", full)
    with pytest.raises(DrmError, match=r"secrets' file .*x\.sh: No space left on device") as caught:
        write_secrets(str(tmp_path / "x.sh"), SECRETS)
    assert "abcdefgh" not in str(caught.value)


class TestSubmission:
    """Secrets of a job under its key."""

    @pytest.fixture
    def cluster(self) -> FakeCluster:
        return FakeCluster()

    def test_they_are_in_the_file_alone(self, cluster: FakeCluster, tmp_path: Path) -> None:
        starter = submitter(cluster, tmp_path)
        job = starter.submit(order(secrets=SECRETS))
        path = Path(starter.secrets.path(job.request.token))
        assert path.parent == tmp_path / "secrets"
        assert "PASSWORD=abcdefgh" in path.read_text()
        command = cluster.submissions[0]
        assert ". %s\n" % path in (command.stdin or "")
        told = "%r %s" % (command, Path(starter.journal.path("index")).read_text())
        assert "abcdefgh" not in told

    def test_they_go_when_the_job_has_ended(self, cluster: FakeCluster, tmp_path: Path) -> None:
        starter = submitter(cluster, tmp_path)
        job = starter.submit(order(secrets=SECRETS))
        cluster.end(job.job_id, JobState.DONE)
        starter.note_end(job, starter.client.statuses([job.job_id]).jobs[job.job_id])
        assert not list((tmp_path / "secrets").iterdir())

    def test_they_go_when_the_job_is_refused(self, cluster: FakeCluster, tmp_path: Path) -> None:
        cluster.faults["fsub"] = [answering(1)]
        with pytest.raises(DrmError, match="refused"):
            submitter(cluster, tmp_path).submit(order(secrets=SECRETS))
        assert not list((tmp_path / "secrets").iterdir())

    def test_a_script_that_cannot_read_them_is_refused_first(self, cluster: FakeCluster, tmp_path: Path) -> None:
        with pytest.raises(InvalidRequestError, match="names no POSIX shell"):
            submitter(cluster, tmp_path).submit(order(script="#!/usr/bin/python3\n", secrets=SECRETS))
        assert not cluster.commands
        assert not list(tmp_path.iterdir())

    def test_another_value_is_the_same_job_and_another_name_is_not(self, cluster: FakeCluster, tmp_path: Path) -> None:
        submitter(cluster, tmp_path).submit(order(secrets={"A": "first-value"}))
        assert submitter(cluster, tmp_path, "task-2").submit(order(secrets={"A": "other-value"})).job_id == "101"
        with pytest.raises(DrmError, match="differs in secret_environment"):
            submitter(cluster, tmp_path, "task-2").submit(order(secrets={"B": "first-value"}))


@pytest.mark.parametrize("shell", ["#!/bin/sh", "#!/bin/bash -e", "#!/usr/bin/env bash"])
def test_arguments_reach_a_script_that_comes_without_them(shell: str) -> None:
    text = with_arguments(shell + "\n#BSUB -n 2\nprintf '<%s>' \"$@\"\n", ("two words", "it's", "$HOME;*", "", "-x"))
    assert text.split("\n")[1] == "#BSUB -n 2"
    done = subprocess.run(
        [shell[2:].split()[-1] if "env" in shell else "/bin/bash"],
        input=text,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "<two words><it's><$HOME;*><><-x>"


def test_no_arguments_change_nothing_and_no_shell_takes_any() -> None:
    assert with_arguments("#!/usr/bin/python3\n", ()) == "#!/usr/bin/python3\n"
    with pytest.raises(InvalidRequestError, match="args: the script's first line"):
        with_arguments("#!/usr/bin/python3\n", ("a",))
