"""Many different jobs by one condor_submit: each its own, a bad one among them, and the same task again."""

from __future__ import annotations

from typing import Any

import pytest
from testlib.hosts import SHARED
from testlib.htcondor import HTCondorCluster
from testlib.plays import Finished, Play, job, play

COUNT = 24
COMMON = {"chdir": SHARED, "wait_timeout": 120}


def jobs(prefix: str) -> list[dict[str, Any]]:
    """No two of them alike. The last two need commands of a cluster's own: an array, and a file named after the cluster."""
    many: list[dict[str, Any]] = [
        {
            "key": f"{prefix}-{number}",
            "name": f"{prefix}-{number}",
            "script": f'echo "{number}: $WORD, $1"; exit {number % 3}',
            "args": [f"a,b '{number}'"],
            "environment": {"WORD": f'"w" {number}, $(Process)'},
            "stdout": f"{SHARED}/{prefix} {number}, $x.out",
            "memory_mb": 20 + number,
        }
        for number in range(COUNT)
    ]
    many[-2] = {"key": f"{prefix}-array", "name": f"{prefix}-array", "command": ["true"], "array": "1-2"}
    many[-1] = {"key": f"{prefix}-own", "name": f"{prefix}-own", "command": ["true"], "stdout": f"{prefix}$(Cluster)"}
    return many


@pytest.fixture(scope="module")
def together(pool: HTCondorCluster, run: str) -> Finished:
    many, bad = jobs(f"{run}-many"), jobs(f"{run}-spoilt")
    # Refused by the schedd's host: a directory that is not there.
    bad[7]["chdir"] = "/no/such/directory"
    tasks = (
        job("many", jobs=many, state="finished", fail_on_job_failure=False, **COMMON),
        job("many again", jobs=many, state="finished", fail_on_job_failure=False, **COMMON),
        job("bad", jobs=bad, hold=True, **COMMON),
        job("mended", jobs=[dict(item, chdir=SHARED) for item in bad], hold=True, **COMMON),
        job("cancelled", jobs=[{"key": item["key"]} for item in bad], state="absent", **COMMON),
    )
    return Play("together", play(*tasks), inventories=[pool.inventory]).finish()


def ids(result: dict[str, Any]) -> list[str]:
    return [entry["job_id"] for entry in result["jobs"]]


def test_each_is_a_job_of_its_own(together: Finished, pool: HTCondorCluster, run: str) -> None:
    result = together.of(pool.galaxy, "many")
    assert result["outcome"] == "ok", result
    assert [entry["key"] for entry in result["jobs"]] == [item["key"] for item in jobs(f"{run}-many")]
    for number, entry in enumerate(result["jobs"][:-2]):
        assert entry["stdout"] == f"{number}: \"w\" {number}, $(Process), a,b '{number}'\n"
        assert entry["stdout_path"] == f"{SHARED}/{run}-many {number}, $x.out"
        assert (entry["exit_code"], entry["state"]) == (number % 3, "FAILED" if number % 3 else "DONE")
        assert (entry["tasks"], entry["name"].startswith(f"{run}-many-{number}-")) == ([], True)


def test_one_command_submitted_them(together: Finished, pool: HTCondorCluster) -> None:
    found = ids(dict(together.of(pool.galaxy, "many")))
    [cluster] = {job_id.partition(".")[0] for job_id in found[:-2]}
    assert found[:-2] == [f"{cluster}.{process}" for process in range(COUNT - 2)]
    assert cluster not in {job_id.partition(".")[0] for job_id in found[-2:]}


def test_again_there_is_nothing_to_do(together: Finished, pool: HTCondorCluster, run: str) -> None:
    first, again = together.of(pool.galaxy, "many"), together.of(pool.galaxy, "many again")
    assert (first["changed"], again["changed"]) == (True, False)
    assert ids(dict(first)) == ids(dict(again))
    # The array has two elements.
    assert len(pool.accounting(f"{run}-many-")) == COUNT + 1


def test_a_bad_one_is_named_and_what_went_in_is_told(together: Finished, pool: HTCondorCluster, run: str) -> None:
    result = together.of(pool.galaxy, "bad")
    assert result["outcome"] == "failed"
    assert f"because of job {run}-spoilt-7-" in result["msg"]
    assert "No such directory: /no/such/directory" in result["msg"]
    mended = together.of(pool.galaxy, "mended")
    assert (mended["outcome"], len(mended["jobs"])) == ("ok", COUNT)
    told = {entry["key"]: entry["job_id"] for entry in result["jobs"]}
    assert told.items() <= {entry["key"]: entry["job_id"] for entry in mended["jobs"]}.items()
    assert {entry["key"] for entry in mended["jobs"] if not entry["changed"]} == set(told)
    assert len(pool.accounting(f"{run}-spoilt-")) == COUNT + 1


def test_each_is_cancelled(together: Finished, pool: HTCondorCluster) -> None:
    result = together.of(pool.galaxy, "cancelled")
    assert {entry["state"] for entry in result["jobs"]} == {"CANCELLED"}
    assert sorted(ids(dict(result))) == sorted(ids(dict(together.of(pool.galaxy, "mended"))))
