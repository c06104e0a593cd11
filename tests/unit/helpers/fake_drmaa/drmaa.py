# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stands in for the package drmaa, with the public names of 0.7.9. $FAKE_DRMAA is a JSON file that says what each call does.

``{"runJob": "41", "jobStatus": {"41": "running"}}``: an answer, an exception's name, ``crash``, ``hang``, or any of these for each first argument.
"""

from __future__ import annotations

import json
import os
import time
from collections import namedtuple
from typing import Any, List

JobInfo = namedtuple(
    "JobInfo",
    "jobId hasExited hasSignal terminatedSignal hasCoreDump wasAborted exitStatus resourceUsage",
)
CALLS = os.environ["FAKE_DRMAA"] + ".calls"


def _do(call: str, *arguments: Any) -> Any:
    with open(os.environ["FAKE_DRMAA"], encoding="utf-8") as stream:
        wanted = json.load(stream).get(call)
    with open(CALLS, "a", encoding="utf-8") as stream:
        stream.write(json.dumps([call, *arguments]) + "\n")
    if isinstance(wanted, dict):
        wanted = wanted.get(arguments[0], "InvalidJobException")
    if wanted == "crash":
        os.kill(os.getpid(), 11)
    if wanted == "hang":
        time.sleep(3600)
    if isinstance(wanted, str) and wanted.endswith("Exception"):
        raise type(wanted, (Exception,), {})("code 0: as the test wants it")
    return wanted


_do("import")


class JobTemplate:
    """Takes any attribute but those that the library has not."""

    def __setattr__(self, name: str, value: Any) -> None:
        _do("set." + name)
        vars(self)[name] = value


class Session:
    drmsInfo = "Fake 1.0"
    drmaaImplementation = "Fake DRMAA"

    def initialize(self) -> None:
        _do("initialize")
        print("what a library prints by itself")

    def exit(self) -> None:
        _do("exit")

    def createJobTemplate(self) -> JobTemplate:
        return JobTemplate()

    def deleteJobTemplate(self, template: JobTemplate) -> None:
        pass

    def runJob(self, template: JobTemplate) -> str:
        values = {
            name: value.decode("ascii") if isinstance(value, bytes) else value for name, value in vars(template).items()
        }
        return str(_do("runJob", values["jobName"], values))

    def jobStatus(self, job_id: str) -> str:
        return str(_do("jobStatus", job_id))

    def control(self, job_id: str, operation: str) -> None:
        _do("control", job_id, operation)

    def wait(self, job_id: str, timeout: int) -> JobInfo:
        assert timeout == 0
        told: List[Any] = _do("wait", job_id)
        return JobInfo(job_id, told[0], told[1], told[2], False, False, told[3], {})
