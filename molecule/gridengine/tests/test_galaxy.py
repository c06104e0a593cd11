"""A running Galaxy's jobs by both of its DRMAA runners, what they see, and jobs as the real user."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from testbed.settings import ROOT
from testlib.galaxy import Galaxy, Seen
from testlib.gridengine import GridEngineCluster
from testlib.plays import Play
from testlib.roles import site
from testlib.waiting import wait_until

#: by environment: slots, MB of memory, and of each slot
EXPECTED = {"drmaa": ("2", "4000", "2000"), "univa": ("3", "6000", "2000")}
LOST = "KeyError: 'wallclock'"
DIRECTORY = "/srv/galaxy/bin"
DATASETS = "/srv/galaxy/datasets"
# Of the users of Galaxy, alice and bob are scientists on all hosts, carol is another user there, and of dora no host knows.
UIDS = {"alice": 2001, "bob": 2002, "carol": 2003}
PROGRAMS_LOG = "journalctl --identifier=clusterjobs-real-user --output=cat"


def place(cluster: GridEngineCluster, command: str) -> None:
    """A command before Grid Engine's own on the service's PATH, as the docs have it."""
    text = (ROOT / "docs" / "job_conf.md").read_text(encoding="utf-8")
    scripts = re.findall(r"^  (#!/bin/sh\n(?:  .+\n)+)  ```$", text, flags=re.MULTILINE)
    (script,) = [script for script in scripts if f"/usr/bin/{command} " in script]
    path = f"{DIRECTORY}/{command}"
    made = re.sub("^  ", "", script, flags=re.MULTILINE)
    cluster.submit_host.check_output("printf %%s %s > %s && chmod +x %s", made, path, path)


class RealUsers:
    """Jobs of Galaxy's users in an environment for real users, all at once; alice's long one is cancelled, bob's is not."""

    def __init__(self, cluster: GridEngineCluster) -> None:
        self.cluster = cluster
        self._galaxies = {name: Galaxy(cluster, name) for name in (*UIDS, "dora")}
        self.long = {"alice": self._galaxies["alice"].submit("real_user", 900)}
        with ThreadPoolExecutor() as pool:
            short = {name: pool.submit(self._galaxies[name].submit, "real_user") for name in ("alice", "carol", "dora")}
        self.jobs = {name: submitted.result() for name, submitted in short.items()}
        # So that Galaxy says his uid, or carol's, for whatever it ends.
        self._galaxies["alice"].drm_id(self.long["alice"])
        self.long["bob"] = self._galaxies["bob"].submit("real_user", 900)

    def cancel(self, name: str) -> str:
        """Through Galaxy, once Grid Engine runs it; its id there."""
        job = self._galaxies[name].drm_id(self.long[name])
        self.cluster.wait_for_state(job, "r")
        self._galaxies[name].cancel(self.long[name])
        wait_until(f"Grid Engine has ended {name}'s job {job}", lambda: self.cluster.queue(job) == "", 120)
        return job

    def state_of_bobs(self) -> tuple[str, str]:
        """As Galaxy and Grid Engine have it."""
        galaxy = self._galaxies["bob"]
        return galaxy.state(self.long["bob"]), self.cluster.queue(galaxy.drm_id(self.long["bob"]))

    def one_more(self, name: str) -> Seen:
        return self._galaxies[name].result(self._galaxies[name].submit("real_user"))

    def result(self, name: str) -> Seen:
        return self._galaxies[name].result(self.jobs[name])

    def why(self, name: str) -> str:
        return self._galaxies[name].why(self.jobs[name])


@pytest.fixture(scope="module")
def real(cluster: GridEngineCluster, galaxy_comes_up: Play) -> Iterator[RealUsers]:
    finished = galaxy_comes_up.finish(600)
    assert finished.rc == 0, finished.output[-3000:]
    cluster.submit_host.check_output("rm -rf %s && mkdir %s", DIRECTORY, DIRECTORY)
    place(cluster, "qstat")
    yield RealUsers(cluster)
    cluster.submit_host.check_output("systemctl stop galaxy.service")


@pytest.fixture(scope="module")
def seen(cluster: GridEngineCluster, real: RealUsers) -> dict[str, Seen]:
    """The univa runner takes its job for a running one, although Grid Engine has ended it, until qacct says what the docs have it say."""
    galaxy = Galaxy(cluster)
    jobs = galaxy.submit_all(EXPECTED)
    native = galaxy.drm_id(jobs["univa"])
    wait_until("the job has ended", lambda: cluster.queue(native) == "", 600, 1)
    wait_until(f"Galaxy says {LOST}", lambda: LOST in galaxy.log(), interval=1)
    assert galaxy.state(jobs["univa"]) in ("queued", "running")
    place(cluster, "qacct")
    return galaxy.results(jobs)


@pytest.fixture(scope="module")
def cancelled(seen: dict[str, Seen], real: RealUsers) -> Iterator[str]:
    """Alice's job, and afterwards bob's."""
    yield real.cancel("alice")
    real.cancel("bob")


def data_sets(title: str, how: str) -> dict[str, Any]:
    """Role galaxy_service with the umask and the group that a site has chosen since; the service itself stays as it is."""
    chosen = {
        "galaxy_service_umask": "027",
        "galaxy_service_datasets_group": "galaxy",
        "galaxy_service_manager": "none",
    }
    role = {"name": "clusterjobs.drm.galaxy_service"}
    return {"name": title, "ansible.builtin.include_role": role, "vars": {**chosen, "galaxy_service_datasets": how}}


