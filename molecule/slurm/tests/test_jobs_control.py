"""Jobs in a desired state: what a task does to jobs that are there, how long it waits, and what it says."""

from __future__ import annotations

from pathlib import Path

import pytest
from testlib.hosts import SHARED
from testlib.plays import NEWEST, OLDEST, Finished, Play, ad_hoc, job, job_info, play
from testlib.slurm import SlurmCluster
from testlib.waiting import wait_until
from testlib.zoo import Zoo

pytestmark = pytest.mark.usefixtures("zoo", "lost")
HERE = {"chdir": SHARED}
SLEEP = {"command": ["sleep", "600"], **HERE}


def only(result: Finished, cluster: SlurmCluster, task: str) -> dict[str, object]:
    """The one job of a task's result."""
    (entry,) = result.of(cluster.galaxy, task)["jobs"]
    return dict(entry)


@pytest.fixture(scope="module")
def controlled(zoo: Zoo) -> Finished:
    key = f"{zoo.run}-control"
    tasks = (
        job("held", key=key, name=key, state="held", **SLEEP),
        job("held again", key=key, state="held"),
        job("released", key=key, state="released"),
        job("started", key=key, state="started", wait_timeout=60),
        job("held too late", key=key, state="held"),
        job("suspended", key=key, state="suspended"),
        job("absent", key=key, state="absent"),
        job("absent again", key=key, state="absent"),
        job("never there", key=f"{zoo.run}-nothing", state="absent"),
        job("not resubmitted", key=key, name=key, state="submitted", **SLEEP),
        job("resubmitted", key=key, name=key, state="submitted", resubmit="on_failure", hold=True, **SLEEP),
        job("resubmitted once", key=key, name=key, state="submitted", resubmit="on_failure", hold=True, **SLEEP),
        job("changed request", key=key, name=key, slots=2, **SLEEP),
        job("clean up", key=key, state="absent"),
    )
    return Play("control", play(*tasks), inventories=[cluster.inventory for cluster in zoo.clusters]).finish()


@pytest.mark.parametrize(
    ("task", "state", "changed"),
    [
        ("held", "HELD", True),
        ("held again", "HELD", False),
        ("released", None, True),
        ("started", "RUNNING", False),
        ("absent", "CANCELLED", True),
        ("absent again", "CANCELLED", False),
        ("resubmitted", "HELD", True),
        ("resubmitted once", "HELD", False),
        ("clean up", "CANCELLED", True),
    ],
)
def test_state(controlled: Finished, cluster: SlurmCluster, task: str, state: str | None, changed: bool) -> None:
    result = controlled.of(cluster.galaxy, task)
    assert result["outcome"] == "ok", result["msg"]
    assert result["changed"] is changed
    entry = only(controlled, cluster, task)
    assert entry["changed"] is changed
    assert entry["state"] in ([state] if state else ["QUEUED", "RUNNING"])


def test_a_running_job_cannot_be_held(controlled: Finished, cluster: SlurmCluster) -> None:
    result = controlled.of(cluster.galaxy, "held too late")
    assert result["outcome"] == "failed"
    assert "is RUNNING and cannot be held" in result["msg"]
    assert result["changed"] is False


def test_slurm_lets_no_ordinary_user_suspend(controlled: Finished, cluster: SlurmCluster) -> None:
    result = controlled.of(cluster.galaxy, "suspended")
    assert result["outcome"] == "failed"
    assert "suspend of" in result["msg"]
    assert "Access/permission denied" in result["msg"]
    assert result["cmd"][0] == "scontrol"


def test_nothing_to_cancel_is_no_failure(controlled: Finished, cluster: SlurmCluster) -> None:
    result = controlled.of(cluster.galaxy, "never there")
    assert (result["outcome"], result["changed"], result["jobs"]) == ("ok", False, [])


def test_a_cancelled_job_is_reported_not_repeated(controlled: Finished, cluster: SlurmCluster) -> None:
    result = controlled.of(cluster.galaxy, "not resubmitted")
    assert result["outcome"] == "failed"
    assert "ended CANCELLED" in result["msg"]
    assert only(controlled, cluster, "not resubmitted")["job_id"] == only(controlled, cluster, "held")["job_id"]


def test_another_request_under_the_key(controlled: Finished, cluster: SlurmCluster) -> None:
    result = controlled.of(cluster.galaxy, "changed request")
    assert result["outcome"] == "failed"
    assert result["difference"] == {"slots": {"before": None, "now": 2}}
    assert result["job_id"] == only(controlled, cluster, "resubmitted")["job_id"]


