# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""DRMAA's requests and answers; the child's own work is in test_drmaa_agent.py, and what every DRM is held to in test_contract.py."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any, Optional

import pytest

from ansible_collections.clusterjobs.drm.plugins.module_utils._arguments import refuse_root
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.client import Client
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.drmaa import Drmaa
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.drmaa_gridengine import GridEngineDrmaa
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.errors import (
    DrmError,
    InvalidRequestError,
    ParseError,
    UnsupportedFieldError,
)
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.gridengine import GridEngine
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.model import (
    Command,
    CommandResult,
    Control,
    EndReason,
    JobRequest,
    JobState,
    Outcome,
)
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.registry import choose
from ansible_collections.clusterjobs.drm.tests.unit.helpers.recordings import recorded

DRM = Drmaa()
BESIDE = GridEngineDrmaa()
REQUEST = JobRequest("#!/bin/sh\ntrue\n", name="sort", token="0123456789", chdir="/work")


def answer(stdout: str, rc: int = 0, stderr: str = "") -> CommandResult:
    return CommandResult(Command((sys.executable, "-", "status", "1")), rc, stdout, stderr)


def on_path(*programs: str) -> Any:
    def which(program: str) -> Optional[str]:
        return "/usr/bin/" + program if program in programs else None

    return which


def test_with_grid_engines_commands_these_are_asked() -> None:
    assert isinstance(choose("drmaa", on_path()), Drmaa)
    assert isinstance(choose("drmaa", on_path("qsub", "qstat", "qdel")), Drmaa)
    assert isinstance(choose("drmaa", on_path(*GridEngine.executables)), GridEngineDrmaa)


def test_auto_never_takes_it() -> None:
    with pytest.raises(InvalidRequestError) as caught:
        choose("auto", on_path("python3"))
    assert "drmaa" not in str(caught.value)


def test_root_does_not_submit() -> None:
    with pytest.raises(DrmError, match="root does not submit jobs to drmaa: set become_user"):
        refuse_root("drmaa", 0)


@pytest.mark.parametrize(
    "job_id", ["DRMAA_JOB_IDS_SESSION_ALL", "DRMAA_JOB_IDS_SESSION_ANY", "12.", ".12", "12..a", "a..1"]
)
def test_no_word_that_stands_for_many_jobs_is_an_id(job_id: str) -> None:
    with pytest.raises(InvalidRequestError):
        DRM.check_job_ids([job_id])


@pytest.mark.parametrize("word", ["-l a=b -q c", "-A 'x'", 'a"b', "a\\b", "a\tb"])
@pytest.mark.parametrize("drm", [DRM, BESIDE], ids=["alone", "beside"])
def test_an_item_that_libraries_take_apart_differently_is_refused(drm: Any, word: str) -> None:
    with pytest.raises(InvalidRequestError, match="native_options: "):
        drm.check_request(replace(REQUEST, native_options=(word,)))


def test_a_cluster_is_refused() -> None:
    for build in (DRM.build_status, lambda ids, cluster: DRM.build_find(ids, cluster, 0)):
        with pytest.raises(UnsupportedFieldError, match="cluster"):
            build(["1"], "west")
    with pytest.raises(UnsupportedFieldError, match="cluster"):
        DRM.build_control(Control.CANCEL, ["1"], "west")


def test_a_name_that_begins_with_a_digit() -> None:
    assert DRM.job_name(replace(REQUEST, name="16S")) == "j16S-0123456789"


def test_ended_jobs() -> None:
    done, failed = DRM.parse_status(recorded("drmaa/sge-8.1.9/ended.status"))
    assert (done.job_id, done.state, done.exit_code, done.end_time) == ("1252", JobState.DONE, 0, 1795582506)
    assert (failed.job_id, failed.state, failed.exit_code, failed.end_time) == ("1253", JobState.FAILED, 3, 1795582508)
    assert DRM.parse_status(recorded("drmaa/sge-8.1.9/gone.status")) == []


@pytest.mark.parametrize(
    ("name", "state", "native"),
    [
        ("held", JobState.HELD, "user_on_hold"),
        ("suspended", JobState.SUSPENDED, "user_suspended"),
        ("cancelled", JobState.CANCELLED, "terminated"),
    ],
)
def test_states(name: str, state: JobState, native: str) -> None:
    (row,) = DRM.parse_status(recorded("drmaa/sge-8.1.9/%s.status" % name))
    assert (row.state, row.native_state) == (state, native)
    assert (row.end_reason is EndReason.CANCELLED) is (state is JobState.CANCELLED)


