# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The umask of the jobs: a line of each environment's env, after all others."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.clusterjobs.drm.plugins.filter.to_job_conf import to_job_conf
from ansible_collections.clusterjobs.drm.plugins.plugin_utils.galaxy.context import Context
from ansible_collections.clusterjobs.drm.plugins.plugin_utils.galaxy.findings import JobConfError

LINE = {"execute": "umask 027"}


def rendered(output: str = "inline", umask: Any = "027", **environment: Any) -> Any:
    """The environment ``here``, or the whole text."""
    runners = {"local": {"load": "galaxy.jobs.runners.local:LocalJobRunner"}}
    conf = {
        "runners": runners,
        "execution": {"environments": {"here": {"runner": "local", **environment}}},
    }
    answer = to_job_conf(conf, output, umask=umask)
    return answer["execution"]["environments"]["here"] if output == "inline" else answer


def test_it_comes_after_files_that_may_set_another() -> None:
    own = [{"file": "/etc/profile"}, {"name": "A", "value": "1"}]
    assert rendered(env=own)["env"] == [*own, LINE]


def test_it_comes_after_what_the_portable_request_adds() -> None:
    env = rendered(slots=2, galaxy_variables=True)["env"]
    assert env[0]["name"] == "GALAXY_SLOTS"
    assert env[-1] == LINE


def test_without_one_nothing_is_added() -> None:
    assert "env" not in rendered(umask="")


@pytest.mark.parametrize("command", ["umask 077", "module load x; umask 022", "true &&  umask u=rwx"])
def test_an_environment_keeps_its_own(command: str) -> None:
    assert rendered(env=[{"execute": command}])["env"] == [{"execute": command}]


@pytest.mark.parametrize("command", ["echo my_umask", "module load umask-tools"])
def test_a_command_of_a_similar_name_is_none(command: str) -> None:
    assert rendered(env=[{"execute": command}])["env"] == [{"execute": command}, LINE]


def test_environments_of_a_rule_are_left_alone() -> None:
    assert "env" not in rendered(runner="dynamic", function="choose")


def test_xml_says_it_too() -> None:
    assert '<env exec="umask 027"' in rendered("xml")


# What YAML 1.1 makes of an unquoted 027 and 0777, and what is no umask for a service that has to read its own files.
@pytest.mark.parametrize("umask", [23, 511, "23", "0x7", "27", "0o27", "u=rwx", "277", "0827", "027; id", "027\n"])
def test_what_is_no_umask_is_refused(umask: Any) -> None:
    with pytest.raises(JobConfError, match=r"umask: .* is no umask for a job\. Give a quoted octal number"):
        Context(umask=umask)


@pytest.mark.parametrize("umask", ["027", "0027", "022", "000", ""])
def test_what_is_one_is_taken(umask: str) -> None:
    assert Context(umask=umask).umask == umask
