"""Jobs as the real user by the DRMAA library, through the programs that connect_galaxy has made; Galaxy's own: test_galaxy.py."""

from __future__ import annotations

from testlib.gridengine import GridEngineCluster
from testlib.real_user import GROUPS, UID, RealUserJobs
from testlib.waiting import wait_until


def test_a_job_is_the_users_and_its_output_galaxys(cluster: GridEngineCluster, run: str) -> None:
    jobs = RealUserJobs(cluster, run)
    long = jobs.submit("long", 600)
    short = jobs.submit("short")
    cluster.wait_for_state(long, "r")
    # Galaxy names whoever submitted last, or nobody after a restart.
    jobs.kill(long, "None")
    uid, groups, *_rest = jobs.collect("short")
    assert int(uid) == UID
    # Grid Engine adds one of its own to each job.
    assert set(GROUPS) <= set(map(int, groups.split()))
    assert 0 not in map(int, groups.split())
    assert short != long
    wait_until("the long job has ended", lambda: cluster.queue(long) == "")
