# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module from its arguments to its JSON, over the fake batch system."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.module_utils import basic

from ansible_collections.clusterjobs.drm.plugins.module_utils import _arguments
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.model import JobState
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.wait import REACHED
from ansible_collections.clusterjobs.drm.plugins.modules import job, job_info
from ansible_collections.clusterjobs.drm.tests.unit.helpers.fake_drm import (
    UNREACHABLE,
    FakeCluster,
    FakeDrm,
    answering,
    row,
)


class Module:
    """One start of a module, as Ansible starts it."""

    def __init__(self, cluster: FakeCluster, directory: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
        self.cluster = cluster
        self.directory = directory
        self.monkeypatch = monkeypatch
        self.capsys = capsys
        for module in (job, job_info):
            monkeypatch.setattr(module, "choose", lambda name, which: FakeDrm())
            monkeypatch.setattr(module, "Runner", lambda seconds, wrapper, directory="": cluster)
        monkeypatch.setattr(job, "refuse_root", lambda drm, uid: None)
        monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)
        # Where the controller's code is loaded too, as by other tests, Ansible's own way leads to its display.
        self.warnings: list[str] = []
        monkeypatch.setattr(basic.AnsibleModule, "warn", lambda started, text: self.warnings.append(text))

    def run(self, module: Any = job, **arguments: Any) -> dict[str, Any]:
        if module is job:
            arguments.setdefault("journal_dir", str(self.directory))
        self.monkeypatch.setattr(basic, "_ANSIBLE_ARGS", json.dumps({"ANSIBLE_MODULE_ARGS": arguments}).encode())
        with pytest.raises(SystemExit) as ended:
            module.main()
        answer: dict[str, Any] = json.loads(self.capsys.readouterr().out)
        assert bool(ended.value.code) is answer.get("failed", False)
        return answer


@pytest.fixture
def cluster() -> FakeCluster:
    return FakeCluster()


@pytest.fixture
def module(cluster: FakeCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> Module:
    return Module(cluster, tmp_path / "state", monkeypatch, capsys)


def test_a_job_is_submitted_once(module: Module, cluster: FakeCluster) -> None:
    first = module.run(key="hostname-1", command="hostname")
    again = module.run(key="hostname-1", command="hostname")
    assert (first["changed"], again["changed"]) == (True, False)
    assert first["drm"] == "fake"
    # No word of the key is masked.
    assert (first["jobs"][0]["key"], first["jobs"][0]["name"][:9]) == ("hostname-1", "hostname-")
    assert first["timed_out"] is False
    assert first["jobs"][0]["job_id"] == again["jobs"][0]["job_id"] == "101"
    assert first["commands"][-2][0] == "fsub"
    assert "diff" not in first
    assert len(cluster.submissions) == 1


def test_a_slice_that_is_not_over_says_so(module: Module, cluster: FakeCluster) -> None:
    part = {"task": "T", "waited": 3.0, "known": {"101": ["QUEUED", "queued", ""]}, "unknown": 0}
    module.run(key="k", command="hostname", _slice={"task": "T"})
    cluster.put(row("101", JobState.RUNNING))
    module.monkeypatch.setattr("ansible_collections.clusterjobs.drm.plugins.module_utils._drm.desired.SLICE_SECONDS", 0)
    answer = module.run(key="k", command="hostname", state="finished", _slice=part)
    assert answer["pending"]["known"] == {"101": ["RUNNING", "running", ""]}
    assert [event["state"] for event in answer["events"]] == ["RUNNING"]
    assert answer["changed"] is True


def test_diff_and_check_mode(module: Module, cluster: FakeCluster) -> None:
    checked = module.run(key="k", command="hostname", _ansible_check_mode=True, _ansible_diff=True)
    assert not cluster.submissions
    assert checked["changed"] is True
    assert checked["commands"] == [["fdry", "hostname"]]
    real = module.run(key="k", command="hostname", _ansible_diff=True)
    assert checked["diff"] == real["diff"]
    assert "exec hostname" in real["diff"][0]["after"]
    assert module.run(key="k", command="hostname", _ansible_diff=True)["diff"] == []


def test_check_mode_of_a_control_changes_nothing(module: Module, cluster: FakeCluster) -> None:
    cluster.put(row("7", JobState.RUNNING))
    assert module.run(job_id="7", state="absent", _ansible_check_mode=True)["changed"] is True
    assert not cluster.controls


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({}, "command: give exactly one of command, script and src"),
        ({"command": "a", "walltime": "90:00"}, "walltime: '90:00'"),
        ({"command": "a", "native_options": ["a\nb"]}, "native_options[0]"),
        ({"command": "a", "environment": {"A=B": "1"}}, "environment: 'A=B'"),
        ({"command": "a", "environment": {"A": "x" * 2_000_000}}, "environment: A makes it too large"),
        ({"command": "a", "gpus": 1}, "fake cannot honour gpus"),
        ({"src": "/no/such/script"}, "src: cannot read /no/such/script on the host"),
        ({"command": "a", "wait_interval": 0}, "wait_interval: 0 is less than 0.1"),
        ({"command": "a", "command_timeout": 0}, "command_timeout: 0 is less than 1"),
        ({"command": "a", "journal_dir": "here"}, "journal_dir: 'here' is not an absolute path"),
        ({"command": "a", "journal_dir": "/dev/null/x"}, "cannot keep the journal"),
        ({"job_id": "--all", "state": "absent"}, "job_id: '--all' is not a job id of fake"),
        ({"state": "absent"}, "state: absent needs"),
        ({"key": "never used", "state": "finished"}, "no job was submitted under it"),
        ({"command": "a", "job_id": "1"}, "mutually exclusive"),
        ({"key": "a", "jobs": [{"command": "a"}]}, "mutually exclusive"),
        ({"command": "a", "jobs": [{"command": "a", "slotz": 1}]}, "slotz"),
        ({"command": "a", "state": "done"}, "value of state must be one of"),
    ],
)
def test_bad_input_is_a_clear_error_and_nothing_is_submitted(
    module: Module, cluster: FakeCluster, arguments: dict[str, Any], said: str
) -> None:
    answer = module.run(**arguments)
    assert answer["failed"] is True
    assert said in answer["msg"]
    assert not answer.get("changed")
    assert not cluster.submissions


