# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every DRM in the registry is held to. Each has its samples in ``recordings/<drm>/contract.json``, judged by hand."""

from __future__ import annotations

import ast
import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.errors import (
    InvalidRequestError,
    ParseError,
    UnsupportedFieldError,
)
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.interface import ALWAYS_HONOURED, Drm
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.model import (
    Command,
    CommandResult,
    JobRequest,
    JobState,
    Outcome,
)
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.registry import DRM_NAMES, DRMS
from ansible_collections.clusterjobs.drm.tests.unit.helpers.recordings import ROOT, recorded

COLLECTION = Path(__file__).resolve().parents[5]
CONTRACTS = {name: json.loads((ROOT / name / "contract.json").read_text("utf-8")) for name in DRM_NAMES}
NO_IDS = [
    "",
    " ",
    "-1",
    "--help",
    "0",
    "62;id",
    "$(id)",
    "`id`",
    "62 63",
    "62\n",
    "62\n63",
    "62,63",
    "../62",
    "62_",
    "all",
    "\uff16\uff12",
]
SHELLS = {"sh", "bash", "dash", "ksh", "zsh", "csh", "tcsh", "env", "xargs", "sudo", "su"}
PLAIN = JobRequest("#!/bin/sh\ntrue\n", name="plain", token="0123456789", chdir="/work")
# For each field a value that is not its default.
VALUES: dict[str, Any] = {
    "args": ("two words; $(id)",),
    "cluster": "west",
    "queue": "long",
    "account": "bio",
    "priority": -1,
    "slots": 2,
    "nodes": 2,
    "gpus": 1,
    "memory_mb": 100,
    "walltime_seconds": 90,
    "array": "1-3",
    "depends_on": ("7",),
    "hold": True,
    "chdir": "/elsewhere",
    "stdout": "out file",
    "stderr": "err file",
    "environment": {"NAME": "a value, and 'more'"},
    "native_options": ("+Native = 1",),
}

pytestmark = pytest.mark.parametrize("drm", DRMS.values(), ids=DRM_NAMES)


def samples(drm: Drm, kind: str) -> list[CommandResult]:
    return [recorded("%s/%s" % (drm.name, name)) for name in CONTRACTS[drm.name][kind]]


def values(drm: Drm) -> dict[str, Any]:
    """A DRM may want other values than these, of the same fields."""
    own = CONTRACTS[drm.name].get("values", {})
    return {**VALUES, **{name: tuple(value) if isinstance(value, list) else value for name, value in own.items()}}


def with_field(drm: Drm, field: str) -> JobRequest:
    """A request of this field, and of those without which the DRM does not take it."""
    needs = CONTRACTS[drm.name].get("needs", {}).get(field, [])
    return dataclasses.replace(PLAIN, **{name: values(drm)[name] for name in (field, *needs)})


def whole_request(drm: Drm) -> JobRequest:
    wanted = {name: value for name, value in values(drm).items() if name in drm.request_fields}
    return dataclasses.replace(PLAIN, **wanted)


def every_command(drm: Drm) -> list[Command]:
    request, job_ids = whole_request(drm), CONTRACTS[drm.name]["job_ids"]
    commands = [
        drm.build_submit(request),
        drm.build_dry_run(request),
    ]
    commands += [*drm.build_find(["a-0123456789", "b"], "", 0), *drm.build_find_history(["a-0123456789", "b"], "", 0)]
    commands += [*drm.build_status(job_ids, ""), *drm.build_history(job_ids, "")]
    for action in drm.controls:
        commands += drm.build_control(action, job_ids, "")
    return [command for command in commands if command is not None]


def test_commands_are_lists_of_words_without_a_shell(drm: Drm) -> None:
    for command in every_command(drm):
        assert isinstance(command.argv, tuple)
        assert all(isinstance(word, str) and word and "\0" not in word for word in command.argv)
        assert Path(command.argv[0]).name not in SHELLS
        assert all(isinstance(item, str) for pair in command.environ.items() for item in pair)


def test_the_script_is_no_argument(drm: Drm) -> None:
    command = drm.build_submit(PLAIN)
    assert command.stdin is not None
    assert not any("true" in word for word in command.argv)


def test_no_job_id_can_be_an_option_or_another_word(drm: Drm) -> None:
    drm.check_job_ids(CONTRACTS[drm.name]["job_ids"])
    for job_id in NO_IDS:
        with pytest.raises(InvalidRequestError) as caught:
            drm.check_job_ids([job_id])
        assert repr(job_id) in str(caught.value)


def test_every_documented_state_is_in_the_table(drm: Drm) -> None:
    assert sorted(drm.states) == sorted(CONTRACTS[drm.name]["documented_states"])
    assert all(isinstance(state, JobState) for state in drm.states.values())


def test_every_state_that_a_user_can_wait_for_is_there(drm: Drm) -> None:
    # FAILED is not everywhere a state of the DRM: it may be in the exit code alone.
    assert set(drm.states.values()) >= {JobState.QUEUED, JobState.RUNNING, JobState.DONE}


