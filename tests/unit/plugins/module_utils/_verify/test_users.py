# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs of real users, with a sudo that calls programs of the test's in the place of root's."""

from __future__ import annotations

import json
import os
import pwd
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.clusterjobs.drm.plugins.module_utils._verify import users

ME = pwd.getpwuid(os.getuid()).pw_name
#: The job runs at once, in its directory, where run was told to look.
RUN = """#!/bin/sh
for word; do last=$word; done
cd "$(dirname "$last")" || exit 1
case $last in *galaxy_1*) sh ./galaxy_1.sh > galaxy_1.o ;; esac
echo "$last" | sed 's/.*galaxy_/7/; s/.jt_json//'
"""


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    programs, jobs = tmp_path / "programs", tmp_path / "jobs"
    for directory in (programs, jobs):
        directory.mkdir()
    (programs / "config.json").write_text("{}")
    sudo = f'#!/bin/sh\nshift\nprogram=$1\nshift\necho "${{program##*/}} $*" >> {tmp_path}/log\nexec "$program" "$@"\n'
    for path, text in (
        (tmp_path / "sudo", sudo),
        (programs / "run", RUN),
        (programs / "kill", "#!/bin/sh\n"),
        (programs / "chown", "#!/bin/sh\n"),
    ):
        path.write_text(text)
        path.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    script = f"#!/bin/sh\necho it ran\n: > {users.DONE}\n"
    wanted = {"tag": "t", "users": [ME], "directory": str(programs), "path": str(jobs), "script": script}
    return {**wanted, "native": ["-p", "main"], "seconds": 5}


def program(asked: dict[str, Any], name: str, text: str) -> None:
    Path(asked["directory"], name).write_text(f"#!/bin/sh\n{text}\n")


def calls(asked: dict[str, Any]) -> list[str]:
    return Path(asked["path"]).with_name("log").read_text().splitlines()


def test_a_job_is_sent_its_output_is_collected_and_another_one_is_cancelled(asked: dict[str, Any]) -> None:
    told = users.as_users(asked)["users"][ME]
    assert (told["problem"], told["answer"], told["job_id"]) == ("", "it ran\n", "71")
    assert told["account"]["uid"] == os.getuid()
    assert calls(asked)[0] == f"chown {asked['path']}/clusterjobs-verify-t-users/{ME} {ME} {os.getgid()}"
    assert calls(asked)[-1] == f"kill 72 {os.getuid()}"
    template = Path(asked["path"], "clusterjobs-verify-t-users", ME, "galaxy_1.jt_json")
    assert json.loads(template.read_text())["nativeSpecification"] == "-p main"


def test_a_refusal_is_told_and_ends_it(asked: dict[str, Any]) -> None:
    program(asked, "run", "echo 'run: denied: no' >&2; exit 2")
    assert users.as_users(asked)["users"][ME]["problem"] == "sudo -n run: rc 2: run: denied: no"


def test_a_job_that_does_not_answer_is_cancelled(asked: dict[str, Any]) -> None:
    program(asked, "run", "echo 9")
    told = users.as_users({**asked, "seconds": 0})["users"][ME]
    assert told["problem"] == "Job 9 did not answer within 0 s."
    assert calls(asked)[-1] == f"kill 9 {os.getuid()}"


def test_a_user_whom_the_server_does_not_know_is_told_of(asked: dict[str, Any]) -> None:
    told = users.as_users({**asked, "users": ["no-such-user"]})["users"]["no-such-user"]
    assert told["problem"] == "The server does not know the user no-such-user."


def test_without_the_programs_nothing_is_tried(asked: dict[str, Any]) -> None:
    Path(asked["directory"], "config.json").unlink()
    assert "the role real_user is not set up" in users.as_users(asked)["skipped"]
    assert os.listdir(asked["path"]) == []


def test_what_an_interrupted_run_has_left_is_taken_back(asked: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    left = Path(asked["path"], "clusterjobs-verify-old-users", "alice")
    left.mkdir(parents=True)
    # As if it were another user's.
    monkeypatch.setattr(users, "_others", lambda base: [str(left)])
    users.give_back([str(left.parent), asked["path"]], asked["directory"])
    assert calls(asked) == [f"chown {left} {ME} {os.getgid()}"]
