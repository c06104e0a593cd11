"""The environments that the role remote_shell computes, given to Galaxy's own shell plugins: they start what the role's proof starts."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.clusterjobs.drm.tests.galaxy.conftest import GALAXY
from ansible_collections.clusterjobs.drm.tests.unit.helpers.shells import COMMANDS, ENVIRONMENTS, KEY

PROGRAM = Path(__file__).with_name("shells.py")


@pytest.fixture(scope="module")
def asked() -> dict[str, Any]:
    given = json.dumps(ENVIRONMENTS)
    answer = subprocess.run([str(GALAXY), str(PROGRAM)], input=given, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr[-3000:]
    answers: dict[str, Any] = json.loads(answer.stdout)
    return answers


@pytest.mark.parametrize("case", [case for case in COMMANDS if not case.startswith("paramiko")])
def test_galaxy_starts_the_command_that_the_role_proves(asked: dict[str, Any], case: str) -> None:
    assert asked[case] == [*COMMANDS[case], "id -un"]


@pytest.mark.parametrize(
    ("case", "told"),
    [
        ("paramiko", {"port": 2222, "key_filename": KEY, "password": None}),
        ("paramiko_password", {"port": 22, "key_filename": None, "password": "open-sesame"}),
    ],
)
def test_galaxy_tells_paramiko_what_the_roles_proof_tells_it(
    asked: dict[str, Any], case: str, told: dict[str, Any]
) -> None:
    assert asked[case] == {"hostname": "login2", "username": "galaxy", "timeout": 60, **told}
