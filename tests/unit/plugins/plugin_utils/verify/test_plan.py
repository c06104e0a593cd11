# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which nodes are asked, and by which jobs."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.clusterjobs.drm.plugins.filter.verify_plan import verify_plan
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.model import JobRequest
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.registry import DRMS
from ansible_collections.clusterjobs.drm.plugins.plugin_utils.verify import plan
from ansible_collections.clusterjobs.drm.tests.unit.helpers.verified import Run


@pytest.fixture
def settings() -> dict[str, Any]:
    found: dict[str, Any] = Run().settings
    return found


def cluster(drm: str = "slurm", **states: str) -> dict[str, Any]:
    """Ten nodes n1 to n10; the first five work for short, too."""
    names = [f"n{number}" for number in range(1, 11)]
    nodes = [
        {
            "name": name,
            "state": states.get(name, "IDLE"),
            "slots": 16,
            "queues": ["main", *(["short"] if at < 5 else [])],
        }
        for at, name in enumerate(names)
    ]
    return {"drm": drm, "nodes": nodes}


def names_of(settings: dict[str, Any], facts: dict[str, Any], **more: Any) -> list[str]:
    return [node.name for node in plan.asked({**settings, **more}, facts)]


def test_all_that_are_up_are_asked_and_the_others_are_shown(settings: dict[str, Any]) -> None:
    facts = cluster(n2="DOWN", n3="CLOSED", n4="FULL")
    assert names_of(settings, facts) == [f"n{number}" for number in (1, 4, 5, 6, 7, 8, 9, 10)]
    assert plan.chosen(settings, facts) == [f"n{number}" for number in range(1, 11)]


def test_those_of_some_queues(settings: dict[str, Any]) -> None:
    assert names_of(settings, cluster(), queues=["short"]) == ["n1", "n2", "n3", "n4", "n5"]


def test_some_of_each_queue(settings: dict[str, Any]) -> None:
    assert names_of(settings, cluster(n1="DOWN"), per_queue=2) == ["n2", "n3"]
    assert names_of(settings, cluster(n1="DOWN"), per_queue=1, queues=["short"]) == ["n2"]


def test_a_sample_is_spread_over_those_that_are_up(settings: dict[str, Any]) -> None:
    assert names_of(settings, cluster(), sample=3) == ["n1", "n4", "n7"]
    assert names_of(settings, cluster(n1="DOWN"), sample=3) == ["n2", "n5", "n8"]
    assert len(names_of(settings, cluster(), sample=20)) == 10


def test_a_node_that_the_cluster_does_not_know_is_shown_and_not_asked(settings: dict[str, Any]) -> None:
    assert names_of(settings, cluster(), nodes=["n99", "n2"]) == ["n2"]
    assert names_of(settings, cluster(), nodes=["n99"]) == []
    assert plan.chosen({**settings, "nodes": ["n99", "n2"]}, cluster()) == ["n99", "n2"]


def test_a_drm_that_cannot_send_a_job_to_a_node_gets_one_job(settings: dict[str, Any]) -> None:
    assert names_of(settings, cluster("torque")) == [plan.ANYWHERE]


def test_at_most_so_many_at_once(settings: dict[str, Any]) -> None:
    batches = list(plan.batches({**settings, "at_once": 4}, cluster(), Run().server))
    assert [len(batch["jobs"]) for batch in batches] == [4, 4, 2]
    keys = [job["key"] for batch in batches for job in batch["jobs"]]
    assert len(set(keys)) == 10
    assert set(keys) < set(plan.keys(settings, plan.asked(settings, cluster())))


def test_a_nodes_job_starts_without_the_shared_file_system(settings: dict[str, Any]) -> None:
    (job,) = next(plan.batches(settings, {**cluster(), "nodes": cluster()["nodes"][:1]}, Run().server))["jobs"]
    assert (job["chdir"], job["stdout"], job["stderr"]) == ("/tmp", "/dev/null", "/dev/null")
    assert settings["tag"] in job["name"]
    assert job["native_options"] == ["--nodelist=n1"]
    assert (job["slots"], job["memory_mb"]) == (2, 500)


