# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The portable request in the words of each runner. What a runner cannot say is refused by the option's name."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.clusterjobs.drm.plugins.plugin_utils.galaxy.context import Context
from ansible_collections.clusterjobs.drm.plugins.plugin_utils.galaxy.findings import JobConfError
from ansible_collections.clusterjobs.drm.plugins.plugin_utils.galaxy.model import Environment, from_native
from ansible_collections.clusterjobs.drm.plugins.plugin_utils.galaxy.request import translated

RUNNERS = {
    "local": {"load": "galaxy.jobs.runners.local:LocalJobRunner"},
    "slurm": {"load": "galaxy.jobs.runners.slurm:SlurmJobRunner"},
    "drmaa": {"load": "galaxy.jobs.runners.drmaa:DRMAAJobRunner"},
    "cli": {"load": "galaxy.jobs.runners.cli:ShellJobRunner"},
    "site": {"load": "site.runner:Runner"},
}
CLI = {"runner": "cli", "shell_plugin": "LocalShell", "job_plugin": "Slurm"}
WHOLE = {"queue": "long", "account": "bio", "slots": 8, "memory_mb": 32000, "walltime": "12:00:00"}


def translate(drm: str = "auto", **options: Any) -> Environment:
    conf = from_native({"runners": RUNNERS, "execution": {"environments": {"here": options}}})
    return translated(conf, Context(drm)).environments[0]


def refused(drm: str = "auto", **options: Any) -> tuple[str, str]:
    with pytest.raises(JobConfError) as caught:
        translate(drm, **options)
    finding = caught.value.findings[0]
    assert finding.code == "untranslatable-request"
    return finding.place.removeprefix("execution.environments.here").lstrip("."), f"{finding.message}. {finding.mend}"


def test_cli_slurm_has_a_parameter_for_each_option() -> None:
    environment = translate(**CLI, **WHOLE)
    assert environment.request == {}
    assert environment.params == {
        "shell_plugin": "LocalShell",
        "job_plugin": "Slurm",
        "job_partition": "long",
        "job_--account": "bio",
        "job_--nodes": "1",
        "job_--ntasks": "1",
        "job_ncpus": "8",
        "job_--mem": "32000M",
        "job_time": "0-12:00:00",
    }


def test_slurm_runner_has_one_text() -> None:
    environment = translate(runner="slurm", **WHOLE)
    assert environment.params == {
        "nativeSpecification": "--partition=long --account=bio --nodes=1 --ntasks=1 --cpus-per-task=8 --mem=32000 --time=12:00:00"
    }


def test_drmaa_runner_speaks_the_named_drm() -> None:
    assert translate("slurm", runner="drmaa", queue="long").params == {"nativeSpecification": "--partition=long"}


@pytest.mark.parametrize("drm", ["auto", "local"])
def test_drmaa_runner_without_a_drm(drm: str) -> None:
    place, text = refused(drm, runner="drmaa", queue="long")
    assert place == "queue"
    assert "Name the DRM with the option drm" in text


def test_local_runner_has_slots() -> None:
    assert translate(runner="local", slots=2).params == {"local_slots": "2"}


@pytest.mark.parametrize(
    ("option", "value"),
    [("queue", "q"), ("account", "a"), ("walltime", 60), ("gpus", 1), ("memory_mb", 10), ("native_options", ["-x"])],
)
def test_local_runner_has_nothing_else(option: str, value: Any) -> None:
    place, text = refused(runner="local", slots=2, **{option: value})
    assert place == option
    assert "no limits and no queues" in text


@pytest.mark.parametrize("runner", ["local", "slurm"])
def test_galaxys_variables_where_asked(runner: str) -> None:
    environment = translate(
        runner=runner, slots=2, memory_mb=500, galaxy_variables=True, env=[{"name": "A", "value": "1"}]
    )
    assert environment.env == (
        {"name": "A", "value": "1"},
        {"name": "GALAXY_SLOTS", "value": "2"},
        {"name": "GALAXY_MEMORY_MB", "value": "500"},
        {"name": "GALAXY_MEMORY_MB_PER_SLOT", "value": "250"},
    )


def test_galaxys_variables_are_not_set_twice() -> None:
    env = [{"name": "GALAXY_SLOTS", "value": "9"}]
    assert refused(runner="local", slots=2, galaxy_variables=True, env=env)[0] == "galaxy_variables"
    assert translate(runner="local", slots=2, env=env).env == ({"name": "GALAXY_SLOTS", "value": "9"},)


def test_an_environment_without_a_request_stays_as_it_is() -> None:
    environment = translate(runner="site", url="u")
    assert environment.params == {"url": "u"}


@pytest.mark.parametrize(
    ("runner", "why"),
    [("site", "no words of runner 'site' are known"), ("dynamic", "a rule chooses where its jobs go")],
)
def test_a_runner_without_words(runner: str, why: str) -> None:
    place, text = refused(runner=runner, slots=2)
    assert place == "slots"
    assert why in text


def test_a_job_plugin_without_words() -> None:
    place, text = refused(runner="cli", job_plugin="Site", slots=2)
    assert place == "slots"
    assert "Use the job_ parameters of job plugin 'Site'" in text


