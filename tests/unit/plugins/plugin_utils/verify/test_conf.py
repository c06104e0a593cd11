# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a job configuration has the check try out."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleFilterError

from ansible_collections.clusterjobs.drm.plugins.filter.shell_login import shell_login
from ansible_collections.clusterjobs.drm.plugins.filter.verify_job_conf import verify_job_conf
from ansible_collections.clusterjobs.drm.tests.unit.helpers.shells import COMMANDS, ENVIRONMENTS

RUNNERS = {"cli": {"load": "galaxy.jobs.runners.cli:ShellJobRunner"}}


def asked(**environments: Any) -> dict[str, Any]:
    found = {name: {"runner": "cli", "job_plugin": "Slurm", **shell} for name, shell in environments.items()}
    text = yaml.safe_dump({"runners": RUNNERS, "execution": {"default": "none", "environments": found}})
    return verify_job_conf(text, drm="slurm", python="/venv/bin/python", paramiko_program="program")


@pytest.mark.parametrize("case", ["secure", "secure_elsewhere", "globus", "remote"])
def test_a_shell_is_tried_by_galaxys_command_line(case: str) -> None:
    (login,) = asked(there=ENVIRONMENTS[case])["logins"]
    argv = [word for word in login["argv"] if word != "BatchMode=yes"]
    if case != "remote":
        assert "BatchMode=yes" in login["argv"]
        argv.remove("-o")
    assert argv == [*COMMANDS[case], "id -un"]


def test_a_host_that_need_not_be_known_is_gone_to_as_galaxy_does() -> None:
    shell = {**ENVIRONMENTS["secure"], "shell_strict_host_key_checking": "false"}
    words = asked(there=shell)["logins"][0]["argv"]
    at = words.index("StrictHostKeyChecking=no")
    assert words[at - 1 : at + 3] == ["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"]


@pytest.mark.parametrize(("given", "strict"), [({}, True), ({"shell_strict_host_key_checking": "false"}, False)])
def test_paramiko_is_asked_for_paramikos_shell_and_a_password_is_in_no_list_of_processes(
    given: dict[str, str], strict: bool
) -> None:
    (login,) = asked(there={**ENVIRONMENTS["paramiko_password"], **given})["logins"]
    assert login["argv"] == ["/venv/bin/python", "-c", "program"]
    told = json.loads(login["stdin"])
    assert (told["shell_password"], told["command"]) == ("open-sesame", "id -un")
    assert told["shell_strict_host_key_checking"] is strict


def test_environments_that_go_the_same_way_are_tried_once_and_each_is_told() -> None:
    found = asked(one=ENVIRONMENTS["secure"], two=ENVIRONMENTS["secure"], here={"shell_plugin": "LocalShell"})
    assert [login["environments"] for login in found["logins"]] == [["one", "two"]]
    assert [(shell["environment"], shell["host"], shell["user"]) for shell in found["shells"]] == [
        ("one", "login2", "galaxy"),
        ("two", "login2", "galaxy"),
    ]


@pytest.mark.parametrize("text", ["", "runners: [", "<job_conf>"])
def test_what_cannot_be_read_has_nothing_to_be_tried(text: str) -> None:
    assert verify_job_conf(text) == {"shells": [], "logins": [], "environments": [], "drmaa_runners": []}


def test_runners_that_use_a_drmaa_library_are_named() -> None:
    classes = {"sge": "drmaa:DRMAAJobRunner", "users": "univa:UnivaJobRunner", "here": "local:LocalJobRunner"}
    runners = {name: {"load": f"galaxy.jobs.runners.{load}"} for name, load in classes.items()}
    environments = {name: {"runner": name} for name in classes}
    text = yaml.safe_dump({"runners": runners, "execution": {"default": "here", "environments": environments}})
    assert verify_job_conf(text)["drmaa_runners"] == ["sge", "users"]


def test_values_out_of_the_environment_of_galaxys_service() -> None:
    text = """<job_conf>
      <plugins><plugin id="slurm" type="runner" load="galaxy.jobs.runners.slurm:SlurmJobRunner"/></plugins>
      <destinations><destination id="here" runner="slurm">
        <param id="nativeSpecification" from_environ="NATIVE_SPEC">--ntasks=1</param>
      </destination></destinations>
    </job_conf>"""
    asked = verify_job_conf(text, drm="slurm", environments="all", environ={"NATIVE_SPEC": "--ntasks=2"})
    assert [environment["native_options"] for environment in asked["environments"]] == [["--ntasks=2"]]


def test_a_shell_that_goes_nowhere_has_no_login() -> None:
    with pytest.raises(AnsibleFilterError, match="shell_plugin is 'LocalShell', which goes to no other host"):
        shell_login({"shell_plugin": "LocalShell"})


ALL = {
    "slurm": {
        "runner": "slurm",
        "nativeSpecification": "-p long --ntasks=4 --mem=2000",
        "env": [{"name": "A", "value": 1}],
    },
    "cli": {"runner": "cli", "job_plugin": "Slurm", "job_ncpus": 2, "shell_plugin": "LocalShell"},
    "here": {"runner": "local"},
}
EVERY_RUNNER = {
    **RUNNERS,
    "slurm": {"load": "galaxy.jobs.runners.slurm:SlurmJobRunner"},
    "local": {"load": "galaxy.jobs.runners.local:LocalJobRunner"},
}


def tried(names: Any) -> dict[str, Any]:
    text = yaml.safe_dump({"runners": EVERY_RUNNER, "execution": {"default": "here", "environments": ALL}})
    return {one["name"]: one for one in verify_job_conf(text, drm="slurm", environments=names)["environments"]}


def test_an_environment_is_tried_by_its_own_words() -> None:
    found = tried(["slurm", "cli"])
    assert found["slurm"]["native_options"] == ["-p", "long", "--ntasks=4", "--mem=2000"]
    assert (found["slurm"]["slots"], found["slurm"]["memory_mb"]) == (4, 2000)
    assert found["slurm"]["environment"] == {"A": "1"}
    assert (found["cli"]["native_options"], found["cli"]["slots"]) == (["-c", "2"], 2)


@pytest.mark.parametrize("names", ["all", ["all"]])
def test_all_are_those_that_send_jobs_to_the_drm(names: Any) -> None:
    assert set(tried(names)) == {"slurm", "cli"}


def test_one_that_is_named_says_why_it_is_not_tried() -> None:
    found = tried(["here", "big"])
    assert found["here"]["skipped"] == "Its runner local sends no jobs to slurm."
    assert found["big"]["unknown"] == "The job configuration has no environment big; it has cli, here, slurm."


def test_none_is_tried_unless_asked_for() -> None:
    assert tried([]) == {}
