"""Every state and every option of clusterjobs.drm.job on the local DRM, through real plays."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest
from testlib.local_drm import Local
from testlib.plays import OLDEST, job, job_info

SLEEP = "exec sleep 60"


def test_how_jobs_end(local: Local) -> None:
    memory = "head -c 80000000 /dev/zero | tail -c 80000000 | sleep 60"
    result = local.one(
        job(
            "run",
            state="finished",
            fail_on_job_failure=False,
            jobs=[
                {"script": "echo well"},
                {"script": "echo badly >&2; exit 3"},
                {"script": "kill -SEGV $$"},
                {"script": "exec sleep 60", "walltime": 1},
                {"script": memory, "memory_mb": 50},
                {"command": "/nowhere/program"},
                {"script": "#!/nowhere/interpreter"},
                {"command": "true", "chdir": "/nowhere"},
                {"command": "true", "stdout": "nowhere/out"},
            ],
        )
    )
    assert result["outcome"] == "ok"
    assert result["changed"]
    ends = [(row["state"], row["end_reason"], row["exit_code"], row["signal"]) for row in result["jobs"]]
    assert ends == [
        ("DONE", None, 0, None),
        ("FAILED", None, 3, None),
        ("FAILED", "SIGNAL", None, 11),
        ("FAILED", "WALLTIME", None, 15),
        ("FAILED", "MEMORY", None, 9),
        ("FAILED", None, 127, None),
        ("FAILED", "OTHER", None, None),
        ("FAILED", "OTHER", None, None),
        ("FAILED", "OTHER", None, None),
    ]
    assert [result["jobs"][at]["stdout"] for at in (0, 1)] == ["well\n", "badly\n"]
    said = [row["message"] for row in result["jobs"]]
    assert said[3] == "ran longer than its walltime of 1 s"
    assert said[4].endswith(" of its 50 MiB of memory")
    assert [text.partition(": ")[2] for text in said[6:]] == [
        "interpreter '/nowhere/interpreter': No such file or directory",
        "chdir /nowhere: No such file or directory",
        f"stdout {local.work}/nowhere/out: No such file or directory",
    ]


def test_a_failed_job_fails_the_task_with_everything_known(local: Local) -> None:
    result = local.one(job("run", script="exit 3", name="mapping", state="finished"))
    assert result["outcome"] == "failed"
    assert result["changed"]
    assert "mapping" in result["msg"]
    assert "exit code 3" in result["msg"]
    assert result["jobs"][0]["job_id"] == "1"


def test_held_released_suspended_resumed_and_cancelled(local: Local) -> None:
    submit = job("submit", key="long", script=SLEEP, hold=True)
    again = {state: job(state, key="long", state=state) for state in ("held", "released", "started", "suspended")}
    results = local.run(
        submit,
        again["held"],
        again["released"],
        again["started"],
        again["suspended"],
        dict(again["suspended"], name="still suspended"),
        job("resumed", job_id="1", state="resumed"),
        job("hold it though it runs", job_ids=["1"], state="held"),
        job("absent", key="long", state="absent"),
        dict(job("absent", key="long", state="absent"), name="still absent"),
        job("suspend it though it has ended", job_id="1", state="suspended"),
    )
    states = [(result["jobs"][0]["state"], result["changed"]) for result in results]
    assert states[2][0] in ("QUEUED", "RUNNING")
    assert states == [
        ("HELD", True),
        ("HELD", False),
        (states[2][0], True),
        ("RUNNING", False),
        ("SUSPENDED", True),
        ("SUSPENDED", False),
        ("RUNNING", True),
        ("RUNNING", False),
        ("CANCELLED", True),
        ("CANCELLED", False),
        ("CANCELLED", False),
    ]
    assert [result["outcome"] for result in results] == ["ok"] * 7 + ["failed", "ok", "ok", "failed"]
    assert "is RUNNING and cannot be held" in results[7]["msg"]
    assert local.jobs() == ["1"]


def test_a_job_that_waits_can_be_cancelled_and_absent_submits_nothing(local: Local) -> None:
    waits = {"key": "waits", "script": "touch ran"}
    absent, held, cancelled, told = local.run(
        job("absent before", **waits, state="absent"),
        job("submit", **waits, state="held"),
        job("cancel", **waits, state="absent"),
        job("ask", key="waits", state="finished"),
    )
    assert (absent["outcome"], absent["changed"], absent["jobs"]) == ("ok", False, [])
    assert (held["jobs"][0]["state"], held["changed"]) == ("HELD", True)
    assert (cancelled["jobs"][0]["state"], cancelled["jobs"][0]["end_reason"]) == ("CANCELLED", "CANCELLED")
    assert (cancelled["jobs"][0]["start_time"], cancelled["changed"]) == (None, True)
    assert told["outcome"] == "failed"
    assert not (local.work / "ran").exists()


def test_arrays_and_dependencies(local: Local) -> None:
    results = local.run(
        job("first", script="sleep 1; touch first"),
        job("array", script="test -e first && exit $CLUSTERJOBS_ARRAY_INDEX", array="0-4:2,1%1", depends_on=["1"]),
        job("after the array", command="true", depends_on=["2"]),
        job("after one element", command="true", depends_on=["2_0"]),
        job("after nothing", command="true", depends_on=["77"]),
        job("all", job_ids=["2", "2_2", "3", "4"], state="finished", fail_on_job_failure=False),
        job_info("look", job_ids=["2", "2_4", "2_9", "99"]),
    )
    assert results[4]["outcome"] == "failed"
    assert "depends_on: there is no job 77" in results[4]["msg"]
    array, element, after_array, after_element = results[5]["jobs"]
    assert [(task["job_id"], task["state"], task["exit_code"]) for task in array["tasks"]] == [
        ("2_0", "DONE", 0),
        ("2_1", "FAILED", 1),
        ("2_2", "FAILED", 2),
        ("2_4", "FAILED", 4),
    ]
    assert (array["state"], element["exit_code"]) == ("FAILED", 2)
    assert (after_array["state"], after_array["end_reason"]) == ("CANCELLED", "DEPENDENCY")
    assert after_element["state"] == "DONE"
    assert [(row["job_id"], row["state"]) for row in results[6]["jobs"]] == [
        ("2", "FAILED"),
        ("2_4", "FAILED"),
        ("2_9", "UNKNOWN"),
        ("99", "UNKNOWN"),
    ]


def test_a_key_stands_for_one_job(local: Local) -> None:
    same = {"key": "map", "script": "test -e mended", "state": "finished", "fail_on_job_failure": False}
    first, second, changed, resubmitted, third = local.run(
        job("first", **same),
        job("second", **same),
        job("another request", **{**same, "script": "test -e other", "slots": 1}),
        job("mend and try again", **{**same, "script": "true", "resubmit": "on_failure"}),
        job("done now", **{**same, "script": "true", "resubmit": "on_failure"}),
    )
    assert [(result["jobs"][0]["job_id"], result["jobs"][0]["state"]) for result in (first, second)] == [
        ("1", "FAILED")
    ] * 2
    assert [result["changed"] for result in (first, second)] == [True, False]
    assert changed["outcome"] == "failed"
    assert changed["difference"]["script"]["now"].endswith("test -e other\n")
    assert set(changed["difference"]) == {"script", "slots"}
    assert (resubmitted["jobs"][0]["job_id"], resubmitted["jobs"][0]["state"], resubmitted["changed"]) == (
        "2",
        "DONE",
        True,
    )
    assert (third["jobs"][0]["job_id"], third["changed"]) == ("2", False)
    assert local.jobs() == ["1", "2"]


def test_two_plays_at_once_with_one_key_make_one_job(local: Local) -> None:
    task = job("run", key="once", script="echo ran >> runs; sleep 1", state="finished")
    both = [local.start(task), local.start(task)]
    results = [play.finish(60).of("localhost", "run") for play in both]
    assert [result["jobs"][0]["state"] for result in results] == ["DONE", "DONE"]
    assert sorted(result["changed"] for result in results) == [False, True]
    assert (local.work / "runs").read_text() == "ran\n"


@pytest.mark.parametrize("delay", [1.0, 1.5])
def test_a_killed_play_that_is_run_again_has_made_one_job(local: Local, delay: float) -> None:
    task = job("run", key="once", script="echo ran >> runs", state="finished")
    play = local.start(task)
    time.sleep(delay)
    play.kill()
    assert local.one(task)["jobs"][0]["state"] == "DONE"
    assert (local.work / "runs").read_text() == "ran\n"
    assert local.jobs() == ["1"]


def test_check_mode_and_diff(local: Local) -> None:
    script = "echo $SECRET"
    submitted, refused, absent = local.run(
        job("would run", key="new", script=script, environment={"VALUE": "in no diff"}),
        job("would be refused", script="true", chdir="/nowhere"),
        job("would be cancelled", key="new", state="absent"),
        arguments=["--check", "--diff"],
    )
    assert (submitted["outcome"], submitted["changed"]) == ("ok", True)
    assert "it fits this host" in submitted["jobs"][0]["message"]
    assert script in submitted["diff"][0]["after"]
    assert "in no diff" not in str(submitted["diff"])
    assert refused["outcome"] == "failed"
    assert "chdir: /nowhere is not there or cannot be entered" in refused["msg"]
    assert (absent["outcome"], absent["changed"], absent["jobs"]) == ("ok", False, [])
    assert local.jobs() == []
    assert not (local.scratch / "state").exists()


def test_environment_and_secrets(local: Local) -> None:
    odd = "a,b=c 'd' \"e\"\nf"
    result = local.one(
        job(
            "run",
            script='printf "%s" "$ODD" > odd; printf "%s" "$TOKEN" | md5sum > sum; env > all',
            environment={"ODD": odd, "NUMBER": 7, "LANG": "de_DE.UTF-8"},
            secret_environment={"TOKEN": "hunter2-hunter2"},
            state="finished",
        ),
        arguments=["--diff", "-vvv"],
        environ={"CONTROLLER_ONLY": "1"},
    )
    assert result["jobs"][0]["state"] == "DONE"
    assert (local.work / "odd").read_text() == odd
    assert (local.work / "sum").read_text().split()[0] == "cd0b9b64e661a1de0f3baf754b9e49c3"
    inside = (local.work / "all").read_text().splitlines()
    assert {"NUMBER=7", "LANG=de_DE.UTF-8", "GALAXY_SLOTS=1"} <= set(inside)
    assert not [line for line in inside if line.startswith("CONTROLLER_ONLY")]
    assert "hunter2" not in local.output + str(result)
    left = [path for path in (local.scratch / "state").rglob("*") if path.is_file() and b"hunter2" in path.read_bytes()]
    assert left == []


def test_a_wait_that_is_over_says_what_it_submitted(local: Local) -> None:
    late, cancelled, look = local.run(
        job("too short", key="slow", script=SLEEP, state="finished", wait_timeout=2),
        job("and cancel", key="slow", script=SLEEP, state="finished", wait_timeout=1, cancel_on_timeout=True),
        job("see", job_id="1", state="finished", fail_on_job_failure=False),
    )
    assert (late["outcome"], late["timed_out"], late["changed"]) == ("failed", True, True)
    assert (late["jobs"][0]["job_id"], late["jobs"][0]["state"]) == ("1", "RUNNING")
    assert (cancelled["timed_out"], cancelled["changed"]) == (True, True)
    assert look["jobs"][0]["state"] == "CANCELLED"


def test_progress_is_shown_while_it_waits(local: Local) -> None:
    local.one(job("run", script="sleep 2", state="finished"))
    assert "[localhost] job 1 RUNNING (running) on " in local.output
    assert "[localhost] job 1 DONE (done) on " in local.output


def test_output_is_cut_at_its_beginning_and_need_not_be_text(local: Local) -> None:
    cut, binary, none, apart = local.run(
        job("cut", script="seq 1 1000", state="finished", output_max_bytes=9),
        job("binary", script=r"printf 'caf\351\n'", state="finished"),
        job("none", command="echo text", state="finished", return_output=False),
        job("apart", script="echo out; echo err >&2", stdout="%x.%j.out", stderr="/dev/null", state="finished"),
    )
    assert (cut["jobs"][0]["stdout"], cut["jobs"][0]["stdout_truncated"]) == ("999\n1000\n", True)
    assert binary["jobs"][0]["stdout"] == "caf\\xe9\n"
    assert "stdout" not in none["jobs"][0]
    assert Path(apart["jobs"][0]["stdout_path"]).read_text() == "out\n"
    assert apart["jobs"][0]["stdout_path"] == f"{local.work}/{apart['jobs'][0]['name']}.4.out"


def test_async_is_refused_with_what_to_do_instead(local: Local) -> None:
    result = local.one({**job("run", command="true", state="finished"), "async": 60, "poll": 0})
    assert result["outcome"] == "failed"
    assert "does not run with async" in result["msg"]
    assert "state: finished with the same key" in result["msg"]
    assert local.jobs() == []


BAD = {
    "queue": ({"queue": "long"}, "local cannot honour queue"),
    "several fields": ({"nodes": 2, "gpus": 1, "account": "a"}, "local cannot honour account, gpus, nodes"),
    "native option": ({"native_options": ["--constraint=x"]}, "local cannot honour native_options"),
    "newline in a native option": ({"native_options": ["-p\n-q"]}, "native_options[0]"),
    "cluster": ({"cluster": "east"}, "local cannot honour cluster"),
    "option": ({"partition": "long"}, "Unsupported parameters"),
    "missing script": (
        {"command": None, "src": "/nowhere/job.sh"},
        "cannot read /nowhere/job.sh on the host: No such file",
    ),
    "nothing to run": ({"command": None, "key": None}, "give exactly one of command, script and src"),
    "name with =": ({"environment": {"A=B": "1"}}, "'A=B' is not a variable's name"),
    "name with NUL": ({"environment": {"A\0B": "1"}}, "is not a variable's name"),
    "value with NUL": ({"environment": {"A": "1\0"}}, "environment: A: holds a NUL character"),
    "2 MB environment": ({"environment": {"A": "x" * 2_000_000}}, "environment: A makes it too large"),
    "walltime in two ways": ({"walltime": "90:00"}, "walltime: '90:00'"),
    "walltime of nothing": ({"walltime": 0}, "walltime: 0 is not more than 0 seconds"),
    "short secret": ({"secret_environment": {"A": "short"}}, "fewer than 6 characters"),
    "array": ({"array": "1..4"}, "array: '1..4'"),
    "array without elements": ({"array": "4-1"}, "array: '4-1': no elements"),
    "job id": ({"depends_on": ["-1"]}, "'-1' is not a job id of local"),
    "slots": ({"slots": 100000}, "slots: 100000 asked for"),
    "name": ({"name": "-x"}, "name: '-x'"),
}


def _given(options: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}


def test_bad_input_is_refused_by_name_and_submits_nothing(local: Local) -> None:
    results = local.run(
        *[job(name, **_given({"command": "touch ran", "key": name, **bad})) for name, (bad, _said) in BAD.items()]
    )
    wrong = {
        name: result.get("msg", "no message")
        for (name, (_bad, said)), result in zip(BAD.items(), results, strict=True)
        if result["outcome"] != "failed" or said not in result.get("msg", "")
    }
    assert wrong == {}
    assert [result["changed"] for result in results if result.get("changed")] == []
    assert local.jobs() == []


def test_on_the_oldest_ansible_core(local: Local) -> None:
    task = job("run", key="old", script="echo $VALUE", environment={"VALUE": "here"}, state="finished")
    first, second = local.run(task, {**task, "name": "again"}, venv=OLDEST, pipelining=False)
    assert (first["jobs"][0]["stdout"], first["changed"]) == ("here\n", True)
    assert (second["jobs"][0]["stdout"], second["changed"]) == ("here\n", False)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else without a password")
def test_root_is_refused_elsewhere_and_another_account_has_jobs_of_its_own(local: Local) -> None:
    with tempfile.TemporaryDirectory() as theirs:
        shutil.chown(theirs, "nobody")
        as_nobody = {"become": True, "become_user": "nobody", "become_method": "su", "become_flags": "-s /bin/sh"}
        refused, run = local.run(
            job("root", drm="slurm", command="true"),
            {
                **job("nobody", script="id -un", chdir=theirs, state="finished"),
                **as_nobody,
                "environment": {"XDG_STATE_HOME": f"{theirs}/state"},
                "vars": {"ansible_python_interpreter": "/usr/bin/python3"},
            },
        )
    assert "become_user" in refused["msg"]
    assert run["jobs"][0]["owner"] == "nobody"
    assert run["jobs"][0]["stdout"] == "nobody\n"
