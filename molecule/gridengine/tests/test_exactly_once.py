"""One key, one job, whatever dies: the kill loop (testlib/short_loop.py) on Grid Engine. Its own records count, not our journal."""

from __future__ import annotations

from functools import partial

import pytest
from testlib.gridengine import MASTER, GridEngineCluster
from testlib.short_loop import CONNECTIONS, RACE, ShortLoop

HITS = 2
# What depends on the DRM: whether it has the job is asked of its queue and accounting. The journal's own points are many
# more on the two clusters of the scenario slurm.
POINTS = (
    "intent:torn-write",
    "intent:after-fsync",
    "submit:before",
    "submit:started",
    "submit:running",
    "submit:answered",
    "submitted:before-write",
    "submitted:torn-write",
    "ended:before-write",
)
STOPPED, FROZEN = "qmaster stopped during the submission", "qmaster frozen during the submission"


@pytest.fixture(scope="module")
def loop(run: str, cluster: GridEngineCluster) -> ShortLoop:
    on_master = partial(partial, cluster.controller.check_output)
    daemons = {
        STOPPED: (on_master(f"systemctl stop {MASTER}"), on_master(f"systemctl start {MASTER}")),
        FROZEN: (
            on_master(f"systemctl kill --signal=SIGSTOP {MASTER}"),
            on_master(f"systemctl kill --signal=SIGCONT {MASTER}"),
        ),
    }
    loop = ShortLoop(run, cluster, HITS, daemons, POINTS)
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
    loop.judge_silence(point, "qsub")


def test_of_two_plays_one_submits(loop: ShortLoop) -> None:
    loop.judge_race()
