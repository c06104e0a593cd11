"""What cannot be right is refused with a message that names it, and nothing is submitted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from testlib.hosts import SHARED
from testlib.plays import Finished, Play, job, job_info, play
from testlib.slurm import SlurmCluster
from testlib.zoo import Zoo

# The options of a task, and what its message must say.
BAD: dict[str, tuple[dict[str, Any], Sequence[str]]] = {
    "unknown queue": (
        {"queue": "nowhere"},
        ["submission of job ", "sbatch", "invalid partition", "nothing was submitted"],
    ),
    "queue of two words": ({"queue": "main --uid=0"}, ["queue:", "main --uid=0"]),
    "unknown account": ({"account": "nobody"}, ["sbatch", "Invalid account"]),
    "unknown option": ({"native_options": ["--no-such-option"]}, ["sbatch", "rc", "--no-such-option"]),
    "newline in an option": ({"native_options": ["--comment=a\n--uid=0"]}, ["native_options[0]", "newline"]),
    "no gpus here": ({"gpus": 1}, ["sbatch", "nvalid generic resource"]),
    "script is not there": ({"command": None, "src": "/no/such/script"}, ["src:", "/no/such/script", "No such file"]),
    "nothing to run": ({"command": None}, ["exactly one of command, script and src"]),
    "two things to run": ({"script": "true"}, ["mutually exclusive", "command|script|src"]),
    "name with =": ({"environment": {"A=B": "1"}}, ["environment:", "A=B"]),
    "name with NUL": ({"environment": {"A\0B": "1"}}, ["environment:", "A\\x00B"]),
    "value with NUL": ({"environment": {"A": "1\0002"}}, ["environment: A", "NUL"]),
    "2 MB environment": ({"environment": {"BIG": "x" * (2 << 20)}}, ["environment:", "BIG", "too large", "file"]),
    "2 MB in pieces": ({"environment": {f"B{n}": "x" * (100 << 10) for n in range(20)}}, ["environment:", "too large"]),
    "short secret": ({"secret_environment": {"PIN": "1234"}}, ["secret_environment:", "PIN"]),
    "walltime of two readings": ({"walltime": "90:00"}, ["walltime:", "90:00", "H:MM:SS"]),
    "walltime in words": ({"walltime": "2 hours"}, ["walltime:", "2 hours"]),
    "walltime of nothing": ({"walltime": 0}, ["walltime:", "0"]),
    "walltime 1-24:00:00": ({"walltime": "1-24:00:00"}, ["walltime:", "24 hours"]),
    "array of words": ({"array": "1-10; id"}, ["array:", "1-10; id"]),
    "relative directory": ({"chdir": "work"}, ["chdir:", "absolute"]),
    "job name": ({"name": "-p staff"}, ["name:", "-p staff"]),
    "dependency": ({"depends_on": ["1:singleton"]}, ["1:singleton", "not a job id"]),
    "one key, two jobs": (
        {"command": None, "jobs": [{"command": "true", "key": "k"}, {"command": "false", "key": "k"}]},
        ["jobs:", "'k'"],
    ),
    "job id": ({"command": None, "job_id": "--me", "state": "absent"}, ["--me", "not a job id"]),
    "absent without a job": ({"state": "absent"}, ["absent needs job_id"]),
    "key that is not known": ({"command": None, "key": "never-used", "state": "finished"}, ["never-used", "no job"]),
    "unknown state": ({"state": "done"}, ["state", "submitted, started, finished"]),
    "job_conf's word": ({"cpus": 4}, ["Unsupported parameters", "cpus", "slots"]),
}


@pytest.fixture(scope="module")
def refused(zoo: Zoo) -> Finished:
    tasks = []
    for title, (options, _refusal) in BAD.items():
        given = {"command": "true", "name": f"{zoo.run}-bad", "chdir": SHARED, **options}
        tasks.append(job(title, **{option: value for option, value in given.items() if value is not None}))
    asynchronous = {**job("async", command="true", name=f"{zoo.run}-bad"), "async": 60, "poll": 0}
    root = {**job("root", command="true", name=f"{zoo.run}-bad"), "become_user": "root"}
    stranger = {**job("no commands", command="true", name=f"{zoo.run}-bad"), "environment": {"PATH": "/bin-of-nobody"}}
    ids = job_info("ids", job_ids=["12; id"])
    inventories = [cluster.inventory for cluster in zoo.clusters]
    return Play("bad-input", play(*tasks, asynchronous, root, stranger, ids), inventories=inventories).finish()


@pytest.mark.parametrize("title", BAD)
def test_refused_by_name(refused: Finished, cluster: SlurmCluster, title: str) -> None:
    result = refused.of(cluster.galaxy, title)
    assert result["outcome"] == "failed"
    assert "Traceback" not in str(result)
    missing = [words for words in BAD[title][1] if words not in result["msg"]]
    assert not missing, result["msg"][:600]
    assert not any(entry["changed"] for entry in result.get("jobs", []))
    assert result["changed"] is False


def test_async_says_what_to_do_instead(refused: Finished, cluster: SlurmCluster) -> None:
    result = refused.of(cluster.galaxy, "async")
    assert result["outcome"] == "failed"
    assert "does not run with async" in result["msg"]
    assert "state: submitted with a key" in result["msg"]


def test_root_is_told_whom_to_become(refused: Finished, cluster: SlurmCluster) -> None:
    result = refused.of(cluster.galaxy, "root")
    assert result["outcome"] == "failed"
    assert "root does not submit jobs" in result["msg"]
    assert "set become_user" in result["msg"]


def test_without_the_drms_commands(refused: Finished, cluster: SlurmCluster) -> None:
    result = refused.of(cluster.galaxy, "no commands")
    assert result["outcome"] == "failed"
    assert "sbatch" in result["msg"]
    assert "PATH" in result["msg"]


def test_job_info_refuses_what_is_no_id(refused: Finished, cluster: SlurmCluster) -> None:
    result = refused.of(cluster.galaxy, "ids")
    assert result["outcome"] == "failed"
    assert "12; id" in result["msg"]


def test_nothing_was_submitted(refused: Finished, cluster: SlurmCluster, run: str) -> None:
    assert cluster.accounting(f"{run}-bad") == []


def test_a_bad_item_leaves_the_good_ones_alone(cluster: SlurmCluster, run: str) -> None:
    """Of two jobs in one task the second is refused: the first is submitted, and said to be."""
    jobs = [{"command": "true", "key": f"{run}-good"}, {"command": "true", "queue": "nowhere"}]
    first = Play(
        "half-bad", play(job("both", jobs=jobs, name=f"{run}-half", chdir=SHARED)), inventories=[cluster.inventory]
    ).finish()
    result = first.of(cluster.galaxy, "both")
    assert result["outcome"] == "failed"
    assert "invalid partition" in result["msg"]
    assert result["changed"] is True
    assert [entry["job_id"] for entry in result["jobs"]] == [row.job_id for row in cluster.accounted(f"{run}-half")]
