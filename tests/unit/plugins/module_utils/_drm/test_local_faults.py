# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The local DRM when something dies, is full, is old or was tampered with."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import time
from pathlib import Path

import pytest

from ansible_collections.clusterjobs.drm.plugins.module_utils._drm import (
    local_agent,
    local_store,
    local_supervisor,
)
from ansible_collections.clusterjobs.drm.tests.unit.helpers.local_jobs import (
    job_directory,
    private_home,
    runs,
    status,
    submit,
    supervisor_of,
    wait,
    wait_for_file,
    wait_until,
)


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """A home of its own, with nothing left running in the end."""
    with private_home(tmp_path, monkeypatch):
        yield tmp_path


def test_a_lost_supervisor_is_a_node_failure_and_its_leftovers_go_before_the_next_job(home):
    job_id = submit("echo $$ > pid; sleep 60", array="1-2%1")
    pid = wait_for_file(home / "pid")
    os.kill(supervisor_of(home, job_id), signal.SIGKILL)
    wait("1_1", "lost")
    for found in local_agent.status(job_id):
        assert (found["native_state"], found["end_reason"]) == ("lost", "NODE_FAILURE")
    assert runs(pid)
    wait(submit("true"))
    # They were killed before that job began; a busy kernel takes its time to bury them.
    wait_until(lambda: runs(pid), lambda still: not still)
    assert [row["native_state"] for row in local_agent.status(job_id)] == ["lost", "lost"]
    assert local_agent.control("cancel", job_id) == {}


def test_cancelling_a_lost_job_ends_its_leftovers_but_no_stranger(home):
    job_id = submit("echo $$ > pid; env -i sleep 60 & echo $! > stranger; sleep 60")
    stranger = int(wait_for_file(home / "stranger"))
    pid = wait_for_file(home / "pid")
    wait_until(Path("/proc/%d/environ" % stranger).read_bytes, lambda data: not data)
    os.kill(supervisor_of(home, job_id), signal.SIGKILL)
    wait(job_id, "lost")
    local_agent.control("cancel", job_id)
    wait_until(lambda: runs(pid), lambda still: not still)
    # A process of the same session number without the job's mark may be anybody's.
    assert runs(stranger)
    os.kill(stranger, signal.SIGKILL)


def test_a_job_of_another_host_is_unknown_not_lost(home, monkeypatch):
    job_id = submit("sleep 60")
    wait(job_id, "running")
    os.kill(supervisor_of(home, job_id), signal.SIGKILL)
    session = local_store.read_json(local_store.Job(local_store.state_directory(), job_id).element_path(0))["session"]
    here = os.uname()
    monkeypatch.setattr(os, "uname", lambda: type("Host", (), {"nodename": "login2", "sysname": here.sysname}))
    found = wait(job_id, "elsewhere")
    assert found["message"] == "this job is on host %s and only that host knows its state" % here.nodename
    with pytest.raises(local_store.Refused, match="it is elsewhere"):
        local_agent.control("cancel", job_id)
    submit("true")
    assert status(job_id)["native_state"] == "elsewhere"
    os.killpg(session, signal.SIGKILL)


def test_old_ended_jobs_are_forgotten_and_their_numbers_are_not_used_again(home):
    old, held = submit("true"), submit("true", hold=True)
    wait(old)
    wait_until((job_directory(home, old) / "alive").exists, lambda there: not there)
    long_ago = time.time() - local_agent.KEEP_SECONDS - 60
    for job_id in (old, held):
        os.utime(str(job_directory(home, job_id)), (long_ago, long_ago))
    assert submit("true") == "3"
    assert local_agent.status(old) == []
    assert status(held)["native_state"] == "held"
    with pytest.raises(local_store.Refused, match="depends_on: there is no job 1"):
        submit("true", depends_on=(old,))


def test_planted_directories_are_refused(home):
    submit("true", hold=True)
    jobs = home / "state" / "clusterjobs" / "local" / "jobs"
    jobs.rename(home / "jobs")
    jobs.symlink_to(home / "jobs")
    with pytest.raises(local_store.Refused, match="jobs must be a directory, no link"):
        local_agent.status("1")
    jobs.unlink()
    (home / "jobs").rename(jobs)
    jobs.chmod(0o770)
    with pytest.raises(local_store.Refused, match="writable by nobody else"):
        submit("true")
    jobs.chmod(0o700)
    local_agent.control("cancel", "1")
    wait("1")


