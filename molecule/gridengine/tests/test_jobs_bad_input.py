"""What cannot be right is refused with a message that names it, and nothing is submitted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from testlib.gridengine import GridEngineCluster
from testlib.hosts import SHARED
from testlib.plays import Finished, Play, job, job_info, play

# The options of a task, and what its message must say.
BAD: dict[str, tuple[dict[str, Any], Sequence[str]]] = {
    "unknown queue": ({"queue": "nowhere"}, ["submission of job ", "qsub", 'unknown queue "nowhere"', "nothing was"]),
    "unknown option": ({"native_options": ["-nosuch"]}, ["qsub", "-nosuch"]),
    "unknown resource": ({"native_options": ["-l", "bogus=1"]}, ["qsub", 'unknown resource "bogus"']),
    "unknown environment": ({"slots": 2, "native_options": ["-pe", "nosuch"]}, ["qsub", '"nosuch" does not exist']),
    "unknown cell": ({"cluster": "nowhere"}, ["cell directory", "nowhere"]),
    "higher priority": ({"priority": 5}, ["positive submission priority"]),
    "slots alone": ({"slots": 2}, ["slots:", "parallel environment", "[-pe, smp]"]),
    "dependency": ({"depends_on": ["1"]}, ["gridengine cannot honour depends_on"]),
    "nodes and gpus": ({"nodes": 2, "gpus": 1}, ["cannot honour gpus, nodes"]),
    "list of elements": ({"array": "1,3"}, ["array:", "'1,3'", "1-10"]),
    "element zero": ({"array": "0-3"}, ["array:", "'0-3'"]),
    "comma in a path": ({"stdout": "a,b"}, ["stdout:", "comma"]),
    "backslash n": ({"environment": {"A": "C:\\new"}}, ["environment: A", "backslash"]),
    "variable too long": ({"environment": {"BIG": "x" * 10000}}, ["environment: BIG", "cuts"]),
    "waits itself": ({"command": None, "script": "#!/bin/sh\n#$ -sync y\ntrue\n"}, ["script: -sync", "finished"]),
    "queue of two words": ({"queue": "main.q -h"}, ["queue:", "main.q -h"]),
    "job name": ({"name": "-q staff.q"}, ["name:", "-q staff.q"]),
    "job id": ({"command": None, "job_id": "-u", "state": "absent"}, ["-u", "not a job id"]),
    "another DRM's id": (
        {"command": None, "job_id": "62_3", "state": "absent"},
        ["62_3", "not a job id of gridengine"],
    ),
}


@pytest.fixture(scope="module")
def refused(run: str, cluster: GridEngineCluster) -> Finished:
    tasks = []
    for title, (options, _refusal) in BAD.items():
        given = {"command": "true", "name": f"{run}-bad", "chdir": SHARED, **options}
        tasks.append(job(title, **{option: value for option, value in given.items() if value is not None}))
    root = {**job("root", command="true", name=f"{run}-bad"), "become_user": "root"}
    ids = job_info("ids", job_ids=["12; id"])
    return Play("bad-input", play(*tasks, root, ids), inventories=[cluster.inventory]).finish()


@pytest.mark.parametrize("title", BAD)
def test_refused_by_name(refused: Finished, cluster: GridEngineCluster, title: str) -> None:
    result = refused.of(cluster.galaxy, title)
    assert result["outcome"] == "failed"
    assert "Traceback" not in str(result)
    missing = [words for words in BAD[title][1] if words not in result["msg"]]
    assert not missing, result["msg"][:600]
    assert result["changed"] is False


def test_root_is_told_whom_to_become(refused: Finished, cluster: GridEngineCluster) -> None:
    assert "set become_user" in refused.of(cluster.galaxy, "root")["msg"]


def test_job_info_refuses_what_is_no_id(refused: Finished, cluster: GridEngineCluster) -> None:
    assert "12; id" in refused.of(cluster.galaxy, "ids")["msg"]


def test_nothing_was_submitted(refused: Finished, cluster: GridEngineCluster, run: str) -> None:
    assert cluster.accounting(f"{run}-bad") == []