@pytest.fixture(scope="module")
def closed(cluster: GridEngineCluster, seen: dict[str, Seen], real: RealUsers) -> list[str]:
    """Galaxy's data sets, as an umask of 077 would have left them."""
    assert real.result("alice").state == "ok"
    return cluster.submit_host.check_output(
        "find -L %s -type f -size +0 -exec chmod 0600 {} + -print", DATASETS
    ).splitlines()


@pytest.mark.parametrize("environment", EXPECTED)
def test_a_job_runs_as_its_environment_says(
    cluster: GridEngineCluster, seen: dict[str, Seen], environment: str
) -> None:
    job = seen[environment]
    assert job.state == "ok", job.says
    assert (job["host"], job["user"], job["umask"]) == (cluster.cluster.host("node").name, "galaxy", "0022")
    assert (job["slots"], job["memory_mb"], job["memory_mb_per_slot"]) == EXPECTED[environment]


def test_a_job_is_its_real_users(cluster: GridEngineCluster, seen: dict[str, Seen], real: RealUsers) -> None:
    job = real.result("alice")
    assert job.state == "ok", job.says
    assert (job["host"], job["user"], job["uid"]) == (cluster.cluster.host("node").name, "alice", "2001")
    # Grid Engine adds one of its own to each job; root's and Galaxy's are not among them.
    groups = set(job["groups"].split())
    assert set(cluster.node.check_output("id --groups alice").split()) <= groups
    assert not {"0", "1450"} & groups


def test_its_output_is_galaxys(cluster: GridEngineCluster, seen: dict[str, Seen], real: RealUsers) -> None:
    assert real.result("alice").state == "ok"
    owners = cluster.submit_host.check_output("find -L %s -type f -size +0 -printf %s", DATASETS, "%u\\n")
    assert set(owners.split()) == {"galaxy"}


def test_a_cancelled_job_is_ended_as_its_owner_and_no_other(
    cluster: GridEngineCluster, real: RealUsers, cancelled: str
) -> None:
    assert real.state_of_bobs() == ("running", "r")
    told = wait_until("the accounting has it", lambda: cluster.controller.run("qacct -j %s", cancelled).stdout)
    record = dict(line.split(None, 1) for line in told.splitlines() if " " in line)
    assert (record["owner"].strip(), record["failed"].split()[0]) == ("alice", "100")
    log = cluster.submit_host.check_output(PROGRAMS_LOG).splitlines()
    (other,) = [
        line for line in log if line.startswith(f"kill: job {cancelled} is uid {UIDS['alice']}'s, the caller said")
    ]
    assert other.split()[-1] != str(UIDS["alice"])
    assert any(re.match(rf"exit code 0: kill, .*\['{cancelled}', ", line) for line in log)


def test_after_a_cancelled_job_galaxy_still_sees_the_ends_of_others(real: RealUsers, cancelled: str) -> None:
    job = real.one_more("bob")
    assert job.state == "ok", job.says
    assert job["user"] == "bob"


def test_a_user_who_is_nobody_on_the_hosts_is_told_that_the_job_failed(real: RealUsers) -> None:
    """Galaxy has no better words for its user; its log has the name."""
    assert real.result("dora").state == "error"
    assert real.why("dora") == "Job failed"
    assert "KeyError: \"getpwnam(): name not found: 'dora'\"" in real.cluster.submit_host.check_output(
        "journalctl --unit=galaxy.service --output=cat"
    )


def test_a_user_who_is_none_of_the_group_is_refused(cluster: GridEngineCluster, real: RealUsers) -> None:
    assert real.result("carol").state == "error"
    assert "could not queue job" in real.why("carol")
    log = cluster.submit_host.check_output(PROGRAMS_LOG)
    assert re.search(r"^denied: user carol \(uid 2003\) is not in the group scientists: run, ", log, re.MULTILINE)


def test_data_sets_that_the_group_cannot_read_are_counted_and_mended(
    cluster: GridEngineCluster, real: RealUsers, closed: list[str]
) -> None:
    as_a_member = f"setpriv --reuid={UIDS['carol']} --regid=galaxy --clear-groups cat %s"
    assert cluster.submit_host.run(as_a_member, closed[0]).rc != 0
    tasks = [
        {
            "name": "Try",
            "block": [data_sets("Check", "check")],
            "rescue": [{"name": "told", "ansible.builtin.debug": {"msg": "{{ ansible_failed_result.msg }}"}}],
        },
        data_sets("Mend", "mend"),
        data_sets("Mend again", "mend"),
    ]
    shown = {"hosts": "galaxyservers", "gather_facts": False, "become": True, "tasks": tasks}
    done = Play("data-sets", shown, inventories=[cluster.inventory, site(cluster)]).finish()
    assert done.rc == 0, done.output[-3000:]
    told = done.of(cluster.galaxy, "told")["msg"]
    assert f"{len(closed)} below {DATASETS} on {cluster.galaxy} cannot be read by the group galaxy, such as " in told
    assert any(path in told for path in closed)
    assert cluster.submit_host.check_output(as_a_member, closed[0])
    # The second time there was nothing to mend.
    assert done.output.count("\nchanged: ") == 1