def test_two_jobs_in_all_of_it(controlled: Finished, cluster: SlurmCluster, run: str) -> None:
    ids = {str(only(controlled, cluster, task)["job_id"]) for task in ("held", "resubmitted")}
    assert len(ids) == 2

    def accounted() -> set[str]:
        return {row.job_id for row in cluster.accounting(f"{run}-control")}

    wait_until("both are in the accounting", lambda: accounted() >= ids)
    assert accounted() == ids


def test_an_operator_suspends_and_resumes(cluster: SlurmCluster, run: str) -> None:
    key = f"{run}-operator"
    tasks = (
        job("started", key=key, state="started", wait_timeout=60, **SLEEP),
        job("suspended", key=key, state="suspended"),
        job("resumed", key=key, state="resumed"),
        job("absent", key=key, state="absent"),
    )
    cluster.controller.check_output("sacctmgr -i modify user galaxy set adminlevel=operator")
    try:
        found = Play("operator", play(*tasks), inventories=[cluster.inventory]).finish()
    finally:
        cluster.controller.check_output("sacctmgr -i modify user galaxy set adminlevel=none")
    assert [only(found, cluster, task["name"])["state"] for task in tasks] == [
        "RUNNING",
        "SUSPENDED",
        "RUNNING",
        "CANCELLED",
    ]


@pytest.fixture(scope="module")
def waited(zoo: Zoo) -> Finished:
    tasks = (
        job("too short", key=f"{zoo.run}-short", state="finished", wait_timeout=2, **SLEEP),
        job("too short again", key=f"{zoo.run}-short", state="finished", wait_timeout=1, **SLEEP),
        job("cancelled", state="finished", wait_timeout=2, cancel_on_timeout=True, name=f"{zoo.run}-cut", **SLEEP),
        job("fails", script="exit 3", state="finished", **HERE),
        job("fails quietly", script="exit 3", state="finished", fail_on_job_failure=False, **HERE),
        job("silent", command=["echo", "x"], state="finished", return_output=False, **HERE),
        job("chatty", script="seq 20000; echo end", state="finished", output_max_bytes=10, **HERE),
        job("no output", command="true", state="finished", stdout="/dev/null", **HERE),
        job("many", jobs=[{"key": f"{zoo.run}-many-{n}"} for n in range(60)], hold=True, **SLEEP),
        job("none", jobs=[{"key": f"{zoo.run}-many-{n}"} for n in range(60)], state="absent"),
    )
    return Play("waiting", play(*tasks), inventories=[cluster.inventory for cluster in zoo.clusters]).finish()


def test_a_wait_that_is_over(waited: Finished, cluster: SlurmCluster) -> None:
    """The job is there: the task fails, and says that it has changed the world."""
    result = waited.of(cluster.galaxy, "too short")
    assert (result["outcome"], result["timed_out"], result["changed"]) == ("failed", True, True)
    assert "not finished after 2" in result["msg"]
    again = waited.of(cluster.galaxy, "too short again")
    assert (again["outcome"], again["timed_out"], again["changed"]) == ("failed", True, False)
    assert only(waited, cluster, "too short")["job_id"] == only(waited, cluster, "too short again")["job_id"]


def test_cancel_on_timeout(waited: Finished, cluster: SlurmCluster, run: str) -> None:
    result = waited.of(cluster.galaxy, "cancelled")
    assert (result["outcome"], result["timed_out"], result["changed"]) == ("failed", True, True)
    assert "cancel_on_timeout" in result["msg"]

    def states() -> list[str]:
        return [row.state for row in cluster.accounting(f"{run}-cut") if row.state.startswith("CANCELLED")]

    assert len(wait_until("the job is cancelled", states)) == 1


def test_a_failed_job_fails_the_task(waited: Finished, cluster: SlurmCluster) -> None:
    result = waited.of(cluster.galaxy, "fails")
    assert result["outcome"] == "failed"
    assert "ended FAILED: exit code 3" in result["msg"]
    quiet = waited.of(cluster.galaxy, "fails quietly")
    assert (quiet["outcome"], quiet["jobs"][0]["exit_code"]) == ("ok", 3)


def test_output(waited: Finished, cluster: SlurmCluster) -> None:
    assert "stdout" not in only(waited, cluster, "silent")
    chatty = only(waited, cluster, "chatty")
    assert (chatty["stdout"], chatty["stdout_truncated"]) == ("20000\nend\n"[-10:], True)
    assert only(waited, cluster, "no output")["stdout"] in (None, "")


