"""Slurm's Torque commands (slurm-wlm-torque) as a flavour of torque: jobs by their qsub, and all that is known of them from Slurm."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from testlib.hosts import SHARED
from testlib.plays import Finished, Play, job, job_info, play
from testlib.slurm import SlurmCluster

HERE = {"drm": "torque", "chdir": SHARED}
WORDS = "a, 'b' \"c\" $HOME `id`\nsecond line"


@pytest.fixture(scope="module")
def used(clusters: Sequence[SlurmCluster], run: str) -> Finished:
    for cluster in clusters:
        cluster.submit_host.check_output(
            "DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends slurm-wlm-torque"
        )
    key = f"{run}-torque"
    ends: dict[str, Any] = {"state": "finished", "fail_on_job_failure": False, **HERE}
    tasks = (
        job("done", key=key, name=key, script='printf "%s" "$WORDS"; pwd', environment={"WORDS": WORDS}, **ends),
        job("again", key=key, name=key, script='printf "%s" "$WORDS"; pwd', environment={"WORDS": WORDS}, **ends),
        job("exit 3", script="echo out; echo err >&2; exit 3", stdout="torque.out", stderr="torque.err", **ends),
        job(
            "resources",
            script='squeue -h -o "%C %m %l %P" -j "$SLURM_JOB_ID"',
            slots=3,
            memory_mb=600,
            walltime="0:04:00",
            queue="short",
            **ends,
        ),
        job("array", script="exit $((SLURM_ARRAY_TASK_ID == 2 ? 4 : 0))", array="1-3", **ends),
        job("held", key=f"{key}-held", command=["sleep", "600"], hold=True, **HERE),
        job("absent", key=f"{key}-held", drm="torque", state="absent"),
        job("unknown queue", command="true", queue="nowhere", **HERE),
        job_info("unknown", job_ids=["888888"], drm="torque"),
    )
    return Play("torque-commands", play(*tasks), inventories=[cluster.inventory for cluster in clusters]).finish()


def only(used: Finished, cluster: SlurmCluster, task: str) -> dict[str, Any]:
    (entry,) = used.of(cluster.galaxy, task)["jobs"]
    return dict(entry)


def test_a_job_goes_by_qsub_once(used: Finished, cluster: SlurmCluster, run: str) -> None:
    first, again = used.of(cluster.galaxy, "done"), used.of(cluster.galaxy, "again")
    assert (first["changed"], again["changed"]) == (True, False)
    assert first["drm"] == "torque"
    assert first["commands"][-2][0] == "qsub"
    entry = only(used, cluster, "done")
    assert (entry["state"], entry["exit_code"]) == ("DONE", 0)
    assert entry["stdout"] == f"{WORDS}{SHARED}\n"
    names = [row.name.rpartition("-")[0] for row in cluster.accounted(f"{run}-torque-")]
    assert names.count(f"{run}-torque") == 1


def test_a_failure_and_its_streams(used: Finished, cluster: SlurmCluster) -> None:
    """Their own qstat shows C and nothing else."""
    entry = only(used, cluster, "exit 3")
    assert (entry["state"], entry["exit_code"]) == ("FAILED", 3)
    assert (entry["stdout"], entry["stderr"]) == ("out\n", "err\n")


def test_resources(used: Finished, cluster: SlurmCluster) -> None:
    assert only(used, cluster, "resources")["stdout"] == "3 600M 4:00 short\n"


def test_an_array(used: Finished, cluster: SlurmCluster) -> None:
    entry = only(used, cluster, "array")
    assert (entry["state"], entry["exit_code"]) == ("FAILED", 4)
    assert [task["exit_code"] for task in entry["tasks"]] == [0, 4, 0]


def test_held_and_cancelled(used: Finished, cluster: SlurmCluster) -> None:
    assert only(used, cluster, "held")["state"] == "HELD"
    assert only(used, cluster, "absent")["state"] == "CANCELLED"


def test_what_is_refused(used: Finished, cluster: SlurmCluster) -> None:
    """Its errors are on standard output."""
    result = used.of(cluster.galaxy, "unknown queue")
    assert result["outcome"] == "failed"
    assert "nothing was submitted" in result["msg"]
    assert "invalid partition" in result["msg"]


def test_a_job_that_is_not_there(used: Finished, cluster: SlurmCluster) -> None:
    assert only(used, cluster, "unknown")["state"] == "UNKNOWN"
