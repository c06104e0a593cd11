"""Galaxy's jobs as the real user, by Slurm's own commands: submitted, collected and ended through the programs that sudo allows."""

from __future__ import annotations

from collections.abc import Sequence

from testlib.real_user import GROUPS, UID, USER, RealUserJobs
from testlib.slurm import SlurmCluster
from testlib.waiting import wait_until


def test_a_job_is_the_users_and_its_output_galaxys(clusters: Sequence[SlurmCluster], run: str) -> None:
    cluster = clusters[0]
    jobs = RealUserJobs(cluster, run)
    # Its service has the umask 027.
    jobs.prepare(more_groups=",galaxy")
    # Slurm keeps accounts here, and knows hers from then on.
    cluster.controller.run(f"sacctmgr --immediate add user name={USER} account=galaxy")
    long = jobs.submit("long", 600)
    short = jobs.submit("short")
    cluster.wait_for_state(long, "RUNNING")
    # Galaxy names whoever submitted last, or nobody after a restart.
    jobs.kill(long, "None")
    uid, groups, *_rest = jobs.collect("short")
    assert int(uid) == UID
    assert set(map(int, groups.split())) == {*GROUPS, 1450}
    wait_until("the long job has ended", lambda: cluster.queue(long) == "CANCELLED")
    assert short != long
