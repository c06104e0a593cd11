# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The local DRM's commands and answers, and a whole job through them, by way of standard input and out of a zip as AnsiballZ has it."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from ansible_collections.clusterjobs.drm.plugins.module_utils._drm import local as local_module
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.client import Client
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.errors import (
    CommandError,
    DrmUnavailableError,
    ParseError,
    UnsupportedFieldError,
)
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.local import Local
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.model import (
    Command,
    CommandResult,
    Control,
    EndReason,
    JobRequest,
    JobState,
    Outcome,
)
from ansible_collections.clusterjobs.drm.plugins.module_utils._runner import Runner

DRM = Local()
WORD_AT = 4


def answer(stdout="", rc=0, stderr="", timed_out=False):
    return CommandResult(Command(("python",)), rc, stdout, stderr, timed_out)


@pytest.fixture
def client(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("HOME", str(tmp_path))
    return Client(DRM, Runner(30))


NAME = "test-0123456789"


def request(body, **fields):
    return JobRequest("#!/bin/sh\n%s\n" % body, **dict({"name": "test", "token": "0123456789"}, **fields))


def ended(client, job_id):
    deadline = time.monotonic() + 20
    while True:
        status = client.statuses([job_id]).jobs[job_id]
        if status.state.final:
            return status
        assert time.monotonic() < deadline, status
        time.sleep(0.05)


def test_what_is_asked_can_be_read_in_the_command():
    commands = [
        DRM.build_submit(request("true")),
        DRM.build_dry_run(request("true")),
        *DRM.build_find(["test-0123456789", "other"], "", 1700000000),
        *DRM.build_status(["1", "2_3"], ""),
        *DRM.build_control(Control.HOLD, ["1", "2_3"], ""),
    ]
    assert [list(command.argv[WORD_AT:]) for command in commands] == [
        ["submit", "test-0123456789"],
        ["dry-run", "test-0123456789"],
        ["find", "1700000000", "test-0123456789", "other"],
        ["status", "1", "2_3"],
        ["hold", "1", "2_3"],
    ]
    assert {command.argv[:WORD_AT] for command in commands} == {(sys.executable, "-I", "-S", "-")}


def test_no_value_of_the_request_is_in_an_argument():
    command = DRM.build_submit(request("echo hidden", args=("hidden",), environment={"HIDDEN": "hidden"}))
    assert "hidden" not in " ".join(command.argv).lower()
    assert command.stdin.isascii()


@pytest.mark.parametrize("field", ["queue", "account", "cluster", "native_options", "priority", "nodes", "gpus"])
def test_fields_that_mean_nothing_here_are_refused_by_name(field):
    value = {"native_options": ("-x",), "priority": 1, "nodes": 2, "gpus": 1}.get(field, "word")
    with pytest.raises(UnsupportedFieldError) as caught:
        DRM.check_request(request("true", **{field: value}))
    assert caught.value.fields == [field]


def test_another_cluster_is_refused_with_job_ids_too():
    for ask in (lambda: DRM.build_status(["1"], "east"), lambda: DRM.build_control(Control.CANCEL, ["1"], "east")):
        with pytest.raises(UnsupportedFieldError, match="cannot honour cluster"):
            ask()


@pytest.mark.parametrize("text", ["", "{}", "[]", "12", '{"job_id": "-1"}', '{"job_id": "../1"}', "Traceback"])
def test_a_submission_without_a_job_id_is_no_submission(text):
    with pytest.raises(ParseError):
        DRM.parse_submit(answer(text))


def test_status_in_full():
    row = {
        "job_id": "7_2",
        "array_id": "7",
        "name": "test-0123456789",
        "owner": "galaxy",
        "native_state": "failed",
        "end_reason": "MEMORY",
        "exit_code": None,
        "signal": 9,
        "nodes": ["login1"],
        "submit_time": 1,
        "start_time": 2,
        "end_time": 3,
        "message": "used 70 of its 50 MiB of memory",
    }
    (status,) = DRM.parse_status(answer(json.dumps([row])))
    assert dict(status.as_dict(), state="", queue="") == dict(row, state="", queue="", tasks=[])
    assert (status.state, status.end_reason) == (JobState.FAILED, EndReason.MEMORY)


def test_a_state_of_a_later_version_is_unknown():
    (status,) = DRM.parse_status(answer('[{"job_id": "1", "native_state": "thinking"}]'))
    assert status.state is JobState.UNKNOWN


@pytest.mark.parametrize("text", ["[{}]", "{}x", '[{"job_id": "1", "native_state": "done", "more": 1}]', "[1]"])
def test_an_answer_that_is_none_is_an_error(text):
    with pytest.raises(ParseError):
        DRM.parse_status(answer(text))


@pytest.mark.parametrize(
    ("result", "outcome"),
    [
        (answer("[]"), Outcome.OK),
        (answer(rc=3, stderr="there is no job 9"), Outcome.NO_SUCH_JOB),
        (answer(rc=65, stderr="slots: 3 asked for, and this host has 2"), Outcome.REFUSED),
        (answer(rc=75, stderr="[Errno 28] No space left on device"), Outcome.UNREACHABLE),
        (answer(rc=1, stderr="Traceback"), Outcome.REFUSED),
        (answer(rc=124, timed_out=True), Outcome.UNREACHABLE),
    ],
)
def test_outcomes(result, outcome):
    assert DRM.classify(result) is outcome


@pytest.mark.parametrize(
    ("fields", "job_id", "paths"),
    [
        ({}, "5", ("/home/u/clusterjobs-5.out",) * 2),
        ({"chdir": "/work"}, "5", ("/work/clusterjobs-5.out",) * 2),
        ({"chdir": "/work", "stdout": "%x.%j.%%j", "stderr": "/log/%j"}, "5", ("/work/test-0123456789.5.%j", "/log/5")),
        ({"array": "1-3"}, "5_2", ("/home/u/clusterjobs-5_2.out",) * 2),
        ({"array": "1-3", "stdout": "%A/%a"}, "5_2", ("/home/u/5/2",) * 2),
        ({"array": "1-3"}, "5", ("/home/u/clusterjobs-5_%a.out",) * 2),
    ],
)
def test_output_paths(fields, job_id, paths):
    assert DRM.output_paths(request("true", **fields), job_id, "/home/u") == paths


def test_a_job_through_the_client(client, tmp_path):
    wanted = request("echo $VALUE $*; exit 3", args=("caf\udce9",), environment={"VALUE": "é"})
    assert client.find([wanted.job_name], 0)[wanted.job_name].jobs == []
    assert client.dry_run(wanted).rc == 0
    result = client.runner.run(DRM.build_submit(wanted))
    job_id = DRM.parse_submit(result)
    status = ended(client, job_id)
    assert (status.state, status.exit_code, status.name) == (JobState.FAILED, 3, "test-0123456789")
    assert Path(DRM.output_paths(wanted, job_id, str(tmp_path))[0]).read_bytes() == "é caf\udce9\n".encode(
        "utf-8", "surrogateescape"
    )
    assert [job.job_id for job in client.find([wanted.job_name], 0)[wanted.job_name].jobs] == [job_id]
    client.control(Control.CANCEL, [job_id])
    with pytest.raises(CommandError, match="cannot hold job 1: it is failed"):
        client.control(Control.HOLD, [job_id])
    assert client.statuses(["99"]).jobs["99"].state is JobState.UNKNOWN


def test_an_array_through_the_client(client):
    job_id = DRM.parse_submit(client.runner.run(DRM.build_submit(request("true", array="1-3"))))
    status = ended(client, job_id)
    assert status.state is JobState.DONE
    assert [task.job_id for task in status.tasks] == ["1_1", "1_2", "1_3"]


def test_a_submission_keeps_the_callers_lock_until_the_job_is_there_and_no_longer(client, tmp_path):
    with open(str(tmp_path / "lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        result = client.runner.run(DRM.build_submit(request("true", hold=True)), inherit_fds=(lock.fileno(),))
    job_id = DRM.parse_submit(result)
    with open(str(tmp_path / "lock")) as again:
        fcntl.flock(again, fcntl.LOCK_EX | fcntl.LOCK_NB)
    assert client.statuses([job_id]).jobs[job_id].state is JobState.HELD
    client.control(Control.CANCEL, [job_id])
    ended(client, job_id)


def test_an_agent_that_hangs_did_not_answer(client, tmp_path):
    """Another submission that is under way for longer than the time limit."""
    job_id = DRM.parse_submit(client.runner.run(DRM.build_submit(request("true"))))
    hasty = Client(DRM, Runner(1))
    with open(str(tmp_path / "state/clusterjobs/local/submission.lock")) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(DrmUnavailableError):
            hasty.find([NAME], 0)
    assert [job.job_id for job in client.find([NAME], 0)[NAME].jobs] == [job_id]


def test_the_agent_runs_out_of_a_zip_and_in_a_directory_of_traps(client, tmp_path):
    package = "ansible_collections/clusterjobs/drm/plugins/module_utils/_drm"
    with zipfile.ZipFile(str(tmp_path / "payload.zip"), "w") as payload:
        for depth in range(1, package.count("/") + 1):
            payload.writestr("/".join(package.split("/")[:depth]) + "/__init__.py", "")
        for source in Path(local_module.__file__).parent.glob("*.py"):
            payload.write(str(source), "%s/%s" % (package, source.name))
    (tmp_path / "json.py").write_text("raise SystemExit('imported from the working directory')")
    program = (
        "import sys; sys.path.insert(0, %r)\n"
        "from %s.local import Local\n"
        "command = Local().build_status(['1'], '')[0]\n"
        "import subprocess\n"
        "print(subprocess.run(command.argv, input=command.stdin, cwd=%r, stdout=subprocess.PIPE, universal_newlines=True))\n"
    ) % (str(tmp_path / "payload.zip"), package.replace("/", "."), str(tmp_path))
    done = subprocess.run([sys.executable, "-I", "-c", program], stdout=subprocess.PIPE, text=True, check=True)
    assert "returncode=0, stdout='[]\\n'" in done.stdout


def test_nothing_is_made_by_a_question(client, tmp_path):
    assert client.statuses(["1"]).jobs["1"].state is JobState.UNKNOWN
    assert os.listdir(str(tmp_path)) == []
