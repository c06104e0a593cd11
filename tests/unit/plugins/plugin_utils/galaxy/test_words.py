# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One portable request in the words of every runner and DRM, and what tools are told of it."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.clusterjobs.drm.plugins.plugin_utils.galaxy.context import Context
from ansible_collections.clusterjobs.drm.plugins.plugin_utils.galaxy.findings import JobConfError
from ansible_collections.clusterjobs.drm.plugins.plugin_utils.galaxy.model import Environment, from_native
from ansible_collections.clusterjobs.drm.plugins.plugin_utils.galaxy.request import translated

RUNNERS = {
    name: {"load": f"galaxy.jobs.runners.{load}"}
    for name, load in {
        "drmaa": "drmaa:DRMAAJobRunner",
        "univa": "univa:UnivaJobRunner",
        "cli": "cli:ShellJobRunner",
        "pbs": "pbs:PBSJobRunner",
        "condor": "condor:CondorJobRunner",
        "htcondor": "htcondor:HTCondorJobRunner",
        "pulsar": "pulsar:PulsarRESTJobRunner",
        "tes": "pulsar:PulsarTesJobRunner",
        "kubernetes": "kubernetes:KubernetesJobRunner",
        "aws": "aws:AWSBatchJobRunner",
        "gcp": "gcp_batch:GoogleCloudBatchJobRunner",
        "tasks": "tasks:TaskedJobRunner",
    }.items()
}
WHOLE = {"queue": "long", "account": "bio", "slots": 8, "memory_mb": 32000, "walltime": "12:00:00"}
WITHOUT_QUEUE = {name: value for name, value in WHOLE.items() if name != "queue"}
SIZES = {"slots": 8, "memory_mb": 32000}
TOLD = [
    {"name": "GALAXY_SLOTS", "value": "8"},
    {"name": "GALAXY_MEMORY_MB", "value": "32000"},
    {"name": "GALAXY_MEMORY_MB_PER_SLOT", "value": "4000"},
]
OF_GRID_ENGINE = [{"execute": "unset SGE_HGR_h_vmem"}, *TOLD]
PBS_SELECT = "select=1:ncpus=8:mem=32000mb,walltime=12:00:00"
TORQUE_NODES = "nodes=1:ppn=8,mem=32000mb,walltime=12:00:00"
GRID_ENGINE = "-q long -A bio -l h_rt=43200,h_vmem=4000M -pe smp 8"
LSF = "-q long -P bio -n 8 -R 'span[hosts=1] rusage[mem=32000MB]' -M 32000MB -W 12:00"
REMOVE = "(JobStatus == 2 && time() - JobCurrentStartExecutingDate > 43200) || (JobStatus == 5 && {hold})"


def translate(task_drm: str = "auto", **options: Any) -> Environment:
    conf = from_native({"runners": RUNNERS, "execution": {"environments": {"here": options}}})
    return translated(conf, Context(task_drm)).environments[0]


def said(environment: Environment, *but: str) -> dict[str, Any]:
    return {name: value for name, value in environment.params.items() if name not in but}


@pytest.mark.parametrize(
    ("options", "params", "env"),
    [
        (
            {"runner": "drmaa", "drm": "gridengine", **WHOLE, "native_options": ["-pe", "smp"]},
            {"nativeSpecification": GRID_ENGINE},
            OF_GRID_ENGINE,
        ),
        (
            {"runner": "univa", **WHOLE, "native_options": ["-pe", "smp"]},
            {"nativeSpecification": GRID_ENGINE},
            OF_GRID_ENGINE,
        ),
        (
            {"runner": "drmaa", "drm": "pbspro", **WHOLE},
            {"nativeSpecification": "-q long -A bio -l select=1:ncpus=8:mem=32000mb -l walltime=12:00:00"},
            TOLD,
        ),
        (
            {"runner": "drmaa", "drm": "torque", **WHOLE},
            {"nativeSpecification": f"-q long -A bio -l {TORQUE_NODES}"},
            TOLD,
        ),
        ({"runner": "drmaa", "drm": "lsf", **WHOLE}, {"nativeSpecification": LSF}, TOLD),
        (
            {"runner": "pbs", **WHOLE},
            {"destination": "long", "Account_Name": "bio", "Resource_List": TORQUE_NODES},
            TOLD,
        ),
        (
            {"runner": "kubernetes", **SIZES},
            {"requests_cpu": "8", "limits_cpu": "8", "requests_memory": "32000Mi", "limits_memory": "32000Mi"},
            [],
        ),
        (
            {"runner": "aws", **SIZES, "gpus": 1, "queue": "q"},
            {"vcpu": "8", "memory": "32000", "gpu": "1", "job_queue": "q"},
            [],
        ),
        (
            {"runner": "gcp", **SIZES, "walltime": 60},
            {"vcpu": "8", "memory_mib": "32000", "max_run_duration": "60s"},
            [],
        ),
        (
            {"runner": "htcondor", **WITHOUT_QUEUE, "gpus": 1},
            {
                "accounting_group": "bio",
                "request_cpus": "8",
                "request_gpus": "1",
                "request_memory": "32000",
                "request_walltime": "43200",
            },
            [],
        ),
    ],
    ids=lambda value: value.get("drm", value["runner"]) if isinstance(value, dict) and "runner" in value else "",
)
def test_a_request_in_the_words_of_a_runner(
    options: dict[str, Any], params: dict[str, str], env: list[dict[str, str]]
) -> None:
    environment = translate(**options)
    assert environment.params == params
    assert list(environment.env) == env
    assert environment.request == {}


