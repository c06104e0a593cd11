"""HTCondor in trouble. The tests of this file disturb everything that runs on the pool, so they come after the others."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from testlib.hosts import SHARED
from testlib.htcondor import HTCondorCluster
from testlib.plays import Play, job, play
from testlib.waiting import wait_until

HERE = {"chdir": SHARED}


def test_the_schedd_is_down_during_the_wait(pool: HTCondorCluster, run: str) -> None:
    key = f"{run}-outage"
    script = f"until [ -e {SHARED}/{key} ]; do sleep 0.2; done; exit 7"
    task = job("outage", key=key, name=key, script=script, state="finished", wait_timeout=240, **HERE)
    with Play("outage", play(task), inventories=[pool.inventory], arguments=["-v"]) as waiting:
        waiting.wait_for_output(f"[{pool.galaxy}] job")
        wait_until("the job runs", lambda: [row for row in pool.accounting(key) if row.state == "Running"])
        pool.freeze_schedd("KILL")
        pool.stop_schedd()
        try:
            waiting.wait_for_output(f"[{pool.galaxy}] no answer", 120)
            pool.as_galaxy(f"touch {key}")
        finally:
            pool.start_schedd()
        over = waiting.finish()
    (entry,) = over.of(pool.galaxy, "outage")["jobs"]
    assert (entry["state"], entry["exit_code"]) == ("FAILED", 7)
    assert [row.job_id for row in pool.accounted(key)] == [entry["job_id"]]


@pytest.fixture
def other_uid_domain(pool: HTCondorCluster) -> Iterator[None]:
    pool.set_uid_domain("elsewhere.test")
    yield
    pool.set_uid_domain("")


@pytest.mark.usefixtures("other_uid_domain")
def test_with_another_uid_domain_jobs_run_as_nobody(pool: HTCondorCluster, run: str) -> None:
    """HTCondor says nothing of it: only the job can."""
    name = f"{run}-nobody"
    transferred = ["should_transfer_files = YES"]
    tasks = (
        job(
            "who",
            name=name,
            command=["id", "-un"],
            native_options=transferred,
            state="finished",
            wait_timeout=60,
            **HERE,
        ),
        # On the shared directory nobody may not write: the job is held, and says so.
        job(
            "shared", name=name, command=["id", "-un"], state="finished", wait_timeout=8, cancel_on_timeout=True, **HERE
        ),
    )
    over = Play("nobody", play(*tasks), inventories=[pool.inventory]).finish()
    (entry,) = over.of(pool.galaxy, "who")["jobs"]
    assert (entry["state"], entry["stdout"], entry["owner"]) == ("DONE", "nobody\n", "galaxy")
    (entry,) = over.of(pool.galaxy, "shared")["jobs"]
    assert (entry["state"], entry["end_reason"]) == ("HELD", "OTHER")
    assert "Permission denied" in entry["message"]
