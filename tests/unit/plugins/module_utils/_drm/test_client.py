# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The queue first, then the accounting; unknown is never done; not answered is not gone."""

from __future__ import annotations

import json
from typing import Sequence

import pytest

from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.client import Client, Search, Snapshot
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.errors import (
    CommandError,
    DrmError,
    DrmUnavailableError,
    InvalidRequestError,
)
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.model import (
    Command,
    CommandResult,
    Control,
    EndReason,
    JobRequest,
    JobState,
    JobStatus,
    Outcome,
)
from ansible_collections.clusterjobs.drm.tests.unit.helpers.fake_drm import (
    UNREACHABLE,
    FakeCluster,
    FakeDrm,
    answering,
    row,
)

REQUEST = JobRequest(script="", name="work", token="0123456789")


@pytest.fixture
def cluster() -> FakeCluster:
    return FakeCluster()


@pytest.fixture
def client(cluster: FakeCluster) -> Client:
    return Client(FakeDrm(), cluster)


def one(client: Client, job_id: str = "1") -> JobStatus:
    return client.statuses([job_id]).jobs[job_id]


@pytest.mark.parametrize(
    "state", [JobState.QUEUED, JobState.HELD, JobState.RUNNING, JobState.SUSPENDED, JobState.CANCELLED]
)
def test_what_the_queue_knows_is_not_asked_again(client: Client, cluster: FakeCluster, state: JobState) -> None:
    cluster.put(row("1", state))
    cluster.account(row("1", JobState.DONE, exit_code=0))
    assert client.statuses(["1"]) == Snapshot({"1": row("1", state)})
    assert cluster.commands == [["fqueue", "1"]]


def test_one_question_for_many_jobs_and_only_the_missing_in_the_accounting(
    client: Client, cluster: FakeCluster
) -> None:
    cluster.put(row("1", JobState.RUNNING), row("3", JobState.QUEUED))
    cluster.account(row("2", JobState.DONE, exit_code=0))
    jobs = client.statuses(["1", "2", "3", "4"]).jobs
    assert [jobs[job_id].state.value for job_id in "1234"] == ["RUNNING", "DONE", "QUEUED", "UNKNOWN"]
    assert cluster.commands == [["fqueue", "1", "2", "3", "4"], ["fhistory", "2", "4"]]


def test_nothing_is_asked_about_no_job(client: Client, cluster: FakeCluster) -> None:
    assert client.statuses([]) == Snapshot({})
    assert not cluster.commands


def test_what_is_no_job_id_is_not_given_to_a_command(client: Client, cluster: FakeCluster) -> None:
    for wrong in ("--all", "1;id", "", "1\n"):
        with pytest.raises(InvalidRequestError, match="is not a job id of fake"):
            client.statuses(["1", wrong])
        with pytest.raises(InvalidRequestError, match="is not a job id of fake"):
            client.control(Control.CANCEL, [wrong])
    assert not cluster.commands


def test_what_nobody_knows_is_unknown(client: Client) -> None:
    status = one(client)
    assert status.state is JobState.UNKNOWN
    assert "neither the queue nor the accounting knows" in status.message


def test_a_job_that_left_the_queue_without_accounting_is_unknown(client: Client, cluster: FakeCluster) -> None:
    cluster.accounting = None
    snapshot = client.statuses(["1"])
    assert snapshot.jobs["1"].state is JobState.UNKNOWN
    assert "the accounting said nothing" in snapshot.jobs["1"].message
    assert snapshot.unanswered == ()


def test_an_accounting_that_does_not_answer_is_told_apart(client: Client, cluster: FakeCluster) -> None:
    cluster.put(row("1", JobState.RUNNING))
    cluster.faults["fhistory"] = [UNREACHABLE]
    snapshot = client.statuses(["1", "2"])
    assert (snapshot.jobs["1"].state, snapshot.jobs["2"].state) == (JobState.RUNNING, JobState.UNKNOWN)
    assert "the accounting said nothing" in snapshot.jobs["2"].message
    assert len(snapshot.unanswered) == 1
    assert "no route to server" in snapshot.unanswered[0]


def test_a_queue_that_does_not_answer_is_an_error_of_its_own(client: Client, cluster: FakeCluster) -> None:
    cluster.account(row("1", JobState.DONE))
    cluster.faults["fqueue"] = [UNREACHABLE]
    with pytest.raises(DrmUnavailableError, match=r"asking the queue: fake did not answer.*no route to server"):
        client.statuses(["1"])


