"""Without root on the cluster: its administrator does what the pages say, word by word, and then a job runs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from testbed.settings import ROOT
from testinfra.host import Host
from testlib.plays import Finished, Play
from testlib.roles import apply, site
from testlib.slurm import SlurmCluster

# As Galaxy's administrator writes it, and as the cluster's administrator has it.
PAGES = "hand-over"
WORK = "/root/hand-over"
ROOT_PATH = "/srv/galaxy"
PLACE = f"{ROOT_PATH}/guest"
NOT_YET = "Slurm does not answer guest"


def connect(cluster: SlurmCluster, number: int, **handed_over: str) -> Finished:
    """The whole playbook, for an account that no host knows yet. None of its tasks may run on the cluster's own hosts."""
    variables = {
        "galaxyservers": f"{cluster.name}_galaxyservers",
        "cluster_nodes": "nobody",
        "cluster_controllers": "nobody",
        "galaxy_user": {"name": "guest", "uid": 4242, "home": f"{PLACE}/home", "create_home": False},
        "galaxy_group": {"name": "guests", "gid": 4243},
        "galaxy_root": PLACE,
        "shared_filesystem_extra_directories": [{"path": f"{PLACE}/home"}],
        "shared_filesystem_manage_cleaning": False,
        "galaxy_service_manager": "none",
        "submit_host_manage_drm": False,
        "submit_host_controllers": [cluster.cluster.host("controller").name],
        "submit_host_nodes": [cluster.cluster.host("node").name],
        "submit_host_hand_over_dir": str(cluster.cluster.directory / "export" / PAGES),
        "submit_host_slurm_account": "guests",
        "submit_host_slurm_partitions": ["main", "short"],
        "submit_host_munge_key": "",
        "submit_host_munge_key_file": "",
        "submit_host_slurm_conf": "",
        **handed_over,
    }
    play = {"ansible.builtin.import_playbook": str(ROOT / "playbooks" / "connect_galaxy.yml")}
    inventories = [cluster.inventory, site(cluster)]
    arguments = ["--extra-vars", json.dumps(variables)]
    finished = Play(f"hand-over-{cluster.name}-{number}", play, inventories=inventories, arguments=arguments).finish(
        600
    )
    assert finished.rc == 0, finished.output[-3000:]
    assert set(finished.results) <= {cluster.galaxy}
    return finished


@pytest.fixture
def fresh(cluster: SlurmCluster) -> Iterator[SlurmCluster]:
    """The submit host as its packages leave it: a munge key of its own, no slurm.conf. A partition that only the controller may use."""
    submit_host, controller, node = cluster.submit_host, cluster.controller, cluster.node
    submit_host.check_output("dd if=/dev/urandom of=/etc/munge/munge.key bs=128 count=1 && systemctl restart munge")
    # Slurm 22.05 has no sackd.
    submit_host.check_output("rm -f /etc/slurm/slurm.conf && (systemctl stop sackd || true)")
    controller.check_output("scontrol update partitionname=short allocnodes=%s", controller.check_output("hostname"))
    if not cluster.cluster.options["configless"]:
        node.check_output("umount /srv/galaxy && sed -i '\\: /srv/galaxy :d' /etc/fstab")
    yield cluster
    controller.check_output("scontrol update partitionname=short allocnodes=ALL")
    controller.run("sacctmgr --immediate --quiet delete user guest; sacctmgr --immediate --quiet delete account guests")
    for host in (submit_host, controller, node):
        host.run("userdel guest; groupdel guests; rm -r %s", WORK)
    submit_host.check_output("rm -rf %s /export/%s", PLACE, PAGES)
    # Where nothing is mounted, the page makes a home directory; the controller has no other use for the path.
    controller.run("rm -rf %s; rmdir %s", PLACE, ROOT_PATH)
    assert apply(cluster, "submit_host").rc == 0


def take_over(host: Host) -> None:
    host.check_output("cp -r /export/%s %s", PAGES, WORK)


def follow(host: Host, kind: str, heading: str) -> None:
    """Run the page's commands for a kind of host, block by block, and the script of the same commands after it."""
    page = host.file(f"{WORK}/README.md").content_string
    section = page.split(f"\n## {heading}")[1].split("\n## ")[0]
    blocks = re.findall(r"^```sh\n(.*?)^```$", section, flags=re.DOTALL | re.MULTILINE)
    assert blocks
    script = host.file(f"{WORK}/{kind}.sh").content_string
    for block in blocks:
        assert block in script
        host.check_output("cd %s && sh -euc %s", WORK, block)
    host.check_output("cd %s && sh %s.sh", WORK, kind)


def test_the_pages_lead_to_a_job(fresh: SlurmCluster) -> None:
    first = connect(fresh, 1)
    assert NOT_YET in first.output
    assert fresh.controller.run("getent passwd guest").rc != 0

    for host, kind, heading in (
        (fresh.controller, "controller", f"On the controller: {fresh.cluster.host('controller').name}"),
        (fresh.node, "node", f"On every compute node: {fresh.cluster.host('node').name}"),
    ):
        take_over(host)
        follow(host, kind, heading)
        assert host.check_output("getent passwd guest").split(":")[2:4] == ["4242", "4243"]

    came_back = {"submit_host_munge_key": fresh.controller.check_output("cat %s/munge-key.base64", WORK)}
    assert fresh.controller.file(f"{WORK}/munge-key.base64").mode == 0o600
    if not fresh.cluster.options["configless"]:
        came_back["submit_host_slurm_conf"] = fresh.controller.check_output("cat %s/slurm.conf", WORK)
    second = connect(fresh, 2, **came_back)
    assert NOT_YET not in second.output

    job = f"srun --partition=short --chdir={PLACE}/home sh -c 'id --user > uid; hostname'"
    ran_on = fresh.submit_host.check_output("sudo -n -H -u guest sh -c %s", job)
    assert ran_on == fresh.node.check_output("hostname")
    uid = Path(f"{PLACE}/home/uid")
    assert fresh.submit_host.file(str(uid)).content_string == "4242\n"
    assert fresh.submit_host.file(str(uid)).user == "guest"
