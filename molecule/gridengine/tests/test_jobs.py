"""Real jobs: every way in which one can end, every option, and what a task does to jobs that are there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from testlib.gridengine import GridEngineCluster
from testlib.hosts import SHARED
from testlib.plays import Finished, Play, ad_hoc, job, job_info, play
from testlib.waiting import wait_until

TRICKY = "a,b=c;\"d\" 'e' $HOME `id` \\ %j\nsecond line,  end"
SECRET = "correct horse, battery 'staple'"
# Its job prints the sum, as Ansible would mask the secret itself.
SECRET_SHA256 = "18a69e9d0b2cc8fc2438eef0800949a8c8a679d8833ce4f7ef1ea599d285ea28"
SLEEP = {"command": ["sleep", "600"], "chdir": SHARED}


def _ends(
    native: str, state: str, reason: str | None = None, code: int | None = None, signal: int | None = None
) -> Any:
    return {"native_state": native, "state": state, "end_reason": reason, "exit_code": code, "signal": signal}


DONE = _ends("failed 0", "DONE", code=0)

# What a job asks for, how it ends, and what it prints.
JOBS: dict[str, tuple[Mapping[str, Any], Mapping[str, Any], str | None]] = {
    "done": ({"command": "true"}, DONE, ""),
    "words": ({"command": ["printf", "%s|", "a b", "c'd", "$HOME"]}, DONE, "a b|c'd|$HOME|"),
    "args": ({"script": 'echo "$#: <$1> <$2> <$3>"', "args": ["x y", "*", "-l"]}, DONE, "3: <x y> <*> <-l>\n"),
    "python": ({"script": "#!/usr/bin/env python3\nprint(1 + 2)\n"}, DONE, "3\n"),
    "first line": ({"script": "#!/bin/bash -e\nfalse\necho not here\n"}, _ends("failed 0", "FAILED", code=1), ""),
    "environment": ({"script": 'printf %s "$TRICKY"', "environment": {"TRICKY": TRICKY, "P": "1"}}, DONE, TRICKY),
    "clean": ({"script": 'echo "$USER ${ANSIBLE_NO_SUCH_LEAK-unset} $PWD"'}, DONE, f"galaxy unset {SHARED}\n"),
    "secret": (
        {"script": 'printf %s "$WORD" | sha256sum', "secret_environment": {"WORD": SECRET}},
        DONE,
        SECRET_SHA256 + "  -\n",
    ),
    "streams": (
        {"script": "echo out; echo err >&2", "stdout": "s-$JOB_ID.out", "stderr": f"{SHARED}/s:$JOB_ID.err"},
        DONE,
        "out\n",
    ),
    "source": ({"src": SHARED + "/source.sh"}, DONE, "h_rt=77\n"),
    "16S": ({"command": "true"}, DONE, ""),
    "resources": (
        {
            "script": 'echo "$NSLOTS $QUEUE"; qstat -xml -r -u galaxy | grep -o "<hard_request[^<]*<" | cut -d\\" -f2,5',
            "slots": 3,
            "memory_mb": 600,
            "walltime": "0:04:00",
            "queue": "main.q",
            "priority": -5,
            "native_options": ["-pe", "smp", "-R", "y"],
        },
        DONE,
        None,
    ),
    "exit 3": ({"script": "exit 3"}, _ends("failed 0", "FAILED", code=3), None),
    # What a shell reports for a child that a signal ended is an exit code of the shell's own.
    "exit 137": ({"script": "exit 137"}, _ends("failed 0", "FAILED", code=137), None),
    "signal": ({"script": "kill -SEGV $$"}, _ends("failed 100", "FAILED", "SIGNAL", signal=11), None),
    "walltime": ({"command": ["sleep", "600"], "walltime": 6}, _ends("failed 37", "FAILED", "WALLTIME"), None),
    "queue's limit": (
        {"command": ["sleep", "600"], "queue": "short.q"},
        _ends("failed 37", "FAILED", "WALLTIME"),
        None,
    ),
    # A limit on its addresses: the program hears of it, Grid Engine does not.
    "memory": (
        {"script": "#!/usr/bin/python3\nx = bytearray(400 << 20)\n", "memory_mb": 100},
        _ends("failed 0", "FAILED", code=1),
        None,
    ),
    "again": (
        {"script": f"[ -e {SHARED}/again ] && exit 0; touch {SHARED}/again; exit 99"},
        DONE,
        "",
    ),
    "cancelled running": ({"command": ["sleep", "600"]}, _ends("failed 100", "FAILED", "SIGNAL", signal=9), None),
    "array": (
        {"script": "exit $((SGE_TASK_ID == 2 ? 4 : 0))", "array": "1-3%2"},
        {"state": "FAILED", "exit_code": 4},
        None,
    ),
}


class Jobs:
    """All of them, submitted by one task and waited for by another in the background."""

    def __init__(self, run: str, cluster: GridEngineCluster) -> None:
        self.run = run
        self.cluster = cluster
        cluster.as_galaxy(
            "rm -f again; printf '#!/bin/sh\\n#$ -l h_rt=77\\nqstat -r -j $JOB_ID | grep -o h_rt=77\\n' > source.sh"
        )
        self.submission = self._play("jobs", "submitted").finish()
        self._waiting = self._play("ends", "finished")
        job_id = self.job_id("cancelled running")
        cluster.wait_for_state(job_id, "r")
        cluster.as_galaxy(f"qdel {job_id}")
        self.ended = self._waiting.finish(180)

    def job_id(self, name: str) -> str:
        found = self.submission.of(self.cluster.galaxy, "jobs")["jobs"]
        return next(str(entry["job_id"]) for entry in found if entry["key"] == f"{self.run}-{name}")

    def end(self, name: str) -> dict[str, Any]:
        found = self.ended.of(self.cluster.galaxy, "jobs")["jobs"]
        return dict(next(entry for entry in found if entry["key"] == f"{self.run}-{name}"))

    def _play(self, name: str, state: str) -> Play:
        jobs = [
            {"key": f"{self.run}-{title}", "name": title.replace(" ", "_").replace("'", ""), **request}
            for title, (request, _end, _stdout) in JOBS.items()
        ]
        common = {"chdir": SHARED, "journal_dir": SHARED + "/state", "fail_on_job_failure": False}
        task = job("jobs", jobs=jobs, state=state, wait_timeout=120, **common)
        return Play(name, play(task), inventories=[self.cluster.inventory])


@pytest.fixture(scope="module")
def jobs(run: str, cluster: GridEngineCluster) -> Jobs:
    return Jobs(run, cluster)


@pytest.mark.parametrize("name", JOBS)
def test_end(jobs: Jobs, name: str) -> None:
    _request, ends, stdout = JOBS[name]
    ended = jobs.end(name)
    assert {field: ended[field] for field in ends} == ends
    assert ended["owner"] == "galaxy"
    assert ended["job_id"] == jobs.job_id(name)
    if stdout is not None:
        assert ended["stdout"] == stdout


def test_both_streams(jobs: Jobs) -> None:
    ended = jobs.end("streams")
    assert ended["stderr"] == "err\n"
    assert ended["stderr_path"] == f"{SHARED}/s:{ended['job_id']}.err"


def test_a_name_that_begins_with_a_digit(jobs: Jobs) -> None:
    assert jobs.end("16S")["name"].startswith("j16S-")


def test_resources(jobs: Jobs) -> None:
    printed = jobs.end("resources")["stdout"]
    assert printed.startswith("3 main.q\n")
    # Of 600 MiB in three slots, and of four minutes.
    assert ">200M<" in printed
    assert ">240<" in printed


def test_the_elements_of_an_array(jobs: Jobs) -> None:
    tasks = {task["job_id"].split(".")[1]: (task["state"], task["exit_code"]) for task in jobs.end("array")["tasks"]}
    assert tasks == {"1": ("DONE", 0), "2": ("FAILED", 4), "3": ("DONE", 0)}


def test_the_secret_is_in_no_record(jobs: Jobs) -> None:
    assert "battery" not in jobs.submission.output + jobs.ended.output
    assert not list(jobs.cluster.shared.glob("state/secrets/*"))


def test_jobs_that_have_left_the_queue(jobs: Jobs, cluster: GridEngineCluster) -> None:
    """Asked about by their ids alone, more than are worth a question each, with one that nobody knows."""
    names = ("done", "exit 3", "signal", "walltime", "array", "memory")
    ids = [*map(jobs.job_id, names), "888888"]
    found = Play("left", play(job_info("left", job_ids=ids)), inventories=[cluster.inventory]).finish()
    result = found.of(cluster.galaxy, "left")
    assert [entry["state"] for entry in result["jobs"]] == ["DONE", *["FAILED"] * 5, "UNKNOWN"]
    assert [entry["exit_code"] for entry in result["jobs"]] == [0, 3, None, None, 4, 1, None]
    assert [command[0] for command in result["commands"]] == ["qstat", "qacct"]


@pytest.fixture(scope="module")
def controlled(run: str, cluster: GridEngineCluster) -> Finished:
    key = f"{run}-control"
    here = {"chdir": SHARED}
    tasks = (
        job("held", key=key, name=key, state="held", **SLEEP),
        job("held again", key=key, state="held"),
        job("released", key=key, state="released"),
        job("started", key=key, state="started", wait_timeout=60),
        job("held too late", key=key, state="held"),
        job("suspended by nobody", key=key, state="suspended"),
        job("absent", key=key, state="absent"),
        job("absent again", key=key, state="absent"),
        job("resubmitted", key=key, name=key, state="submitted", resubmit="on_failure", hold=True, **SLEEP),
        job("changed request", key=key, name=key, priority=-2, **SLEEP),
        job("absent while pending", key=key, state="absent"),
        job("absent and gone", key=key, state="absent"),
        job("error", name="error", command="true", chdir="/no/such/directory", state="finished", wait_timeout=15),
        job(
            "no node for it",
            name="wide",
            slots=400,
            native_options=["-pe", "smp"],
            state="started",
            wait_timeout=3,
            command="true",
            **here,
        ),
        job("ended", key=f"{key}-3", script="exit 3", state="finished", **here),
        job("array", key=f"{key}-array", name="array", array="1-3", hold=True, state="held", **SLEEP),
        job("array absent", key=f"{key}-array", state="absent"),
        job("many", jobs=[{"key": f"{run}-many-{n}"} for n in range(30)], hold=True, **SLEEP),
        job("none", jobs=[{"key": f"{run}-many-{n}"} for n in range(30)], state="absent"),
    )
    return Play("control", play(*tasks), inventories=[cluster.inventory]).finish()


@pytest.mark.parametrize(
    ("task", "state", "changed"),
    [
        ("held", "HELD", True),
        ("held again", "HELD", False),
        ("released", None, True),
        ("started", "RUNNING", False),
        # qdel kills, and no record says that it was qdel.
        ("absent", "FAILED", True),
        ("absent again", "FAILED", False),
        ("resubmitted", "HELD", True),
        # Deleted while it waited, it has left no record.
        ("absent while pending", "UNKNOWN", True),
        ("absent and gone", "UNKNOWN", False),
        ("array", "HELD", True),
        ("array absent", "UNKNOWN", True),
    ],
)
def test_state(controlled: Finished, cluster: GridEngineCluster, task: str, state: str | None, changed: bool) -> None:
    result = controlled.of(cluster.galaxy, task)
    assert result["outcome"] == "ok", result["msg"]
    (entry,) = result["jobs"]
    assert (result["changed"], entry["changed"]) == (changed, changed)
    assert entry["state"] in ([state] if state else ["QUEUED", "RUNNING"])


@pytest.mark.parametrize(
    ("task", "said"),
    [
        ("held too late", "is RUNNING and cannot be held"),
        ("suspended by nobody", "is not an admin host"),
        ("changed request", "differs in priority"),
        ("error", "is HELD"),
        ("no node for it", "is QUEUED"),
        ("ended", "ended FAILED: exit code 3"),
    ],
)
def test_failures(controlled: Finished, cluster: GridEngineCluster, task: str, said: str) -> None:
    result = controlled.of(cluster.galaxy, task)
    assert result["outcome"] == "failed"
    assert said in result["msg"]


def test_a_job_in_error_state_is_not_over(controlled: Finished, cluster: GridEngineCluster) -> None:
    """Mended, it runs; until then its message says what to do."""
    (entry,) = controlled.of(cluster.galaxy, "error")["jobs"]
    assert (entry["state"], entry["native_state"]) == ("HELD", "Eqw")
    assert f"qmod -cj {entry['job_id']}" in entry["message"]
    cluster.controller.check_output("qalter -wd %s %s", SHARED, entry["job_id"])
    cluster.controller.run("qmod -cj %s", entry["job_id"])
    over = job("over", job_id=entry["job_id"], state="finished", wait_timeout=60)
    found = Play("mended", play(over), inventories=[cluster.inventory]).finish()
    assert found.of(cluster.galaxy, "over")["jobs"][0]["state"] == "DONE"


def test_many_jobs_in_one_task(controlled: Finished, cluster: GridEngineCluster) -> None:
    many, none = (controlled.of(cluster.galaxy, task) for task in ("many", "none"))
    assert len({entry["job_id"] for entry in many["jobs"]}) == 30
    assert none["outcome"] == "ok", none["msg"]
    # One question for all of them, not one for each.
    assert len([command for command in none["commands"] if command[0] in ("qstat", "qdel", "qacct")]) < 6


def test_an_administrative_host_suspends_and_resumes(cluster: GridEngineCluster, run: str) -> None:
    key = f"{run}-suspend"
    tasks = (
        job("started", key=key, state="started", wait_timeout=60, **SLEEP),
        job("suspended", key=key, state="suspended"),
        job("resumed", key=key, state="resumed"),
        job("absent", key=key, state="absent"),
    )
    cluster.controller.check_output("qconf -ah %s", cluster.galaxy)
    try:
        found = Play("suspend", play(*tasks), inventories=[cluster.inventory]).finish()
    finally:
        cluster.controller.check_output("qconf -dh %s", cluster.galaxy)
    states = [found.of(cluster.galaxy, task["name"])["jobs"][0]["state"] for task in tasks]
    assert states == ["RUNNING", "SUSPENDED", "RUNNING", "FAILED"]


def test_check_mode_and_diff(cluster: GridEngineCluster, run: str) -> None:
    name = f"{run}-check"
    tasks = (
        job("new", key=name, name=name, script="echo hello", queue="main.q", chdir=SHARED),
        job("refused", name=name, command="true", queue="nowhere", chdir=SHARED),
    )
    arguments = ["--check", "--diff"]
    found = Play("check", play(*tasks), inventories=[cluster.inventory], arguments=arguments).finish()
    for shown in ("+qsub", "+main.q", "+echo hello", "+#!/bin/bash"):
        assert f"\n{shown}\n" in found.output, shown
    assert found.of(cluster.galaxy, "new")["changed"] is True
    assert "found suitable queue" in found.of(cluster.galaxy, "new")["jobs"][0]["message"]
    assert 'unknown queue "nowhere"' in found.of(cluster.galaxy, "refused")["msg"]
    assert cluster.accounting(name) == []


def test_ad_hoc_without_naming_the_drm(cluster: GridEngineCluster) -> None:
    done = ad_hoc(
        cluster.galaxy,
        "clusterjobs.drm.job",
        "command=hostname state=finished chdir=/tmp return_output=false",
        cluster.inventory,
    )
    assert done.returncode == 0, done.stdout
    assert '"drm": "gridengine"' in done.stdout
    assert '"state": "DONE"' in done.stdout


def test_a_job_is_known_to_have_ended_soon(cluster: GridEngineCluster, run: str) -> None:
    """What is cancelled from outside is noticed by who waits for it."""
    key = f"{run}-outside"
    task = job("outside", key=key, name=key, state="finished", wait_timeout=90, **SLEEP)
    with Play("outside", play(task), inventories=[cluster.inventory]) as waiting:
        (row,) = wait_until("the job is there", lambda: cluster.accounting(key))
        cluster.wait_for_state(row.job_id, "r")
        cluster.as_galaxy(f"qdel {row.job_id}")
        over = waiting.finish(90)
    result = over.of(cluster.galaxy, "outside")
    assert result["outcome"] == "failed"
    assert "signal 9" in result["msg"]
