# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A job through the package drmaa, with one of the tests' own in its place. The real one: molecule/verify_gridengine."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.clusterjobs.drm.plugins.module_utils._verify import drmaa_job, server_agent

# Its calls, as drmaa 0.7.9 has them; STATES are what it says of the job, one after the other.
PACKAGE = """
import os

class InvalidJobException(Exception):
    pass

class DeniedByDrmException(Exception):
    pass

class JobControlAction:
    TERMINATE = "terminate"

class Template:
    pass

class Session:
    drmsInfo = "Toy 1"
    states = os.environ["STATES"].split()

    def initialize(self):
        print("a library that talks")

    def exit(self):
        print("exit")

    def createJobTemplate(self):
        return Template()

    def deleteJobTemplate(self, template):
        pass

    def runJob(self, template):
        if getattr(template, "nativeSpecification", "") == "-q nowhere":
            raise DeniedByDrmException("code 17: unknown queue")
        print("run", template.jobName, template.remoteCommand)
        return "7"

    def jobStatus(self, job_id):
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        if state == "unknown":
            raise InvalidJobException("code 18")
        return state

    def control(self, job_id, action):
        with open(os.environ["NOTED"]) as noted:
            print(action, job_id, "as noted:", noted.read())
"""


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drmaa_job, "_EVERY_SECONDS", 0.01)


def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, states: str, native: str = "", package: str = PACKAGE) -> None:
    (tmp_path / "drmaa.py").write_text(package)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("STATES", states)
    monkeypatch.setenv("NOTED", str(tmp_path / "noted"))
    monkeypatch.delitem(sys.modules, "drmaa", raising=False)
    request = {"name": "verify-t", "native": native, "seconds": 0.2, "noted": str(tmp_path / "noted")}
    assert drmaa_job.main([], request) == 0


@pytest.mark.parametrize(
    ("states", "end"),
    [("queued_active running done", "done"), ("running failed", "failed"), ("running unknown", "gone")],
)
def test_the_end_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], states: str, end: str
) -> None:
    run(tmp_path, monkeypatch, states)
    printed = capsys.readouterr().out.splitlines()
    told = json.loads(printed[-1])
    assert (told["job_id"], told["state"], told["problem"], told["system"]) == ("7", end, "", "Toy 1")
    assert not (tmp_path / "noted").exists()
    assert [line for line in printed[:-1] if line] == ["a library that talks", "run verify-t /bin/true", "exit"]


def test_a_job_that_does_not_end_is_told_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run(tmp_path, monkeypatch, "queued_active")
    printed = capsys.readouterr().out.splitlines()
    assert "terminate 7 as noted: 7" in printed
    told = json.loads(printed[-1])
    assert (told["call"], told["state"]) == ("drmaa_job_ps", "queued_active")
    assert "was told to end" in told["problem"]


def test_a_refusal_is_told_with_its_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run(tmp_path, monkeypatch, "done", native="-q nowhere")
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (told["call"], told["job_id"]) == ("drmaa_run_job", "")
    assert told["problem"] == "DeniedByDrmException: code 17: unknown queue"


def test_a_package_that_does_not_import_is_told_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run(tmp_path, monkeypatch, "done", package="raise RuntimeError('Could not find drmaa library')\n")
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (told["call"], told["problem"]) == ("import drmaa", "RuntimeError: Could not find drmaa library")


def asked(**values: Any) -> dict[str, Any]:
    return {
        "python": sys.executable,
        "units": [],
        "environment": {},
        "library": "/l.so",
        "program": "",
        "seconds": 5,
        **values,
    }


def test_a_library_that_crashes_or_blocks_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    crashed = server_agent.by_library(
        asked(program="import os, sys\nsys.stderr.write('oh')\nos.kill(os.getpid(), 11)\n")
    )
    assert (crashed["call"], crashed["problem"]) == ("", "rc -11: oh")
    monkeypatch.setattr(server_agent, "_LIBRARY_SECONDS", 0.2)
    blocked = server_agent.by_library(asked(program="import time\ntime.sleep(60)\n", seconds=0))
    assert "no answer" in blocked["problem"]


def test_without_galaxys_python_it_is_the_checks_own() -> None:
    program = "import os\nprint('{\"call\": \"' + os.environ['HOW'] + '\"}')\n"
    told = server_agent.by_library(asked(python="/nowhere/python", environment={"HOW": "so"}, program=program))
    assert (told["call"], told["python"], told["galaxys"]) == ("so", sys.executable, False)
