# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables, keys, many jobs in one task, and jobs that are only named."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Mapping

import pytest

from ansible_collections.clusterjobs.drm.plugins.module_utils._arguments import (
    check_limits,
    journal_directory,
    refuse_root,
    slice_from,
    targets_from,
)
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.desired import Slice, Targets
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.errors import DrmError, InvalidRequestError
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.model import JobState
from ansible_collections.clusterjobs.drm.plugins.module_utils._values import MAX_ENVIRONMENT_BYTES, MAX_VALUE_BYTES
from ansible_collections.clusterjobs.drm.tests.unit.helpers.params import orders, params, refused, request


def test_variables() -> None:
    given = {"A_1": "x\ny", "_B": 3, "C": None, "D": True, "E": "größe, 'q' \udcff"}
    assert request(environment=given).environment == {
        "A_1": "x\ny",
        "_B": "3",
        "C": "",
        "D": "True",
        "E": "größe, 'q' \udcff",
    }
    assert request(environment={"LC_ALL": "C.UTF-8"}).environment == {"LC_ALL": "C.UTF-8"}


@pytest.mark.parametrize("option", ["environment", "secret_environment"])
@pytest.mark.parametrize("name", ["A=B", "", "1A", "A-B", "A B", "A\0", "A\n", "größe"])
def test_names_of_variables_that_are_refused(option: str, name: str) -> None:
    assert repr(name) in refused(option, "is not a variable's name", **{option: {name: "long enough"}})


@pytest.mark.parametrize("option", ["environment", "secret_environment"])
def test_values_that_are_refused(option: str) -> None:
    refused(option + ": A", "NUL", **{option: {"A": "some\0thing"}})
    refused(option, "A is a list", **{option: {"A": ["some", "thing"]}})
    refused(option, "A is a dict", **{option: {"A": {"some": "thing"}}})


def test_an_environment_that_no_command_can_take() -> None:
    two_megabytes = {"BIG": "x" * 2 * 1024 * 1024}
    refused(
        "environment", "BIG makes it too large: a value may have %d bytes" % MAX_VALUE_BYTES, environment=two_megabytes
    )
    many = {"V%d" % number: "x" * 100 * 1024 for number in range(20)}
    refused("environment", "V10 makes it too large.* all of them %d" % MAX_ENVIRONMENT_BYTES, environment=many)
    assert request(environment={"BIG": "x" * MAX_VALUE_BYTES}).environment["BIG"]
    refused("environment", "BIG makes it too large", environment={"BIG": "ö" * (MAX_VALUE_BYTES // 2 + 1)})


def test_secrets_that_would_be_masked_everywhere() -> None:
    said = refused(
        "secret_environment",
        "TOKEN has fewer than 6 characters.*use environment",
        secret_environment={"TOKEN": "12345"},
    )
    assert "12345" not in said
    refused("secret_environment", "TOKEN has fewer", secret_environment={"TOKEN": None})
    assert orders(secret_environment={"TOKEN": "123456"})[0].secrets == {"TOKEN": "123456"}
    assert not orders(environment={"TOKEN": "12345"})[0].secrets


@pytest.mark.parametrize("key", ["", " ", "\t\n", "task:", "task:1#0"])
@pytest.mark.parametrize("state", ["submitted", "absent"])
def test_keys_that_are_refused(key: str, state: str) -> None:
    with pytest.raises(InvalidRequestError, match=r"key: .* is empty or starts with 'task:'"):
        orders(key=key)
    for given in ({"key": key, "state": state}, {"jobs": [{"key": key}], "state": "absent"}):
        with pytest.raises(InvalidRequestError, match=r"key: .* is empty or starts with 'task:'"):
            targets_from(params(**given))


def test_keys_that_a_task_makes_are_one_an_item() -> None:
    made = orders(jobs=[{"command": "a"}, {"command": "b", "key": "mine"}, {"command": "c"}])
    assert [(order.key, order.generated) for order in made] == [("task:T#0", True), ("mine", False), ("task:T#2", True)]


def test_a_key_for_two_jobs_is_refused() -> None:
    items = [{"command": "a", "key": "k"}, {"command": "b", "key": "other"}, {"command": "c", "key": "k"}]
    refused("jobs", "the key 'k' stands at more than one job", jobs=items)


def test_the_tasks_options_are_the_items_defaults() -> None:
    first, second, third = orders(
        script="true",
        name="shared",
        slots=2,
        environment={"A": "1"},
        resubmit="on_failure",
        hold=True,
        jobs=[
            {},
            {"slots": 4, "environment": {"B": "2"}, "hold": False, "resubmit": "never"},
            {"command": ["echo"], "name": ""},
        ],
    )
    assert (first.request.script, first.request.slots, first.request.environment) == (
        "#!/bin/bash\ntrue\n",
        2,
        {"A": "1"},
    )
    assert (first.request.hold, first.resubmit) == (True, "on_failure")
    assert (second.request.script, second.request.slots, second.request.environment) == (
        "#!/bin/bash\ntrue\n",
        4,
        {"B": "2"},
    )
    assert (second.request.hold, second.resubmit) == (False, "never")
    # What to run comes from one place as a whole.
    assert (third.request.script, third.request.slots) == ("#!/bin/sh\nexec echo\n", 2)
    assert third.request.name == "echo"


@pytest.mark.parametrize("what", ["command", "script", "src"])
def test_an_items_way_to_run_replaces_the_tasks(what: str, tmp_path: Path) -> None:
    (tmp_path / "job").write_text("in src")
    values = {"command": "in-command", "script": "in script", "src": str(tmp_path / "job")}
    for own in values:
        found = orders(**{own: values[own]}, jobs=[{what: values[what]}])[0].request.script
        assert "in" in found
        assert what in found


def test_no_jobs_are_no_orders() -> None:
    assert orders(jobs=[]) == []


def test_an_item_with_two_ways_to_run_is_refused() -> None:
    refused("command", "exactly one", jobs=[{"command": "a", "script": "b"}])


@pytest.mark.parametrize(("state", "hold"), [("held", True), ("submitted", False), ("released", False)])
def test_the_state_held_submits_held(state: str, hold: bool) -> None:
    assert request(state=state).hold is hold
    assert orders(state=state, jobs=[{"command": "a"}])[0].request.hold is hold


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"job_id": "1"}, Targets(job_ids=("1",))),
        ({"job_ids": ["2", "1", "2"]}, Targets(job_ids=("2", "1"))),
        ({"key": "k"}, Targets(keys=("k",))),
        ({"key": "k", "state": "finished"}, Targets(keys=("k",))),
        ({"key": "k", "state": "absent"}, Targets(keys=("k",))),
        ({"key": "k", "state": "absent", "script": "true"}, Targets(keys=("k",))),
        ({"jobs": [{"key": "a"}, {"key": "b", "command": "x"}], "state": "absent"}, Targets(keys=("a", "b"))),
        ({"jobs": [], "state": "absent"}, Targets()),
        ({"key": "k", "command": "a"}, Targets()),
        ({"key": "k", "script": "a"}, Targets()),
        ({"key": "k", "src": "/a"}, Targets()),
        ({"jobs": [{"key": "a", "command": "x"}]}, Targets()),
        ({"command": "a"}, Targets()),
        ({}, Targets()),
    ],
)
def test_jobs_that_are_only_named(given: Mapping[str, Any], expected: Targets) -> None:
    found = targets_from(params(**given))
    assert found == expected
    assert bool(found) is bool(expected.keys or expected.job_ids)