@pytest.mark.parametrize(
    ("plugin", "params"),
    [
        ("Torque", {"job_destination": "long", "job_Account_Name": "bio", "job_Resource_List": TORQUE_NODES}),
        ("SlurmTorque", {"job_destination": "long", "job_Account_Name": "bio", "job_Resource_List": TORQUE_NODES}),
        ("OpenPBS", {"job_destination": "long", "job_Account_Name": "bio", "job_Resource_List": PBS_SELECT}),
        (
            "LSF",
            {
                "job_queue": "long",
                "job_project": "bio",
                "job_cores": "8",
                "job_-R": '"span[hosts=1] rusage[mem=32000MB]"',
                "job_-M": "32000MB",
                "job_-W": "12:00",
            },
        ),
    ],
)
def test_a_request_in_the_words_of_a_job_plugin(plugin: str, params: dict[str, str]) -> None:
    environment = translate(runner="cli", job_plugin=plugin, **WHOLE)
    assert said(environment, "job_plugin") == params
    assert list(environment.env) == TOLD


def test_condor_removes_what_takes_too_long() -> None:
    params = translate(runner="condor", **WITHOUT_QUEUE, native_options=['+Project = "x"']).params
    removal = params.pop("periodic_remove")
    assert "JobCurrentStartExecutingDate > 43200" in removal
    assert params == {"accounting_group": "bio", "request_cpus": "8", "request_memory": "32000", "+Project": '"x"'}


def test_pulsar_submits_by_drmaa_or_to_htcondor() -> None:
    slurm = translate(runner="pulsar", url="u", drm="slurm", **SIZES)
    assert said(slurm, "url") == {"submit_native_specification": "--nodes=1 --ntasks=1 --cpus-per-task=8 --mem=32000"}
    condor = translate("htcondor", runner="pulsar", url="u", slots=8)
    assert said(condor, "url") == {"submit_request_cpus": "8"}
    assert list(condor.env) == TOLD[:1]


def test_what_is_in_env_already_stays() -> None:
    env = [{"name": "GALAXY_MEMORY_MB", "value": "9"}]
    assert list(translate(runner="drmaa", drm="lsf", **SIZES, env=env).env) == [*env, TOLD[0], TOLD[2]]


def test_variables_can_be_left_out() -> None:
    assert translate(runner="drmaa", drm="lsf", **SIZES, galaxy_variables=False).env == ()


def test_the_environments_own_drm_comes_first() -> None:
    assert translate("slurm", runner="drmaa", drm="torque", queue="q").params == {"nativeSpecification": "-q q"}


@pytest.mark.parametrize(
    ("options", "place", "text"),
    [
        ({"runner": "kubernetes", "walltime": 60}, "walltime", "processors and memory alone"),
        ({"runner": "aws", "walltime": 60}, "walltime", "AWS Batch has no word for it"),
        ({"runner": "gcp", "queue": "q"}, "queue", "Google Batch has no word for it"),
        ({"runner": "condor", "queue": "q"}, "queue", "htcondor cannot honour queue"),
        ({"runner": "univa", "slots": 2}, "slots", "only in a parallel environment"),
        ({"runner": "univa", "gpus": 1}, "gpus", "gridengine cannot honour gpus"),
        ({"runner": "pulsar", "slots": 2}, "slots", "the DRM behind this environment is not known here"),
        ({"runner": "tes", "slots": 2}, "slots", "no manager that could submit with it"),
        ({"runner": "tasks", "slots": 2}, "slots", "no words for it here"),
        ({"runner": "pbs", "drm": "lsf", "slots": 2}, "drm", "is lsf, but the runner speaks torque"),
        ({"runner": "drmaa", "drm": "condor", "slots": 2}, "", "value of drm must be one of"),
        ({"runner": "drmaa", "drm": "htcondor", "slots": 2}, "slots", "no DRMAA library of HTCondor's"),
        ({"runner": "drmaa", "drm": "torque", "native_options": ["-N", "x"]}, "native_options", "-N is set by Galaxy"),
        ({"runner": "pbs", "native_options": ["-o", "x"]}, "native_options", "-o is set by Galaxy"),
        (
            {"runner": "cli", "job_plugin": "LSF", "native_options": ["-J", "x"]},
            "native_options",
            "-J is set by Galaxy",
        ),
        ({"runner": "cli", "job_plugin": "Torque", "native_options": ["-v", "A=b c"]}, "native_options", "blanks"),
    ],
)
def test_what_a_runner_cannot_say_is_refused_by_name(options: dict[str, Any], place: str, text: str) -> None:
    with pytest.raises(JobConfError) as caught:
        translate(**options)
    finding = caught.value.findings[0]
    assert finding.place == f"execution.environments.here.{place}".rstrip(".")
    assert text in finding.message
