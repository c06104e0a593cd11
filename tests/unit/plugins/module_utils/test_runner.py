# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The runner runs real commands here: what it does for the DRM's commands only a process can show."""

from __future__ import annotations

import os
import select
import signal
import sys
import time
from pathlib import Path

import pytest

from ansible_collections.clusterjobs.drm.plugins.module_utils import _runner
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.errors import DrmError
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.model import Command
from ansible_collections.clusterjobs.drm.plugins.module_utils._runner import Runner, lasting_directory


def python(code: str, *arguments: str, **named) -> Command:
    return Command((sys.executable, "-c", code, *arguments), **named)


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 20
    while not path.exists():
        assert time.monotonic() < deadline, path
        time.sleep(0.01)


def test_what_a_command_says(monkeypatch: pytest.MonkeyPatch) -> None:
    code = "import sys; print(sys.stdin.read()); print('no', file=sys.stderr); sys.exit(3)"
    result = Runner(10).run(python(code, stdin="größe"))
    assert (result.rc, result.stdout, result.stderr, result.timed_out) == (3, "größe\n", "no\n", False)


def test_no_shell_reads_the_arguments() -> None:
    odd = ("$HOME", "a b", "*", ";id", "")
    result = Runner(10).run(python("import sys; print(sys.argv[1:])", *odd))
    assert result.stdout == "%r\n" % (list(odd),)


def test_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    monkeypatch.setenv("KEPT", "1")
    code = "import os; print(os.environ['LC_ALL'], os.environ['KEPT'], os.environ.get('ADDED'))"
    assert Runner(10).run(python(code)).stdout == "C 1 None\n"
    assert Runner(10).run(python(code, environ={"ADDED": "x", "KEPT": "2"})).stdout == "C 2 x\n"
    # A job's own variable of that name is the job's to set.
    assert Runner(10).run(python(code, environ={"LC_ALL": "fr_FR.UTF-8"})).stdout == "fr_FR.UTF-8 1 None\n"


def test_the_directory(tmp_path: Path) -> None:
    code = "import os; print(os.getcwd())"
    assert Runner(10).run(python(code, directory=str(tmp_path))).stdout == "%s\n" % tmp_path
    with pytest.raises(DrmError, match="not there"):
        Runner(10).run(python(code, directory=str(tmp_path / "not there")))


def test_the_directory_of_a_command_that_names_none(tmp_path: Path) -> None:
    say = (sys.executable, "-c", "import os; print(os.getcwd())")
    runner = Runner(10, directory=str(tmp_path))
    assert runner.run(Command(say)).stdout == f"{tmp_path}\n"
    assert runner.run(Command(say, directory="/")).stdout == "/\n"


@pytest.mark.parametrize(("home", "directory"), [("", "/"), ("there", "there"), ("gone", "/"), ("a-file", "/")])
def test_a_directory_that_lasts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: str, directory: str) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "a-file").touch()
    monkeypatch.setenv("HOME", str(tmp_path / home) if home else "relative")
    assert lasting_directory() == (str(tmp_path / directory) if home else "/")


def test_bytes_that_are_no_text() -> None:
    code = "import sys; sys.stdout.buffer.write(sys.stdin.buffer.read() + b'\\xfe')"
    assert Runner(10).run(python(code, stdin="\udcff")).stdout == "\\xff\\xfe"


def test_a_command_that_cannot_start(tmp_path: Path) -> None:
    for argv, said in (
        (("no-such-program",), "No such file"),
        ((str(tmp_path),), "Permission denied"),
        (("a\0b",), "null byte"),
    ):
        with pytest.raises(DrmError, match="cannot start .*%s.*Nothing of it has run" % said):
            Runner(10).run(Command(argv))


def test_a_text_that_cannot_be_sent() -> None:
    for wrong in (Command(("true",), stdin="\ud800"), Command(("true",), environ={"X": "\ud800"})):
        with pytest.raises(DrmError, match="surrogates not allowed"):
            Runner(10).run(wrong)


