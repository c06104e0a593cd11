"""Slurm itself in trouble: daemons that are down, a node that dies, accounting that is off, jobs that the queue has forgotten.

The tests of this file disturb everything that runs on the clusters, so they come last.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from testlib.hosts import SHARED
from testlib.plays import Finished, Play, job, job_info, play
from testlib.slurm import SlurmCluster
from testlib.waiting import wait_until
from testlib.zoo import Zoo

pytestmark = pytest.mark.usefixtures("lost", "quiet_clusters")

HERE = {"chdir": SHARED}
CONF = "/etc/slurm/slurm.conf"


ENDS = [{"script": "exit 0"}, {"script": "exit 3"}, {"script": "kill -SEGV $$"}]
QUIET = {"fail_on_job_failure": False, "return_output": False, **HERE}


def judge_ends(over: Finished, cluster: SlurmCluster) -> None:
    found = over.of(cluster.galaxy, "ends")
    assert found["outcome"] == "ok", found["msg"]
    ends = [(entry["state"], entry["exit_code"], entry["signal"]) for entry in found["jobs"]]
    assert ends == [("DONE", 0, None), ("FAILED", 3, None), ("FAILED", None, 11)]


def inventories(clusters: Sequence[SlurmCluster]) -> list[Path]:
    return [cluster.inventory for cluster in clusters]


def test_a_job_that_has_left_the_queue(cluster: SlurmCluster, zoo: Zoo) -> None:
    """MinJobAge has passed: the accounting alone knows it."""
    ids = [zoo.job_id(cluster, name) for name in ("done", "exit 3", "signal", "walltime", "memory", "array")]
    for job_id in ids:
        cluster.wait_until_forgotten(job_id)
    found = Play("left", play(job_info("left", job_ids=ids)), inventories=[cluster.inventory]).finish()
    jobs = found.of(cluster.galaxy, "left")["jobs"]
    assert [(entry["state"], entry["end_reason"]) for entry in jobs] == [
        ("DONE", None),
        ("FAILED", None),
        ("FAILED", "SIGNAL"),
        ("FAILED", "WALLTIME"),
        ("FAILED", "MEMORY"),
        ("FAILED", None),
    ]
    assert [entry["exit_code"] for entry in jobs] == [0, 3, None, None, None, 4]
    assert jobs[2]["signal"] == 11
    assert [task["exit_code"] for task in jobs[5]["tasks"]] == [0, 4, 0]


def test_a_job_that_nobody_knows_is_not_done(lost: Play, clusters: Sequence[SlurmCluster]) -> None:
    over = lost.finish()
    for cluster in clusters:
        result = over.of(cluster.galaxy, "lost")
        assert result["outcome"] == "failed"
        assert "888888" in result["msg"]
        assert "not taken for done" in result["msg"]
        assert result["jobs"][0]["state"] == "UNKNOWN"


def test_slurmctld_is_down_during_the_wait(clusters: Sequence[SlurmCluster], run: str) -> None:
    key = f"{run}-outage"
    script = f"until [ -e {SHARED}/{key} ]; do sleep 0.2; done; touch {SHARED}/{key}-ended; exit 7"
    task = job("outage", key=key, name=key, script=script, state="finished", wait_timeout=240, **HERE)
    with Play("outage", play(task), inventories=inventories(clusters), arguments=["-v"]) as waiting:
        try:
            for cluster in clusters:
                waiting.wait_for_output(f"[{cluster.galaxy}] job")
                cluster.controller.check_output("systemctl stop slurmctld")
                cluster.as_galaxy(f"touch {key}")
            for cluster in clusters:
                wait_until("the job has ended", (cluster.shared / f"{key}-ended").exists)
                waiting.wait_for_output(f"[{cluster.galaxy}] no answer", 120)
        finally:
            for cluster in clusters:
                cluster.start_slurmctld()
        over = waiting.finish()
    for cluster in clusters:
        (entry,) = over.of(cluster.galaxy, "outage")["jobs"]
        assert (entry["state"], entry["exit_code"]) == ("FAILED", 7)
        assert [row.job_id for row in cluster.accounted(key)] == [entry["job_id"]]


def test_a_node_dies(clusters: Sequence[SlurmCluster], run: str) -> None:
    """One job dies with its node; one that may be run again is, and its end is the second run's."""
    name = f"{run}-node"
    twice = 'echo "run ${SLURM_RESTART_COUNT-0}"; [ -n "$SLURM_RESTART_COUNT" ] || sleep 600'
    jobs = [
        {"key": f"{name}-1", "command": ["sleep", "600"], "native_options": ["--no-requeue"]},
        {"key": f"{name}-2", "script": twice, "native_options": ["--requeue"], "stdout": f"{name}-2.out"},
    ]
    task = job("node", jobs=jobs, name=name, state="finished", wait_timeout=240, fail_on_job_failure=False, **HERE)
    started = job("started", jobs=jobs, name=name, state="started", wait_timeout=60, **HERE)
    first = Play("node-started", play(started), inventories=inventories(clusters)).finish()
    with Play("node", play(task), inventories=inventories(clusters)) as waiting:
        for cluster in clusters:
            cluster.node_down()
        for cluster in clusters:
            cluster.node_up()
            cluster.run_now(first.of(cluster.galaxy, "started")["jobs"][1]["job_id"])
        over = waiting.finish()
    for cluster in clusters:
        killed, again = over.of(cluster.galaxy, "node")["jobs"]
        assert (killed["state"], killed["native_state"], killed["end_reason"]) == (
            "FAILED",
            "NODE_FAIL",
            "NODE_FAILURE",
        )
        assert (again["state"], again["exit_code"], again["stdout"]) == ("DONE", 0, "run 1\n")


