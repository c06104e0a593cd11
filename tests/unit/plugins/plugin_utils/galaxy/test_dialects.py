# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ways in which a job configuration is written down: galaxy_jobconf, texts of either format, and what is none of them."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.clusterjobs.drm.plugins.filter.from_job_conf import from_job_conf
from ansible_collections.clusterjobs.drm.plugins.filter.lint_job_conf import lint_job_conf
from ansible_collections.clusterjobs.drm.plugins.filter.to_job_conf import to_job_conf
from ansible_collections.clusterjobs.drm.plugins.plugin_utils.galaxy import render
from ansible_collections.clusterjobs.drm.plugins.plugin_utils.galaxy.model import from_native
from ansible_collections.clusterjobs.drm.tests.unit.plugins.plugin_utils.galaxy.lint_files import lint_files

# In the words of the European servers' playbooks.
JOBCONF: dict[str, Any] = {
    "plugin_workers": 8,
    "handlers": {"count": 2, "assign_with": "db-skip-locked", "max_grab": 16, "ready_window_size": 32},
    "plugins": [
        {"id": "dynamic", "params": {"rules_module": "usegalaxy"}},
        {"id": "condor", "load": "galaxy.jobs.runners.condor:CondorJobRunner"},
        {"id": "embedded", "load": "galaxy.jobs.runners.pulsar:PulsarEmbeddedJobRunner", "pulsar_config": "/p.yml"},
        {"id": "mq", "load": "galaxy.jobs.runners.pulsar:PulsarMQJobRunner", "params": {"manager": "production"}},
    ],
    "default_destination": "tpv",
    "destinations": [
        {"id": "tpv", "runner": "dynamic", "type": "python", "function": "f", "tpv_config_files": ["/t.yml"]},
        {"id": "condor", "runner": "condor", "params": {"tmp_dir": "true"}, "slots": 2},
        {
            "id": "far",
            "runner": "mq",
            "env": {"LC_ALL": "C"},
            "params": {"jobs_directory": "/s", "remote_metadata": "false"},
        },
    ],
    "tools": [{"id": "spades", "destination": "tpv"}, {"id": "gmx", "destination": "far", "resources": "gpu"}],
    "resources": [{"id": "gpu", "names": ["gpu"]}],
    "limits": [
        {"type": "walltime", "value": "'148:00:00'"},
        {"type": "destination_user_concurrent_jobs", "id": "condor", "value": "3"},
    ],
}
NATIVE: dict[str, Any] = {
    "runners": {
        "condor": {"load": "galaxy.jobs.runners.condor:CondorJobRunner", "workers": 8},
        "embedded": {
            "load": "galaxy.jobs.runners.pulsar:PulsarEmbeddedJobRunner",
            "workers": 8,
            "pulsar_config": "/p.yml",
        },
        "mq": {"load": "galaxy.jobs.runners.pulsar:PulsarMQJobRunner", "workers": 8, "manager": "production"},
    },
    "dynamic": {"rules_module": "usegalaxy"},
    "handling": {
        "max_grab": 16,
        "ready_window_size": 32,
        "assign": ["db-skip-locked"],
        "processes": {"handler_0": {}, "handler_1": {}},
    },
    "execution": {
        "default": "tpv",
        "environments": {
            "tpv": {"runner": "dynamic", "type": "python", "function": "f", "tpv_config_files": ["/t.yml"]},
            "condor": {"runner": "condor", "tmp_dir": "true", "slots": 2},
            "far": {
                "runner": "mq",
                "env": [{"name": "LC_ALL", "value": "C"}],
                "jobs_directory": "/s",
                "remote_metadata": "false",
            },
        },
    },
    "tools": [{"id": "spades", "environment": "tpv"}, {"id": "gmx", "environment": "far", "resources": "gpu"}],
    "resources": {"groups": {"gpu": ["gpu"]}},
    "limits": [
        {"type": "walltime", "value": "148:00:00"},
        {"type": "environment_user_concurrent_jobs", "id": "condor", "value": "3"},
    ],
}


