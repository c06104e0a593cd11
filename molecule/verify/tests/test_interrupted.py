"""Runs that did not come to their end, on a site that has no Galaxy yet: what they have left is swept by the next run, and by --tags cleanup."""

from __future__ import annotations

import pytest
from testlib.faults_planted import ROOT
from testlib.hosts import TestCluster
from testlib.sabotage import Report, results_of, run, start
from testlib.verify_rounds import interrupted, left_behind, settings_of, site_of
from testlib.waiting import wait_until


@pytest.fixture(scope="module")
def after_ctrl_c(cluster: TestCluster) -> Report:
    """The report of the run after one that was interrupted. What this site sets is the account, the paths and the DRM alone."""
    cluster.submit_host.check_output("rm -rf %s/venv", ROOT)
    interrupted(cluster, "ctrl-c").interrupt()
    assert left_behind(cluster)
    assert not cluster.all_over()
    report, _printed = run(cluster, site_of(cluster), "next", cluster_verify_ends=[], **settings_of(cluster))
    return report


def test_the_next_run_sweeps_what_ctrl_c_has_left(cluster: TestCluster, after_ctrl_c: Report) -> None:
    assert left_behind(cluster) == []
    wait_until("no job is left", cluster.all_over, 20)


def test_without_galaxy_paths_and_account_are_judged_all_the_same(after_ctrl_c: Report) -> None:
    assert after_ctrl_c["counts"]["error"] == 0, after_ctrl_c["checks"]
    for check in ("drm", "submits", "answered", "real_shell", "same_uid", "same_path", "temporary_mode", "space"):
        results = results_of(after_ctrl_c, check)
        assert results, check
        assert all(result["status"] == "ok" for result in results), results
    assert [result["status"] for result in results_of(after_ctrl_c, "python_starts")] == ["skipped"]


def test_cleanup_sweeps_what_a_dead_controller_has_left(cluster: TestCluster) -> None:
    interrupted(cluster, "killed").kill()
    assert left_behind(cluster)
    assert not cluster.all_over()
    sweep = start(cluster, site_of(cluster), "cleanup", ("--tags", "cleanup")).finish()
    assert sweep.rc == 0, sweep.output[-3000:]
    assert left_behind(cluster) == []
    wait_until("no job is left", cluster.all_over, 20)
