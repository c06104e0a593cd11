"""Each planted fault turned its check red; with all of them mended the cluster is ready, and nothing is left behind."""

from __future__ import annotations

import pytest
from testlib.clusters import clusters
from testlib.faults_of_drms import faults_of
from testlib.faults_planted import ROOT
from testlib.hosts import TestCluster
from testlib.sabotage import Fault, is_green, is_red, results_of
from testlib.verify_rounds import ENDS, Rounds, left_behind

(CLUSTER,) = clusters("verify")

PLANTED = [fault for fault in faults_of(CLUSTER) if fault.plant]


@pytest.mark.parametrize("fault", PLANTED, ids=lambda fault: fault.name)
def test_a_fault_is_found_and_its_mending_too(rounds: Rounds, fault: Fault) -> None:
    assert is_red(rounds.reports[fault.round], fault), results_of(rounds.reports[fault.round], fault.check)
    assert is_green(rounds.last, fault), results_of(rounds.last, fault.check)


def test_what_is_mended_is_all_there_was(rounds: Rounds) -> None:
    assert rounds.last["counts"]["error"] == rounds.last["counts"]["warning"] == 0, rounds.printed[0][-3000:]


def test_each_red_cell_says_how_to_mend_it(rounds: Rounds) -> None:
    cells = [result for report in rounds.reports.values() for check in report["checks"] for result in check["results"]]
    assert all(cell["mend"] for cell in cells if cell["status"] in ("error", "warning"))


def test_each_end_is_told_or_said_to_be_untold(rounds: Rounds) -> None:
    found = {result["item"]: result["status"] for result in results_of(rounds.last, "ends_seen")}
    untold = {"slurm": [], "gridengine": ["memory", "cancelled"], "htcondor": []}[rounds.cluster.cluster.drm]
    assert found == {kind: "skipped" if kind in untold else "ok" for kind in ENDS}


def test_the_lag_is_measured_and_the_proposal_fits_it(rounds: Rounds) -> None:
    (result,) = results_of(rounds.reports[1], "attribute_cache", f"{ROOT}/jobs")
    numbers = result["numbers"]
    for probe in ("create_stat_s", "create_open_s", "size_stat_s", "mode_stat_s", "remove_stat_s"):
        assert 8 < numbers[probe] < 12, numbers
    assert numbers["create_list_s"] < 1
    assert numbers["mount_type"].startswith("fuse")
    assert "retry_job_output_collection: 1" in result["mend"]
    (after,) = {result["message"] for result in results_of(rounds.last, "attribute_cache")}
    assert after.endswith("at once")


def test_nothing_is_left_behind(rounds: Rounds, cluster: TestCluster) -> None:
    assert left_behind(cluster) == []
    assert cluster.all_over()
    assert cluster.submit_host.run("ls -A %s/home/.ansible_async", ROOT).stdout == ""