@pytest.mark.parametrize("program", ["fqueue", "fhistory"])
def test_a_question_that_is_refused_is_an_error(client: Client, cluster: FakeCluster, program: str) -> None:
    cluster.faults[program] = [answering(1, stderr="permission denied")]
    with pytest.raises(CommandError, match=r"asking the .*permission denied") as caught:
        client.statuses(["1"])
    assert not isinstance(caught.value, DrmUnavailableError)
    assert caught.value.fail_arguments()["cmd"] == [program, "1"]


def test_no_such_job_is_an_answer(client: Client, cluster: FakeCluster) -> None:
    cluster.faults = {"fqueue": [answering(3)], "fhistory": [answering(3)]}
    assert one(client).state is JobState.UNKNOWN


def test_rows_of_other_jobs_are_not_taken(client: Client, cluster: FakeCluster) -> None:
    forged = json.dumps([row("7", JobState.DONE).as_dict(), row("2", JobState.DONE, array_id="7").as_dict()])
    cluster.faults = {"fqueue": [answering(0, forged)], "fhistory": [answering(0, forged)]}
    snapshot = client.statuses(["1"])
    assert list(snapshot.jobs) == ["1"]
    assert snapshot.jobs["1"].state is JobState.UNKNOWN


def test_the_accounting_explains_an_end_that_the_queue_only_names(client: Client, cluster: FakeCluster) -> None:
    cluster.put(row("1", JobState.FAILED, nodes=("n1",), message="NonZeroExitCode"))
    cluster.account(row("1", JobState.FAILED, exit_code=3, end_time=99, native_state="failed"))
    assert one(client) == row("1", JobState.FAILED, nodes=("n1",), message="NonZeroExitCode", exit_code=3, end_time=99)


@pytest.mark.parametrize("explained", [{"exit_code": 3}, {"signal": 9}, {"end_reason": EndReason.WALLTIME}])
def test_an_end_that_the_queue_explains_is_not_asked_again(
    client: Client, cluster: FakeCluster, explained: dict
) -> None:
    cluster.put(row("1", JobState.FAILED, **explained))
    assert one(client) == row("1", JobState.FAILED, **explained)
    assert cluster.ran("fhistory") == 0


def test_an_accounting_that_is_behind_does_not_undo_the_queues_word(client: Client, cluster: FakeCluster) -> None:
    cluster.put(row("1", JobState.FAILED))
    cluster.account(row("1", JobState.RUNNING))
    assert one(client).state is JobState.FAILED


def test_a_state_that_the_queue_cannot_name_is_looked_up(client: Client, cluster: FakeCluster) -> None:
    cluster.put(row("1", JobState.UNKNOWN, native_state="odd"))
    assert one(client).native_state == "odd"
    cluster.account(row("1", JobState.DONE, exit_code=0))
    assert one(client).state is JobState.DONE


def found(client: Client, since: int) -> Search:
    return client.find([REQUEST.job_name], since)[REQUEST.job_name]


class TestFind:
    def test_a_job_in_the_queue(self, client: Client, cluster: FakeCluster) -> None:
        cluster.put(row("1", JobState.RUNNING, name=REQUEST.job_name))
        search = found(client, 0)
        assert ([job.job_id for job in search.jobs], search.certain) == (["1"], True)
        assert cluster.ran("ffindhistory") == 0

    def test_a_job_in_the_accounting_since_then(self, client: Client, cluster: FakeCluster) -> None:
        cluster.account(row("1", JobState.DONE, name=REQUEST.job_name))
        cluster.submit_times["1"] = 1000
        assert [job.job_id for job in found(client, 1000).jobs] == ["1"]
        assert found(client, 1001).jobs == []

    def test_the_elements_of_an_array_are_one_job(self, client: Client, cluster: FakeCluster) -> None:
        cluster.put(*(row("1_%d" % index, JobState.QUEUED, name=REQUEST.job_name, array_id="1") for index in range(3)))
        assert [job.job_id for job in found(client, 0).jobs] == ["1"]

    def test_without_accounting_nothing_found_is_not_certain(self, client: Client, cluster: FakeCluster) -> None:
        cluster.accounting = None
        search = found(client, 0)
        assert (search.jobs, search.certain) == ([], False)

    def test_many_names_in_one_question_and_the_accounting_only_for_what_the_queue_does_not_hold(
        self, client: Client, cluster: FakeCluster
    ) -> None:
        cluster.put(row("1", JobState.RUNNING, name="a"), row("7", JobState.RUNNING, name="somebody-elses"))
        cluster.account(row("2", JobState.DONE, name="b"))
        search = client.find(["a", "b", "c"], 0)
        assert {name: [job.job_id for job in each.jobs] for name, each in search.items()} == {
            "a": ["1"],
            "b": ["2"],
            "c": [],
        }
        assert cluster.commands == [["ffind", "a", "b", "c"], ["ffindhistory", "0", "b", "c"]]

    def test_without_accounting_what_the_queue_holds_is_certain(self, client: Client, cluster: FakeCluster) -> None:
        cluster.accounting = None
        cluster.put(row("1", JobState.RUNNING, name="a"))
        assert {name: each.certain for name, each in client.find(["a", "b"], 0).items()} == {"a": True, "b": False}

    def test_another_name_in_the_queue_does_not_hide_the_accounting(self, client: Client, cluster: FakeCluster) -> None:
        cluster.faults["ffind"] = [answering(0, json.dumps([row("7", JobState.RUNNING, name="work-0123").as_dict()]))]
        cluster.account(row("1", JobState.DONE, name=REQUEST.job_name))
        assert [job.job_id for job in found(client, 0).jobs] == ["1"]

    @pytest.mark.parametrize(("program", "where"), [("ffind", "queue"), ("ffindhistory", "accounting")])
    def test_what_does_not_answer_is_named(
        self, client: Client, cluster: FakeCluster, program: str, where: str
    ) -> None:
        cluster.faults[program] = [UNREACHABLE]
        with pytest.raises(DrmUnavailableError, match="looking for job work-0123456789 in the %s" % where):
            found(client, 0)
        cluster.faults[program] = [answering(1)]
        with pytest.raises(CommandError, match="in the %s" % where):
            found(client, 0)


