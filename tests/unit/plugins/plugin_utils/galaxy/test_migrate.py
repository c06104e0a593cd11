# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Environments from one DRM to another, with what is lost on the way."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.clusterjobs.drm.plugins.filter.migrate_job_conf import migrate_job_conf
from ansible_collections.clusterjobs.drm.plugins.filter.to_job_conf import to_job_conf

OLD: dict[str, Any] = {
    "runners": {
        "local": {"load": "galaxy.jobs.runners.local:LocalJobRunner"},
        "sge": {"load": "galaxy.jobs.runners.drmaa:DRMAAJobRunner"},
    },
    "execution": {
        "default": "big",
        "environments": {
            "near": {"runner": "local", "local_slots": 2},
            "big": {
                "runner": "sge",
                "tags": ["cluster"],
                "env": [{"execute": "unset SGE_HGR_h_vmem"}, {"name": "LC_ALL", "value": "C"}],
                "nativeSpecification": "-pe smp 8 -l h_vmem=4G,h_rt=43200 -q long.q -V",
                "docker_enabled": True,
            },
        },
    },
    "tools": [{"id": "bwa", "environment": "cluster"}],
}
SLURM = {"id": "slurm", "load": "galaxy.jobs.runners.slurm:SlurmJobRunner", "drmaa_library_path": "/opt/lib.so"}
CLI = {"id": "cli", "load": "galaxy.jobs.runners.cli:ShellJobRunner"}


def big(native: dict[str, Any]) -> dict[str, Any]:
    environment: dict[str, Any] = native["execution"]["environments"]["big"]
    return environment


def test_from_grid_engine_to_slurm() -> None:
    moved = migrate_job_conf(OLD, SLURM, from_drm="gridengine")
    assert moved["lost"] == [
        {"environment": "big", "lost": "-pe smp (the parallel environment's name)"},
        {"environment": "big", "lost": "-V"},
    ]
    assert moved["refused"] == []
    job_config = moved["job_config"]
    assert job_config["runners"] == {
        "local": OLD["runners"]["local"],
        "slurm": {key: SLURM[key] for key in ("load", "drmaa_library_path")},
    }
    assert big(job_config) == {
        "runner": "slurm",
        "tags": ["cluster"],
        "env": [{"name": "LC_ALL", "value": "C"}],
        "docker_enabled": True,
        "slots": 8,
        "memory_mb": 32768,
        "walltime": 43200,
        "queue": "long.q",
    }
    rendered = big(to_job_conf(job_config))
    assert (
        rendered["nativeSpecification"]
        == "--partition=long.q --nodes=1 --ntasks=1 --cpus-per-task=8 --mem=32768 --time=12:00:00"
    )
    assert job_config["execution"]["environments"]["near"] == OLD["execution"]["environments"]["near"]
    assert job_config["tools"] == OLD["tools"]


@pytest.mark.parametrize(
    ("plugin", "name", "text"),
    [
        ("OpenPBS", "job_Resource_List", "select=1:ncpus=8:mem=32768mb,walltime=12:00:00"),
        ("Torque", "job_Resource_List", "nodes=1:ppn=8,mem=32768mb,walltime=12:00:00"),
        ("LSF", "job_-R", '"span[hosts=1] rusage[mem=32768MB]"'),
        ("Slurm", "job_--mem", "32768M"),
    ],
)
def test_to_each_job_plugin(plugin: str, name: str, text: str) -> None:
    moved = migrate_job_conf(OLD, CLI, {"job_plugin": plugin}, from_drm="gridengine")
    assert big(to_job_conf(moved["job_config"]))[name] == text


def test_to_htcondor_the_queue_is_refused() -> None:
    condor = {"id": "condor", "load": "galaxy.jobs.runners.condor:CondorJobRunner"}
    moved = migrate_job_conf(OLD, condor, from_drm="gridengine")
    assert [(finding["code"], finding["place"]) for finding in moved["refused"]] == [
        ("untranslatable-request", "execution.environments.big.queue")
    ]


def test_back_to_grid_engine() -> None:
    slurm = migrate_job_conf(OLD, SLURM, from_drm="gridengine")["job_config"]
    univa = {"id": "univa", "load": "galaxy.jobs.runners.univa:UnivaJobRunner"}
    moved = migrate_job_conf(to_job_conf(slurm), univa, native_options=["-pe", "smp"])
    assert moved["lost"] == []
    assert (
        big(to_job_conf(moved["job_config"]))["nativeSpecification"] == "-q long.q -l h_rt=43200,h_vmem=4096M -pe smp 8"
    )


def test_from_the_cli_runner_and_condor() -> None:
    native = {
        "runners": {"cli": {"load": CLI["load"]}, "condor": {"load": "galaxy.jobs.runners.condor:CondorJobRunner"}},
        "execution": {
            "default": "a",
            "environments": {
                "a": {
                    "runner": "cli",
                    "job_plugin": "Torque",
                    "shell_plugin": "SecureShell",
                    "shell_hostname": "h",
                    "job_Resource_List": "nodes=1:ppn=4",
                    "job_-W": "x=y",
                },
                "b": {"runner": "condor", "request_cpus": 3, "rank": "Memory", "docker_enabled": "true"},
            },
        },
    }
    moved = migrate_job_conf(native, SLURM)
    environments = moved["job_config"]["execution"]["environments"]
    assert environments == {
        "a": {"runner": "slurm", "slots": 4},
        "b": {"runner": "slurm", "docker_enabled": "true", "slots": 3},
    }
    assert moved["lost"] == [
        {"environment": "a", "lost": "-W x=y"},
        {"environment": "a", "lost": "shell_hostname (a parameter of the old runner)"},
        {"environment": "b", "lost": "rank = Memory"},
    ]


def test_only_those_that_are_named() -> None:
    moved = migrate_job_conf(OLD, SLURM, from_drm="gridengine", environments=[])
    assert big(moved["job_config"]) == big(OLD)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (
            {"runner": SLURM, "environments": ["near"], "from_drm": "gridengine"},
            "'near' is no environment whose words can be read. Those are big",
        ),
        ({"runner": SLURM, "environments": ["big"]}, "Those are none; name the DRM"),
        ({"runner": {"load": "local"}}, "runner: has no id"),
        ({"runner": {"id": "x", "load": "site:Runner"}}, "'x' is no runner whose words are known here"),
        ({"runner": "slurm"}, "runner is no mapping"),
        ({"runner": SLURM, "from_drm": "sge"}, "'sge' is no DRM that is known here"),
    ],
)
def test_bad_options(options: dict[str, Any], text: str) -> None:
    with pytest.raises(AnsibleFilterError) as caught:
        migrate_job_conf(OLD, **options)
    assert text in str(caught.value)


def test_what_is_given_for_the_target_is_each_environments_own() -> None:
    """One object in two places would be an anchor in YAML."""
    environments = {name: {"runner": "sge", "nativeSpecification": "-q long.q"} for name in ("a", "b")}
    native = {**OLD, "execution": {"default": "a", "environments": environments}}
    moved = migrate_job_conf(native, SLURM, environment={"container": [{"type": "docker"}]}, from_drm="gridengine")
    found = moved["job_config"]["execution"]["environments"]
    assert found["a"]["container"] == found["b"]["container"] == [{"type": "docker"}]
    assert found["a"]["container"] is not found["b"]["container"]
