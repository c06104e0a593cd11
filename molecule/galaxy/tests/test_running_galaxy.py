"""Jobs that a running Galaxy sends where the job configuration says, and what they see there."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from testlib.galaxy import Galaxy, Seen
from testlib.roles import apply, changed, site
from testlib.slurm import SlurmCluster

#: by environment: host, slots, MB of memory, umask, host of the submission
EXPECTED = {
    "local": ("galaxy-galaxy", "2", "900", "450", "0027", ""),
    "slurm": ("galaxy-node", "2", "1200", "600", "0027", "galaxy-galaxy"),
    # The service's umask does not come along through ssh: the environment sets it (job_conf_umask).
    "slurm_by_ssh": ("galaxy-node", "3", "1500", "500", "0027", "galaxy-node"),
}
SLOW = 25


@pytest.fixture(scope="module")
def seen(galaxy: Galaxy) -> dict[str, Seen]:
    return galaxy.results(galaxy.submit_all(EXPECTED))


@pytest.mark.parametrize("environment", EXPECTED)
def test_a_job_runs_where_and_as_its_environment_says(seen: dict[str, Seen], environment: str) -> None:
    job = seen[environment]
    assert job.state == "ok", job.says
    told = ("host", "slots", "memory_mb", "memory_mb_per_slot", "umask", "submitted_on")
    assert job["user"] == "galaxy"
    assert tuple(job[name] for name in told) == EXPECTED[environment]


def test_slurm_knows_the_jobs_as_galaxys(cluster: SlurmCluster, seen: dict[str, Seen]) -> None:
    assert {job.state for job in seen.values()} == {"ok"}
    rows = cluster.controller.check_output("sacct -a -X -n -P -o User,Partition,AllocCPUS,ReqMem,Timelimit,State")
    for row in ("galaxy|main|2|1200M|00:10:00|COMPLETED", "galaxy|main|3|1500M|1-00:00:00|COMPLETED"):
        assert row in rows.splitlines()


def test_a_changed_environment_restarts_galaxy_and_is_what_the_next_job_gets(
    cluster: SlurmCluster, galaxy: Galaxy, seen: dict[str, Seen]
) -> None:
    """A job of before goes on meanwhile, and Galaxy takes it up again. (A converge brings the environment back.)"""
    text = (site(cluster) / "group_vars" / "all.yml").read_text(encoding="utf-8")
    config: dict[str, Any] = yaml.safe_load(text)["galaxy_job_config"]
    config["execution"]["environments"]["slurm"].update(slots=4, memory_mb=2000)
    before = galaxy.submit("slurm", seconds=SLOW)
    galaxy.wait_for_state(before, "running")
    finished = apply(cluster, "job_conf", variables={"galaxy_job_config": config})
    assert changed(finished) == [
        "clusterjobs.drm.job_conf : Render the job configuration",
        "clusterjobs.drm.galaxy_service : Restart the units that are there",
    ], finished.output[-3000:]
    galaxy.wait_until_up()
    after, earlier = galaxy.result(galaxy.submit("slurm")), galaxy.result(before)
    assert (after.state, earlier.state) == ("ok", "ok"), after.says + earlier.says
    assert (earlier["slots"], earlier["memory_mb"]) == ("2", "1200")
    assert (after["host"], after["slots"], after["memory_mb"]) == ("galaxy-node", "4", "2000")
