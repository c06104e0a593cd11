# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps together: plain values, the file that Galaxy would not read, diffs without secrets."""

from __future__ import annotations

import time
from datetime import date
from typing import Any

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader

from ansible_collections.clusterjobs.drm.plugins.plugin_utils.galaxy import render
from ansible_collections.clusterjobs.drm.plugins.plugin_utils.galaxy.context import Context
from ansible_collections.clusterjobs.drm.plugins.plugin_utils.galaxy.findings import JobConfError
from ansible_collections.clusterjobs.drm.plugins.plugin_utils.galaxy.plain import plain
from ansible_collections.clusterjobs.drm.plugins.plugin_utils.galaxy.secrets import MASK, redacted

NATIVE = """
runners:
  cli: {load: "galaxy.jobs.runners.cli:ShellJobRunner"}
execution:
  environments:
    here: {runner: cli, job_plugin: Slurm, slots: 2, env: [{name: OMP, value: "2"}]}
"""


def test_ansibles_own_types_become_plain() -> None:
    """What Ansible loads are subclasses of str, dict and so on; PyYAML's safe dumper takes none of them."""
    loaded = DataLoader().load(NATIVE, file_name="/site/group_vars/all.yml")
    assert loaded["runners"]["cli"]["load"].__class__ is not str
    native, findings = render.prepare(loaded, Context())
    assert findings == []
    assert yaml.safe_load(yaml.safe_dump(native)) == native
    assert native["execution"]["environments"]["here"]["job_ncpus"] == "2"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ((1, "a"), [1, "a"]),
        (True, True),
        (1.5, 1.5),
        (None, None),
        (date(2026, 1, 2), "2026-01-02"),
        ({1: {"x": ()}}, {1: {"x": []}}),
    ],
)
def test_plain(value: Any, expected: Any) -> None:
    assert plain(value) == expected
    assert plain(value).__class__ is expected.__class__


def test_plain_shares_nothing() -> None:
    shared = ["a"]
    assert "&" not in yaml.safe_dump(plain({"one": shared, "two": shared}))


def test_what_no_file_can_hold() -> None:
    with pytest.raises(JobConfError, match="object is no value of a job configuration"):
        render.prepare({"runners": {"a": object()}}, Context())


def test_errors_end_it_and_warnings_do_not() -> None:
    native: dict[str, Any] = {
        "runners": {"site": {"load": "site:Runner"}},
        "execution": {"environments": {"a": {"runner": "site"}}},
    }
    assert [finding.code for finding in render.prepare(native, Context())[1]] == ["unchecked-runner"]
    native["execution"]["default"] = "b"
    with pytest.raises(JobConfError) as caught:
        render.prepare(native, Context())
    assert [finding.code for finding in caught.value.findings] == ["unknown-default"]


@pytest.mark.parametrize(
    ("path", "form"), [("/c/job_conf.yml", "yaml"), ("/c/job_conf.xml", "xml"), ("/c/old.xml.d/job_conf", "xml")]
)
def test_the_format_is_what_galaxy_takes_the_path_for(path: str, form: str) -> None:
    assert render.format_of(path) == form


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        (None, None),
        ("not a mapping", None),
        ({"galaxy": {"job_config_file": "/c/job_conf.yml"}}, None),
        ({"galaxy": {"job_config_file": "/c/./job_conf.yml"}}, None),
        ({"galaxy": {"job_config_file": "job_conf.yml"}}, None),
        ({"galaxy": {"job_config": None}}, None),
        ({"galaxy": {"job_config_file": "/other/job_conf.yml"}}, "other-file"),
        ({"galaxy": {"job_config": {}}}, "file-ignored"),
        ({"galaxy": {"job_config": {"runners": {}}, "job_config_file": "/c/job_conf.yml"}}, "file-ignored"),
    ],
)
def test_a_file_that_galaxy_would_not_read(settings: Any, code: str | None) -> None:
    assert [finding.code for finding in render.unread(settings, "/c/job_conf.yml")] == ([code] if code else [])


def test_a_galaxy_yml_with_tags_of_its_own() -> None:
    assert render.settings_in("galaxy: {job_config: !include jobs.yml, a: 1}") == {
        "galaxy": {"job_config": "jobs.yml", "a": 1}
    }
    assert render.settings_in("galaxy: [") is None


SECRETS: dict[str, Any] = {
    "runners": {"pulsar": {"load": "x", "amqp_url": "pyamqp://user:hunter2@host:5672//"}},
    "execution": {
        "environments": {
            "a": {
                "runner": "cli",
                "shell_password": "hunter2",
                "private_token": "hunter2",
                "aws_secret_access_key": "hunter2",
                "env": [
                    {"name": "API_TOKEN", "value": "hunter2"},
                    {"execute": "export DB_PASSWORD=hunter2"},
                    {"name": "LANG", "value": "C"},
                ],
                "shell_private_key": "/home/galaxy/.ssh/id",
            }
        }
    },
}


