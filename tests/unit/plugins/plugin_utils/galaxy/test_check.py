# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each finding has a job configuration that gives it, and one, as near as can be, that does not."""

from __future__ import annotations

import copy
import inspect
import re
from typing import Any

import pytest

from ansible_collections.clusterjobs.drm.plugins.plugin_utils.galaxy import check as check_module
from ansible_collections.clusterjobs.drm.plugins.plugin_utils.galaxy.check import check
from ansible_collections.clusterjobs.drm.plugins.plugin_utils.galaxy.findings import ERROR, WARNING
from ansible_collections.clusterjobs.drm.plugins.plugin_utils.galaxy.model import from_native

GOOD: dict[str, Any] = {
    "runners": {
        "local": {"load": "galaxy.jobs.runners.local:LocalJobRunner", "workers": 4},
        "slurm": {"load": "galaxy.jobs.runners.slurm:SlurmJobRunner"},
        "cli": {"load": "galaxy.jobs.runners.cli:ShellJobRunner"},
    },
    "execution": {
        "default": "slurm",
        "environments": {
            "local": {"runner": "local"},
            "slurm": {"runner": "slurm", "tags": ["cluster"]},
            "cli": {"runner": "cli", "job_plugin": "Slurm"},
            "rule": {"runner": "dynamic", "function": "choose"},
        },
    },
}


def changed(*path: Any, to: Any) -> dict[str, Any]:
    """The good one with another value at this path."""
    native = copy.deepcopy(GOOD)
    at = native
    for key in path[:-1]:
        at = at.setdefault(key, {})
    at[path[-1]] = to
    return native


def environment(name: str, **options: Any) -> dict[str, Any]:
    return changed("execution", "environments", name, to=options)


# code, place, what gives it, what does not
CASES: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = [
    ("no-runner", "runners", {}, GOOD),
    (
        "no-load",
        "runners.local.load",
        changed("runners", "local", to={"workers": 4}),
        changed("runners", "dynamic", to={"rules_module": "r"}),
    ),
    (
        "unknown-runner-class",
        "runners.cli.load",
        changed("runners", "cli", "load", to="galaxy.jobs.runners.cli:CLIJobRunner"),
        changed("runners", "cli", "load", to="cli"),
    ),
    (
        "unknown-runner-class",
        "runners.local.load",
        changed("runners", "local", "load", to="local:LocalJobRunner"),
        changed("runners", "local", "load", to="galaxy.jobs.runners.local"),
    ),
    ("unchecked-runner", "runners.site.load", changed("runners", "site", to={"load": "site.runner:Runner"}), GOOD),
    (
        "bad-runner-value",
        "runners.local.workers",
        changed("runners", "local", "workers", to=0),
        changed("runners", "local", "workers", to="8"),
    ),
    (
        "bad-runner-value",
        "runners.slurm.internalexception_state",
        changed("runners", "slurm", "internalexception_state", to="failed"),
        changed("runners", "slurm", "internalexception_state", to="error"),
    ),
    (
        "bad-runner-value",
        "runners.local.recheck_missing_job_retries",
        changed("runners", "local", "recheck_missing_job_retries", to=-1),
        changed("runners", "local", "recheck_missing_job_retries", to=0),
    ),
    (
        "bad-runner-value",
        "runners.slurm.drmaa_library_path",
        changed("runners", "slurm", "drmaa_library_path", to=""),
        changed("runners", "slurm", "drmaa_library_path", to="/opt/libdrmaa.so"),
    ),
    (
        "unknown-runner-parameter",
        "runners.cli.recheck_missing_job_retries",
        changed("runners", "cli", "recheck_missing_job_retries", to=3),
        changed("runners", "slurm", "recheck_missing_job_retries", to=3),
    ),
    (
        "unknown-runner-parameter",
        "runners.local.drmaa_library_path",
        changed("runners", "local", "drmaa_library_path", to="/opt/libdrmaa.so"),
        changed("runners", "local", "enabled", to=True),
    ),
    (
        "unknown-runner",
        "execution.environments.big.runner",
        environment("big", runner="slrum"),
        environment("big", runner="dynamic_tpv"),
    ),
    ("unknown-runner", "execution.environments.big.runner", environment("big"), environment("big", runner="local")),
    (
        "unknown-runner",
        "execution.environments.local.runner",
        changed("runners", "local", "enabled", to=False),
        changed("runners", "local", "enabled", to="yes"),
    ),
    (
        "unknown-environment",
        "tools[0].environment",
        {**environment("off", runner="local", enabled=False), "tools": [{"id": "bwa", "environment": "off"}]},
        {**environment("on", runner="local", enabled=True), "tools": [{"id": "bwa", "environment": "on"}]},
    ),
    (
        "hidden-parameter",
        "execution.environments.big.local_slots",
        environment("big", runner="local", local_slots=2, params={"tmp_dir": True}),
        environment("big", runner="local", slots=2, params={"tmp_dir": True}),
    ),
    (
        "bad-env",
        "execution.environments.big.env[0]",
        environment("big", runner="local", env=[{"name": "A"}]),
        environment("big", runner="local", env=[{"name": "A", "value": ""}, {"file": "/f"}, {"execute": "e"}]),
    ),
    ("no-cli-plugin", "execution.environments.cli.job_plugin", environment("cli", runner="cli"), GOOD),
    (
        "unknown-cli-plugin",
        "execution.environments.cli.shell_plugin",
        environment("cli", runner="cli", job_plugin="Slurm", shell_plugin="SSH"),
        environment("cli", runner="cli", job_plugin="Slurm", shell_plugin="SecureShell"),
    ),
    (
        "unknown-cli-parameter",
        "execution.environments.cli.job_mem",
        environment("cli", runner="cli", job_plugin="Slurm", job_mem=10),
        environment("cli", runner="cli", **{"job_plugin": "Slurm", "job_--mem": 10, "job_ncpus": 2}),
    ),
    (
        "unknown-cli-parameter",
        "execution.environments.cli.shell_options",
        environment("cli", runner="cli", job_plugin="Slurm", shell_plugin="SecureShell", shell_options=["-4"]),
        environment("cli", runner="cli", job_plugin="Slurm", shell_plugin="RemoteShell", shell_options=["-4"]),
    ),
    (
        "no-cli-parameter",
        "execution.environments.cli.shell_username",
        environment("cli", runner="cli", job_plugin="Slurm", shell_plugin="ParamikoShell", shell_hostname="h"),
        environment(
            "cli",
            runner="cli",
            job_plugin="Slurm",
            shell_plugin="ParamikoShell",
            shell_hostname="h",
            shell_username="u",
        ),
    ),
    (
        "no-default",
        "execution.default",
        changed("execution", "default", to=""),
        changed("execution", to={"environments": {"a": {"runner": "local"}}}),
    ),
    (
        "unknown-default",
        "execution.default",
        changed("execution", "default", to="slrum"),
        changed("execution", "default", to="cluster"),
    ),
    (
        "unknown-environment",
        "tools[0].environment",
        changed("tools", to=[{"id": "bwa", "environment": "big"}]),
        changed("tools", to=[{"id": "bwa", "environment": "cluster"}, {"id": "x", "handler": "h"}]),
    ),
    (
        "unknown-environment",
        "execution.environments.big.resubmit[0].environment",
        environment("big", runner="local", resubmit=[{"condition": "any_failure", "environment": "bigger"}]),
        environment(
            "big", runner="local", resubmit=[{"condition": "any_failure", "environment": "big"}, {"delay": "5"}]
        ),
    ),
    (
        "bad-tool",
        "tools[0]",
        changed("tools", to=[{"id": "bwa", "class": "local", "environment": "local"}]),
        changed("tools", to=[{"id": "bwa", "environment": "local"}]),
    ),
    (
        "bad-tool",
        "tools[0].class",
        changed("tools", to=[{"class": "lokal"}]),
        changed("tools", to=[{"class": "requires_galaxy"}]),
    ),
    (
        "bad-limit",
        "limits[0].type",
        changed("limits", to=[{"value": 2}]),
        changed("limits", to=[{"type": "output_size", "value": "2G"}]),
    ),
    (
        "bad-limit",
        "limits[0].value",
        changed("limits", to=[{"type": "walltime", "value": 43200}]),
        changed("limits", to=[{"type": "walltime", "value": "12:00:00"}]),
    ),
]


