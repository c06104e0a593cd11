"""Jobs that a running Galaxy sends where the job configuration says, and what they see there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from testlib.galaxy import Galaxy, Seen
from testlib.plays import Play, play
from testlib.roles import apply, changed, site
from testlib.slurm import SlurmCluster

#: by environment: host, slots, MB of memory, umask, host of the submission
EXPECTED = {
    "local": ("galaxy-galaxy", "2", "900", "450", "0027", ""),
    "slurm": ("galaxy-node", "2", "1200", "600", "0027", "galaxy-galaxy"),
    # The service's umask does not come along through ssh: the environment sets it (job_conf_umask).
    "slurm_by_ssh": ("galaxy-node", "3", "1500", "500", "0027", "galaxy-node"),
}
FAILING = yaml.safe_load(Path(__file__).with_name("failing.yml").read_text(encoding="utf-8"))
SLOW = 25


@pytest.fixture(scope="module")
def jobs(galaxy: Galaxy) -> dict[str, str]:
    """All at once: Galaxy looks for half a minute for an output that is elsewhere."""
    return galaxy.submit_all([*FAILING, *EXPECTED])


@pytest.fixture(scope="module")
def seen(galaxy: Galaxy, jobs: dict[str, str]) -> dict[str, Seen]:
    return galaxy.results({environment: jobs[environment] for environment in EXPECTED})


@pytest.mark.parametrize("environment", EXPECTED)
def test_a_job_runs_where_and_as_its_environment_says(seen: dict[str, Seen], environment: str) -> None:
    job = seen[environment]
    assert job.state == "ok", job.says
    told = ("host", "slots", "memory_mb", "memory_mb_per_slot", "umask", "submitted_on")
    assert job["user"] == "galaxy"
    assert tuple(job[name] for name in told) == EXPECTED[environment]


def test_the_lint_foretells_what_fails(cluster: SlurmCluster) -> None:
    lint = "{{ galaxy_job_config | clusterjobs.drm.lint_job_conf(drm='slurm', cluster=facts) }}"
    tasks = [
        {"name": "facts", "clusterjobs.drm.cluster_info": {}, "register": "facts"},
        {"name": "findings", "ansible.builtin.debug": {"msg": lint}},
    ]
    over = Play("lint-galaxy", play(*tasks), inventories=[cluster.inventory, site(cluster)]).finish()
    assert over.rc == 0, over.output[-3000:]
    findings = [(finding["code"], finding["place"]) for finding in over.of(cluster.galaxy, "findings")["msg"]]
    foretold = [
        (entry["code"], f"execution.environments.{environment}.{entry['place']}")
        for environment, entry in FAILING.items()
    ]
    assert sorted(findings) == sorted(foretold)


@pytest.mark.parametrize("environment", [name for name, entry in FAILING.items() if "log" in entry])
def test_a_job_fails_where_its_environment_has_a_finding(
    cluster: SlurmCluster, galaxy: Galaxy, jobs: dict[str, str], seen: dict[str, Seen], environment: str
) -> None:
    assert {job.state for job in seen.values()} == {"ok"}
    assert galaxy.result(jobs[environment]).state == "error"
    log = cluster.submit_host.check_output("journalctl --unit=galaxy.service --output=cat")
    assert FAILING[environment]["log"] in log


def test_a_job_above_its_queues_limits_waits_for_ever(
    cluster: SlurmCluster, galaxy: Galaxy, jobs: dict[str, str], seen: dict[str, Seen]
) -> None:
    assert {job.state for job in seen.values()} == {"ok"}
    waiting = {name: entry["waits"] for name, entry in FAILING.items() if "waits" in entry}
    assert {galaxy.state(jobs[environment]) for environment in waiting} == {"queued"}
    pending = cluster.controller.check_output("squeue --noheader --states=PENDING --format='%j %r'").splitlines()
    # Galaxy's name of a job: number, tool, user.
    found = [re.fullmatch(r"g\d+_probe_(\w+)_tester_\w+ (\w+)", line) for line in pending]
    assert {match[1]: match[2] for match in found if match} == waiting
    cluster.controller.check_output("scancel --state=PENDING --user=galaxy")


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
