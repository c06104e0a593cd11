"""The submit host that connect_galaxy.yml has made, and what the role says when its accounts are not the pool's."""

from __future__ import annotations

from testlib.htcondor import HTCondorCluster
from testlib.roles import apply, changed, refusal

TOKEN = "/etc/condor/tokens.d/clusterjobs"


def test_its_schedd_is_the_pools(pool: HTCondorCluster) -> None:
    assert pool.galaxy in pool.controller.check_output("condor_status -schedd -af Machine").split()
    token = pool.submit_host.file(TOKEN)
    assert (token.user, token.mode) == ("root", 0o600)
    assert pool.submit_host.service("condor").is_enabled
    assert pool.submit_host.file("/srv/galaxy/config/job_conf.yml").contains(
        "galaxy.jobs.runners.condor:CondorJobRunner"
    )


def test_jobs_that_run_as_nobody_are_told_of(pool: HTCondorCluster) -> None:
    """With another UID_DOMAIN on the submit host HTCondor says nothing, and runs the job as nobody."""
    broken = {
        "submit_host_htcondor_uid_domain": "elsewhere.test",
        "submit_host_htcondor_trust_domain": f"{pool.name}.test",
    }
    said = refusal(apply(pool, "submit_host", variables=broken, arguments=("-vvv", "--diff")), pool.galaxy)
    assert f"A job of galaxy on {pool.galaxy} ran as nobody." in said
    assert "UID_DOMAIN of the submit host, elsewhere.test, is not the same" in said
    mended = apply(pool, "submit_host")
    assert mended.rc == 0, mended.output[-3000:]
    assert changed(mended) == [
        "clusterjobs.drm.submit_host : Configure the schedd",
        "clusterjobs.drm.submit_host : Have it run, with that configuration",
    ]