def test_done_without_an_exit_status_is_not_done() -> None:
    """DRMAA's word for a job that exited with 3 as well; without a native state nobody waits for it for ever."""
    (row,) = DRM.parse_status(answer('[{"job_id": "4", "native_state": "done", "name": ""}]'))
    assert (row.state, row.native_state) == (JobState.UNKNOWN, "")
    assert "not how" in row.message


def test_an_exit_status_of_a_shells_is_told_as_such() -> None:
    (row,) = DRM.parse_status(answer('[{"job_id": "4", "native_state": "done/n", "exit_code": 137}]'))
    assert (row.state, row.exit_code, row.signal) == (JobState.FAILED, 137, None)
    assert "signal 9" in row.message


@pytest.mark.parametrize("text", ["", "[", "{}x", '[{"job_id": "1"}]', "[1]", '{"answer": 1}'])
def test_what_is_no_answer_is_an_error(text: str) -> None:
    with pytest.raises(ParseError):
        DRM.parse_status(answer(text))


@pytest.mark.parametrize("rc", [1, 2, 75, 137, -9, -11])
def test_a_child_that_came_to_no_answer_says_nothing(rc: int) -> None:
    assert DRM.classify(answer("", rc)) is Outcome.UNREACHABLE


class NothingFound:
    """Neither the queue nor the store has any job of the name."""

    def run(self, command: Command, inherit_fds: Any = ()) -> CommandResult:
        return CommandResult(command, 0, "[]\n", "")


def test_a_job_that_is_not_found_by_its_name_may_be_there() -> None:
    runner: Any = NothingFound()
    assert Client(DRM, runner).find(["sort-0123456789"], 0)["sort-0123456789"].certain is False


def test_outputs() -> None:
    assert DRM.output_paths(REQUEST, "4", "/home/g") == ("/work/sort-0123456789.out",) * 2
    apart = replace(REQUEST, stdout="o:1", stderr="/other/e")
    assert DRM.output_paths(apart, "4", "/home/g") == ("/work/o:1", "/other/e")


def test_beside_the_commands_the_resources_are_grid_engines() -> None:
    request = replace(REQUEST, slots=2, queue="long", walltime_seconds=60, native_options=("-pe", "smp"))
    BESIDE.check_request(request)
    command = BESIDE.build_submit(request)
    assert command.argv == (sys.executable, "-", "submit", "sort-0123456789")
    assert "-q long -l h_rt=60 -pe smp 2" in (command.stdin or "")


def test_beside_the_commands_a_cell_is_a_cluster() -> None:
    assert BESIDE.build_submit(replace(REQUEST, cluster="west")).environ["SGE_CELL"] == "west"
    (control,) = BESIDE.build_control(Control.HOLD, ["4"], "west")
    assert control.environ["SGE_CELL"] == "west"
    assert [command.argv[0] for command in BESIDE.build_status(["4"], "west")] == ["qstat"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"native_options": ("-w", "v")}, "native_options: -w"),
        ({"native_options": ("-sync", "y")}, "native_options: -sync"),
        ({"script": "#!/bin/sh\n#$ -l h_rt=5\ntrue\n"}, "script: its #\\$ lines"),
        ({"array": "1-3"}, "array"),
        ({"slots": 2}, "slots: "),
        ({"stdout": "a,b"}, "stdout: "),
    ],
)
def test_beside_the_commands_what_the_library_would_drop_is_refused(changes: Any, said: str) -> None:
    with pytest.raises(DrmError, match=said):
        BESIDE.check_request(replace(REQUEST, **changes))


def test_beside_the_commands_variables_have_no_limits() -> None:
    BESIDE.check_request(replace(REQUEST, environment={"BIG": "x" * 20000, "PATH_": "C:\\new"}))


def test_beside_the_commands_each_answer_is_read_as_its_programs() -> None:
    assert BESIDE.classify(recorded("gridengine/8.1.9/down.queue")) is Outcome.UNREACHABLE
    assert BESIDE.classify(answer("", 3)) is Outcome.NO_SUCH_JOB
    assert BESIDE.parse_submit(answer('{"job_id": "41"}\n')) == "41"


def test_beside_the_commands_paths_are_expanded_as_grid_engine_does() -> None:
    request = replace(REQUEST, stdout="$JOB_ID.o")
    assert BESIDE.output_paths(request, "41", "/home/g") == ("/work/41.o",) * 2
    assert BESIDE.output_paths(REQUEST, "41", "/home/g") == ("/work/sort-0123456789.out",) * 2
