"""One job for every way to end, all submitted by one task: what each asks for, beside what must come of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .hosts import SHARED
from .htcondor import HTCondorCluster
from .plays import Finished, Play, job, job_info, play
from .zoo import SECRET, SECRET_SHA256, TRICKY

SLEEP = ["sleep", "600"]


def _ends(
    native: str, state: str, reason: str | None = None, code: int | None = None, signal: int | None = None
) -> dict[str, Any]:
    return {"native_state": native, "state": state, "end_reason": reason, "exit_code": code, "signal": signal}


def _done(prints: str, /, **request: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    return request, {**_ends("Completed", "DONE", code=0), "stdout": prints}


JOBS: Mapping[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "words": _done("a b|c'd|$HOME|", command=["printf", "%s|", "a b", "c'd", "$HOME"]),
    "args": _done('2: <x "y"\nz> <$(Cluster)>\n', script='echo "$#: <$1> <$2>"', args=['x "y"\nz', "$(Cluster)"]),
    "python": _done("3\n", script="#!/usr/bin/env python3\nprint(1 + 2)\n"),
    "environment": _done(TRICKY, script='printf %s "$TRICKY"', environment={"TRICKY": TRICKY}),
    "login": _done("galaxy /export/home unset\n", script='echo "$USER $HOME ${ANSIBLE_NO_SUCH_LEAK-unset}"'),
    "secret": _done(
        SECRET_SHA256 + "  -\n",
        script=f'printf %s "$WORD" | sha256sum; until [ -e {SHARED}/secret-seen ]; do sleep 0.2; done',
        secret_environment={"WORD": SECRET},
    ),
    "directory": _done(
        SHARED + "/else where\n", command="pwd", chdir=SHARED + "/else where", stdout="o$(Cluster) $x \u00fc"
    ),
    "streams": _done("out\n", script="echo out; echo err >&2", stdout="$(Cluster).out", stderr="$(Cluster).err"),
    "joined": _done("out\nerr\n", script="echo out; echo err >&2"),
    "resources": _done(
        "3 600 -5 'two words' None\n",
        script='awk -F" = " \'{v[$1]=$2} END {gsub("\\"", "\\047", v["Word"]); print v["RequestCpus"], v["RequestMemory"], v["JobPrio"], v["Word"], "None"}\''
        ' "$_CONDOR_JOB_AD"',
        slots=3,
        memory_mb=600,
        walltime="0:04:00",
        priority=-5,
        native_options=['+Word = "two words"'],
    ),
    # Without a shared file system: in the scratch directory, and what it prints comes back when it has ended.
    "transferred": _done(
        "_CONDOR_SCRATCH_DIR\n",
        script='[ "$PWD" = "$_CONDOR_SCRATCH_DIR" ] && echo _CONDOR_SCRATCH_DIR',
        native_options=["should_transfer_files = YES"],
    ),
    "large": _done("208023\n", script="#!/bin/sh\n" + "# a line of a long script\n" * 8000 + 'wc -c < "$0"\n'),
    "exit 3": ({"script": "exit 3"}, _ends("Completed", "FAILED", code=3)),
    "exit 137": ({"script": "exit 137"}, _ends("Completed", "FAILED", code=137)),
    "no interpreter": ({"script": "#!/no/such\n"}, _ends("Completed", "FAILED", code=127)),
    "signal": ({"script": "kill -SEGV $$"}, _ends("Completed", "FAILED", "SIGNAL", signal=11)),
    "walltime": ({"command": SLEEP, "walltime": 3}, _ends("Removed", "FAILED", "WALLTIME")),
    "memory": (
        {"script": "#!/usr/bin/python3\nimport time\nx = b'x' * (400 << 20)\ntime.sleep(600)\n", "memory_mb": 40},
        _ends("Removed", "FAILED", "MEMORY"),
    ),
    "cancelled idle": ({"command": "true", "hold": True}, _ends("Removed", "CANCELLED", "CANCELLED")),
    "cancelled running": ({"command": SLEEP}, _ends("Removed", "CANCELLED", "CANCELLED")),
    "array": (
        {"script": "echo $CLUSTERJOBS_ARRAY_INDEX; exit $((CLUSTERJOBS_ARRAY_INDEX == 3 ? 4 : 0))", "array": "1-5:2"},
        {"native_state": "Completed", "state": "FAILED", "exit_code": 4},
    ),
}


class Herd:
    """The jobs: submitted by ``open``, seen through to their end by ``ended``."""

    def __init__(self, pool: HTCondorCluster, run: str) -> None:
        self.pool = pool
        self.run = run
        self.submission: Finished
        self._ended: Finished | None = None

    def open(self) -> None:
        self.pool.as_galaxy("mkdir -p 'else where'; rm -f secret-seen")
        # Most verbose, so that a secret that can come out does.
        self.submission = self._play("herd-submit", "submitted", "-vvv")
        self.pool.wait_for_state(self.job_id("cancelled running"), "Running")
        self.pool.as_galaxy(f"condor_rm {self.job_id('cancelled idle')} {self.job_id('cancelled running')}")

    def close(self) -> None:
        """Leave nothing running, also where only a part of the tests was asked for."""
        # rc 1 where nothing is left.
        self.pool.as_galaxy("condor_rm -all || true")

    def ended(self) -> Finished:
        if self._ended is None:
            self.pool.as_galaxy("touch secret-seen")
            self._ended = self._play("herd-ends", "finished")
        return self._ended

    def job_id(self, name: str) -> str:
        return str(self.of(self.submission, name)["job_id"])

    def of(self, finished: Finished, name: str) -> Mapping[str, Any]:
        found: list[Mapping[str, Any]] = finished.of(self.pool.galaxy, "herd")["jobs"]
        return next(entry for entry in found if entry["key"] == f"{self.run}-{name}")

    def _play(self, name: str, state: str, *arguments: str) -> Finished:
        jobs = [
            {"key": f"{self.run}-{title}", "name": f"{self.run}-{title.replace(' ', '_')}", **request}
            for title, (request, _ends) in JOBS.items()
        ]
        common = {"chdir": SHARED, "journal_dir": SHARED + "/state", "fail_on_job_failure": False}
        herd = {**job("herd", jobs=jobs, state=state, wait_timeout=120, **common), "register": "herd"}
        info = job_info("info", job_ids="{{ herd.jobs | map(attribute='job_id') }}")
        return Play(name, play(herd, info), inventories=[self.pool.inventory], arguments=arguments).finish()
