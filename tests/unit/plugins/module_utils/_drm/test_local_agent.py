# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of jobs on the local DRM: real ones, in every state and under every control."""

from __future__ import annotations

import os
import signal
import time

import pytest

from ansible_collections.clusterjobs.drm.plugins.module_utils._drm import (
    local_agent,
    local_element,
    local_store,
    local_supervisor,
)
from ansible_collections.clusterjobs.drm.tests.unit.helpers.local_jobs import (
    REQUEST,
    private_home,
    runs,
    status,
    submit,
    wait,
    wait_for_file,
    wait_until,
)


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """A home of its own, with nothing left running in the end."""
    with private_home(tmp_path, monkeypatch):
        yield tmp_path


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


def test_find_by_name_and_time():
    now = int(time.time())
    job_id = submit("true", array="1-2")
    submit("true", name="other-0123456789")
    assert [row["job_id"] for row in local_agent.find(str(now), "test-0123456789")] == [job_id + "_1", job_id + "_2"]
    assert local_agent.find(str(now + 3600), "test-0123456789") == []
    assert local_agent.find("0", "test") == []


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