def test_galaxy_jobconf_is_the_native_structure() -> None:
    assert from_job_conf(JOBCONF) == NATIVE
    assert from_job_conf({"galaxy_jobconf": JOBCONF}) == NATIVE
    assert lint_job_conf(JOBCONF) == []


def test_what_galaxy_passes_over_in_xml_does_not_hide_the_rest() -> None:
    text = """<job_conf><plugins><plugin id="local" type="runner" load="galaxy.jobs.runners.local:LocalJobRunner"/></plugins>
      <destinations default="a"><destination id="a" runner="slrum" tag="x"/></destinations>
    </job_conf>"""
    found = [(finding["code"], finding["place"]) for finding in lint_job_conf(text)]
    assert found == [
        ("unread-in-xml", "destination a@tag"),
        ("unknown-runner", "execution.environments.a.runner"),
    ]
    with pytest.raises(AnsibleFilterError, match="destination a@tag"):
        from_job_conf(text)


def test_the_environment_of_galaxys_service() -> None:
    text = """<job_conf><plugins><plugin id="local" type="runner" load="galaxy.jobs.runners.local:LocalJobRunner"/></plugins>
      <destinations><destination id="a" runner="local"><param id="local_slots" from_environ="SLOTS">0</param></destination></destinations>
    </job_conf>"""
    assert [finding["code"] for finding in lint_job_conf(text)] == ["only-in-xml"]
    assert [finding["code"] for finding in lint_job_conf(text, environ={})] == ["bad-environment-value"]
    assert lint_job_conf(text, environ={"SLOTS": 2}) == []
    assert from_job_conf(text, environ={"SLOTS": 2})["execution"]["environments"]["a"]["local_slots"] == "2"
    with pytest.raises(AnsibleFilterError, match="environ"):
        from_job_conf(text, environ=["SLOTS"])  # type: ignore[arg-type]


def test_reading_leaves_it_alone() -> None:
    before = copy.deepcopy(JOBCONF)
    from_job_conf(JOBCONF)
    assert before == JOBCONF


def test_mappings_where_lists_could_be() -> None:
    as_mappings = {
        **JOBCONF,
        "destinations": {
            item["id"]: {key: item[key] for key in item if key != "id"} for item in JOBCONF["destinations"]
        },
        "limits": {"walltime": "'148:00:00'"},
    }
    native = from_job_conf(as_mappings)
    assert native["execution"] == NATIVE["execution"]
    assert native["limits"] == NATIVE["limits"][:1]


@pytest.mark.parametrize("output", ["yaml", "xml"])
def test_texts_are_read_back(output: str) -> None:
    simple = {key: value for key, value in NATIVE.items() if key != "dynamic"}
    simple["execution"] = {"default": "far", "environments": {"far": NATIVE["execution"]["environments"]["far"]}}
    simple["tools"] = []
    text = to_job_conf(simple, output)
    assert from_job_conf("\ufeff  \n" + text if output == "xml" else text) == from_job_conf(to_job_conf(simple))


