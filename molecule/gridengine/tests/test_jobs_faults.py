"""Grid Engine itself in trouble. The tests of this file disturb everything that runs on the cluster, so they come last."""

from __future__ import annotations

import pytest
from testlib.gridengine import MASTER, GridEngineCluster
from testlib.hosts import SHARED
from testlib.plays import Play, job, job_info, play
from testlib.waiting import wait_until

HERE = {"chdir": SHARED}
COMMON = "/var/lib/gridengine/default/common"


def test_the_qmaster_is_down_during_the_wait(cluster: GridEngineCluster, run: str) -> None:
    key = f"{run}-outage"
    script = f"until [ -e {SHARED}/{key} ]; do sleep 0.2; done; touch {SHARED}/{key}-ended; exit 7"
    task = job("outage", key=key, name=key, script=script, state="finished", wait_timeout=240, **HERE)
    with Play("outage", play(task), inventories=[cluster.inventory], arguments=["-v"]) as waiting:
        try:
            (row,) = wait_until("the job is there", lambda: cluster.accounting(key))
            cluster.wait_for_state(row.job_id, "r")
            cluster.controller.check_output(f"systemctl stop {MASTER}")
            cluster.as_galaxy(f"touch {key}")
            wait_until("the job has ended", (cluster.shared / f"{key}-ended").exists)
            waiting.wait_for_output(f"[{cluster.galaxy}] no answer", 120)
        finally:
            cluster.start_master()
        over = waiting.finish()
    (entry,) = over.of(cluster.galaxy, "outage")["jobs"]
    assert (entry["state"], entry["exit_code"]) == ("FAILED", 7)
    assert [found.job_id for found in cluster.accounting(key)] == [entry["job_id"]]


@pytest.mark.parametrize("broken", [f"mv {COMMON}/accounting {COMMON}/away", f"chmod 0600 {COMMON}/accounting"])
def test_the_accounting_is_not_to_be_read(cluster: GridEngineCluster, run: str, broken: str) -> None:
    """What has ended is UNKNOWN and not done; a job under a key is not submitted a second time."""
    key = f"{run}-{broken.split()[0]}"
    task = {**job("done", key=key, name=key, command="true", state="finished", **HERE), "register": "done"}
    seen = Play("accounted", play(task), inventories=[cluster.inventory]).finish().of(cluster.galaxy, "done")
    tasks = (
        job_info("by its id", job_ids=[seen["jobs"][0]["job_id"]]),
        job("by its key", key=key, name=key, command="true", state="finished", **HERE),
    )
    cluster.controller.check_output(broken)
    try:
        found = Play("unaccounted", play(*tasks), inventories=[cluster.inventory]).finish()
    finally:
        cluster.controller.run(f"mv {COMMON}/away {COMMON}/accounting")
        cluster.controller.check_output(f"chmod 0644 {COMMON}/accounting")
    assert found.of(cluster.galaxy, "by its id")["jobs"][0]["state"] == "UNKNOWN"
    # Who has seen it end knows it still.
    (entry,) = found.of(cluster.galaxy, "by its key")["jobs"]
    assert (entry["state"], entry["changed"]) == ("DONE", False)


def test_a_job_that_nobody_knows_is_not_done(lost: Play, cluster: GridEngineCluster) -> None:
    result = lost.finish().of(cluster.galaxy, "lost")
    assert result["outcome"] == "failed"
    assert "888888" in result["msg"]
    assert "not taken for done" in result["msg"]
    assert result["jobs"][0]["state"] == "UNKNOWN"
