"""One key, one job, whatever dies: the kill loop (testlib/short_loop.py) on HTCondor, three jobs a task. Its queue and history count, not our journal."""

from __future__ import annotations

from functools import partial

import pytest
from testlib.htcondor import HTCondorCluster
from testlib.kill_loop import POINTS
from testlib.short_loop import CONNECTIONS, RACE, ShortLoop

HITS = 2
# Jobs that one condor_submit submits.
TOGETHER = 3
STOPPED, FROZEN = "schedd stopped during the submission", "schedd frozen during the submission"


@pytest.fixture(scope="module")
def loop(run: str, pool: HTCondorCluster) -> ShortLoop:
    daemons = {
        STOPPED: (pool.stop_schedd, pool.start_schedd),
        FROZEN: (partial(pool.freeze_schedd, "STOP"), partial(pool.freeze_schedd, "CONT")),
    }
    loop = ShortLoop(run, pool, HITS, daemons, together=TOGETHER)
    loop.strike()
    return loop


@pytest.mark.parametrize("point", [*POINTS, *CONNECTIONS, STOPPED, FROZEN, RACE])
def test_one_job(loop: ShortLoop, point: str) -> None:
    loop.judge_jobs(point)


@pytest.mark.parametrize("point", [*POINTS, *CONNECTIONS])
def test_the_task_that_was_struck_finds_its_way(loop: ShortLoop, point: str) -> None:
    loop.judge_struck_task(point)


@pytest.mark.parametrize("point", [STOPPED, FROZEN])
def test_without_an_answer_it_is_said_what_is_known(loop: ShortLoop, point: str) -> None:
    loop.judge_silence(point, "condor_submit")


def test_of_two_plays_one_submits(loop: ShortLoop) -> None:
    loop.judge_race()
