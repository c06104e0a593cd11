# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role job_conf, played on this host: a file, settings to merge, and what is refused."""

from __future__ import annotations

import re
import stat
from pathlib import Path

import pytest
import yaml

from ansible_collections.clusterjobs.drm.tests.unit.helpers.play import Played, play

PLAYBOOK = Path(__file__).with_name("job_conf.yml")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("place")


@pytest.fixture(scope="module")
def played(place: Path, tmp_path_factory: pytest.TempPathFactory) -> Played:
    return play(PLAYBOOK, tmp_path_factory.mktemp("play"), place=str(place))


def changes(played: Played, play_name: str) -> list[str]:
    """The tasks that changed something in a play."""
    of_play = played.output.split(f"PLAY [{play_name}]")[1].split("\nPLAY ")[0]
    return re.findall(r"TASK \[clusterjobs\.drm\.job_conf : ([^]]*)](?:(?!TASK \[)[\s\S])*?\nchanged: ", of_play)


def test_the_check_foretells_what_the_first_run_does(played: Played) -> None:
    done = ["Make the directory where it is missing", "Render the job configuration"]
    assert changes(played, "A fresh host, in check mode") == changes(played, "The first run") == done
    assert played.results["after_check"] is False


def test_the_second_run_changes_nothing(played: Played) -> None:
    assert changes(played, "The second run") == []


def test_the_default_for_slurm(played: Played, place: Path) -> None:
    path = place / "galaxy" / "config" / "job_conf.yml"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    native = yaml.safe_load(path.read_text())
    assert native["execution"] == {
        "default": "slurm",
        "environments": {
            "slurm": {
                "runner": "cli",
                "shell_plugin": "LocalShell",
                "job_plugin": "Slurm",
                "job_partition": "long",
                "job_--nodes": "1",
                "job_--ntasks": "1",
                "job_ncpus": "2",
                "job_--mem": "500M",
                "env": [{"execute": "umask 022"}],
            },
            "local": {"runner": "local", "env": [{"execute": "umask 022"}]},
        },
    }
    assert native["tools"] == [{"class": "local", "environment": "local"}]


def test_settings_are_there_before_the_role_has_run(played: Played, place: Path) -> None:
    assert played.results["file_settings"] == {
        "galaxy": {
            "new_file_path": f"{place}/galaxy/var/tmp",
            "job_working_directory": f"{place}/galaxy/jobs",
            "outputs_to_working_directory": False,
            "retry_job_output_collection": 30,
            "job_config_file": f"{place}/galaxy/config/job_conf.yml",
        }
    }


def test_inline_settings_beside_those_of_the_user(played: Played, place: Path) -> None:
    assert played.results["inline_settings"] == {
        "galaxy": {
            "brand": "ours",
            "file_path": "/data",
            "new_file_path": "/scratch",
            "job_working_directory": f"{place}/inline/jobs",
            "outputs_to_working_directory": False,
            "retry_job_output_collection": 0,
            "cluster_files_directory": f"{place}/inline/var/pbs",
            "job_config": {
                "runners": {"local": {"load": "galaxy.jobs.runners.local:LocalJobRunner"}},
                "execution": {
                    "environments": {
                        "local": {
                            "runner": "local",
                            "jobName": "known",
                            "local_slots": "2",
                            "env": [{"execute": "umask 027"}],
                        }
                    }
                },
            },
        }
    }
    assert played.results["inline_owner"] == "galaxy"
    assert not (place / "inline").exists()


def test_settings_for_jobs_as_the_real_user(played: Played) -> None:
    """By sudo without a question and without the caller's environment; a literal path, since Galaxy asks no shell."""
    settings = played.results["real_user_settings"]
    programs = "/usr/local/libexec/clusterjobs-real-user"
    assert settings["drmaa_external_runjob_script"] == f"sudo -n {programs}/run --assign_all_groups"
    assert settings["drmaa_external_killjob_script"] == f"sudo -n {programs}/kill"
    assert settings["external_chown_script"] == f"sudo -n {programs}/chown"
    assert settings["real_system_username"] == "username"
    assert settings["outputs_to_working_directory"] is True
    assert settings["job_config"]["execution"]["environments"]["gridengine"]["runner"] == "univa"
    assert not [name for name in played.results["file_settings"]["galaxy"] if "external" in name or "real" in name]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("refused_request", "execution.environments.local.queue: the local runner has no limits and no queues"),
        ("refused_file", "galaxy.job_config: stands in Galaxy's settings, and Galaxy then never reads"),
        ("refused_real_user", "execution.environments.slurm.runner: the cli runner knows no real users"),
    ],
)
def test_what_is_refused(played: Played, place: Path, name: str, text: str) -> None:
    assert text in played.results[name]
    assert not list(place.glob("refused/**/*.yml"))
