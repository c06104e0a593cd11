"""Every way in which a job can end, and every option that a job can have, judged by hand (testlib/zoo.py)."""

from __future__ import annotations

import pytest
from testlib.slurm import SlurmCluster
from testlib.waiting import wait_until
from testlib.zoo import ANIMALS, ORPHAN, SECRET, Zoo

ALL = {**ANIMALS, "orphan": ORPHAN}


def test_secret_is_nowhere_but_in_its_file(zoo: Zoo, cluster: SlurmCluster) -> None:
    job_id = zoo.job_id(cluster, "secret")
    cluster.wait_for_state(job_id, "RUNNING")
    files = cluster.as_galaxy("stat -c '%a %U %n' state/secrets/*.sh").splitlines()
    assert len(files) == 1
    assert files[0].startswith(f"600 galaxy state/secrets/{cluster.job_name(job_id).rpartition('-')[2]}.sh")
    for look in (
        f"scontrol show job -d {job_id}",
        f"scontrol write batch_script {job_id} -",
        "cat /proc/[0-9]*/cmdline | tr '\\0' ' '",
    ):
        seen = cluster.controller.check_output(look)
        assert "battery" not in seen, look
    assert "battery" not in cluster.node.check_output("cat /proc/[0-9]*/cmdline | tr '\\0' ' '")
    cluster.as_galaxy("touch secret-seen")
    wait_until("the secrets' file is removed", lambda: not list(cluster.shared.glob("state/secrets/*")), 120)


def test_secret_is_not_in_the_log(zoo: Zoo) -> None:
    for cluster in zoo.clusters:
        cluster.as_galaxy("touch secret-seen")
    log = zoo.submission.output + zoo.ended().output
    assert "battery" not in log
    assert SECRET not in log


@pytest.mark.parametrize("name", ALL)
def test_end(zoo: Zoo, cluster: SlurmCluster, name: str) -> None:
    wanted = ALL[name]
    found = zoo.ended().of(cluster.galaxy, "orphan" if name == "orphan" else "ends")
    ended = next(entry for entry in found["jobs"] if entry["key"] == f"{zoo.run}-{name}")
    assert {field: ended[field] for field in wanted.ends} == wanted.ends
    assert ended["job_id"] == zoo.job_id(cluster, name)
    assert wanted.message in ended["message"]
    assert ended["owner"] == "galaxy"
    if wanted.stdout is not None:
        assert ended["stdout"] == wanted.stdout


def test_a_dependency_that_failed(zoo: Zoo, cluster: SlurmCluster) -> None:
    """Where it had failed before the submission, Slurm sometimes keeps another reason (seen on 24.11: Resources), and then nothing tells."""
    (entry,) = zoo.ended().of(cluster.galaxy, "orphan")["jobs"]
    said = entry["message"] == "DependencyNeverSatisfied"
    assert entry["end_reason"] == ("DEPENDENCY" if said else "CANCELLED")
    assert entry["start_time"] is None
