# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The native structure into the model and back: nothing is lost, and a wrong shape is named."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.clusterjobs.drm.plugins.plugin_utils.galaxy.findings import JobConfError
from ansible_collections.clusterjobs.drm.plugins.plugin_utils.galaxy.model import from_native, to_native

# Everything that a job configuration can say, in the order in which it is written.
WHOLE: dict[str, Any] = {
    "runners": {
        "local": {"load": "galaxy.jobs.runners.local:LocalJobRunner", "workers": 4},
        "slurm": {
            "load": "galaxy.jobs.runners.slurm:SlurmJobRunner",
            "drmaa_library_path": "/opt/libdrmaa.so",
            "enabled": False,
        },
        "dynamic": {"rules_module": "site.rules"},
    },
    "handling": {"assign": ["db-skip-locked"], "processes": {"handler0": {"tags": ["big"], "plugins": ["slurm"]}}},
    "execution": {
        "default": "big",
        "environments": {
            "local": {"runner": "local", "shell": "/bin/sh", "local_slots": 2},
            "one": {
                "runner": "slurm",
                "tags": ["big", "bigger"],
                "metrics": {"src": "disabled"},
                "env": [
                    {"name": "A", "value": "1", "raw": True},
                    {"file": "/etc/profile"},
                    {"execute": "module load x"},
                ],
                "resubmit": [{"condition": "memory_limit_reached", "environment": "big", "delay": "60"}],
                "params": {"nativeSpecification": "--mem=10", "docker_volumes": [{"host_path": "/a"}]},
            },
        },
    },
    "tools": [
        {"class": "local", "environment": "local"},
        {"id": "bwa", "environment": "big", "handler": "handler0", "resources": "r", "x": 1},
    ],
    "resources": {"default": "r", "groups": {"r": ["cores", "mem"]}},
    "limits": [{"type": "environment_total_concurrent_jobs", "id": "one", "value": 3}],
}


def test_names_that_are_numbers_are_texts_wherever_they_stand() -> None:
    native = {
        "handling": {"default": 1},
        "execution": {
            "default": 1,
            "environments": {
                1: {"runner": "r", "resubmit": [{"condition": "any_failure", "environment": 2, "handler": 3}]},
                2: {"runner": "r"},
            },
        },
        "resources": {"default": 1, "groups": {1: ["cores"], 2: None}},
        "limits": [{"type": "environment_total_concurrent_jobs", "id": 2, "value": 3}],
    }
    written = to_native(from_native(native))
    assert written["execution"]["environments"]["1"]["resubmit"][0] == {
        "condition": "any_failure",
        "environment": "2",
        "handler": "3",
    }
    assert (written["handling"], written["execution"]["default"], written["limits"][0]["id"]) == (
        {"default": "1"},
        "1",
        "2",
    )
    assert written["resources"] == {"default": "1", "groups": {"1": ["cores"], "2": []}}


@pytest.mark.parametrize("metrics", [[], [{"type": "core"}], {"src": "disabled"}, {}])
def test_metrics_stay_what_they_are_and_are_no_parameter(metrics: Any) -> None:
    """Galaxy takes a list without any for none at all, and beside flat parameters makes metrics one of them."""
    native = {"execution": {"environments": {"a": {"runner": "condor", "metrics": metrics, "request_cpus": 2}}}}
    written = to_native(from_native(native))["execution"]["environments"]["a"]
    assert written == {"runner": "condor", "metrics": metrics, "params": {"request_cpus": 2}}


@pytest.mark.parametrize("metrics", [False, "off", 1, [None], ["core"], [{"x": 1}], [{"type": 1}], [{"type": ""}]])
def test_metrics_of_another_kind_are_refused(metrics: Any) -> None:
    with pytest.raises(JobConfError, match=r"execution\.environments\.a\.metrics"):
        from_native({"execution": {"environments": {"a": {"metrics": metrics}}}})


def test_round_trip() -> None:
    once = to_native(from_native(WHOLE))
    assert once == WHOLE
    assert list(once) == list(WHOLE)
    assert list(once["execution"]["environments"]["one"]) == list(WHOLE["execution"]["environments"]["one"])