def test_sixty_jobs_in_one_task(waited: Finished, cluster: SlurmCluster) -> None:
    many, none = (waited.of(cluster.galaxy, task) for task in ("many", "none"))
    assert len({entry["job_id"] for entry in many["jobs"]}) == 60
    assert {entry["state"] for entry in none["jobs"]} == {"CANCELLED"}
    assert [entry["job_id"] for entry in many["jobs"]] == [entry["job_id"] for entry in none["jobs"]]
    # One question for all of them, not one for each.
    assert len([command for command in none["commands"] if command[0] == "squeue"]) < 20


def test_check_mode_and_diff(zoo: Zoo) -> None:
    name = f"{zoo.run}-check"
    tasks = (
        job("new", key=name, name=name, script="echo hello", slots=2, **HERE),
        job("refused", name=name, command="true", queue="nowhere", **HERE),
        job("known", key=f"{zoo.run}-control", name=f"{zoo.run}-control", hold=True, **SLEEP),
    )
    inventories = [cluster.inventory for cluster in zoo.clusters]
    found = Play("check", play(*tasks), inventories=inventories, arguments=["--check", "--diff"]).finish()
    for shown in ("+sbatch", "+--cpus-per-task=2", "+echo hello", "+#!/bin/bash"):
        assert found.output.count(f"\n{shown}\n") == len(zoo.clusters), shown
    for cluster in zoo.clusters:
        assert found.of(cluster.galaxy, "new")["changed"] is True
        assert only(found, cluster, "new")["job_id"] == ""
        assert "would be submitted" in str(only(found, cluster, "new")["message"])
        assert found.of(cluster.galaxy, "refused")["outcome"] == "failed"
        assert "invalid partition" in found.of(cluster.galaxy, "refused")["msg"]
        assert found.of(cluster.galaxy, "known")["changed"] is False
        assert cluster.accounting(name) == []


def test_job_info_of_known_unknown_and_nameless(cluster: SlurmCluster, zoo: Zoo) -> None:
    """A name in Latin-1 is not UTF-8: it is shown with its bytes, and hides no other job."""
    latin = cluster.as_galaxy("sbatch --parsable --hold -o /dev/null -J \"$(printf 'caf\\351|,;')\" --wrap true")
    done, failed = zoo.job_id(cluster, "done"), zoo.job_id(cluster, "signal")
    ids = [done, "888888", failed, latin, done]
    found = Play("info", play(job_info("info", job_ids=ids)), inventories=[cluster.inventory]).finish()
    cluster.as_galaxy(f"scancel {latin}")
    jobs = found.of(cluster.galaxy, "info")["jobs"]
    assert [entry["job_id"] for entry in jobs] == [done, "888888", failed, latin]
    assert [entry["state"] for entry in jobs] == ["DONE", "UNKNOWN", "FAILED", "HELD"]
    assert jobs[3]["name"] == "caf\\xe9|,;"


def test_ad_hoc(cluster: SlurmCluster) -> None:
    done = ad_hoc(
        cluster.galaxy, "clusterjobs.drm.job", "command=hostname state=finished chdir=/tmp", cluster.inventory
    )
    assert done.returncode == 0, done.stdout
    assert '"state": "DONE"' in done.stdout
    info = ad_hoc(cluster.galaxy, "clusterjobs.drm.job_info", "job_ids=888888", cluster.inventory)
    assert info.returncode == 0, info.stdout
    assert '"state": "UNKNOWN"' in info.stdout


@pytest.mark.parametrize("pipelining", [False, True], ids=["files", "pipelining"])
@pytest.mark.parametrize("venv", [OLDEST, NEWEST], ids=["core217", "newest"])
def test_every_controller(zoo: Zoo, venv: Path, pipelining: bool) -> None:
    """Submitted and waited for, then found; the journal is where it is by default."""
    key = f"{zoo.run}{venv.name}-{pipelining}"
    tasks = [
        job(
            title,
            key=key,
            name=key,
            script='echo "<$A>"',
            environment={"A": "é, b"},
            state="finished",
            **HERE,
        )
        for title in ("first", "second")
    ]
    found = Play(
        f"controller{venv.name}-{pipelining}",
        play(*tasks),
        inventories=[cluster.inventory for cluster in zoo.clusters],
        venv=venv,
        pipelining=pipelining,
    ).finish()
    assert found.rc == 0, found.output
    for cluster in zoo.clusters:
        assert [found.of(cluster.galaxy, task)["changed"] for task in ("first", "second")] == [True, False]
        assert {only(found, cluster, task)["stdout"] for task in ("first", "second")} == {"<é, b>\n"}
        assert len(cluster.accounted(key)) == 1
