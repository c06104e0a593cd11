# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs behind a wrapper, laid out as Debian's Grid Engine is: the wrapper itself says when it is run."""

from __future__ import annotations

from pathlib import Path
from typing import Optional

import pytest

from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.model import Command, Wrapper
from ansible_collections.clusterjobs.drm.plugins.module_utils._runner import Runner

# As the package gridengine-common has it.
DEBIAN = """\
# Sun Grid Engine configuration

SGE_START_MASTERD=yes
SGE_ROOT=/var/lib/gridengine

# SGE_CELL will default to default
SGE_CELL="sitecell"
SGE_ARCH=`"$SGE_ROOT/util/arch"`
"""
TELLING = '#!/bin/sh\necho "%s $(basename "$0") $SGE_ROOT $SGE_CELL $*"\n'


def program(path: Path, text: str) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A host whose qsub is the wrapper."""
    program(tmp_path / "wrapper", TELLING % "wrapper")
    program(tmp_path / "lib" / "qsub", TELLING % "program")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "qsub").symlink_to("../wrapper")
    monkeypatch.setenv("PATH", "%s:/usr/bin:/bin" % (tmp_path / "bin"))
    for name in ("SGE_ROOT", "SGE_CELL"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def said(host: Path, settings: Optional[str] = DEBIAN, **environ: str) -> str:
    if settings is not None:
        (host / "settings").write_text(settings)
    defaults = {"SGE_ROOT": "/default/root", "SGE_CELL": "default"}
    wrapper = Wrapper(str(host / "wrapper"), str(host / "lib"), str(host / "settings"), defaults)
    return Runner(10, wrapper).run(Command(("qsub", "a b"), environ=environ)).stdout.strip()


def test_the_program_is_run_with_what_the_wrapper_would_set(host: Path) -> None:
    assert said(host) == "program qsub /var/lib/gridengine sitecell a b"


def test_without_settings_the_defaults_hold(host: Path) -> None:
    assert said(host, settings=None) == "program qsub /default/root default a b"


def test_what_is_set_already_goes_first(host: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SGE_ROOT", "/opt/sge")
    assert said(host) == "program qsub /opt/sge sitecell a b"
    # The request's own cluster.
    assert said(host, SGE_CELL="other") == "program qsub /opt/sge other a b"


@pytest.mark.parametrize("line", ["SGE_ROOT=`cat /root.txt`", "SGE_CELL=$HOME", "[ -z 1 ] || SGE_CELL=x", ". /etc/x"])
def test_what_takes_a_shell_is_left_to_the_wrapper(host: Path, line: str) -> None:
    assert said(host, DEBIAN + line + "\n").startswith("wrapper qsub")


def test_another_qsub_is_run_as_it_is(host: Path) -> None:
    (host / "bin" / "qsub").unlink()
    program(host / "bin" / "qsub", TELLING % "own")
    assert said(host).startswith("own qsub")


def test_a_wrapper_without_its_program_is_run_as_it_is(host: Path) -> None:
    (host / "lib" / "qsub").unlink()
    assert said(host).startswith("wrapper qsub")


def test_a_runner_without_one_looks_for_none(host: Path) -> None:
    runner = Runner(10)
    assert runner.run(Command(("qsub",))).stdout.startswith("wrapper qsub")
    assert runner.commands == [["qsub"]]