def test_a_node_with_one_slot_is_asked_for_one(settings: dict[str, Any]) -> None:
    facts = cluster()
    facts["nodes"][0]["slots"] = 1
    assert next(plan.batches(settings, facts, Run().server))["jobs"][0]["slots"] == 1


@pytest.mark.parametrize(
    ("drm", "words"),
    [
        ("slurm", ["--nodelist=n1"]),
        ("gridengine", ["-l", "hostname=n1"]),
        ("lsf", ["-m", "n1"]),
        ("htcondor", ['requirements = (Machine == "n1")']),
        ("pbspro", ["-l", "select=1:ncpus=2:mem=500mb:host=n1"]),
    ],
)
def test_a_job_for_one_node_in_each_drms_words(drm: str, words: list[str]) -> None:
    request = DRMS[drm].on_node(JobRequest(script="", slots=2, memory_mb=500, native_options=("own",)), "n1")
    assert list(request.native_options) == ["own", *words]
    # What is said in native words is not said twice.
    assert (request.slots is None) == (drm == "pbspro")


def test_the_jobs_of_environments_have_their_own_words_alone_and_are_swept(settings: dict[str, Any]) -> None:
    skipped = {**settings["environments"][0], "name": "here", "skipped": "another runner's"}
    settings = {**settings, "environments": [skipped, *settings["environments"]], "native_options": ["-p", "main"]}
    (job,) = plan.environment_jobs(settings, {"directory": "/jobs/run"})
    assert job["native_options"] == ["-c", "2"]
    assert job["stdout"] == "/jobs/run/e0.out"
    assert not {"walltime", "slots", "memory_mb"} & set(job)
    assert job["key"] in plan.keys(settings, [])


def test_environments_get_no_jobs_that_could_only_wait(settings: dict[str, Any]) -> None:
    nothing = {"directory": "/jobs/run", "paths": [], "files": [], "lag_paths": [], "interpreter": ""}
    closed = cluster(**{f"n{number}": "CLOSED" for number in range(1, 11)})
    assert verify_plan(settings, closed, nothing)["environments"] == []
    assert len(verify_plan(settings, cluster(), nothing)["environments"]) == len(settings["environments"]) == 1


def test_real_users_jobs_lie_in_galaxys_directory_of_jobs(settings: dict[str, Any]) -> None:
    text = plan.users_step(settings, "slurm", {"directory": "/srv/galaxy/jobs/clusterjobs-verify-t"})
    for part in ('"path": "/srv/galaxy/jobs"', '"users": ["alice"]', '"seconds": 120'):
        assert part in text.replace("\\", "")


def test_the_drm_is_asked_for_a_slot_in_its_own_words_where_the_module_job_does_not_submit(
    settings: dict[str, Any],
) -> None:
    """Grid Engine takes no ``-pe smp`` without a number."""
    settings = {**settings, "native_options": ["-q", "main.q", "-pe", "smp"], "walltime": 300}
    assert plan.one_job_words(settings, "gridengine") == ["-l", "h_rt=300", "-pe", "smp", "1", "-q", "main.q"]


def test_options_that_cannot_be_are_for_the_drm_to_refuse(settings: dict[str, Any]) -> None:
    settings = {**settings, "native_options": ["-pe"]}
    assert plan.one_job_words(settings, "gridengine") == ["-pe"]


@pytest.mark.parametrize("library", [None, {"path": "/l.so", "problem": "rc 1: static TLS"}])
def test_a_library_that_is_not_there_or_does_not_load_runs_no_job(settings: dict[str, Any], library: Any) -> None:
    assert plan.library_step(settings, "gridengine", {"library": library}) == ""


def test_a_job_through_the_library_has_the_services_environment_and_the_library_that_was_loaded(
    settings: dict[str, Any],
) -> None:
    settings = {**settings, "service_environment": {"SGE_ROOT": "/opt/sge"}}
    text = plan.library_step(
        settings, "gridengine", {"directory": "/jobs/run", "library": {"path": "/opt/l.so", "problem": ""}}
    ).replace("\\", "")
    assert '"library": "/opt/l.so", "units": ["galaxy.service"], "environment": {"SGE_ROOT": "/opt/sge"}' in text
    assert f'"name": "verify-{settings["tag"]}"' in text