def test_everything_is_the_users_alone(home):
    before = os.umask(0)
    try:
        wait(submit("true"))
    finally:
        os.umask(before)
    modes = {
        path: os.lstat(str(path)).st_mode & 0o077
        for path in (home / "state" / "clusterjobs").rglob("*")
        if path.exists()
    }
    assert modes
    assert not {path: oct(mode) for path, mode in modes.items() if mode and path.parent.name != "1"}


def test_an_end_that_cannot_be_written_is_written_later(home, monkeypatch):
    full, tried = home / "full", home / "tried"
    write_json, let_go = local_supervisor.write_json, local_supervisor._let_go

    def write(path, values):
        if full.exists():
            tried.touch()
            raise OSError(errno.ENOSPC, "No space left on device", path)
        write_json(path, values)

    monkeypatch.setattr(local_supervisor, "write_json", write)
    monkeypatch.setattr(local_supervisor, "_let_go", lambda alive, log: let_go(alive, "/dev/full"))
    job_id = submit("while [ ! -e go ]; do sleep 0.02; done; touch full; exit 4")
    wait(job_id, "running")
    (home / "go").touch()
    wait_until(tried.exists, bool)
    assert status(job_id)["native_state"] == "running"
    full.unlink()
    found = wait(job_id)
    assert (found["native_state"], found["exit_code"]) == ("failed", 4)


def test_a_submission_on_a_full_disk_makes_no_job(home, monkeypatch):
    def write(path, values):
        raise OSError(errno.ENOSPC, "No space left on device", path)

    monkeypatch.setattr(local_supervisor, "write_json", write)
    with pytest.raises(OSError, match="No space left on device"):
        submit("touch ran")
    assert local_agent.find("0", "test-0123456789") == []
    assert os.listdir(str(home / "state/clusterjobs/local/jobs")) == []


def test_a_job_whose_directory_was_removed_does_not_run_on(home):
    job_id = submit("echo $$ > pid; sleep 60")
    pid = wait_for_file(home / "pid")
    supervisor = supervisor_of(home, job_id)
    shutil.rmtree(str(job_directory(home, job_id)))
    wait_until(lambda: runs(pid) or runs(supervisor), lambda still: not still)


@pytest.mark.parametrize(
    ("number", "code"), [(errno.ENOSPC, local_agent.RC_TRY_AGAIN), (errno.EACCES, local_agent.RC_REFUSED)]
)
def test_trouble_with_the_disk_is_not_a_job_that_is_gone(home, capsys, monkeypatch, number, code):
    def refuse():
        raise OSError(number, "trouble")

    monkeypatch.setattr(local_agent, "state_directory", refuse)
    assert local_agent.main(["status", "1"]) == code
    assert "trouble. Local jobs are kept below %s/state/clusterjobs/local" % home in capsys.readouterr().err


DEADLY = ("mkdir", "open", "replace", "fsync", "fork", "write", "setsid", "unlink", "dup2", "close", "chdir", "waitpid")


def submit_and_die(home, victim, calls):
    """A submission in which the submitter, or the supervisor that it starts, is killed at so many calls of the operating system."""
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return
    submitter = os.getpid()
    left = [calls]

    def deadly(function):
        def call(*arguments, **words):
            if (os.getpid() == submitter) == (victim == "submitter"):
                left[0] -= 1
                if left[0] == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
            return function(*arguments, **words)

        return call

    for name in DEADLY:
        setattr(os, name, deadly(getattr(os, name)))
    try:
        submit("echo ran >> %s/ran-%d" % (home, calls), name="kill-%010d" % calls)
    finally:
        os._exit(0)


@pytest.mark.parametrize(("victim", "calls"), [("submitter", 45), ("supervisor", 60)])
def test_killed_anywhere_there_is_no_job_or_one_that_is_found(home, victim, calls):
    seen = set()
    for number in range(1, calls):
        name = "kill-%010d" % number
        ran = home / ("ran-%d" % number)
        submit_and_die(home, victim, number)
        found = local_agent.find("0", name)
        if not found:
            assert not ran.exists()
            submit("echo ran >> %s" % ran, name=name)
        (row,) = local_agent.find("0", name)
        state = wait(row["job_id"])["native_state"]
        seen.add((bool(found), state))
        runs_seen = ran.read_text().count("ran") if ran.exists() else 0
        assert runs_seen == 1 or (runs_seen == 0 and state == "lost")
    # Killed before there was a job, after, and (the supervisor) while it ran.
    assert seen == {(False, "done"), (True, "done")} | ({(True, "lost")} if victim == "supervisor" else set())