class TestControl:
    def test_it_is_done(self, client: Client, cluster: FakeCluster) -> None:
        cluster.put(row("1", JobState.QUEUED), row("2", JobState.QUEUED))
        client.control(Control.HOLD, ["1", "2"])
        assert cluster.controls == [("hold", "1", "2")]
        assert one(client).state is JobState.HELD

    def test_what_the_drm_cannot_do(self, client: Client, cluster: FakeCluster) -> None:
        with pytest.raises(DrmError, match="fake cannot suspend a job"):
            client.control(Control.SUSPEND, ["1"])
        assert not cluster.commands

    def test_a_job_that_is_gone_is_no_error(self, client: Client, cluster: FakeCluster) -> None:
        cluster.faults["fcontrol"] = [answering(3)]
        client.control(Control.CANCEL, ["1"])

    def test_a_refusal(self, client: Client, cluster: FakeCluster) -> None:
        cluster.faults["fcontrol"] = [answering(1, stderr="not yours")]
        with pytest.raises(CommandError, match=r"cancel of 1, 2: .*not yours"):
            client.control(Control.CANCEL, ["1", "2"])

    def test_no_answer(self, client: Client, cluster: FakeCluster) -> None:
        cluster.faults["fcontrol"] = [UNREACHABLE]
        with pytest.raises(DrmUnavailableError):
            client.control(Control.CANCEL, ["1"])


def test_the_dry_run(client: Client, cluster: FakeCluster) -> None:
    result = client.dry_run(REQUEST)
    assert result is not None
    assert result.stdout == "would start at once"
    cluster.faults["fdry"] = [answering(1, stderr="no such queue")]
    with pytest.raises(CommandError, match=r"dry run of job work: .*no such queue"):
        client.dry_run(REQUEST)
    client.drm.build_dry_run = lambda request: None
    assert client.dry_run(REQUEST) is None


class OlderDrm(FakeDrm):
    """One that has learned a new question, on a cluster that has not: rc 8 says so."""

    def build_status(self, job_ids: Sequence[str], cluster: str) -> list[Command]:
        older = Command(("fqueue", *job_ids))
        return [Command(("fqueue", "--new", *job_ids), otherwise=older)]

    def classify(self, result: CommandResult) -> Outcome:
        return Outcome.NOT_UNDERSTOOD if result.rc == 8 else super().classify(result)


def test_what_is_not_understood_is_asked_in_the_older_words_and_from_then_on_at_once() -> None:
    cluster = FakeCluster()
    cluster.put(row("1", JobState.RUNNING))
    cluster.faults["fqueue"] = [answering(8, stderr="what?")]
    client = Client(OlderDrm(), cluster)
    for _time in range(2):
        assert client.statuses(["1"]).jobs["1"].state is JobState.RUNNING
    assert [argv for argv in cluster.commands if argv[0] == "fqueue"] == [
        ["fqueue", "--new", "1"],
        ["fqueue", "1"],
        ["fqueue", "1"],
    ]


def test_another_error_is_no_reason_to_ask_in_older_words() -> None:
    cluster = FakeCluster()
    cluster.faults["fqueue"] = [answering(7, stderr="no route")]
    with pytest.raises(DrmUnavailableError):
        Client(OlderDrm(), cluster).statuses(["1"])
    assert cluster.ran("fqueue") == 1