@pytest.mark.parametrize("form", ["yaml", "xml"])
def test_diffs_show_no_secret(form: str) -> None:
    shown = render.diffable(render.text_of(SECRETS, form), form)
    assert "hunter2" not in shown
    assert shown.count(MASK) == 6
    for harmless in ("user:", "@host", "/home/galaxy/.ssh/id", "API_TOKEN", "LANG", "DB_PASSWORD="):
        assert harmless in shown


@pytest.mark.parametrize(
    "params",
    [
        {"ssh_key": "-----BEGIN OPENSSH PRIVATE KEY-----\nhunter2\n-----END OPENSSH PRIVATE KEY-----\n"},
        {"anything": "-----BEGIN RSA PRIVATE KEY-----\nhunter2"},
        {"amqp_url": "pyamqp://user:hunter2/@hunter2@host//"},
        {"url": "https://hunter2@host/"},
        {
            "docker_run_extra_arguments": "-e DB_PASSWORD='two hunter2' --api-key=hunter2 -H 'Authorization: Bearer hunter2'"
        },
        {"tokens": ["hunter2", ["hunter2"]]},
        {"secret": {"token": "hunter2"}},
        {"pulsar_app_config": {"managers": {"a": {"private_token": "hunter2"}}}},
        {"password": 2, "job_-C": "--export=A_TOKEN=hunter2"},
    ],
    ids=lambda params: next(iter(params)),
)
def test_secrets_in_every_shape(params: dict[str, Any]) -> None:
    """In a diff, in findings, and in what is said when the runner refuses."""
    native = {
        "runners": {"a": {"load": "x", **params}},
        "execution": {"environments": {"b": {"runner": "a", **params}}},
    }
    assert "hunter2" not in render.diffable(render.text_of(native, "yaml"), "yaml")
    assert "hunter2" not in " ".join(str(finding) for finding in render.lint(native, Context(form="xml")))


@pytest.mark.parametrize(
    "specification", ["--export=A_TOKEN=hunter2", "--comment=password=hunter2 x", "-x DB_PASSWORD='hunter2"]
)
def test_no_secret_in_what_is_said_of_native_words(specification: str) -> None:
    environment = {"runner": "slurm", "nativeSpecification": specification}
    native = {"runners": {"slurm": {"load": "slurm"}}, "execution": {"environments": {"a": environment}}}
    findings = render.lint(native, Context())
    assert findings
    assert "hunter2" not in " ".join(str(finding) for finding in findings)


def test_redaction_leaves_the_structure_alone() -> None:
    redacted(SECRETS)
    assert SECRETS["execution"]["environments"]["a"]["shell_password"] == "hunter2"


@pytest.mark.parametrize(
    "text", ["password: hunter2: x", "- password=hunter2", "<job_conf><x password='hunter2'>", "hunter2"]
)
def test_what_cannot_be_read_is_not_shown(text: str) -> None:
    for form in ("yaml", "xml"):
        assert render.diffable(text, form) == render.UNREADABLE


def test_an_empty_file_in_a_diff() -> None:
    assert render.diffable("", "yaml") == render.diffable("\n", "xml") == ""


def _many(number: int) -> dict[str, Any]:
    environments = {
        f"e{index}": {
            "runner": "slurm",
            "tags": [f"group{index % 50}"],
            "resubmit": [{"condition": "memory_limit_reached", "environment": f"e{(index + 1) % number}"}],
            "slots": index % 64 + 1,
        }
        for index in range(number)
    }
    return {
        "runners": {"slurm": {"load": "galaxy.jobs.runners.slurm:SlurmJobRunner"}},
        "handling": {"processes": {f"h{index}": {"tags": [f"t{index}"]} for index in range(number)}},
        "execution": {"default": "e0", "environments": environments},
        "tools": [
            {"id": f"tool{index}", "environment": f"e{index}", "handler": f"t{index}"} for index in range(number)
        ],
        "limits": [
            {"type": "environment_total_concurrent_jobs", "id": f"e{index}", "value": 1} for index in range(number)
        ],
    }


def _seconds(number: int) -> float:
    started = time.process_time()
    prepared, findings = render.prepare(_many(number), Context(form="xml"))
    assert findings == []
    assert render.lint(render.text_of(prepared, "xml"), Context(form="xml")) == []
    return time.process_time() - started


def test_the_time_grows_with_the_number_of_environments() -> None:
    """And not with its square, which would be 64 times as long."""
    assert _seconds(4000) < 24 * min(_seconds(500), _seconds(500))