def found(native: dict[str, Any]) -> list[tuple[str, str]]:
    return [(finding.code, finding.place) for finding in check(from_native(native))]


def test_the_good_one_is_good() -> None:
    assert found(GOOD) == []


@pytest.mark.parametrize(("code", "place", "bad", "good"), CASES, ids=[f"{case[0]}-{case[1]}" for case in CASES])
def test_each_finding_and_its_absence(code: str, place: str, bad: dict[str, Any], good: dict[str, Any]) -> None:
    assert (code, place) in found(bad)
    assert found(good) == []


def test_a_runner_that_is_off_is_not_looked_at() -> None:
    assert (
        found(changed("runners", "off", to={"load": "galaxy.jobs.runners.cli:CLIJobRunner", "x": 1, "enabled": False}))
        == []
    )


def test_every_code_has_a_case() -> None:
    codes = set(re.findall(r'Finding\(\s*"([a-z-]+)"', inspect.getsource(check_module)))
    assert codes == {code for code, _place, _bad, _good in CASES}


def test_what_galaxy_starts_and_runs_with_is_but_a_warning() -> None:
    findings = [finding for _code, _place, bad, _good in CASES for finding in check(from_native(bad))]
    warned = {finding.code for finding in findings if finding.level == WARNING}
    assert warned == {"unchecked-runner", "unknown-cli-plugin"}
    assert warned.isdisjoint(finding.code for finding in findings if finding.level == ERROR)


def test_a_finding_says_where_what_and_what_to_do() -> None:
    finding = check(from_native(environment("big", runner="slrum")))[0]
    assert str(finding) == (
        "execution.environments.big.runner: 'slrum' is not defined in runners; every job there would fail."
        " Define it, or name one of local, slurm, cli, dynamic, dynamic_tpv. [unknown-runner]"
    )
