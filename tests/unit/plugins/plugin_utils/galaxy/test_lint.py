# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each code has a job configuration that gives it, and one, as near as can be, that gives nothing."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.clusterjobs.drm.plugins.filter.to_job_conf import to_job_conf
from ansible_collections.clusterjobs.drm.plugins.plugin_utils.galaxy import render
from ansible_collections.clusterjobs.drm.plugins.plugin_utils.galaxy.codes import CODES, ERROR, UNSAID, WARNING
from ansible_collections.clusterjobs.drm.plugins.plugin_utils.galaxy.context import Context
from ansible_collections.clusterjobs.drm.plugins.plugin_utils.galaxy.findings import Finding, JobConfError
from ansible_collections.clusterjobs.drm.tests.unit.plugins.plugin_utils.galaxy.lint_files import LintFile, lint_files

PATH = "/c/job_conf.yml"
BAD, GOOD = lint_files("bad"), lint_files("good")


def lint(file: LintFile, **more: Any) -> list[Finding]:
    options = {**file.options, **more}
    try:
        context = Context(**options)
    except JobConfError as error:
        return list(error.findings)
    return render.lint(file.text, context) + render.unread({"galaxy": options.get("galaxy", {})}, PATH)


@pytest.mark.parametrize("file", BAD, ids=lambda file: file.name)
def test_a_bad_one_has_its_finding(file: LintFile) -> None:
    findings = lint(file)
    assert (file.code, file.place) in [(finding.code, finding.place) for finding in findings]
    assert {finding.level for finding in findings if finding.code == file.code} == {CODES[file.code].level}


@pytest.mark.parametrize("file", GOOD, ids=lambda file: file.name)
def test_a_good_one_has_none(file: LintFile) -> None:
    assert [str(finding) for finding in lint(file)] == []


@pytest.mark.parametrize("file", BAD, ids=lambda file: file.name)
def test_a_code_is_waived(file: LintFile) -> None:
    if CODES[file.code].waivable and file.code not in ("file-ignored", "other-file"):
        findings = lint(file, waive=[file.code])
        assert {finding.level for finding in findings if finding.code == file.code} == {"waived"}
    else:
        assert CODES[file.code].effect == UNSAID or file.code in ("file-ignored", "other-file")


def test_every_code_has_a_bad_and_a_good_file() -> None:
    assert {file.code for file in BAD} == {file.code for file in GOOD} == set(CODES)


def test_only_what_cannot_be_done_at_all_cannot_be_waived() -> None:
    with pytest.raises(JobConfError, match=r"'not-yaml' cannot be waived"):
        Context(waive=["not-yaml"])


def test_every_level_is_there() -> None:
    assert {code.level for code in CODES.values()} == {ERROR, WARNING}


def test_what_is_rendered_is_mended() -> None:
    file = next(file for file in BAD if file.code == "env-not-text")
    native, findings = render.prepare(file.text, Context())
    assert [(finding.code, finding.level) for finding in findings] == [("env-not-text", "note")]
    assert native["execution"]["environments"]["here"]["env"] == [{"name": "OMP_NUM_THREADS", "value": "2"}]


def test_a_runner_that_is_off_is_not_looked_at() -> None:
    runners = {
        "off": {"load": "galaxy.jobs.runners.cli:CLIJobRunner", "x": 1, "enabled": False},
        "local": {"load": "local"},
    }
    native = {"runners": runners, "execution": {"environments": {"here": {"runner": "local"}}}}
    assert render.lint(native, Context()) == []


def test_an_environment_of_tags_alone_is_for_the_limits_of_a_rules_jobs() -> None:
    environments = {"far": {"tags": ["blast"]}, "rule": {"runner": "dynamic", "function": "choose"}}
    native: dict[str, Any] = {"runners": {"local": {"load": "local"}}}
    native["execution"] = {"default": "rule", "environments": environments}
    assert render.lint(native, Context()) == []
    native["execution"] = {"default": "far", "environments": {"far": environments["far"]}}
    assert [finding.code for finding in render.lint(native, Context())] == ["unknown-runner"]


def test_a_finding_says_where_what_and_what_to_do() -> None:
    file = next(file for file in BAD if file.name == "unknown-runner/bad-1")
    assert str(lint(file)[0]) == (
        "execution.environments.big.runner: 'slrum' is not defined in runners; every job there would fail."
        " Define it, or name one of local, slurm, cli, dynamic, dynamic_tpv. [unknown-runner]"
    )


def test_the_filter_judges_by_galaxys_settings_and_keeps_what_is_set_to_nothing() -> None:
    programs = ("drmaa_external_runjob_script", "drmaa_external_killjob_script", "external_chown_script")
    settings = {"galaxy": {**dict.fromkeys(programs, "sudo /x"), "outputs_to_working_directory": True}}
    environment: dict[str, Any] = {"runner": "drmaa", "drm": "gridengine"}
    native: dict[str, Any] = {"runners": {"drmaa": {"load": "galaxy.jobs.runners.drmaa:DRMAAJobRunner"}}}
    native["execution"] = {"environments": {"here": environment}}
    with pytest.raises(AnsibleFilterError, match=r"here\.runner: .* \[drmaa-real-user\]"):
        to_job_conf(native, galaxy_config=settings)
    environment.update(dict.fromkeys(programs))
    there = to_job_conf(native, galaxy_config=settings)["execution"]["environments"]["here"]
    assert [there[name] for name in programs] == [None] * 3