def test_a_command_that_outlives_us_reads_all_of_its_input(tmp_path: Path) -> None:
    """sbatch takes the half of a script that is in a pipe for a script."""
    begun, killed, read = (tmp_path / name for name in ("begun", "killed", "read"))
    slow = (
        "import os, sys, time\nbegun, killed, read = sys.argv[1:]\nopen(begun, 'w')\n"
        "while not os.path.exists(killed): time.sleep(0.01)\n"
        "open(read + '.new', 'w').write(sys.stdin.read())\nos.rename(read + '.new', read)"
    )
    pid = os.fork()
    if pid == 0:
        Runner(60).run(python(slow, str(begun), str(killed), str(read), stdin="x" * 500_000))
    wait_for(begun)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    killed.touch()
    wait_for(read)
    assert len(read.read_text()) == 500_000


def test_a_command_line_that_is_too_long() -> None:
    with pytest.raises(DrmError, match="Argument list too long"):
        Runner(10).run(Command(("true",), environ={"X": "x" * 200_000}))


def test_the_time_limit_ends_the_command_and_its_children() -> None:
    code = "import os, time; print('begun', flush=True); os.fork(); time.sleep(100)"
    # Whoever has the writing end lives: its end of file is theirs.
    reading, writing = os.pipe()
    begin = time.monotonic()
    result = Runner(0.5).run(python(code), inherit_fds=(writing,))
    assert time.monotonic() - begin < 5
    assert (result.rc, result.timed_out, result.stdout) == (124, True, "begun\n")
    assert "time limit of 0.5 s" in result.stderr
    os.close(writing)
    assert select.select([reading], [], [], 5)[0]
    assert os.read(reading, 1) == b""
    os.close(reading)


def test_a_daemon_that_holds_the_output_does_not_hold_us(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_runner, "_DRAIN_SECONDS", 0.2)
    code = (
        "import os, sys, time\nprint('begun', flush=True)\n"
        "if os.fork() == 0:\n os.setsid()\n open(sys.argv[1], 'w').write(str(os.getpid()))\n time.sleep(100)\ntime.sleep(100)"
    )
    begin = time.monotonic()
    try:
        result = Runner(0.5).run(python(code, str(tmp_path / "pid")))
        assert time.monotonic() - begin < 5
        assert (result.rc, result.timed_out, result.stdout) == (124, True, "begun\n")
    finally:
        os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)


def test_a_command_that_a_signal_ends() -> None:
    assert Runner(10).run(python("import os; os.kill(os.getpid(), 9)")).rc == -9


def test_the_command_has_a_session_and_the_descriptors_it_is_given(tmp_path: Path) -> None:
    given = os.open(str(tmp_path), os.O_RDONLY | os.O_CLOEXEC)
    kept = os.open(str(tmp_path), os.O_RDONLY)
    os.set_inheritable(kept, True)
    code = (
        "import os, sys\ndef is_open(fd):\n try: os.fstat(int(fd))\n except OSError: return False\n return True\n"
        "print(os.getsid(0) == os.getpid(), *map(is_open, sys.argv[1:]))"
    )
    try:
        result = Runner(10).run(python(code, str(given), str(kept)), inherit_fds=(given,))
    finally:
        os.close(given)
        os.close(kept)
    assert result.stdout == "True True False\n"


def test_each_command_is_remembered_once() -> None:
    runner = Runner(10)
    for text in ("1", "2", "1"):
        runner.run(Command(("true", text), stdin="secret", environ={"S": "secret"}))
    for nonce in ("0a", "1b"):
        assert (
            runner.run(Command(("echo", "--delimiter=|%s|" % nonce), nonce=nonce)).stdout
            == "--delimiter=|%s|\n" % nonce
        )
    assert runner.commands == [["true", "1"], ["true", "2"], ["echo", "--delimiter=||"]]
