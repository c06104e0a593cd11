# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole playbook on this host alone, as whoever runs the tests: no root, no daemon, all below one directory."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.clusterjobs.drm.tests.unit.helpers.play import COLLECTIONS

PLAYBOOK = Path(__file__).parents[3] / "playbooks" / "connect_galaxy.yml"


def run(place: Path, *arguments: str, **variables: Any) -> subprocess.CompletedProcess[str]:
    extra = {
        "galaxyservers": "localhost",
        "galaxy_root": str(place / "galaxy"),
        "ansible_connection": "local",
        "ansible_python_interpreter": sys.executable,
        **variables,
    }
    argv = [str(Path(sys.executable).with_name("ansible-playbook")), "--inventory=localhost,", str(PLAYBOOK)]
    environ = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS), "ANSIBLE_NOCOLOR": "1"}
    return subprocess.run(
        [*argv, "--extra-vars", json.dumps(extra), *arguments],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        cwd=place,
    )


def connect(place: Path, *arguments: str) -> tuple[str, int]:
    """What was printed, and how many tasks changed something."""
    answer = run(place, *arguments)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    recap = re.search(r"^localhost .* changed=(\d+) .* failed=0 ", answer.stdout, flags=re.MULTILINE)
    assert recap, answer.stdout
    return answer.stdout, int(recap[1])


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("place")


def test_a_check_on_a_fresh_host_foretells_and_does_nothing(place: Path) -> None:
    changes = connect(place, "--check", "--diff")[1]
    assert changes > 0
    assert not (place / "galaxy").exists()


def test_the_first_run_makes_everything_and_the_second_changes_nothing(place: Path) -> None:
    output, changes = connect(place)
    assert changes > 0
    assert (place / "galaxy").owner() == Path(place).owner()
    assert {path.name for path in (place / "galaxy").iterdir()} == {"config", "datasets", "jobs", "var"}
    native = yaml.safe_load((place / "galaxy" / "config" / "job_conf.yml").read_text())
    assert native["execution"]["default"] == "local"
    assert "galaxy_service_manager is none" in output
    assert connect(place)[1] == 0


@pytest.mark.parametrize(
    ("variables", "text"),
    [
        ({"clusterjobs_drm": "slurm"}, "the cli runner knows no real users"),
        ({"clusterjobs_drm": "slurm", "clusterjobs_real_user": False, "job_conf_request": {"slots": 0}}, "slots"),
        ({"clusterjobs_drm": "gridengine"}, "Set real_user_required_group to the group of those"),
        (
            {"clusterjobs_drm": "gridengine", "real_user_required_group": "nobody-knows-this"},
            "localhost does not know the group nobody-knows-this",
        ),
    ],
    ids=["runner", "request", "mail domain", "group"],
)
def test_what_cannot_work_ends_the_first_play(tmp_path: Path, variables: dict[str, Any], text: str) -> None:
    # The play becomes root to look, which the tests need not be able to.
    answer = run(tmp_path, **{"clusterjobs_real_user": True, "ansible_become": False, **variables})
    assert answer.returncode != 0
    assert text in re.sub(r"\s+", " ", answer.stdout)
    assert answer.stdout.count("PLAY [") == 1
    assert " changed=0 " in answer.stdout
    assert not (tmp_path / "galaxy").exists()