@pytest.mark.parametrize(
    ("runner", "options", "place"),
    [
        ("local", {"slots": 2, "local_slots": 3}, "local_slots"),
        ("slurm", {"slots": 2, "nativeSpecification": "-c 3"}, "nativeSpecification"),
        ("slurm", {"slots": 2, "native_specification": "-c 3"}, "native_specification"),
        ("cli", {"job_plugin": "Slurm", "queue": "a", "job_partition": "b"}, "job_partition"),
        ("cli", {"job_plugin": "Slurm", "memory_mb": 5, "job_--mem": "6"}, "job_--mem"),
    ],
)
def test_a_native_parameter_beside_the_request_that_sets_it(runner: str, options: dict[str, Any], place: str) -> None:
    assert refused(runner=runner, **options)[0] == place


@pytest.mark.parametrize(
    ("options", "place"),
    [
        ({"slots": 0}, "slots"),
        ({"slots": "many"}, ""),
        ({"memory_mb": "4G"}, ""),
        ({"walltime": "90:00"}, "walltime"),
        ({"walltime": "1 day"}, "walltime"),
        ({"queue": "--bad"}, "queue"),
        ({"account": "a b"}, "account"),
        ({"native_options": ["--a\n#SBATCH --b"]}, "native_options[0]"),
        ({"native_options": ["alone"]}, "native_options"),
        ({"native_options": ["--comment="]}, "native_options"),
        ({"native_options": ["--output=/tmp/x"]}, "native_options"),
        ({"native_options": ["-o", "/tmp/x"]}, "native_options"),
        ({"galaxy_variables": "perhaps"}, ""),
    ],
)
def test_values_are_checked_as_those_of_a_job(options: dict[str, Any], place: str) -> None:
    assert refused(**CLI, **options)[0] == place


def test_texts_that_are_numbers_are_taken() -> None:
    """Values that come out of a template are texts."""
    assert translate(runner="local", slots="2").params == {"local_slots": "2"}


def test_every_refusal_is_told_at_once() -> None:
    environments = {"a": {"runner": "local", "queue": "q"}, "b": {"runner": "local", "gpus": 1}}
    with pytest.raises(JobConfError, match="2 errors in the job configuration") as caught:
        translated(from_native({"runners": RUNNERS, "execution": {"environments": environments}}), Context())
    assert [finding.place for finding in caught.value.findings] == [
        "execution.environments.a.queue",
        "execution.environments.b.gpus",
    ]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--constraint=avx512"], {"job_--constraint": "avx512"}),
        (["--constraint", "avx512"], {"job_--constraint": "avx512"}),
        (["-C", "avx512"], {"job_-C": "avx512"}),
        (["-Cavx512"], {"job_-C": "avx512"}),
        (["--requeue"], {"job_--requeue": ""}),
        (["--exclusive=user"], {"job_--exclusive=user": ""}),
        (["--comment=two words"], {"job_--comment": "'two words'"}),
        (["-p", "other"], {"job_partition": "other"}),
        (["--mem=1", "--requeue", "--mem=2"], {"job_--requeue": "", "job_--mem": "2"}),
    ],
)
def test_native_options_of_the_cli_runner(words: list[str], expected: dict[str, str]) -> None:
    params = translate(**CLI, native_options=words).params
    assert {name: value for name, value in params.items() if name not in CLI} == expected


def test_gpus_of_slurm_drmaa() -> None:
    place, text = refused(runner="slurm", gpus=1)
    assert place == "gpus"
    assert "native_options: [--gres=gpu:1]" in text
    assert translate(**CLI, gpus=1).params["job_--gpus"] == "1"


def test_native_options_win() -> None:
    params = translate(**CLI, queue="long", slots=8, native_options=["-p", "short"]).params
    assert params["job_partition"] == "short"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--time=1-02:00:00"], "--time=26:00:00"),
        (["--time=0:00:30"], "--time=0:01:00"),
        (["--time=0:59:01"], "--time=1:00:00"),
        (["-t", "1:00:00"], "-t 1:00:00"),
        (["--mem=4G"], "--mem=4096"),
        (["--mem=4M"], "--mem=4"),
        (["--gres=gpu:1", "--requeue"], "--gres=gpu:1 --requeue"),
        (["-C", "avx=1"], "-C avx=1"),
    ],
)
def test_what_slurm_drmaa_reads(words: list[str], expected: str) -> None:
    assert translate(runner="slurm", native_options=words).params == {"nativeSpecification": expected}


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--gpu-bind=none"], "does not take --gpu-bind with a value"),
        (["--nice=5"], "does not take --nice with a value"),
        (["--hold"], "does not take --hold."),
        (["--mem"], "does not take --mem."),
        (["--exclusive=user"], "does not take --exclusive with a value"),
        (["--time=90"], "misreads '90'"),
        (["--mem=1T"], "a number of megabytes, not '1T'"),
        (["--comment=two words"], "blanks or ="),
        (["--comment="], "has an empty value"),
        (["--gres=gpu=1"], "blanks or ="),
    ],
)
def test_what_slurm_drmaa_does_not_read(words: list[str], why: str) -> None:
    place, text = refused(runner="slurm", native_options=words)
    assert place == "native_options"
    assert why in text
