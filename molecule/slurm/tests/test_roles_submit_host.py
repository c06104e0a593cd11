"""submit_host: a changed key, partitions for some hosts, a Slurm that does not answer."""

from __future__ import annotations

import base64

from testlib.roles import apply, changed, refusal
from testlib.slurm import SlurmCluster

SHORT_JOB = "srun --partition=short hostname"


def test_a_changed_key_is_put_right_and_never_shown(cluster: SlurmCluster) -> None:
    host = cluster.submit_host
    key = base64.b64encode((cluster.cluster.directory / "munge.key").read_bytes()).decode()
    host.check_output("printf spoilt >> /etc/munge/munge.key && systemctl restart munge")
    given = {"submit_host_munge_key": key, "submit_host_munge_key_file": ""}
    finished = apply(cluster, "submit_host", variables=given, arguments=("-vvv", "--diff"))
    assert finished.rc == 0, finished.output
    assert "clusterjobs.drm.submit_host : Have munge run, with that key" in changed(finished)
    # The command line is not the role's: it is printed once, by ansible-playbook -vvv.
    assert key[:40] not in finished.output.split("PLAY [", 1)[1]
    assert "main" in cluster.as_galaxy("sinfo --noheader --format=%R").split()
    assert changed(apply(cluster, "submit_host", variables=given)) == []


def test_a_partition_for_some_hosts_gets_this_one(cluster: SlurmCluster) -> None:
    controller = cluster.controller
    controller.check_output("scontrol update partitionname=short allocnodes=%s", controller.check_output("hostname"))
    refused = cluster.submit_host.run("sudo -n -H -u galaxy %s", SHORT_JOB)
    wanted = {"submit_host_slurm_partitions": ["short"]}
    first, second = (apply(cluster, "submit_host", variables=wanted) for _again in range(2))
    answer = cluster.submit_host.run(f"sudo -n -H -u galaxy {SHORT_JOB}")
    controller.check_output("scontrol update partitionname=short allocnodes=ALL")
    assert refused.rc != 0
    assert changed(first) == ["clusterjobs.drm.submit_host : Let this host submit to the partitions"]
    # slurm.conf has no list for it, so that nothing is left to be done there.
    assert first.of(cluster.galaxy, "clusterjobs.drm.submit_host : Let this host submit to the partitions")[
        "persistent"
    ]
    assert changed(second) == []
    assert answer.stdout.strip() == cluster.node.check_output("hostname")


def test_a_slurm_that_does_not_answer_is_a_failure_with_advice(cluster: SlurmCluster) -> None:
    cluster.controller.check_output("systemctl stop slurmctld")
    finished = apply(cluster, "submit_host", variables={"submit_host_slurm_partitions": []})
    cluster.controller.check_output("systemctl start slurmctld")
    said = refusal(finished, cluster.galaxy)
    assert f'"sinfo" as galaxy on {cluster.galaxy} ended with' in said
    assert "does the controller run" in said


def test_what_cannot_work_is_refused_at_once(cluster: SlurmCluster) -> None:
    wanted = {
        "submit_host_munge_key": "c2hvcnQ=",
        "submit_host_munge_key_file": "also.key",
        "submit_host_slurm_conf": "ClusterName=x",
        "submit_host_slurm_conf_server": ["x"],
        "submit_host_controllers": [],
    }
    said = refusal(apply(cluster, "submit_host", variables=wanted), cluster.galaxy)
    for part in (
        "base64 form of a munge key",
        "not both",
        "a slurm.conf would win",
        "submit_host_controllers names no host",
    ):
        assert part in said


def test_configless_needs_a_slurm_that_has_sackd(cluster: SlurmCluster) -> None:
    if cluster.cluster.options["configless"]:
        return
    wanted = {"submit_host_slurm_conf": "", "submit_host_slurm_conf_server": ["x"]}
    said = refusal(apply(cluster, "submit_host", variables=wanted), cluster.galaxy)
    assert "needs sackd, which came with Slurm 23.11; Debian 12 has an older Slurm" in said
    assert cluster.submit_host.file("/etc/slurm/slurm.conf").exists