def test_what_is_empty_is_left_out() -> None:
    native = {
        "runners": {"local": {"load": "local"}},
        "execution": {"environments": {"local": {"runner": "local", "env": []}}},
        "limits": None,
    }
    assert to_native(from_native(native)) == {
        "runners": {"local": {"load": "local"}},
        "execution": {"environments": {"local": {"runner": "local"}}},
    }


def test_environments_as_a_list() -> None:
    conf = from_native({"execution": {"environments": [{"id": "a", "runner": "local", "local_slots": 2}]}})
    assert conf.environments[0].id == "a"
    assert conf.environments[0].params == {"local_slots": 2}


@pytest.mark.parametrize(
    ("environments", "what"),
    [
        ([{"id": "a"}, {"id": "a"}], "'a' stands there for the second time"),
        ([{"runner": "local"}], "is empty, not an id"),
    ],
)
def test_ids_in_a_list_are_there_and_differ(environments: list[dict[str, str]], what: str) -> None:
    with pytest.raises(JobConfError, match=rf"execution\.environments\[\d]\.id: {what}"):
        from_native({"execution": {"environments": environments}})


def test_values_of_env_become_texts() -> None:
    entries = [
        {"name": "N", "value": 8},
        {"name": "F", "value": 0.5},
        {"name": "B", "value": True},
        {"name": "E", "value": None},
    ]
    conf = from_native({"execution": {"environments": {"a": {"runner": "local", "env": entries}}}})
    written = to_native(conf)["execution"]["environments"]["a"]["env"]
    assert [entry["value"] for entry in written] == ["8", "0.5", "true", ""]


def test_explicit_params_hide_the_other_keys() -> None:
    conf = from_native(
        {"execution": {"environments": {"a": {"runner": "x", "slots": 2, "native": 1, "params": {"queue": "q"}}}}}
    )
    environment = conf.environments[0]
    assert (environment.params, environment.request, environment.hidden) == ({"queue": "q"}, {"slots": 2}, ("native",))


@pytest.mark.parametrize("name", ["queue", "env", "runner"])
def test_a_param_with_a_name_that_means_something_else_stays_explicit(name: str) -> None:
    native = {"execution": {"environments": {"a": {"runner": "x", "params": {name: "q"}}}}}
    assert to_native(from_native(native)) == native


def test_a_tools_destination_is_its_environment() -> None:
    conf = from_native({"tools": [{"id": "bwa", "destination": "big"}]})
    assert to_native(conf) == {"tools": [{"id": "bwa", "environment": "big"}]}


def test_explicit_kwds_of_a_runner() -> None:
    conf = from_native({"runners": {"a": {"load": "x", "kwds": {"url": "u"}}}})
    assert to_native(conf) == {"runners": {"a": {"load": "x", "url": "u"}}}


@pytest.mark.parametrize(
    ("native", "place"),
    [
        ([], "job configuration"),
        ("text", "job configuration"),
        ({"runners": ["local"]}, "runners"),
        ({"runners": {"local": "LocalJobRunner"}}, "runners.local"),
        ({"runners": {"local": {"load": ["x"]}}}, "runners.local.load"),
        ({"execution": "local"}, "execution"),
        ({"execution": {"default": {}}}, "execution.default"),
        ({"execution": {"environments": 3}}, "execution.environments"),
        ({"execution": {"environments": {"a": []}}}, "execution.environments.a"),
        ({"execution": {"environments": {"a": {"tags": "x"}}}}, "execution.environments.a.tags"),
        ({"execution": {"environments": {"a": {"env": {"A": "1"}}}}}, "execution.environments.a.env"),
        (
            {"execution": {"environments": {"a": {"env": [{"name": "A", "value": ["1"]}]}}}},
            "execution.environments.a.env[0].value",
        ),
        ({"execution": {"environments": {"a": {"resubmit": [1]}}}}, "execution.environments.a.resubmit[0]"),
        ({"tools": {"bwa": "big"}}, "tools"),
        ({"tools": ["bwa"]}, "tools[0]"),
        ({"limits": [3]}, "limits[0]"),
        ({"handling": []}, "handling"),
        ({"resources": "x"}, "resources"),
        ({"destinations": {}}, "destinations"),
    ],
)
def test_a_wrong_shape_is_named(native: Any, place: str) -> None:
    with pytest.raises(JobConfError) as caught:
        from_native(native)
    assert caught.value.findings[0].place == place
