"""Galaxy 24.1's own loader and runner classes: what came later it does not take, and what is older it does.

By hand: python3 tools/bootstrap.py galaxy241 && .venv/bin/pytest tests/galaxy/test_older.py
"""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from ansible_collections.clusterjobs.drm.plugins.plugin_utils.galaxy import render
from ansible_collections.clusterjobs.drm.plugins.plugin_utils.galaxy.context import Context
from ansible_collections.clusterjobs.drm.plugins.plugin_utils.galaxy.parameters import RunnerType
from ansible_collections.clusterjobs.drm.plugins.plugin_utils.galaxy.runners import RUNNER_TYPES, runner_type
from ansible_collections.clusterjobs.drm.tests.galaxy.conftest import Load
from ansible_collections.clusterjobs.drm.tests.galaxy.rendered import RUNNERS, native_of

OLDER = Context(galaxy_release="24.1", waive=("condor-docker-sudo",))
TYPES: dict[str, RunnerType] = {
    name: kind
    for name, (load, *_rest) in RUNNERS.items()
    if name != "tasks" and (kind := runner_type(f"galaxy.jobs.runners.{load}"))
}
KNOWN = [name for name, kind in TYPES.items() if not OLDER.lacks(kind.since)]
LATER_RUNNERS = [kind.load for kind in RUNNER_TYPES if OLDER.lacks(kind.since)]
LATER_PARAMETERS = [
    (name, parameter) for name in KNOWN for parameter, meant in TYPES[name].params.items() if OLDER.lacks(meant.since)
]
# Their constructors take no keyword at all, whatever their specifications say.
TAKE_NONE = ("cli", "pbs", "local")


def plain(name: str) -> dict[str, Any]:
    """With this runner, and what it took then."""
    native = native_of(name)
    taken = {key for key, meant in TYPES[name].params.items() if not OLDER.lacks(meant.since)}
    runner = native["runners"][name]
    native["runners"][name] = {key: value for key, value in runner.items() if key in taken | {"load", "workers"}}
    return native


def with_runner(load: str) -> dict[str, Any]:
    environments = {"here": {"runner": "local"}, "there": {"runner": "later"}}
    runners = {"local": {"load": "galaxy.jobs.runners.local:LocalJobRunner"}, "later": {"load": load}}
    return {"runners": runners, "execution": {"default": "here", "environments": environments}}


def with_parameter(name: str, parameter: str) -> dict[str, Any]:
    native = plain(name)
    native["runners"][name][parameter] = 1 if parameter == "recheck_missing_job_retries" else "any"
    return native


def with_tpv() -> dict[str, Any]:
    native = with_runner("galaxy.jobs.runners.local:LocalJobRunner")
    native["execution"]["environments"]["there"] = {"runner": "dynamic_tpv", "tpv_config_files": ["/t.yml"]}
    return native


LATER = {
    **{load: with_runner(load) for load in LATER_RUNNERS},
    **{f"{name}.{parameter}": with_parameter(name, parameter) for name, parameter in LATER_PARAMETERS},
    "dynamic_tpv": with_tpv(),
}


@pytest.fixture(scope="module")
def answers(load_older: Load, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    place = tmp_path_factory.mktemp("older")
    items = []
    for number, (name, native) in enumerate([*((name, plain(name)) for name in KNOWN), *LATER.items()]):
        path = place / f"{number}.yml"
        text = render.text_of(render.prepare(native, OLDER)[0], "yaml") if name in KNOWN else yaml.safe_dump(native)
        path.write_text(text)
        items.append({"name": name, "path": str(path), "form": "yaml", "galaxy": {}, "qacct": ""})
    return load_older(items)


def codes(native: dict[str, Any], context: Context) -> set[str]:
    return {finding.code for finding in render.lint(yaml.safe_dump(native), context)}


@pytest.mark.parametrize("name", KNOWN)
def test_what_is_rendered_for_an_older_galaxy_is_taken_with_the_parameters_it_had(
    answers: dict[str, Any], name: str
) -> None:
    answer = answers[name]
    assert answer["loaded"] == ""
    kind = TYPES[name]
    galaxys = set(answer["parameters"][name])
    if kind.module in TAKE_NONE:
        galaxys.remove("recheck_missing_job_retries")
    assert galaxys == {key for key, meant in kind.params.items() if not OLDER.lacks(meant.since)}


@pytest.mark.parametrize("load", LATER_RUNNERS)
def test_a_later_runner_keeps_galaxy_from_starting(answers: dict[str, Any], load: str) -> None:
    module, _colon, name = load.partition(":")
    said = answers[load]["loaded"]
    assert f"No module named '{module}'" in said or f"has no attribute '{name}'" in said


@pytest.mark.parametrize(("name", "parameter"), LATER_PARAMETERS)
def test_a_later_parameter_keeps_galaxy_from_starting(answers: dict[str, Any], name: str, parameter: str) -> None:
    said = f"Invalid job runner parameter for this plugin: {parameter}"
    if TYPES[name].module in TAKE_NONE:
        said = "TypeError: LocalJobRunner.__init__()"
    assert said in answers[f"{name}.{parameter}"]["loaded"]


def test_an_environment_of_tpvs_own_runner_fails_its_jobs(answers: dict[str, Any]) -> None:
    assert answers["dynamic_tpv"]["loaded"] == ""
    assert [failed for failed in answers["dynamic_tpv"]["jobs"] if "there" in failed and "LookupError" in failed]


@pytest.mark.parametrize("name", LATER)
def test_lint_says_so_of_each(name: str) -> None:
    assert "not-in-release" in codes(LATER[name], OLDER)
    assert "not-in-release" not in codes(LATER[name], Context())


def test_each_kind_of_later_thing_is_tried() -> None:
    assert {load.rpartition(".")[2] for load in LATER_RUNNERS} == {
        "htcondor:HTCondorJobRunner",
        "gcp_batch:GoogleCloudBatchJobRunner",
        "pulsar:PulsarGcpBatchJobRunner",
    }
    assert {parameter for _name, parameter in LATER_PARAMETERS} >= {"k8s_interactivetools_tls_secret", "relay_url"}
