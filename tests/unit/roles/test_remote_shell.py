# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role remote_shell: what it computes for each shell plugin, and what it refuses. Logins over real ssh and rsh are the scenario slurm's."""

from __future__ import annotations

import json
import os
import pwd
import subprocess
import sys
from pathlib import Path

import pytest

from ansible_collections.clusterjobs.drm.plugins.plugin_utils.galaxy import render
from ansible_collections.clusterjobs.drm.plugins.plugin_utils.galaxy.context import Context
from ansible_collections.clusterjobs.drm.tests.unit.helpers.play import Played, play
from ansible_collections.clusterjobs.drm.tests.unit.helpers.shells import COMMANDS, ENVIRONMENTS

PLAYBOOK = Path(__file__).with_name("remote_shell.yml")
LOGIN = Path(__file__).resolve().parents[3] / "roles" / "remote_shell" / "files" / "paramiko_login.py"
REFUSALS = {
    "option": 'remote_shell_hostname is "-oProxyCommand=id", which is no name of a host',
    "newline": r'remote_shell_hostname is "login2\n", which is no name of a host',
    "space": 'remote_shell_hostname is "login2 login3", which is no name of a host',
    "account": 'No name of an account in remote_shell_user or remote_shell_username: "galaxy;id"',
    "account_option": '"-x"',
    "port": "remote_shell_port is 70000, which is no port",
    "relative": 'remote_shell_key_file is ".ssh/id", not an absolute path',
    "dots": "not an absolute path of plain names",
    "address": "Not an address or a pattern of addresses in remote_shell_from",
    "host_key": "Not a public key such as",
    "no_host_key": "its host keys cannot be read from itself",
    "password": "SecureShell has no passwords",
    "both": "are both given: keep the key",
    "rsh": "RemoteShell is rsh: nothing is encrypted",
    "options": "SecureShell takes none: Galaxy would stop with a TypeError",
    "home": "is /elsewhere, but ",
    "key": "remote_shell_private_key is no private key that can be used without a passphrase (ssh-keygen: Load key",
}


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    return play(PLAYBOOK, tmp_path_factory.mktemp("play"), user=pwd.getpwuid(os.getuid()).pw_name)


@pytest.mark.parametrize("case", ENVIRONMENTS)
def test_an_environment_of_the_cli_runner_gets_what_its_plugin_reads(played: Played, case: str) -> None:
    environment = played.results["computed"][case]["environment"]
    assert environment == ENVIRONMENTS[case]
    runners = {"cli": {"load": "galaxy.jobs.runners.cli:ShellJobRunner"}}
    here = {"runner": "cli", "job_plugin": "Slurm", **environment}
    findings = render.lint({"runners": runners, "execution": {"environments": {"here": here}}}, Context())
    assert [finding.code for finding in findings] == (["cli-password"] if case == "paramiko_password" else [])


@pytest.mark.parametrize("case", COMMANDS)
def test_the_proof_uses_galaxys_command_line(played: Played, case: str) -> None:
    program, *words = COMMANDS[case]
    # Galaxy has no terminal to be asked on, and neither may the proof.
    batch = [] if program == "rsh" else ["-o", "BatchMode=yes"]
    assert played.results["computed"][case]["argv"] == [program, *batch, *words]


def test_the_default_job_configuration_goes_there(played: Played) -> None:
    assert played.results["by_default"] == {"runner": "cli", "job_plugin": "Slurm", **ENVIRONMENTS["secure"]}


def test_without_another_host_the_shell_is_local(played: Played) -> None:
    assert played.results["here"] == {"runner": "cli", "job_plugin": "Slurm", "shell_plugin": "LocalShell"}


def test_host_keys_are_those_that_the_host_itself_says_and_any_other_is_told(played: Played) -> None:
    keys = played.results["keys"]
    assert keys["wanted"] == ["ssh-ed25519 AAAAed", "ssh-rsa AAAArsa"]
    assert keys["known"] == ["ssh-ed25519 AAAAed", "ssh-rsa AAAAold"]
    assert keys["others"] == ["ssh-rsa AAAAold"]


def test_the_key_is_restricted(played: Played) -> None:
    line = 'restrict,from="10.1.0.0/16,*.example.org" ssh-ed25519 AAAA galaxy@here'
    assert played.results["line"] == line


@pytest.mark.parametrize("case", REFUSALS)
def test_what_is_refused(played: Played, case: str) -> None:
    assert REFUSALS[case] in played.results["said"][case]


def test_no_secret_is_in_the_output(played: Played) -> None:
    """With -vvv."""
    assert "some-key" not in played.output
    assert "open-sesame" not in played.output


# What paramiko_login.py uses of paramiko; it prints what becomes of a host that is not known.
PARAMIKO = """
import io, types
class RejectPolicy: pass
class AutoAddPolicy: pass
class SSHException(Exception): pass
class SSHClient:
    def set_missing_host_key_policy(self, policy): self.policy = type(policy).__name__
    def load_system_host_keys(self): pass
    def connect(self, **words): pass
    def exec_command(self, command, timeout):
        output = io.BytesIO(self.policy.encode())
        output.channel = types.SimpleNamespace(recv_exit_status=lambda: 0)
        return None, output, io.BytesIO()
    def close(self): pass
"""


@pytest.mark.parametrize(("given", "policy"), [({}, "RejectPolicy"), ({"strict": False}, "AutoAddPolicy")])
def test_paramikos_login_takes_a_host_that_is_not_known_only_where_galaxy_would(
    tmp_path: Path, given: dict[str, bool], policy: str
) -> None:
    (tmp_path / "paramiko.py").write_text(PARAMIKO)
    asked = {"shell_hostname": "login2", "shell_username": "galaxy", "command": "id -un"}
    asked.update({f"shell_{name}_host_key_checking": value for name, value in given.items()})
    done = subprocess.run(
        [sys.executable, LOGIN],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(tmp_path)},
    )
    assert done.stdout == policy
