"""The submit host that connect_galaxy.yml has made, and who registers it. Nothing else may run meanwhile: for a while it is none."""

from __future__ import annotations

from testlib.gridengine import GridEngineCluster
from testlib.plays import Play, play
from testlib.roles import apply, changed

COMMON = "/var/lib/gridengine/default/common"
NOT_YET = "cannot submit a job"


def test_the_client_has_the_clusters_own_files(cluster: GridEngineCluster) -> None:
    host = cluster.submit_host
    assert host.file(COMMON).linked_to == "/srv/gridengine/common"
    assert host.file(f"{COMMON}/bootstrap").sha256sum == cluster.controller.file(f"{COMMON}/bootstrap").sha256sum
    assert host.file("/srv/galaxy/config/job_conf.yml").contains("galaxy.jobs.runners.drmaa:DRMAAJobRunner")


def registration(title: str, state: str, **keywords: object) -> dict[str, object]:
    options = {"drm": "gridengine", "host": "{{ galaxy }}", "state": state}
    return {"name": title, "clusterjobs.drm.submit_host": options, **keywords}


def test_the_module_takes_a_host_from_the_list_and_the_pages_bring_it_back(cluster: GridEngineCluster) -> None:
    galaxy, controller = cluster.galaxy, cluster.cluster.host("controller").name
    tasks = (
        registration("there", "present"),
        registration("check", "absent", check_mode=True),
        registration("gone", "absent"),
        registration("again", "absent"),
    )
    over = Play(
        "registration",
        play(*tasks, hosts="cluster_controllers", become_user="root", vars={"galaxy": galaxy}),
        inventories=[cluster.inventory],
    ).finish()
    told = [over.of(controller, title)["changed"] for title in ("there", "check", "gone", "again")]
    assert told == [False, True, True, False]
    assert galaxy not in cluster.controller.check_output("qconf -ss").split()

    guest = {
        "submit_host_manage_drm": False,
        "submit_host_hand_over_dir": str(cluster.cluster.directory / "export" / "hand-over"),
    }
    first = apply(cluster, "submit_host", variables=guest)
    assert first.rc == 0
    assert NOT_YET in first.output
    assert "is not a submit host" in first.output
    cluster.controller.check_output("sh -eu /export/hand-over/controller.sh")
    second = apply(cluster, "submit_host", variables=guest)
    assert second.rc == 0
    assert NOT_YET not in second.output
    assert changed(second) == []