def test_a_running_job_is_running_and_an_unheard_of_state_is_unknown(drm: Drm) -> None:
    sample = CONTRACTS[drm.name]["running"]
    result = recorded("%s/%s" % (drm.name, sample["recording"]))
    [running] = drm.parse_status(result)
    assert (running.state, running.native_state) == (JobState.RUNNING, sample["native_state"])
    # Where a state is a number or a single letter, the sample says how it stands in the answer.
    native_text = sample.get("native_text", sample["native_state"])
    unheard_of = sample.get("unheard_state", "UNHEARD_OF")
    assert native_text in result.stdout
    told = result.stdout.replace(native_text, sample.get("unheard_text", unheard_of))
    [unknown] = drm.parse_status(CommandResult(result.command, 0, told, ""))
    assert (unknown.job_id, unknown.state, unknown.native_state) == (running.job_id, JobState.UNKNOWN, unheard_of)


def test_the_answer_to_a_submission(drm: Drm) -> None:
    sample = CONTRACTS[drm.name]["submitted"]
    result = recorded("%s/%s" % (drm.name, sample["recording"]))
    assert drm.classify(result) is Outcome.OK
    assert drm.parse_submit(result) == sample["job_id"]


@pytest.mark.parametrize("stdout", ["", "\n", "welcome\n", '{"job_id": "-1"}\n'])
def test_an_unreadable_answer_to_a_submission_is_an_error(drm: Drm, stdout: str) -> None:
    with pytest.raises(ParseError):
        drm.parse_submit(CommandResult(drm.build_submit(PLAIN), 0, stdout, ""))


def test_a_server_that_is_down_says_nothing_about_a_job(drm: Drm) -> None:
    answers = samples(drm, "server_down")
    assert answers
    assert {drm.classify(answer) for answer in answers} == {Outcome.UNREACHABLE}


def test_a_job_that_is_not_there(drm: Drm) -> None:
    answers = samples(drm, "no_such_job")
    assert answers
    assert {drm.classify(answer) for answer in answers} == {Outcome.NO_SUCH_JOB}


def test_what_the_drm_refuses(drm: Drm) -> None:
    answers = samples(drm, "refused")
    assert answers
    assert {drm.classify(answer) for answer in answers} == {Outcome.REFUSED}


def test_a_command_that_was_ended_at_its_time_limit_was_not_answered(drm: Drm) -> None:
    for command in every_command(drm):
        assert drm.classify(CommandResult(command, 124, "", "ended at its time limit", True)) is Outcome.UNREACHABLE


def test_there_is_a_value_for_every_field(drm: Drm) -> None:
    fields = {field.name for field in dataclasses.fields(JobRequest)}
    assert set(VALUES) | ALWAYS_HONOURED == fields
    assert drm.request_fields <= set(VALUES)


@pytest.mark.parametrize("field", VALUES)
def test_a_field_is_honoured_or_refused_by_name(drm: Drm, field: str) -> None:
    request = with_field(drm, field)
    if field in drm.request_fields:
        drm.check_request(request)
        assert drm.build_submit(request) != drm.build_submit(PLAIN)
        return
    with pytest.raises(UnsupportedFieldError) as caught:
        drm.check_request(request)
    assert caught.value.fields == [field]
    assert field in str(caught.value)
    assert drm.name in str(caught.value)


def test_all_refused_fields_are_named_at_once(drm: Drm) -> None:
    refused = sorted(set(VALUES) - drm.request_fields)
    request = dataclasses.replace(PLAIN, **values(drm))
    if not refused:
        drm.check_request(request)
        return
    with pytest.raises(UnsupportedFieldError) as caught:
        drm.check_request(request)
    assert caught.value.fields == refused


def test_output_paths_are_absolute(drm: Drm) -> None:
    job_id = CONTRACTS[drm.name]["job_ids"][0]
    joined = drm.output_paths(PLAIN, job_id, "/home/galaxy")
    apart = drm.output_paths(dataclasses.replace(PLAIN, stdout="o", stderr="e"), job_id, "/home/galaxy")
    assert all(path.startswith("/") for path in (*joined, *apart))
    assert joined[0] == joined[1]
    assert apart == ("/work/o", "/work/e")


def test_the_documented_choices_are_the_registry(drm: Drm) -> None:
    """Read as a literal, so that no YAML reader is needed: ``choices: [auto, …]`` of the option drm."""
    fragment = ast.parse((COLLECTION / "plugins" / "doc_fragments" / "drm.py").read_text("utf-8"))
    texts = [
        node.value for node in ast.walk(fragment) if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    documentation = "".join(texts)
    described = documentation.split("  drm:\n")[1].split("  cluster:\n")[0]
    choices = described.split("choices: [")[1].split("]")[0].split(", ")
    assert choices == ["auto", *DRM_NAMES]
    for module in ("job", "job_info"):
        text = (COLLECTION / "plugins" / "modules" / (module + ".py")).read_text("utf-8")
        assert "extends_documentation_fragment:\n  - clusterjobs.drm.drm\n" in text


def test_a_request_for_one_node_is_one_that_the_drm_takes_or_is_refused_by_name(drm: Drm) -> None:
    request = dataclasses.replace(PLAIN, slots=1, memory_mb=100 if "memory_mb" in drm.request_fields else None)
    if "slots" not in drm.request_fields:
        request = dataclasses.replace(request, slots=None)
    if drm.name in ("torque", "drmaa"):
        with pytest.raises(UnsupportedFieldError, match="node"):
            drm.on_node(request, "node1")
        return
    pinned = drm.on_node(request, "node1")
    drm.check_request(pinned)
    if drm.name != "local":
        command = drm.build_submit(pinned)
        assert any("node1" in word for word in (*command.argv, command.stdin or ""))
