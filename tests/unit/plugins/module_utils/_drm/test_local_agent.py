# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The local DRM runs real jobs here. The agent is called in this process, which saves starting Python for each question."""

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


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """A home of its own, with nothing left running in the end."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(local_supervisor, "cpu_count", lambda: 2)
    monkeypatch.setattr(local_agent, "cpu_count", lambda: 2)
    monkeypatch.setattr(local_supervisor, "POLL_SECONDS", 0.05)
    yield tmp_path
    monkeypatch.undo()
    shutil.rmtree(str(tmp_path / "state"), ignore_errors=True)


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


def test_done_with_its_output_times_and_host(home):
    before = int(time.time())
    job_id = submit("echo out; echo err >&2")
    found = wait(job_id)
    assert found["native_state"] == "done"
    assert found["exit_code"] == 0
    assert found["signal"] is None
    assert found["end_reason"] is None
    assert before <= found["submit_time"] <= found["start_time"] <= found["end_time"] <= time.time()
    assert found["nodes"] == [os.uname().nodename]
    assert found["name"] == "test-0123456789"
    assert (home / ("clusterjobs-%s.out" % job_id)).read_text() == "out\nerr\n"


def test_the_environment_is_clean_and_holds_what_was_asked_for(home, monkeypatch):
    monkeypatch.setenv("SUBMITTER_ONLY", "1")
    value = "two\nlines, 'quotes' \udce9"
    wait(submit("env -0", slots=2, memory_mb=64, environment={"VALUE": value, "CLUSTERJOBS_JOB_ID": "7"}, stdout="env"))
    text = (home / "env").read_bytes().decode("utf-8", "surrogateescape")
    found = dict(item.split("=", 1) for item in text.split("\0") if item)
    assert found["VALUE"] == value
    assert (found["GALAXY_SLOTS"], found["GALAXY_MEMORY_MB"], found["CLUSTERJOBS_JOB_ID"], found["HOME"]) == (
        "2",
        "64",
        "1",
        str(home),
    )
    login = {"HOME", "USER", "LOGNAME", "SHELL", "PATH", "LANG"}
    added_by_the_shell = {"PWD", "OLDPWD", "SHLVL", "_"}
    assert set(found) - added_by_the_shell == login | {
        "GALAXY_SLOTS",
        "GALAXY_MEMORY_MB",
        "CLUSTERJOBS_JOB_ID",
        "VALUE",
    }


def test_arguments_directory_umask_and_standard_input(home):
    work = home / "work"
    work.mkdir()
    before = os.umask(0o027)
    try:
        job_id = submit(
            'printf "%s|" "$@"; pwd; cat; exec 3<&-; echo made > made',
            args=("a b", "*"),
            chdir=str(work),
            stdout="sub-%j-%x.txt",
            stderr="%%.err",
        )
    finally:
        os.umask(before)
    assert wait(job_id)["native_state"] == "done"
    assert (work / "sub-1-test-0123456789.txt").read_text() == "a b|*|%s\n" % work
    assert (work / "%.err").read_text() == ""
    assert (work / "made").stat().st_mode & 0o777 == 0o640


def test_a_script_that_is_no_utf8_runs_as_it_is(home):
    wait(submit("echo 'caf\udce9'", stdout="out"))
    assert (home / "out").read_bytes() == b"caf\xe9\n"


@pytest.mark.parametrize(
    ("body", "exit_code", "number", "reason"),
    [("exit 3", 3, None, None), ("exit 137", 137, None, None), ("kill -SEGV $$", None, signal.SIGSEGV, "SIGNAL")],
)
def test_failed_with_exit_code_or_signal(body, exit_code, number, reason):
    found = wait(submit(body))
    assert (found["native_state"], found["exit_code"], found["signal"], found["end_reason"]) == (
        "failed",
        exit_code,
        number,
        reason,
    )


def test_walltime_ends_the_whole_session_though_it_ignores_sigterm(home, monkeypatch):
    monkeypatch.setattr(local_element, "GRACE_SECONDS", 0.3)
    job_id = submit("trap '' TERM; sleep 60 & echo $! > pid; wait; sleep 60", walltime_seconds=1)
    pid = wait_for_file(home / "pid")
    found = wait(job_id)
    assert (found["native_state"], found["end_reason"], found["signal"]) == ("failed", "WALLTIME", signal.SIGKILL)
    assert found["message"] == "ran longer than its walltime of 1 s"
    assert not runs(pid)


def test_a_program_has_its_grace_also_when_its_shell_has_none(home):
    tidy = "trap 'sleep 0.5; touch tidied; exit' TERM; touch ready; while :; do sleep 0.05; done"
    job_id = submit('sh -c "%s"; true' % tidy)
    wait_until((home / "ready").exists, bool)
    local_agent.control("cancel", job_id)
    found = wait(job_id)
    assert (found["native_state"], found["signal"]) == ("cancelled", signal.SIGTERM)
    assert (home / "tidied").exists()


def test_memory_is_counted_over_all_processes_of_the_job(monkeypatch):
    monkeypatch.setattr(local_supervisor, "MEMORY_SECONDS", 0.1)
    eat = "head -c 40000000 /dev/zero | tail -c 40000000 | sleep 60"
    found = wait(submit("(%s) & (%s) & wait" % (eat, eat), memory_mb=50))
    assert (found["native_state"], found["end_reason"], found["signal"]) == ("failed", "MEMORY", signal.SIGKILL)
    assert found["message"].endswith("of its 50 MiB of memory")
    assert wait(submit("sleep 0.5", memory_mb=50))["native_state"] == "done"


def test_cancel_ends_processes_in_process_groups_of_their_own(home):
    job_id = submit("set -m; sleep 60 & echo $! > pid; wait")
    pid = wait_for_file(home / "pid")
    local_agent.control("cancel", job_id)
    found = wait(job_id)
    assert (found["native_state"], found["end_reason"]) == ("cancelled", "CANCELLED")
    assert not runs(pid)
    assert local_agent.control("cancel", job_id) == {}


def test_cancel_while_it_waits(home):
    job_id = submit("touch ran", hold=True)
    local_agent.control("cancel", job_id)
    found = wait(job_id)
    assert (found["native_state"], found["end_reason"], found.get("exit_code"), found.get("nodes")) == (
        "cancelled",
        "CANCELLED",
        None,
        None,
    )
    assert not (home / "ran").exists()


def test_hold_and_release(home):
    job_id = submit("touch ran", hold=True)
    time.sleep(0.3)
    assert status(job_id)["native_state"] == "held"
    assert not (home / "ran").exists()
    assert local_agent.control("hold", job_id) == {}
    with pytest.raises(local_store.Refused, match="cannot suspend job 1: it is held"):
        local_agent.control("suspend", job_id)
    local_agent.control("release", job_id)
    assert wait(job_id)["native_state"] == "done"
    with pytest.raises(local_store.Refused, match="cannot release job 1: it is done"):
        local_agent.control("release", job_id)


def test_a_queued_job_can_be_held_and_a_running_one_cannot():
    running = submit("sleep 60", slots=2)
    wait(running, "running")
    queued = submit("true")
    assert status(queued)["message"] == "waits for 1 of this host's slots"
    local_agent.control("hold", queued)
    with pytest.raises(local_store.Refused, match="cannot hold job 1: it is running"):
        local_agent.control("hold", running)
    local_agent.control("cancel", running)
    wait(running)
    time.sleep(0.3)
    assert status(queued)["native_state"] == "held"


def test_suspended_time_is_no_walltime(home):
    job_id = submit("while :; do date +%s%N > beat; sleep 0.02; done", walltime_seconds=1)
    wait_for_file(home / "beat")
    local_agent.control("suspend", job_id)
    assert status(job_id)["native_state"] == "suspended"
    before = (home / "beat").read_text()
    time.sleep(1.2)
    assert (home / "beat").read_text() == before
    assert status(job_id)["native_state"] == "suspended"
    local_agent.control("resume", job_id)
    wait_until((home / "beat").read_text, lambda text: text not in ("", before))
    assert status(job_id)["native_state"] == "running"
    assert wait(job_id)["end_reason"] == "WALLTIME"


def test_a_suspended_job_can_be_cancelled():
    job_id = submit("sleep 60")
    wait(job_id, "running")
    local_agent.control("suspend", job_id)
    local_agent.control("cancel", job_id)
    assert wait(job_id)["native_state"] == "cancelled"


def test_an_array_runs_each_element_and_so_many_at_once(home):
    body = "i=$CLUSTERJOBS_ARRAY_INDEX; echo start >> log; echo $CLUSTERJOBS_JOB_ID > out-$i; sleep 0.2; echo end >> log; exit $i"
    job_id = submit(body, array="0-4:2,1%1")
    found = wait_until(
        lambda: local_agent.status(job_id), lambda rows: all(row["native_state"] in local_store.ENDED for row in rows)
    )
    assert [(row["job_id"], row["array_id"], row["exit_code"]) for row in found] == [
        ("1_0", "1", 0),
        ("1_1", "1", 1),
        ("1_2", "1", 2),
        ("1_4", "1", 4),
    ]
    assert (home / "log").read_text().split() == ["start", "end"] * 4
    assert (home / "out-4").read_text() == "1_4\n"
    assert (home / "clusterjobs-1_4.out").exists()
    assert local_agent.status("1_4")[0]["exit_code"] == 4
    assert local_agent.status("1_3", "2") == []


def test_one_element_of_an_array_can_be_held_and_cancelled():
    job_id = submit("true", array="1-3", hold=True)
    local_agent.control("cancel", "1_2")
    wait("1_2")
    local_agent.control("release", "1_3")
    assert wait("1_3")["native_state"] == "done"
    assert [row["native_state"] for row in local_agent.status(job_id)] == ["held", "cancelled", "done"]


def test_dependencies(home):
    first = submit("sleep 0.5; touch first", hold=True)
    second = submit("test -e first", depends_on=(first,))
    bad = submit("exit 1")
    never = submit("touch never", depends_on=(first, bad))
    assert status(second)["message"] == "waits for job 1"
    found = wait(never)
    assert (found["native_state"], found["end_reason"], found["message"]) == (
        "cancelled",
        "DEPENDENCY",
        "depends on job 3, which is failed",
    )
    local_agent.control("release", first)
    assert wait(second)["native_state"] == "done"
    assert not (home / "never").exists()


def test_a_large_job_is_not_overtaken_for_ever(home):
    small = submit("sleep 0.5; echo small >> order")
    wait(small, "running")
    submit("echo large >> order", slots=2)
    later = submit("echo later >> order")
    wait(later)
    assert (home / "order").read_text().split() == ["small", "large", "later"]


@pytest.mark.parametrize(
    ("fields", "script", "message"),
    [
        ({"chdir": "/nowhere"}, "#!/bin/sh\n", "could not be started: chdir /nowhere: No such file or directory"),
        (
            {"stdout": "/nowhere/out"},
            "#!/bin/sh\n",
            "could not be started: stdout /nowhere/out: No such file or directory",
        ),
        (
            {"stderr": "/nowhere/err"},
            "#!/bin/sh\n",
            "could not be started: stderr /nowhere/err: No such file or directory",
        ),
        ({}, "#!/bin/nowhere -x\n", "could not be started: interpreter '/bin/nowhere': No such file or directory"),
        ({}, "#!/bin/sh\r\n", "could not be started: interpreter '/bin/sh\\r': No such file or directory"),
    ],
)
def test_what_cannot_be_started_fails_with_the_reason(fields, script, message):
    request = dict(REQUEST, script=script, **fields)
    found = wait(local_agent.submit(request)["job_id"])
    assert (found["native_state"], found["end_reason"], found.get("exit_code"), found["message"]) == (
        "failed",
        "OTHER",
        None,
        message,
    )
    with pytest.raises(local_store.Refused):
        local_agent.dry_run(request)


def test_what_a_job_leaves_behind_is_ended(home):
    job_id = submit("sleep 60 & echo $! > pid")
    assert wait(job_id)["native_state"] == "done"
    assert not runs((home / "pid").read_text())


def test_a_lost_supervisor_is_a_node_failure_and_its_leftovers_go_before_the_next_job(home):
    job_id = submit("echo $$ > pid; sleep 60", array="1-2%1")
    pid = wait_for_file(home / "pid")
    os.kill(supervisor_of(home, job_id), signal.SIGKILL)
    wait("1_1", "lost")
    for found in local_agent.status(job_id):
        assert (found["native_state"], found["end_reason"]) == ("lost", "NODE_FAILURE")
    assert runs(pid)
    wait(submit("true"))
    assert not runs(pid)
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


def test_find_by_name_and_time():
    now = int(time.time())
    job_id = submit("true", array="1-2")
    submit("true", name="other-0123456789")
    assert [row["job_id"] for row in local_agent.find("test-0123456789", str(now))] == [job_id + "_1", job_id + "_2"]
    assert local_agent.find("test-0123456789", str(now + 3600)) == []
    assert local_agent.find("test", "0") == []


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"slots": 3}, "slots: 3 asked for, and this host has 2"),
        ({"array": "1-20000"}, "array: '1-20000': more than 10000 elements"),
        ({"array": "5-1"}, "array: '5-1': no elements"),
        ({"array": "1-4:0"}, "array: '1-4:0'"),
        ({"depends_on": ("7",)}, "depends_on: there is no job 7"),
    ],
)
def test_requests_that_are_refused_leave_nothing(home, fields, message):
    with pytest.raises(local_store.Refused) as caught:
        submit("true", **fields)
    assert str(caught.value).startswith(message)
    assert not (home / "state").exists()


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
    assert local_agent.find("test-0123456789", "0") == []
    assert os.listdir(str(home / "state/clusterjobs/local/jobs")) == []


def test_a_job_whose_directory_was_removed_does_not_run_on(home):
    job_id = submit("echo $$ > pid; sleep 60")
    pid = wait_for_file(home / "pid")
    supervisor = supervisor_of(home, job_id)
    shutil.rmtree(str(job_directory(home, job_id)))
    wait_until(lambda: runs(pid) or runs(supervisor), lambda still: not still)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["cancel", "9"], local_agent.RC_NO_SUCH_JOB, "there is no job 9"),
        (["cancel", "1", "9"], local_agent.RC_NO_SUCH_JOB, "there is no job 9"),
        (["suspend", "1", "9"], local_agent.RC_REFUSED, "cannot suspend job 1: it is held; there is no job 9"),
        (["status", "9"], 0, ""),
    ],
)
def test_exit_codes(capsys, arguments, code, said):
    submit("true", hold=True)
    assert local_agent.main(arguments) == code
    assert capsys.readouterr().err.strip() == said
    local_agent.control("cancel", "1")


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
        found = local_agent.find(name, "0")
        if not found:
            assert not ran.exists()
            submit("echo ran >> %s" % ran, name=name)
        (row,) = local_agent.find(name, "0")
        state = wait(row["job_id"])["native_state"]
        seen.add((bool(found), state))
        runs_seen = ran.read_text().count("ran") if ran.exists() else 0
        assert runs_seen == 1 or (runs_seen == 0 and state == "lost")
    # Killed before there was a job, after, and (the supervisor) while it ran.
    assert seen == {(False, "done"), (True, "done")} | ({(True, "lost")} if victim == "supervisor" else set())
