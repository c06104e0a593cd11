"""Grid Engine by its DRMAA library: as any DRM, of which nothing but the library is known, and with qstat and qacct beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from testlib import kill_loop
from testlib.gridengine import GridEngineCluster
from testlib.hosts import SHARED
from testlib.kill_loop import FAULTS, MARKS
from testlib.plays import Play, Task, job, job_info, play

# Without qsub and its like on the PATH, a DRM's library is all there is.
ALONE = {"PATH": "/nowhere"}
TRICKY = "a,b=c;\"d\" 'e' $HOME `id` \\ %j\nsecond line,  end"
SLEEP = ["sleep", "600"]

# What a job asks for, its end by the library alone and beside the commands (state, exit code, signal), and what it prints.
End = tuple[str, "int | None", "int | None"]
DONE: End = ("DONE", 0, None)
JOBS: dict[str, tuple[Mapping[str, Any], End, End, str | None]] = {
    "done": ({"command": ["printf", "%s|", "a b", "c'd", "$HOME"]}, DONE, DONE, "a b|c'd|$HOME|"),
    "args": ({"script": 'echo "$#: <$1> <$2>"', "args": ["x,y\nz", "*"]}, DONE, DONE, "2: <x,y\nz> <*>\n"),
    "python": ({"script": "#!/usr/bin/env python3\nprint(1 + 2)\n"}, DONE, DONE, "3\n"),
    "environment": ({"script": 'printf %s "$TRICKY"', "environment": {"TRICKY": TRICKY}}, DONE, DONE, TRICKY),
    "streams": ({"script": "echo out; echo err >&2", "stdout": "o:1", "stderr": f"{SHARED}/e:1"}, DONE, DONE, "out\n"),
    "native": (
        {"script": 'echo "$NSLOTS $QUEUE"', "native_options": ["-pe", "smp", "2", "-q", "main.q"]},
        DONE,
        DONE,
        "2 main.q\n",
    ),
    "exit_3": ({"script": "exit 3"}, ("FAILED", 3, None), ("FAILED", 3, None), ""),
    "signal": ({"script": "kill -SEGV $$"}, ("FAILED", 139, None), ("FAILED", None, 11), None),
}
# What is not there for a library alone: (options, variables, what the message has).
REFUSED: dict[str, tuple[dict[str, Any], dict[str, str], str]] = {
    "queue": ({"queue": "main.q", "slots": 2}, {}, "drmaa cannot honour queue, slots"),
    "walltime": ({"walltime": 60}, {}, "walltime: the DRMAA library for SGE 8.1.9 does not take it"),
    "option": ({"native_options": ["-nosuch"]}, {}, 'invalid option argument "-nosuch"'),
    "no_library": ({}, {"DRMAA_LIBRARY_PATH": "/no/such.so"}, "/no/such.so is not there. Install"),
}
# Where the module dies, and what another run then finds: one job, or none and no certainty.
POINTS = ("intent:after-fsync", "submitted:before-write")


def _drmaa(title: str, environ: Mapping[str, str], **options: Any) -> Task:
    given = {"drm": "drmaa", "chdir": SHARED, **options}
    return {**job(title, **given), "environment": dict(environ)}


class Runs:
    """One play for each of the two ways, side by side."""

    def __init__(self, run: str, cluster: GridEngineCluster) -> None:
        self.run = run
        self.cluster = cluster
        kill_loop.prepare([cluster])
        ways = {way: self._play(way, environ) for way, environ in (("alone", ALONE), ("beside", {}))}
        others = [self._strike(), self._refusals()]
        self.over = {way: started.finish() for way, started in ways.items()}
        self.struck, self.refused = (started.finish() for started in others)

    def of(self, way: str, task: str) -> Mapping[str, Any]:
        return self.over[way].of(self.cluster.galaxy, task)

    def end(self, way: str, name: str) -> Mapping[str, Any]:
        return next(entry for entry in self.of(way, "jobs")["jobs"] if entry["key"] == f"{self.run}-{way}-{name}")

    def _play(self, way: str, environ: Mapping[str, str]) -> Play:
        key = f"{self.run}-{way}"
        jobs = [
            {
                "key": f"{key}-{name}",
                "name": f"{key}-{name}",
                **request,
                **{stream: f"{request[stream]}-{key}" for stream in ("stdout", "stderr") if stream in request},
            }
            for name, (request, *_ends) in JOBS.items()
        ]
        tasks = (
            _drmaa("held", environ, key=key, name=key, command=SLEEP, state="held"),
            _drmaa("jobs", environ, jobs=jobs, state="finished", wait_timeout=90, fail_on_job_failure=False),
            _drmaa("released", environ, key=key, state="released"),
            {**job_info("info", drm="drmaa", job_ids=["888888", "{{ held.jobs[0].job_id }}"]), "environment": environ},
            _drmaa("absent", environ, key=key, state="absent"),
        )
        tasks[0]["register"] = "held"
        return Play(f"drmaa-{way}", play(*tasks), inventories=[self.cluster.inventory])

    def _strike(self) -> Play:
        """The module dies once at each point, and the task starts it again."""
        tasks = []
        for point in POINTS:
            key = f"{self.run}-{point.replace(':', '.')}"
            faults = {"PYTHONPATH": FAULTS, "FAULT_POINT": point, "FAULT_MARK": f"{MARKS}/{key}", "FAULT_MODE": "once"}
            options = {"key": key, "name": key, "command": "true", "state": "finished", "wait_timeout": 60}
            tasks.append(_drmaa(point, {**ALONE, **faults}, **options))
        return Play("drmaa-struck", play(*tasks), inventories=[self.cluster.inventory])

    def _refusals(self) -> Play:
        tasks = [
            _drmaa(title, {**ALONE, **environ}, name=f"{self.run}-bad", command="true", **options)
            for title, (options, environ, _said) in REFUSED.items()
        ]
        return Play("drmaa-refused", play(*tasks), inventories=[self.cluster.inventory])


@pytest.fixture(scope="module")
def runs(run: str, cluster: GridEngineCluster) -> Iterator[Runs]:
    return Runs(run, cluster)


@pytest.mark.parametrize("way", ["alone", "beside"])
@pytest.mark.parametrize("name", JOBS)
def test_end(runs: Runs, way: str, name: str) -> None:
    _request, alone, beside, stdout = JOBS[name]
    ended = runs.end(way, name)
    assert (ended["state"], ended["exit_code"], ended["signal"]) == (alone if way == "alone" else beside)
    assert ended["name"].startswith(f"{runs.run}-{way}-{name}-")
    if stdout is not None:
        assert ended["stdout"] == stdout
    if name == "streams":
        assert ended["stderr"] == "err\n"


@pytest.mark.parametrize("way", ["alone", "beside"])
def test_which_commands_are_run(runs: Runs, way: str) -> None:
    programs = {command[0] for command in runs.of(way, "jobs")["commands"]}
    assert programs == {"/usr/bin/python3", *(["qstat", "qacct"] if way == "beside" else [])}


@pytest.mark.parametrize("way", ["alone", "beside"])
@pytest.mark.parametrize(
    ("task", "states", "changed"),
    [
        ("held", ["HELD"], True),
        ("released", ["QUEUED", "RUNNING"], True),
        # What is left of it is the accounting's to tell, where there is one.
        ("absent", ["CANCELLED", "FAILED", "UNKNOWN"], True),
    ],
)
def test_control(runs: Runs, way: str, task: str, states: list[str], changed: bool) -> None:
    result = runs.of(way, task)
    assert result["outcome"] == "ok", result["msg"]
    assert result["changed"] is changed
    assert result["jobs"][0]["state"] in states


@pytest.mark.parametrize("way", ["alone", "beside"])
def test_by_their_ids(runs: Runs, way: str) -> None:
    unknown, running = runs.of(way, "info")["jobs"]
    assert unknown["state"] == "UNKNOWN"
    assert running["state"] in ("QUEUED", "RUNNING")


@pytest.mark.parametrize("title", REFUSED)
def test_refused(runs: Runs, title: str) -> None:
    result = runs.refused.of(runs.cluster.galaxy, title)
    assert result["outcome"] == "failed"
    assert REFUSED[title][2] in result["msg"]
    assert "Traceback" not in str(result)


def test_nothing_of_that_was_submitted(runs: Runs) -> None:
    assert runs.cluster.accounting(f"{runs.run}-bad") == []


def test_an_answer_that_was_lost_is_found(runs: Runs) -> None:
    _unsure, lost = POINTS
    result = runs.struck.of(runs.cluster.galaxy, lost)
    assert (result["outcome"], result["changed"]) == ("ok", True)
    (row,) = runs.cluster.accounting(f"{runs.run}-{lost.replace(':', '.')}")
    assert row.job_id == result["jobs"][0]["job_id"]


def test_a_submission_of_which_nothing_is_known_is_not_repeated(runs: Runs) -> None:
    """DRMAA finds no job by its name: it may be there, so it is said that this is not known."""
    unsure, _lost = POINTS
    result = runs.struck.of(runs.cluster.galaxy, unsure)
    assert result["outcome"] == "failed"
    assert "nothing tells whether it ran" in result["msg"]
    assert runs.cluster.accounting(f"{runs.run}-{unsure.replace(':', '.')}") == []
