"""One key, one job, whatever dies: the kill loop (testlib/short_loop.py) on HTCondor. Its queue and history count, not our journal."""

from __future__ import annotations

import json
from functools import partial

import pytest
from testlib.htcondor import HTCondorCluster
from testlib.kill_loop import POINTS, REPORT
from testlib.short_loop import CONNECTIONS, ONCE, ONE, RACE, ShortLoop

HITS = 2
STOPPED, FROZEN = "schedd stopped during the submission", "schedd frozen during the submission"


@pytest.fixture(scope="module")
def loop(run: str, pool: HTCondorCluster) -> ShortLoop:
    daemons = {
        STOPPED: (pool.stop_schedd, pool.start_schedd),
        FROZEN: (partial(pool.freeze_schedd, "STOP"), partial(pool.freeze_schedd, "CONT")),
    }
    loop = ShortLoop(run, pool, HITS, daemons)
    loop.strike()
    REPORT.write_text(json.dumps(loop.report(), indent=1) + "\n", encoding="utf-8")
    return loop


@pytest.mark.parametrize("point", [*POINTS, *CONNECTIONS, STOPPED, FROZEN, RACE])
def test_one_job(loop: ShortLoop, point: str) -> None:
    hits = loop.of(point)
    assert len(hits) >= HITS
    for hit in hits:
        assert hit.struck == point, f"{hit.alias} was never struck"
        assert hit.again["outcome"] == "ok", hit.again
        (entry,) = hit.again["jobs"]
        assert loop.job_ids(hit) == [entry["job_id"]]
        assert (entry["state"], entry["exit_code"], entry["stdout"]) == ("DONE", 0, "whole\n")


@pytest.mark.parametrize("point", [*POINTS, *CONNECTIONS])
def test_the_task_that_was_struck_finds_its_way(loop: ShortLoop, point: str) -> None:
    """The controller lives: the same task reports the job, as its own work, and a second run has nothing to do."""
    for hit in loop.of(point):
        if hit.how in (ONCE, ONE):
            assert hit.first["outcome"] == "ok", hit.first
            assert (hit.first["changed"], hit.again["changed"]) == (True, False)
            assert hit.first["jobs"][0]["job_id"] == hit.again["jobs"][0]["job_id"]


@pytest.mark.parametrize("point", [STOPPED, FROZEN])
def test_without_an_answer_it_is_said_what_is_known(loop: ShortLoop, point: str) -> None:
    for hit in loop.of(point):
        assert hit.first["outcome"] == "failed"
        assert "it is not known whether job" in hit.first["msg"]
        assert f"the key '{hit.key}' makes sure that there is one job" in hit.first["msg"]
        assert hit.first["cmd"][0] == "condor_submit"


def test_of_two_plays_one_submits(loop: ShortLoop) -> None:
    for hit in loop.of(RACE):
        assert (hit.first["outcome"], hit.again["outcome"]) == ("ok", "ok")
        assert sorted([hit.first["changed"], hit.again["changed"]]) == [False, True]
