# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Slices strung together over lost connections and dead modules. The module is a list of answers, the clock is ours."""

from __future__ import annotations

import inspect
from typing import Any
from unittest import mock

import pytest
from ansible.errors import AnsibleActionFail, AnsibleAuthenticationFailure, AnsibleConnectionFailure, AnsibleError

from ansible_collections.clusterjobs.drm.plugins.action import job
from ansible_collections.clusterjobs.drm.tests.unit.helpers.fake_clock import FakeClock

SLICE_SECONDS = 30


def answered(state: str = "RUNNING", changed: bool = False, **values: Any) -> dict[str, Any]:
    jobs = [{"job_id": "101", "state": state, "changed": changed}]
    event = {"job_id": "101", "state": state, "native_state": state.lower(), "message": "", "nodes": [], "moved": True}
    answer = {"changed": changed, "jobs": jobs, "commands": [["fqueue", "101"]], "drm": "fake", "timed_out": False}
    return dict(answer, events=[event], invocation={}, **values)


def pending(state: str = "RUNNING", **values: Any) -> dict[str, Any]:
    return answered(state, pending={"unknown": 0.0, "known": {"101": [state, state.lower(), ""]}}, **values)


class Host:
    """A task on a host: each start of the module takes the next of its answers, and half a minute where it waits."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.clock = FakeClock()
        self.answers: list[Any] = []
        self.parts: list[dict[str, Any]] = []
        self.shown: list[str] = []
        monkeypatch.setattr(job, "time", self.clock)
        monkeypatch.setattr(job.display, "display", lambda text, **named: self.shown.append(text))
        self.connection = mock.MagicMock()
        self.connection._shell.tmpdir = "/tmp/ansible-tmp-1"
        self.action = self.new_action()
        monkeypatch.setattr(self.action, "_execute_module", self.execute)

    def new_action(self) -> job.ActionModule:
        task = mock.MagicMock(
            async_val=0, args={"command": "hostname", "state": "finished"}, check_mode=False, diff=False
        )
        task.action = "clusterjobs.drm.job"
        nothing = mock.MagicMock()
        return job.ActionModule(
            task=task,
            connection=self.connection,
            play_context=nothing,
            loader=nothing,
            templar=nothing,
            shared_loader_obj=nothing,
        )

    def execute(self, module_name: str, module_args: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        assert module_name == "clusterjobs.drm.job"
        assert module_args["command"] == "hostname"
        self.parts.append(module_args["_slice"])
        answer = self.answers.pop(0) if len(self.answers) > 1 or not callable(self.answers[0]) else self.answers[0]
        answer = answer() if callable(answer) else answer
        if isinstance(answer, Exception):
            raise answer
        if "pending" in answer:
            self.clock.sleep(SLICE_SECONDS)
        return answer

    def run(self, *answers: Any, **arguments: Any) -> dict[str, Any]:
        self.answers = list(answers)
        self.action._task.args.update(arguments)
        return self.action.run(task_vars={"inventory_hostname": "login1"})

    def killed(self, rc: int = 137, stdout: str = "", stderr: str = "Killed") -> dict[str, Any]:
        """What this Ansible makes of a module that said nothing of its own."""
        spoken = {"rc": rc, "stdout": stdout, "stdout_lines": stdout.splitlines(), "stderr": stderr}
        parse = self.action._parse_returned_data
        more = ("legacy",) if "profile" in inspect.signature(parse).parameters else ()
        return dict(parse(spoken, *more))


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Host:
    return Host(monkeypatch)


def lost(text: str = "Failed to connect to the host via ssh") -> AnsibleConnectionFailure:
    return AnsibleConnectionFailure(text)


def test_one_slice_is_the_answer(host: Host) -> None:
    result = host.run(answered("DONE", changed=True))
    assert (result["changed"], result["jobs"][0]["state"], result.get("failed")) == (True, "DONE", None)
    assert "events" not in result
    assert host.shown == ["[login1] job 101 DONE (done)"]


def test_slices_go_on_where_the_last_one_was(host: Host) -> None:
    result = host.run(pending("QUEUED", changed=True), pending(), answered("DONE"))
    assert result["jobs"][0]["state"] == "DONE"
    assert "pending" not in result
    first, second, third = host.parts
    assert len({part["task"] for part in host.parts}) == 1
    assert first == {"task": first["task"], "waited": 0}
    assert second == {"task": first["task"], "waited": 30, "unknown": 0.0, "known": {"101": ["QUEUED", "queued", ""]}}
    assert third["waited"] == 60
    assert len(host.shown) == 3


def test_another_task_has_another_mark(host: Host) -> None:
    host.run(answered())
    host.run(answered())
    assert len({part["task"] for part in host.parts}) == 2


def test_what_one_slice_did_the_task_did(host: Host) -> None:
    submission = {"commands": [["fsub"], ["fqueue", "101"]], "diff": [{"after": "script"}]}
    first = {**pending("QUEUED", changed=True), **submission}
    result = host.run(first, {**pending(), "diff": []}, {**answered("DONE"), "diff": []})
    assert result["changed"] is True
    assert result["jobs"][0]["changed"] is True
    assert result["commands"] == [["fsub"], ["fqueue", "101"]]
    assert result["diff"] == [{"after": "script"}]


def test_a_job_that_was_only_found_is_not_changed_by_the_others(host: Host) -> None:
    first, last = pending(changed=True), answered("DONE")
    for answer in (first, last):
        answer["jobs"].append({"job_id": "102", "state": "DONE", "changed": False})
    assert [job["changed"] for job in host.run(first, last)["jobs"]] == [True, False]


def test_a_diff_that_is_told_twice_is_shown_once(host: Host) -> None:
    diff = {"diff": [{"after": "script"}]}
    assert host.run({**pending(), **diff}, {**answered("DONE"), **diff})["diff"] == [{"after": "script"}]


def test_events_are_shown_with_reason_and_place(host: Host) -> None:
    event = {
        "job_id": "1",
        "state": "QUEUED",
        "native_state": "PENDING",
        "message": "Priority",
        "nodes": ["n1", "n2"],
        "moved": True,
    }
    host.run({**answered(), "events": [event, {"message": "no answer: slurmctld"}]})
    assert host.shown == ["[login1] job 1 QUEUED (PENDING) on n1,n2: Priority", "[login1] no answer: slurmctld"]


class TestConnection:
    def test_lost_during_the_first_slice(self, host: Host) -> None:
        result = host.run(lost(), lost(), answered("DONE", changed=True))
        assert result["jobs"][0]["state"] == "DONE"
        assert host.connection.reset.call_count == 2
        assert host.connection._shell.tmpdir is None
        # The module knows by it that a job of this mark is its own.
        assert len({part["task"] for part in host.parts}) == 1
        assert "connection lost (Failed to connect to the host via ssh); trying again in 1 s" in host.shown[0]

    def test_never_there(self, host: Host) -> None:
        with pytest.raises(AnsibleConnectionFailure, match="Failed to connect"):
            host.run(lost)
        assert job.FIRST_CONTACT_SECONDS <= host.clock.passed <= job.FIRST_CONTACT_SECONDS + job.MAX_PAUSE_SECONDS

    @pytest.mark.parametrize("how", ["connection", "module"])
    def test_lost_after_a_long_first_slice(self, host: Host, how: str) -> None:
        """A host that restarts while it submits gets as long as one that was not there: what went before does not count."""

        def cut_off() -> Any:
            host.clock.sleep(job.FIRST_CONTACT_SECONDS)
            return lost() if how == "connection" else host.killed()

        result = host.run(cut_off, lost(), lost(), answered("DONE", changed=True))
        assert (result["jobs"][0]["state"], result["changed"]) == ("DONE", True)

    def test_a_wrong_password_is_not_tried_again(self, host: Host) -> None:
        with pytest.raises(AnsibleAuthenticationFailure):
            host.run(AnsibleAuthenticationFailure("Invalid/incorrect password"))
        assert host.clock.passed == 0

    def test_lost_for_hours_and_back(self, host: Host) -> None:
        back = host.clock.now + 7 * 3600
        answers = [pending("QUEUED", changed=True), lambda: answered("DONE") if host.clock.now > back else lost("")]
        result = host.run(*answers, wait_timeout="43200")
        assert (result["jobs"][0]["state"], result["changed"], result["jobs"][0]["changed"]) == ("DONE", True, True)
        assert host.clock.now <= back + job.MAX_PAUSE_SECONDS
        assert max(host.clock.sleeps) <= SLICE_SECONDS

    def test_lost_for_good_tells_what_was_known(self, host: Host) -> None:
        first = {**pending("RUNNING", changed=True), "diff": [{"after": "script"}]}
        result = host.run(first, lambda: lost("no route"), wait_timeout=600)
        assert (result["failed"], result["timed_out"], result["changed"]) == (True, True, True)
        assert "the connection is lost: no route. The jobs go on" in result["msg"]
        assert [job["job_id"] for job in result["jobs"]] == ["101"]
        assert result["diff"] == [{"after": "script"}]
        assert "pending" not in result
        assert 600 <= host.clock.passed <= 600 + job.MAX_PAUSE_SECONDS

    def test_each_loss_begins_with_a_short_pause(self, host: Host) -> None:
        host.run(lost(), lost(), pending(), lost(), answered("DONE"))
        assert host.clock.sleeps == [1, 2, SLICE_SECONDS, 1]

    def test_time_without_a_connection_counts(self, host: Host) -> None:
        host.run(pending(), lost(), lost(), answered("DONE"))
        assert host.parts[-1]["waited"] == 33

    @pytest.mark.parametrize("error", [AnsibleError("no reset"), AttributeError("reset")])
    def test_a_connection_that_cannot_be_reset_is_used_as_it_is(self, host: Host, error: Exception) -> None:
        host.connection.reset.side_effect = error
        assert host.run(lost(), answered("DONE"))["jobs"]


class TestDeath:
    @pytest.mark.parametrize("rc", [137, 143, 129, -9])
    def test_a_module_that_was_killed_is_started_again(self, host: Host, rc: int) -> None:
        result = host.run(pending(changed=True), host.killed(rc), answered("DONE"))
        assert (result["jobs"][0]["state"], result["changed"], result.get("failed")) == ("DONE", True, None)
        assert host.connection.reset.call_count == 1
        assert "the module was ended on the host; trying again" in host.shown[1]

    def test_a_module_whose_files_a_host_that_goes_down_has_removed_is_started_again(self, host: Host) -> None:
        gone = host.killed(1, stderr="FileNotFoundError: '/tmp/ansible_clusterjobs.drm.job_payload.zip'")
        result = host.run(pending(changed=True), gone, answered("DONE"))
        assert (result["jobs"][0]["state"], result["changed"], result.get("failed")) == ("DONE", True, None)

    def test_half_of_an_answer_is_none(self, host: Host) -> None:
        assert host.run(host.killed(stdout='{"changed": true, "jobs'), answered("DONE"))["jobs"]

    def test_one_that_dies_each_time_is_given_up(self, host: Host) -> None:
        result = host.run(pending(changed=True), host.killed, wait_timeout=36000)
        assert len(host.parts) == 1 + job.MAX_DEATHS + 1
        assert (result["failed"], result["changed"], result["rc"]) == (True, True, 137)
        assert [(job["job_id"], job["changed"]) for job in result["jobs"]] == [("101", True)]

    def test_one_that_dies_at_first_is_given_up_too(self, host: Host) -> None:
        result = host.run(host.killed)
        assert (result["failed"], result["changed"]) == (True, False)

    @pytest.mark.parametrize(
        ("rc", "stderr"),
        [
            (127, "/bin/sh: python3: not found"),
            (1, "sudo: a password is required"),
            (1, "Traceback (most recent call last):\n x"),
        ],
    )
    def test_one_that_cannot_run_is_an_error_at_once(self, host: Host, rc: int, stderr: str) -> None:
        result = host.run(host.killed(rc, stderr=stderr))
        assert result["failed"] is True
        assert stderr in result["module_stderr"]
        assert host.clock.passed == 0


def test_an_error_of_a_later_slice_keeps_the_jobs(host: Host) -> None:
    broken = {
        "failed": True,
        "changed": False,
        "jobs": [],
        "commands": [],
        "msg": "key 'k': another play has been submitting it",
    }
    result = host.run(pending(changed=True), broken)
    assert (result["failed"], result["changed"], result["msg"]) == (True, True, broken["msg"])
    assert [job["job_id"] for job in result["jobs"]] == ["101"]


def test_an_error_of_the_module_is_the_answer(host: Host) -> None:
    failed = {"failed": True, "changed": False, "jobs": [], "commands": [], "msg": "walltime: '90:00' is not"}
    result = host.run(failed)
    assert (result["failed"], result["msg"], result["jobs"]) == (True, failed["msg"], [])


def test_async_is_refused_with_the_way_to_do_it(host: Host) -> None:
    host.action._task.async_val = 60
    with pytest.raises(
        AnsibleActionFail,
        match=r"does not run with async.*state: submitted with a key.*state: finished with the same key",
    ):
        host.run(answered())
    assert not host.parts


def test_the_slice_is_not_the_users(host: Host) -> None:
    with pytest.raises(AnsibleActionFail, match="_slice is not an option"):
        host.run(answered(), _slice={"task": "x"})
    assert not host.parts


@pytest.mark.parametrize(("given", "seconds"), [(None, 3600), ("600", 600), (0, 0), (2.5, 2.5), ("soon", 0), ([], 0)])
def test_the_wait_timeout_is_the_modules_to_check(host: Host, given: Any, seconds: float) -> None:
    assert job._seconds(given) == seconds
    assert host.run(answered("DONE"), wait_timeout=given)["jobs"]