@pytest.mark.parametrize("file", lint_files("good"), ids=lambda file: file.name)
def test_xml_to_model_to_yaml_to_model(file: Any) -> None:
    """What either format can say is the same model afterwards."""
    model = from_native(from_job_conf(file.text))
    native = from_job_conf(file.text)
    again = from_native(from_job_conf(render.text_of(native, "yaml")))
    assert again == from_native(native)
    if file.form == "xml":
        assert from_native(from_job_conf(render.text_of(native, "xml"))) == again == model


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("just text", "job configuration: is a text, not a mapping"),
        (["a"], "job configuration: is a list, not a mapping"),
        ({"plugins": "x"}, "plugins"),
        ({"plugins": [{"load": "x"}]}, "plugins[0]: has no id"),
        ({"plugins": [{"id": "a"}]}, "plugins.a: has no load"),
        ({"plugins": [{"id": "a", "load": "x"}, {"id": "a", "load": "y"}]}, "'a' stands there for the second time"),
        ({"destinations": [3]}, "destinations[0]: is an integer, not a mapping"),
        ({"destinations": [{"id": "a", "params": "x"}]}, "destinations.a.params: is a text, not a mapping"),
        ({"plugins": [], "tools": {"a": 1}}, "tools: is a mapping, not a list"),
        ({"plugins": [], "handlers": {"count": "two"}}, "handlers.count: is a text, not a number of handlers"),
        ({"plugins": [], "handlers": {"kount": 1}}, "handlers.kount: is no key of galaxy_jobconf"),
        ({"plugins": [], "limits": [1]}, "limits[0]: is an integer, not a mapping"),
        ({"plugins": [], "resources": "x"}, "resources: is a text, not a mapping"),
        ("<job_conf><plugins>", "is not XML"),
        ("a: &a {b: *a}", "refers to itself"),
        ({"execution": {"environments": {}, "resources": {}}}, "execution.resources: is not read by Galaxy there"),
        ({"execution": {"environments": [None]}}, "execution.environments[0]: is empty, not a value"),
        ({"runners": {None: {"load": "x"}}}, "runners, a key,: is empty, not a name"),
        ({"runners": {1: {"load": "x"}, "1": {"load": "y"}}}, "runners: has two keys that are the same as texts"),
    ],
)
def test_what_is_none_of_them(value: Any, text: str) -> None:
    with pytest.raises(AnsibleFilterError) as caught:
        from_job_conf(value)
    assert text in str(caught.value)


def test_aliases_that_multiply() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    assert [finding["code"] for finding in lint_job_conf("\n".join(lines))] == ["malformed"]


def test_lists_without_end() -> None:
    assert [finding["code"] for finding in lint_job_conf("[" * 5000 + "]" * 5000)] in (["malformed"], ["not-yaml"])


@pytest.mark.parametrize("value", [None, 3, True, 1.5, "text", [], {}, ["x"], {"x": 1}, [[1]], {"id": []}])
def test_wrong_types_anywhere_are_findings_and_no_traceback(value: Any) -> None:
    """Each place of a whole job configuration with a value that does not belong there."""
    for path in _paths(NATIVE):
        native = copy.deepcopy(NATIVE)
        at: Any = native
        for key in path[:-1]:
            at = at[key]
        at[path[-1]] = value
        for finding in [*lint_job_conf(native), *lint_job_conf(native, form="xml")]:
            assert finding["code"]
        _rendered_or_refused(native)
    for path in _paths(JOBCONF):
        jobconf = copy.deepcopy(JOBCONF)
        at = jobconf
        for key in path[:-1]:
            at = at[key]
        at[path[-1]] = value
        lint_job_conf(jobconf, form="xml")


def _rendered_or_refused(native: Any) -> None:
    """What is rendered can be read, and anything else ends in an error of the filter."""
    for output in ("yaml", "xml"):
        try:
            text = to_job_conf(native, output)
        except AnsibleFilterError:
            continue
        assert from_job_conf(text)


def _paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for key, item in items for found in [(*path, key), *_paths(item, (*path, key))]]


def test_bad_options_of_the_filters() -> None:
    with pytest.raises(AnsibleFilterError, match="form is 'toml'"):
        lint_job_conf(NATIVE, form="toml")
    with pytest.raises(AnsibleFilterError, match="is not a Galaxy release"):
        to_job_conf(NATIVE, galaxy_release="newest")
    with pytest.raises(AnsibleFilterError, match="waive: is not a list"):
        to_job_conf(NATIVE, waive=None)
    with pytest.raises(AnsibleFilterError, match="cluster: is not a mapping"):
        lint_job_conf(NATIVE, cluster=3)
    with pytest.raises(AnsibleFilterError, match=r"cluster\.queues: is not a list"):
        lint_job_conf(NATIVE, cluster={"queues": 3})
    with pytest.raises(AnsibleFilterError, match="'nonsense' is no code"):
        lint_job_conf(NATIVE, waive=["nonsense"])
