# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The DRMAA child itself, run as it is on a target, with a package that does what the test wants."""

from __future__ import annotations

import json
import os
import stat
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any, Dict, List

import pytest

from ansible_collections.clusterjobs.drm.plugins.module_utils._drm import drmaa_agent
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.drmaa import Drmaa, command, job_values
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.errors import ParseError
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.model import (
    Answer,
    Command,
    CommandResult,
    Control,
    JobRequest,
    JobState,
    Outcome,
)
from ansible_collections.clusterjobs.drm.plugins.module_utils._runner import Runner

FAKE = Path(__file__).resolve().parents[3] / "helpers" / "fake_drmaa"
DRM = Drmaa()
REQUEST = JobRequest("#!/bin/sh\nexit 4\n", name="sort", token="0123456789", chdir="/work")
NAME = "sort-0123456789"


class Fake:
    """A home, a library that is only a file, and what the package shall do."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.store = home / "state" / "clusterjobs" / "drmaa"
        self.wanted = home / "wanted.json"
        self.does()

    def does(self, **wanted: Any) -> None:
        self.wanted.write_text(json.dumps(wanted), encoding="utf-8")

    def run(self, asked: Command, seconds: float = 30) -> CommandResult:
        return Runner(seconds).run(asked)

    def calls(self, call: str) -> List[Any]:
        lines = Path(str(self.wanted) + ".calls").read_text(encoding="utf-8").splitlines()
        return [record[1:] for record in map(json.loads, lines) if record[0] == call]

    def status(self, *job_ids: str) -> Any:
        return DRM.parse_status(self.run(DRM.build_status(job_ids, "")[0]))


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fake:
    library = tmp_path / "libdrmaa.so"
    library.touch()
    for name, value in {
        "HOME": tmp_path,
        "XDG_STATE_HOME": tmp_path / "state",
        "PYTHONPATH": FAKE,
        "DRMAA_LIBRARY_PATH": library,
        "FAKE_DRMAA": tmp_path / "wanted.json",
        "PYTHONDONTWRITEBYTECODE": "1",
    }.items():
        monkeypatch.setenv(name, str(value))
    return Fake(tmp_path)


def submitted(fake: Fake, request: JobRequest = REQUEST, job_id: str = "41") -> str:
    fake.does(runJob=job_id)
    return DRM.parse_submit(fake.run(DRM.build_submit(request)))


def test_a_submission(fake: Fake) -> None:
    request = replace(REQUEST, stdout="out:1", walltime_seconds=3725, hold=True, native_options=("-q", "long"))
    assert submitted(fake, request) == "41"
    ((_name, template),) = fake.calls("runJob")
    assert template == {
        "jobName": NAME,
        "remoteCommand": str(fake.store / (NAME + ".run")),
        "workingDirectory": "/work",
        "outputPath": ":/work/out:1",
        "errorPath": ":/work/out:1",
        "joinFiles": True,
        "jobSubmissionState": "drmaa_hold",
        "nativeSpecification": "-q long",
        "hardWallclockTimeLimit": "1:02:05",
    }


def test_what_a_library_prints_is_no_answer(fake: Fake) -> None:
    fake.does(runJob="41")
    result = fake.run(DRM.build_submit(REQUEST))
    assert result.stdout == '{"job_id": "41"}\n'
    assert "what a library prints by itself" in result.stderr


def test_the_process_is_started_with_room_for_debians_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GLIBC_TUNABLES", "glibc.malloc.arena_max=2")
    asked = DRM.build_submit(REQUEST)
    assert asked.environ["GLIBC_TUNABLES"] == "glibc.malloc.arena_max=2:glibc.rtld.optional_static_tls=4096"
    monkeypatch.setenv("GLIBC_TUNABLES", asked.environ["GLIBC_TUNABLES"])
    assert DRM.build_submit(REQUEST).environ == asked.environ


def test_a_module_in_the_working_directory_is_not_imported(
    fake: Fake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('planted')", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert submitted(fake) == "41"


def test_what_is_started_gives_the_script_its_surroundings(fake: Fake, tmp_path: Path) -> None:
    """Run here as a node would."""
    values = {"TRICKY": "a,b=c;\"d\" 'e' $HOME `id` \\ %j\nsecond line"}
    script = '#!/bin/sh\nprintf "%s|" "$#" "$1" "$2" "$TRICKY"\nexit 4\n'
    submitted(fake, replace(REQUEST, script=script, args=("x,y\nz", "*"), environment=values))
    done = subprocess.run([str(fake.store / (NAME + ".run"))], stdout=subprocess.PIPE, cwd=str(tmp_path), check=False)
    assert done.stdout.decode("utf-8") == "2|x,y\nz|*|%s|" % values["TRICKY"]
    assert done.returncode == 4
    assert (fake.store / (NAME + ".exit")).read_text(encoding="ascii") == "4\n"


def test_where_the_accounting_tells_the_end_the_script_is_the_job(fake: Fake) -> None:
    job = job_values(REQUEST, NAME, [], accounted=True)
    fake.does(runJob="41")
    fake.run(command("submit", NAME, request={"jobs": [job]}))
    done = subprocess.run([str(fake.store / (NAME + ".run"))], check=False)
    assert done.returncode == 4
    assert not (fake.store / (NAME + ".exit")).exists()
    script = fake.store / (NAME + ".script")
    assert (fake.store / (NAME + ".run")).read_text(encoding="utf-8") == "#!/bin/sh\nexec %s\n" % script


def test_files_are_the_owners_alone(fake: Fake) -> None:
    submitted(fake)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in fake.store.iterdir()}
    assert modes == {NAME + ".script": 0o700, NAME + ".run": 0o700, NAME + ".id": 0o700, "ids": 0o700}


def test_files_of_jobs_long_past_go(fake: Fake) -> None:
    submitted(fake)
    (fake.store / (NAME + ".exit")).write_text("0\n", encoding="ascii")
    for path in fake.store.iterdir():
        os.utime(str(path), (1, 1))
    submitted(fake, replace(REQUEST, token="9876543210"))
    assert sorted(path.name for path in fake.store.iterdir() if NAME in path.name) == []


@pytest.mark.parametrize(
    ("told", "outcome", "said"),
    [
        ("DeniedByDrmException", Outcome.REFUSED, "DeniedByDrmException: code 0"),
        ("InvalidAttributeValueException", Outcome.REFUSED, "InvalidAttributeValue"),
        ("DrmCommunicationException", Outcome.UNREACHABLE, "DrmCommunication"),
        ("InternalException", Outcome.UNREACHABLE, "Internal"),
        ("TryLaterException", Outcome.UNREACHABLE, "TryLater"),
        ("crash", Outcome.UNREACHABLE, "ended by signal 11 without an answer, after it had opened a session\n"),
    ],
)
def test_what_became_of_a_submission(fake: Fake, told: str, outcome: Outcome, said: str) -> None:
    """Refused is only what is known to have submitted nothing."""
    fake.does(runJob=told)
    result = fake.run(DRM.build_submit(REQUEST))
    assert DRM.classify(result) is outcome
    assert said in result.stderr
    assert result.stdout == ""
    # What may be needed is kept.
    assert (fake.store / (NAME + ".script")).exists() is (outcome is Outcome.UNREACHABLE)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        ("import", "crash"),
        ("initialize", "crash"),
        ("initialize", "DrmCommunicationException"),
        ("initialize", "NoDefaultContactStringSelectedException"),
        ("set.workingDirectory", "UnsupportedAttributeException"),
        ("set.workingDirectory", "crash"),
    ],
)
def test_trouble_before_a_submission_begins_has_submitted_nothing(fake: Fake, call: str, told: str) -> None:
    fake.does(**{call: told, "runJob": "41"})
    result = fake.run(DRM.build_submit(REQUEST))
    assert DRM.classify(result) is Outcome.REFUSED
    assert result.stderr.strip()
    assert fake.calls("runJob") == []


def test_a_library_that_crashes_says_nothing_of_a_job(fake: Fake) -> None:
    fake.does(jobStatus="crash")
    result = fake.run(DRM.build_status(["41"], "")[0])
    assert DRM.classify(result) is Outcome.UNREACHABLE
    assert "libdrmaa.so) ended by signal 11" in result.stderr


@pytest.mark.parametrize("trouble", ["crash", "hang", "InternalException"])
def test_what_was_answered_before_the_session_closed_counts(
    fake: Fake, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    fake.does(runJob="41", exit=trouble)
    asked = DRM.build_submit(REQUEST)
    quick = replace(asked, stdin=(asked.stdin or "").replace("_CLOSE_SECONDS = 5.0", "_CLOSE_SECONDS = 0.2"))
    assert quick != asked
    assert DRM.parse_submit(fake.run(quick)) == "41"


def test_a_session_that_does_not_open_has_submitted_nothing(fake: Fake) -> None:
    fake.does(initialize="hang")
    asked = DRM.build_submit(REQUEST)
    quick = replace(asked, stdin=(asked.stdin or "").replace("_OPEN_SECONDS = 20.0", "_OPEN_SECONDS = 0.5"))
    assert quick != asked
    result = fake.run(quick)
    assert DRM.classify(result) is Outcome.REFUSED
    assert "before it had opened a session. Nothing was submitted" in result.stderr


def test_a_submission_that_hangs_was_not_answered(fake: Fake) -> None:
    fake.does(runJob="hang")
    result = fake.run(DRM.build_submit(REQUEST), seconds=2)
    assert result.timed_out
    assert DRM.classify(result) is Outcome.UNREACHABLE


def test_an_attribute_that_the_library_lacks_is_refused_by_the_options_name(fake: Fake) -> None:
    fake.does(**{"set.hardWallclockTimeLimit": "InvalidArgumentException", "runJob": "41"})
    result = fake.run(DRM.build_submit(replace(REQUEST, walltime_seconds=60)))
    assert result.stderr.splitlines()[-1].startswith("walltime: the DRMAA library for Fake 1.0 does not take it")


def test_many_in_one_session(fake: Fake) -> None:
    requests = [replace(REQUEST, name=name, token="0") for name in "abcd"]
    fake.does(runJob={"a-0": "41", "b-0": "DeniedByDrmException", "c-0": "InternalException", "d-0": "44"})
    assert len({DRM.submission_group(request) for request in requests}) == 1
    result = fake.run(DRM.build_submit_many(requests))
    assert DRM.classify(result) is Outcome.OK
    taken, refused, unknown, not_begun = DRM.parse_submit_many(result, requests)
    assert (taken, unknown) == (Answer("41"), Answer())
    assert refused.refusal.startswith("DeniedByDrmException")
    assert "not begun" in not_begun.refusal
    assert [name for name, _template in fake.calls("runJob")] == ["a-0", "b-0", "c-0"]
    assert len(fake.calls("initialize")) == 1


@pytest.mark.parametrize("text", ["", "[]", "{}", '[{"job_id": "41"}]', '[{"job_id": "41"}, {"job_id": "-u all"}]'])
def test_what_does_not_answer_for_each_job_is_no_answer(text: str) -> None:
    result = CommandResult(DRM.build_submit_many([REQUEST, REQUEST]), 0, text, "")
    with pytest.raises(ParseError):
        DRM.parse_submit_many(result, [REQUEST, REQUEST])


# What jobStatus and wait say of job 41, what it wrote down, and what it is then: hasExited, hasSignal, terminatedSignal, exitStatus.
ENDS: Dict[str, Any] = {
    "running": ("running", None, None, (JobState.RUNNING, "running", None, None)),
    "running still, as the DRM is late": ("running", None, "0", (JobState.RUNNING, "running", None, None)),
    "suspended": ("user_suspended", None, None, (JobState.SUSPENDED, "user_suspended", None, None)),
    "undetermined": ("undetermined", None, None, (JobState.UNKNOWN, "undetermined", None, None)),
    "a new word": ("melting", None, None, (JobState.UNKNOWN, "melting", None, None)),
    "done, with no status": ("done", None, None, (JobState.UNKNOWN, "", None, None)),
    "done, and wait tells": ("done", [True, False, "", 3], None, (JobState.FAILED, "done/n", 3, None)),
    "done, and wait tells 0": ("done", [True, False, "", 0], "1", (JobState.DONE, "done/0", 0, None)),
    "done, and it wrote 0": ("done", None, "0", (JobState.DONE, "done/0", 0, None)),
    "done, and it wrote 5": ("done", None, "5", (JobState.FAILED, "done/n", 5, None)),
    "failed": ("failed", None, None, (JobState.FAILED, "failed", None, None)),
    "failed for all its 0": ("failed", None, "0", (JobState.FAILED, "failed", None, None)),
    "signal": ("failed", [False, True, "SIGSEGV", 0], None, (JobState.FAILED, "failed", None, 11)),
    "gone, and it wrote 0": ("InvalidJobException", None, "0", (JobState.DONE, "done/0", 0, None)),
    "gone, and it wrote 139": ("InvalidJobException", None, "139", (JobState.FAILED, "done/n", 139, None)),
    "gone, half written": ("InvalidJobException", None, "", None),
    "gone": ("InvalidJobException", None, None, None),
}


@pytest.mark.parametrize("case", ENDS)
def test_states_and_ends(fake: Fake, case: str) -> None:
    said, waited, wrote, expected = ENDS[case]
    submitted(fake)
    if wrote is not None:
        (fake.store / (NAME + ".exit")).write_text(wrote, encoding="ascii")
    fake.does(jobStatus={"41": said}, wait={"41": waited} if waited else "InvalidJobException")
    rows = fake.status("41", "7")
    if expected is None:
        assert rows == []
        return
    (row,) = rows
    assert (row.state, row.native_state, row.exit_code, row.signal) == expected
    assert (row.job_id, row.name) == ("41", NAME)


def test_a_job_that_we_ended_and_that_left_nothing_is_cancelled(fake: Fake) -> None:
    submitted(fake)
    fake.does()
    assert DRM.classify(fake.run(DRM.build_control(Control.CANCEL, ["41"], "")[0])) is Outcome.OK
    assert fake.calls("control") == [["41", "terminate"]]
    fake.does(jobStatus="InvalidJobException", wait="InvalidJobException")
    assert [row.state for row in fake.status("41")] == [JobState.CANCELLED]


def test_another_drms_job_of_the_same_id_is_another_job(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    submitted(fake)
    (fake.store / (NAME + ".exit")).write_text("0", encoding="ascii")
    fake.does(jobStatus="InvalidJobException", wait="InvalidJobException")
    monkeypatch.setenv("SGE_CELL", "other")
    assert fake.status("41") == []
    assert DRM.parse_status(fake.run(DRM.build_find([NAME], "", 0)[0])) == []


def test_by_its_name_a_job_is_found_whose_answer_was_noted(fake: Fake) -> None:
    submitted(fake)
    fake.does(jobStatus="InvalidJobException", wait="InvalidJobException")
    found = DRM.parse_status(fake.run(DRM.build_find([NAME, "other-1", "../x"], "", 0)[0]))
    assert [(row.job_id, row.name, row.state) for row in found] == [("41", NAME, JobState.UNKNOWN)]


@pytest.mark.parametrize(
    ("told", "outcome"),
    [
        ({"41": None}, Outcome.OK),
        ("InvalidJobException", Outcome.NO_SUCH_JOB),
        ({"41": "HoldInconsistentStateException"}, Outcome.REFUSED),
        ({"41": "AuthorizationException"}, Outcome.REFUSED),
        ({"41": "DrmCommunicationException"}, Outcome.UNREACHABLE),
    ],
)
def test_control(fake: Fake, told: Any, outcome: Outcome) -> None:
    fake.does(control=told)
    assert DRM.classify(fake.run(DRM.build_control(Control.HOLD, ["41"], "")[0])) is outcome


def test_of_several_jobs_the_worst_answer_counts_and_all_are_tried(fake: Fake) -> None:
    fake.does(control={"41": "AuthorizationException", "43": None})
    result = fake.run(DRM.build_control(Control.HOLD, ["41", "42", "43"], "")[0])
    assert DRM.classify(result) is Outcome.REFUSED
    assert "hold of job 41: Authorization" in result.stderr
    assert "hold of job 42: InvalidJob" in result.stderr
    assert fake.calls("control") == [["41", "hold"], ["42", "hold"], ["43", "hold"]]


def test_without_the_package_it_is_said_how_to_get_it(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTHONPATH")
    result = fake.run(DRM.build_submit(REQUEST))
    assert DRM.classify(result) is Outcome.REFUSED
    assert "python3-drmaa" in result.stderr


def test_without_the_library_it_is_said_how_to_name_it(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRMAA_LIBRARY_PATH", "/no/such/libdrmaa.so")
    result = fake.run(DRM.build_submit(REQUEST))
    assert DRM.classify(result) is Outcome.REFUSED
    assert "/no/such/libdrmaa.so is not there" in result.stderr
    assert "DRMAA_LIBRARY_PATH" in result.stderr


def test_the_library_of_another_drm_than_the_commands_is_refused(fake: Fake) -> None:
    fake.does(runJob="41")
    job = job_values(REQUEST, NAME, [], accounted=True)
    result = fake.run(command("submit", NAME, request={"jobs": [job], "system": "GE|Grid Engine"}))
    assert DRM.classify(result) is Outcome.REFUSED
    assert "is for Fake 1.0, but the commands on the PATH are Grid Engine's" in result.stderr
    assert fake.calls("runJob") == []


def test_the_agents_codes_are_those_that_are_read() -> None:
    assert (drmaa_agent.RC_REFUSED, drmaa_agent.RC_TRY_AGAIN) == (65, 75)