def test_slurmdbd_is_down(clusters: Sequence[SlurmCluster], run: str) -> None:
    """What the queue knows is told; a job that it does not know is UNKNOWN, and the silence is said."""
    name = f"{run}-dbd"
    for cluster in clusters:
        cluster.controller.check_output("systemctl stop slurmdbd")
    try:
        tasks = (
            {**job("ends", jobs=ENDS, name=name, state="finished", **QUIET), "register": "ends"},
            job_info("info", job_ids="{{ (ends.jobs | map(attribute='job_id')) + ['888888'] }}", timeout=1),
            job("with a key", key=name, command="true", name=name, state="finished", **HERE),
        )
        over = Play("slurmdbd", play(*tasks), inventories=inventories(clusters)).finish()
    finally:
        for cluster in clusters:
            cluster.controller.check_output("systemctl start slurmdbd")
    for cluster in clusters:
        judge_ends(over, cluster)
        info = over.of(cluster.galaxy, "info")
        assert info["jobs"][-1]["state"] == "UNKNOWN"
        assert "the accounting did not answer" in over.output
        keyed = over.of(cluster.galaxy, "with a key")
        # Another host may have used the key: that cannot be told now, so nothing is submitted.
        assert keyed["outcome"] == "failed"
        assert "Nothing was submitted" in keyed["msg"]


@pytest.fixture
def without_accounting(clusters: Sequence[SlurmCluster]) -> Iterator[None]:
    """A cluster that keeps no accounting at all, as many small ones do; its jobs leave the queue soon."""
    edit = "s/^AccountingStorage/#&/; s/^MinJobAge=.*/MinJobAge=10/; $aAccountingStorageType=accounting_storage/none"
    for cluster in clusters:
        cluster.controller.check_output("cp -a %s %s.whole && sed -i %s %s", CONF, CONF, edit, CONF)
        cluster.controller.check_output("systemctl stop slurmctld && systemctl start slurmctld")
        cluster.make_conf_shared()
    yield
    for cluster in clusters:
        cluster.controller.check_output("mv %s.whole %s", CONF, CONF)
        cluster.controller.check_output("systemctl stop slurmctld")
        cluster.start_slurmctld()


@pytest.mark.usefixtures("without_accounting")
def test_accounting_is_off(clusters: Sequence[SlurmCluster], run: str) -> None:
    name = f"{run}-off"
    tasks = (
        {**job("ends", jobs=ENDS, name=name, state="finished", **QUIET), "register": "ends"},
        job_info("info", job_ids=["888888"]),
        job("with a key", key=name, command="true", name=name, state="finished", **HERE),
    )
    environment = {"SLURM_CONF": f"{SHARED}/slurm.conf"}
    over = Play("accounting-off", play(*tasks, environment=environment), inventories=inventories(clusters)).finish()
    ids = {cluster.name: over.of(cluster.galaxy, "with a key")["jobs"][0]["job_id"] for cluster in clusters}
    for cluster in clusters:
        judge_ends(over, cluster)
        assert over.of(cluster.galaxy, "info")["jobs"][0]["state"] == "UNKNOWN"
        cluster.wait_until_forgotten(ids[cluster.name])
    later = (
        job("again", key=name, command="true", name=name, state="finished", **HERE),
        job_info("forgotten", job_ids=["{{ ids[inventory_hostname] }}"]),
    )
    names = {cluster.galaxy: ids[cluster.name] for cluster in clusters}
    gone = Play(
        "accounting-gone", play(*later, vars={"ids": names}, environment=environment), inventories=inventories(clusters)
    )
    over = gone.finish()
    for cluster in clusters:
        # Slurm has forgotten it. Who has seen it end knows it still, anybody else does not call it done.
        (entry,) = over.of(cluster.galaxy, "again")["jobs"]
        assert (entry["job_id"], entry["state"], entry["changed"]) == (ids[cluster.name], "DONE", False)
        assert over.of(cluster.galaxy, "forgotten")["jobs"][0]["state"] == "UNKNOWN"