def test_an_error_comes_with_what_was_done_before_it(module: Module, cluster: FakeCluster) -> None:
    cluster.faults["fsub"] = [lambda do, command: do(), answering(1, stderr="no such queue")]
    answer = module.run(jobs=[{"key": "a", "command": "a"}, {"key": "b", "command": "b"}])
    assert (answer["failed"], answer["changed"], answer["rc"], answer["cmd"][0]) == (True, True, 1, "fsub")
    assert [job["job_id"] for job in answer["jobs"]] == ["101"]
    assert "no such queue" in answer["msg"]


def test_root_is_told_to_become_somebody(module: Module, cluster: FakeCluster) -> None:
    module.monkeypatch.setattr(job, "refuse_root", lambda drm, uid: _arguments.refuse_root(drm, 0))
    assert "set become_user" in module.run(command="a")["msg"]
    assert not cluster.commands


def test_warnings_are_ansibles_own(module: Module, cluster: FakeCluster) -> None:
    cluster.put(row("7", JobState.RUNNING))
    cluster.faults["fqueue"] = [UNREACHABLE]
    answer = module.run(job_id="7")
    assert "warnings" not in answer
    assert len(module.warnings) == 1
    assert "no route to server" in module.warnings[0]


def test_secrets_are_shown_nowhere(module: Module, cluster: FakeCluster) -> None:
    answer = module.run(
        command="hostname", secret_environment={"TOKEN": "hunter22"}, _ansible_diff=True, _ansible_verbosity=3
    )
    assert answer["changed"] is True
    assert "hunter22" not in json.dumps(answer)
    assert "hunter22" not in str(cluster.submissions)


def test_the_documentation_has_every_option_and_state() -> None:
    options = yaml.safe_load(job.DOCUMENTATION)["options"]
    assert set(options) == set(job.argument_spec()) - set(_arguments.DRM_SPEC)
    assert set(options["jobs"]["suboptions"]) == set(_arguments.REQUEST_SPEC)
    assert options["state"]["choices"] == job.STATES
    assert set(job.STATES) == set(REACHED)


class TestInfo:
    def test_jobs_in_the_order_asked_for(self, module: Module, cluster: FakeCluster) -> None:
        cluster.put(row("2", JobState.RUNNING))
        cluster.account(row("1", JobState.FAILED, exit_code=3))
        answer = module.run(job_info, job_ids=["2", "1", "2", "3"])
        assert [(job["job_id"], job["state"]) for job in answer["jobs"]] == [
            ("2", "RUNNING"),
            ("1", "FAILED"),
            ("3", "UNKNOWN"),
        ]
        assert (answer["changed"], answer["drm"], answer["commands"][0]) == (False, "fake", ["fqueue", "2", "1", "3"])

    def test_an_accounting_that_does_not_answer_is_a_warning(self, module: Module, cluster: FakeCluster) -> None:
        cluster.faults["fhistory"] = [UNREACHABLE]
        answer = module.run(job_info, job_ids=["1"], timeout=0)
        assert answer["jobs"][0]["state"] == "UNKNOWN"
        assert "no route to server" in module.warnings[0]

    def test_a_queue_that_does_not_answer_is_an_error(self, module: Module, cluster: FakeCluster) -> None:
        cluster.faults["fqueue"] = [UNREACHABLE]
        answer = module.run(job_info, job_ids=["1"], timeout=0)
        assert (answer["failed"], answer["rc"]) == (True, 7)

    def test_bad_input(self, module: Module) -> None:
        assert "timeout: -1 is less than 0" in module.run(job_info, job_ids=["1"], timeout=-1)["msg"]
        assert "'--x' is not a job id" in module.run(job_info, job_ids=["--x"])["msg"]
