# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real jobs of the local DRM. The agent is called in this process, which saves starting Python for each question."""

from __future__ import annotations

import os
import shutil
import time
from contextlib import contextmanager

from ansible_collections.clusterjobs.drm.plugins.module_utils._drm import (
    local_agent,
    local_element,
    local_store,
    local_supervisor,
)

PATIENCE_SECONDS = 20
REQUEST = {
    "name": "test-0123456789",
    "args": (),
    "slots": None,
    "memory_mb": None,
    "walltime_seconds": None,
    "array": "",
    "depends_on": (),
    "hold": False,
    "chdir": "",
    "stdout": "",
    "stderr": "",
    "environment": {},
}


@contextmanager
def private_home(path, monkeypatch):
    """A home and a state directory below this path, on a host of two slots, with nothing left running in the end."""
    monkeypatch.setenv("XDG_STATE_HOME", str(path / "state"))
    monkeypatch.setenv("HOME", str(path))
    monkeypatch.setattr(local_supervisor, "cpu_count", lambda: 2)
    monkeypatch.setattr(local_agent, "cpu_count", lambda: 2)
    monkeypatch.setattr(local_supervisor, "POLL_SECONDS", 0.05)
    yield
    # A supervisor whose job's directory is gone ends the job.
    shutil.rmtree(str(path / "state"), ignore_errors=True)


def submit(body, **fields):
    return local_agent.submit(dict(REQUEST, script="#!/bin/sh\n%s\n" % body, **fields))["job_id"]


def status(job_id):
    (found,) = local_agent.status(job_id)
    return found


def wait(job_id, *states):
    return wait_until(lambda: status(job_id), lambda found: found["native_state"] in (states or local_store.ENDED))


def wait_until(ask, good):
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        answer = ask()
        if good(answer):
            return answer
        assert time.monotonic() < deadline, answer
        time.sleep(0.02)


def wait_for_file(path):
    wait_until(path.exists, bool)
    return wait_until(path.read_text, bool)


def runs(pid):
    try:
        return local_element.Process(int(pid)).running
    except OSError:
        return False


def job_directory(home, job_id):
    return home / "state" / "clusterjobs" / "local" / "jobs" / job_id


def supervisor_of(home, job_id):
    """The process that holds the job's ``alive`` open."""
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            links = [os.readlink("/proc/%s/fd/%s" % (name, fd)) for fd in os.listdir("/proc/%s/fd" % name)]
        except OSError:
            continue
        if str(job_directory(home, job_id) / "alive") in links:
            return int(name)
    raise AssertionError("job %s has no supervisor" % job_id)