@pytest.mark.parametrize("given", [{}, {"command": "a"}, {"jobs": [{"key": "a"}, {"command": "b"}]}, {"jobs": [{}]}])
def test_absent_needs_to_know_which(given: Mapping[str, Any]) -> None:
    with pytest.raises(InvalidRequestError, match="state: absent needs job_id, job_ids, or a key for each job"):
        targets_from(params(state="absent", **given))


def test_no_job_ids_are_an_error() -> None:
    with pytest.raises(InvalidRequestError, match="job_ids: is an empty list"):
        targets_from(params(job_ids=[]))


@pytest.mark.parametrize(
    ("option", "least"),
    [("command_timeout", 1), ("wait_timeout", 0), ("wait_interval", 0.1), ("output_max_bytes", 0), ("timeout", 0)],
)
def test_limits(option: str, least: float) -> None:
    check_limits({option: least})
    check_limits({option: None})
    check_limits({})
    for wrong in (least - 1, least - 0.01, float("nan")):
        with pytest.raises(InvalidRequestError, match="%s: .* is less than %g" % (option, least)):
            check_limits({option: wrong})


def test_root_is_sent_away_but_for_local() -> None:
    with pytest.raises(DrmError, match="root does not submit jobs to slurm: set become_user"):
        refuse_root("slurm", 0)
    refuse_root("slurm", 1000)
    refuse_root("local", 0)


def test_the_journals_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "/state")
    assert journal_directory({"journal_dir": None}) == "/state/clusterjobs"
    assert journal_directory({"journal_dir": "/other"}) == "/other"
    with pytest.raises(InvalidRequestError, match="journal_dir: 'here' is not an absolute path"):
        journal_directory({"journal_dir": "here"})


def test_a_slice_without_the_plugin_is_a_task_of_its_own() -> None:
    (first, part), (second, _part) = slice_from(None), slice_from({})
    assert (part, first != second) == (Slice(), True)
    assert len(first) == 32


def test_a_slice_goes_on_where_the_last_one_was() -> None:
    task, part = slice_from(
        {"task": "T", "waited": "31.5", "unknown": 12, "known": {"1": ["QUEUED", "PENDING", "Priority"]}}
    )
    assert (task, part.waited, part.unknown) == ("T", 31.5, 12.0)
    status = part.statuses()["1"]
    assert (status.job_id, status.state, status.native_state, status.message) == (
        "1",
        JobState.QUEUED,
        "PENDING",
        "Priority",
    )
