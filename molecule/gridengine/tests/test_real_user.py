"""Galaxy's jobs as the real user, by the DRMAA library: submitted, collected and ended through the programs that sudo allows."""

from __future__ import annotations

from testlib.gridengine import GridEngineCluster
from testlib.real_user import GROUPS, UID, RealUserJobs
from testlib.waiting import wait_until

LIBRARY = "/usr/lib/gridengine-drmaa/lib/libdrmaa.so.1.0"
ENVIRONMENT = {"SGE_ROOT": "/var/lib/gridengine", "GLIBC_TUNABLES": "glibc.rtld.optional_static_tls=4096"}


def test_a_job_is_the_users_and_its_output_galaxys(cluster: GridEngineCluster, run: str) -> None:
    jobs = RealUserJobs(cluster, run)
    jobs.prepare(real_user_drmaa_library=LIBRARY, real_user_environment=ENVIRONMENT)
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
