"""Jobs in a desired state, what is refused, and check mode."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from testlib.hosts import SHARED
from testlib.htcondor import HTCondorCluster
from testlib.plays import Finished, Play, job, job_info, play

HERE = {"chdir": SHARED}
SLEEP = {"command": ["sleep", "600"], **HERE}


def only(result: Finished, pool: HTCondorCluster, task: str) -> dict[str, Any]:
    """The one job of a task's result."""
    found = result.of(pool.galaxy, task)
    assert "jobs" in found, found
    (entry,) = found["jobs"]
    return dict(entry)


@pytest.fixture(scope="module")
def controlled(pool: HTCondorCluster, run: str) -> Finished:
    key = f"{run}-control"
    tasks = (
        job("held", key=key, name=key, state="held", **SLEEP),
        job("held again", key=key, state="held"),
        job("released", key=key, state="released"),
        job("started", key=key, state="started", wait_timeout=60),
        job("held too late", key=key, state="held"),
        job("suspended", key=key, state="suspended"),
        job("resumed", key=key, state="resumed"),
        job("absent", key=key, state="absent"),
        job("absent again", key=key, state="absent"),
        job("not resubmitted", key=key, name=key, state="submitted", **SLEEP),
        job("resubmitted", key=key, name=key, state="submitted", resubmit="on_failure", hold=True, **SLEEP),
        job("clean up", key=key, state="absent"),
        job(
            "no directory",
            name=f"{run}-bad",
            command="true",
            stdout="/no/such/out",
            state="finished",
            wait_timeout=6,
            cancel_on_timeout=True,
            **HERE,
        ),
        job("unknown", job_id="888888.0", state="absent"),
        job_info("info", job_ids=["888888", "888888.0"], timeout=1),
    )
    return Play("control", play(*tasks), inventories=[pool.inventory]).finish()


@pytest.mark.parametrize(
    ("task", "state", "changed"),
    [
        ("held", "HELD", True),
        ("held again", "HELD", False),
        ("released", None, True),
        ("started", "RUNNING", False),
        ("suspended", "SUSPENDED", True),
        ("resumed", "RUNNING", True),
        ("absent", "CANCELLED", True),
        ("absent again", "CANCELLED", False),
        ("resubmitted", "HELD", True),
        ("clean up", "CANCELLED", True),
    ],
)
def test_state(controlled: Finished, pool: HTCondorCluster, task: str, state: str | None, changed: bool) -> None:
    result = controlled.of(pool.galaxy, task)
    assert result["outcome"] == "ok", result["msg"]
    assert result["changed"] is changed
    assert only(controlled, pool, task)["state"] in ([state] if state else ["QUEUED", "RUNNING"])


def test_what_cannot_be(controlled: Finished, pool: HTCondorCluster) -> None:
    assert "is RUNNING and cannot be held" in controlled.of(pool.galaxy, "held too late")["msg"]
    assert "ended CANCELLED" in controlled.of(pool.galaxy, "not resubmitted")["msg"]


def test_a_job_that_htcondor_holds_says_why(controlled: Finished, pool: HTCondorCluster) -> None:
    result = controlled.of(pool.galaxy, "no directory")
    assert (result["outcome"], result["timed_out"]) == ("failed", True)
    entry = only(controlled, pool, "no directory")
    assert (entry["state"], entry["end_reason"]) == ("HELD", "OTHER")
    assert "Failed to open '/no/such/out' as standard output" in entry["message"]


def test_an_unknown_job(controlled: Finished, pool: HTCondorCluster) -> None:
    assert controlled.of(pool.galaxy, "unknown")["changed"] is False
    assert [entry["state"] for entry in controlled.of(pool.galaxy, "info")["jobs"]] == ["UNKNOWN", "UNKNOWN"]


BAD: dict[str, tuple[dict[str, Any], Sequence[str]]] = {
    "queue": ({"queue": "long"}, ["htcondor cannot honour queue"]),
    "nodes": ({"nodes": 2}, ["htcondor cannot honour nodes"]),
    "dependency": ({"depends_on": ["1.0"]}, ["htcondor cannot honour depends_on"]),
    "misspelled": ({"native_options": ["request_memry = 5"]}, ["native_options", "may mean request_memory"]),
    "an option": ({"native_options": ["-append"]}, ["native_options", "submit description"]),
    "another name": ({"native_options": ["batch_name = x"]}, ["native_options", "option name"]),
    "bad expression": ({"native_options": ["requirements = (("]}, ["was refused", "Parse error in expression"]),
    "no directory": ({"chdir": "/no/such"}, ["was refused", "No such directory"]),
    "some at a time": ({"array": "1-10%2"}, ["array:", "%2"]),
    "no elements": ({"array": "9-1"}, ["array:", "no elements"]),
    "unknown schedd": ({"cluster": "nowhere"}, ["nowhere"]),
    "blank": ({"stdout": " out"}, ["stdout:", "blanks"]),
    "job id": ({"command": None, "job_id": "-all", "state": "absent"}, ["-all", "not a job id"]),
    "another DRM's id": (
        {"command": None, "job_id": "7[3].server", "state": "absent"},
        ["7[3].server", "not a job id"],
    ),
}


@pytest.fixture(scope="module")
def refused(pool: HTCondorCluster, run: str) -> Finished:
    tasks = []
    for title, (options, _said) in BAD.items():
        given = {"command": "true", "name": f"{run}-refused", **HERE, **options}
        tasks.append(job(title, **{option: value for option, value in given.items() if value is not None}))
    root = {**job("root", command="true", name=f"{run}-refused"), "become_user": "root"}
    return Play("refused", play(*tasks, root), inventories=[pool.inventory]).finish()


@pytest.mark.parametrize("title", BAD)
def test_refused(refused: Finished, pool: HTCondorCluster, title: str) -> None:
    result = refused.of(pool.galaxy, title)
    assert (result["outcome"], result["changed"]) == ("failed", False)
    for said in BAD[title][1]:
        assert said in result["msg"]


def test_nothing_was_submitted(refused: Finished, pool: HTCondorCluster, run: str) -> None:
    assert "root does not submit jobs" in refused.of(pool.galaxy, "root")["msg"]
    assert pool.accounting(f"{run}-refused") == []


def test_check_mode_and_diff(pool: HTCondorCluster, run: str) -> None:
    name = f"{run}-check"
    tasks = (
        job("new", key=name, name=name, script="echo hello", slots=2, **HERE),
        job("refused", name=name, command="true", native_options=["requirements = (("], **HERE),
    )
    found = Play("check", play(*tasks), inventories=[pool.inventory], arguments=["--check", "--diff"]).finish()
    for shown in ("+condor_submit", "+echo hello"):
        assert f"\n{shown}\n" in found.output, shown
    assert found.of(pool.galaxy, "new")["changed"] is True
    assert "would be submitted" in only(found, pool, "new")["message"]
    assert "Parse error in expression" in found.of(pool.galaxy, "refused")["msg"]
    assert pool.accounting(name) == []
