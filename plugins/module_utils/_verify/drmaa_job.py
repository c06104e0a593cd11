# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The program of one job through a DRMAA library, as Galaxy's runner uses it: one session from the submission to the end.

It runs by Galaxy's own Python, in the environment of Galaxy's service. Without the agent of ``drm: drmaa``, which mends what that environment lacks.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
from typing import Any, Dict, Mapping, Sequence

_EVERY_SECONDS = 0.5
#: drmaa_job_ps(3). A job that the library does not know any more has ended for Galaxy, too (galaxy/jobs/runners/drmaa.py).
GONE = "gone"
_ENDED = ("done", "failed", GONE)


def main(words: Sequence[str], request: Mapping[str, Any]) -> int:
    """``request``: name, native (options, as one text), seconds, noted (a file). ``call`` is the last one that was made."""
    told: Dict[str, Any] = {"call": "import drmaa", "system": "", "job_id": "", "state": "", "problem": ""}
    began = time.monotonic()
    try:
        _run(request, told)
    # What the library says comes as exceptions of the package's, of which there are many.
    except Exception as error:
        told["problem"] = "%s: %s" % (type(error).__name__, error)
    told["seconds"] = round(time.monotonic() - began, 1)
    # After whatever the library has printed.
    sys.stdout.write("\n%s\n" % json.dumps(told))
    return 0


def _run(request: Mapping[str, Any], told: Dict[str, Any]) -> None:
    drmaa = importlib.import_module("drmaa")
    told["call"] = "drmaa_init"
    session = drmaa.Session()
    session.initialize()
    try:
        told["system"] = str(session.drmsInfo)
        told["call"] = "drmaa_run_job"
        told["job_id"] = _submit(session, request)
        told["call"] = "drmaa_job_ps"
        # For whoever sweeps up after a run that was cut off.
        with open(request["noted"], "w", encoding="ascii") as noted:
            noted.write(told["job_id"])
        _follow(drmaa, session, request["seconds"], told)
        os.remove(request["noted"])
    finally:
        session.exit()


def _submit(session: Any, request: Mapping[str, Any]) -> str:
    template = session.createJobTemplate()
    try:
        template.jobName = request["name"]
        template.remoteCommand = "/bin/true"
        template.workingDirectory = "/tmp"
        template.outputPath = ":/dev/null"
        template.joinFiles = True
        if request["native"]:
            template.nativeSpecification = request["native"]
        return str(session.runJob(template))
    finally:
        session.deleteJobTemplate(template)


def _follow(drmaa: Any, session: Any, seconds: float, told: Dict[str, Any]) -> None:
    end = time.monotonic() + seconds
    while told["state"] not in _ENDED:
        if time.monotonic() > end:
            session.control(told["job_id"], drmaa.JobControlAction.TERMINATE)
            told["problem"] = "It has not ended within %d s, and was told to end." % seconds
            return
        time.sleep(_EVERY_SECONDS)
        try:
            told["state"] = str(session.jobStatus(told["job_id"]))
        except drmaa.InvalidJobException:
            told["state"] = GONE
