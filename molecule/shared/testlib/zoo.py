"""One job for every way to end, all submitted by one task: what each asks for, beside what must come of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .hosts import SHARED
from .plays import Finished, Play, job, play
from .slurm import SlurmCluster

# Its job prints the sum, as Ansible would mask the secret itself.
SECRET = "correct horse, battery 'staple'"
SECRET_SHA256 = "18a69e9d0b2cc8fc2438eef0800949a8c8a679d8833ce4f7ef1ea599d285ea28"
TRICKY = "a,b=c;\"d\" 'e' $HOME `id` \\ %j\nsecond line,  end"


@dataclass(frozen=True)
class Animal:
    """A job and its end: the fields of its status, and its standard output where that matters."""

    request: Mapping[str, Any]
    ends: Mapping[str, Any]
    stdout: str | None = None
    message: str = ""


def _ends(
    native: str, state: str, reason: str | None = None, code: int | None = None, signal: int | None = None
) -> dict[str, Any]:
    return {"native_state": native, "state": state, "end_reason": reason, "exit_code": code, "signal": signal}


def _done(prints: str, /, **request: Any) -> Animal:
    return Animal(request, _ends("COMPLETED", "DONE", code=0), prints)


ANIMALS = {
    "done": _done("", command="true"),
    "words": _done("a b|c'd|$HOME|", command=["printf", "%s|", "a b", "c'd", "$HOME"]),
    "args": _done("2: <x y> <*>\n", script='echo "$#: <$1> <$2>"', args=["x y", "*"]),
    "python": _done("3\n", script="#!/usr/bin/env python3\nprint(1 + 2)\n"),
    "environment": _done(TRICKY, script='printf %s "$TRICKY"', environment={"TRICKY": TRICKY, "PLAIN": "1"}),
    "clean": _done("galaxy unset\n", script='echo "$USER ${ANSIBLE_NO_SUCH_LEAK-unset}"'),
    "secret": _done(
        SECRET_SHA256 + "  -\n",
        script=f'printf %s "$WORD" | sha256sum; until [ -e {SHARED}/secret-seen ]; do sleep 0.2; done',
        secret_environment={"WORD": SECRET},
    ),
    "directory": _done(SHARED + "/elsewhere\n", command="pwd", chdir=SHARED + "/elsewhere", stdout="out-%j.txt"),
    "streams": _done("out\n", script="echo out; echo err >&2", stdout="streams-%j.out", stderr="streams-%j.err"),
    "source": _done("7:00\n", src=SHARED + "/source.sh"),
    "resources": _done(
        "NumCPUs=3 mem=600M TimeLimit=00:04:00 Partition=short Nice=5 Comment=two_words\n",
        script=(
            "scontrol show job -o $SLURM_JOB_ID | tr ' ,' '\\n' | sort -u"
            ' | awk -F= \'$1 ~ /^(NumCPUs|TimeLimit|Partition|Nice|Comment)$/ {v[$1]=$2} $1 == "mem" {v[$1]=$2}'
            ' END {print "NumCPUs=" v["NumCPUs"], "mem=" v["mem"], "TimeLimit=" v["TimeLimit"],'
            ' "Partition=" v["Partition"], "Nice=" v["Nice"], "Comment=" v["Comment"]}\''
        ),
        slots=3,
        memory_mb=600,
        walltime="0:04:00",
        queue="short",
        priority=-5,
        native_options=["--comment=two_words"],
    ),
    "exit 3": Animal({"script": "exit 3"}, _ends("FAILED", "FAILED", code=3)),
    # What a shell reports for a child that a signal ended is an exit code of the shell's own.
    "exit 137": Animal({"script": "exit 137"}, _ends("FAILED", "FAILED", code=137)),
    "signal": Animal({"script": "kill -SEGV $$"}, _ends("FAILED", "FAILED", "SIGNAL", signal=11)),
    "walltime": Animal({"command": ["sleep", "600"], "walltime": 60}, _ends("TIMEOUT", "FAILED", "WALLTIME")),
    "memory": Animal(
        {"script": "#!/usr/bin/python3\nimport time\nx = b'x' * (400 << 20)\ntime.sleep(60)\n", "memory_mb": 40},
        _ends("OUT_OF_MEMORY", "FAILED", "MEMORY"),
    ),
    # Not merely a directory that is missing: Slurm 24.11 makes that.
    "no output": Animal(
        {"command": "true", "stdout": "/proc/none/out"},
        _ends("FAILED", "FAILED", "OTHER"),
        message="working directory",
    ),
    "cancelled pending": Animal({"command": "true", "hold": True}, _ends("CANCELLED", "CANCELLED", "CANCELLED")),
    "cancelled running": Animal({"command": ["sleep", "600"]}, _ends("CANCELLED", "CANCELLED", "CANCELLED")),
    "requeued": _done("run 1\n", script='[ -n "$SLURM_RESTART_COUNT" ] || sleep 600; echo "run $SLURM_RESTART_COUNT"'),
    "array": Animal(
        {"script": "exit $((SLURM_ARRAY_TASK_ID == 2 ? 4 : 0))", "array": "1-3%2"}, {"state": "FAILED", "exit_code": 4}
    ),
}
# Its dependency is known only when the others are submitted.
ORPHAN = Animal({"command": "true"}, {"native_state": "CANCELLED", "state": "CANCELLED", "exit_code": None})
NAMES = (*ANIMALS, "orphan")


SOURCE = "#!/bin/sh\n#SBATCH --time=7\nsqueue --noheader --jobs=$SLURM_JOB_ID --format=%l\n"


class Zoo:
    """The jobs on every cluster: submitted by ``open``, then waited for in the background while other tests run."""

    def __init__(self, run: str, clusters: Sequence[SlurmCluster]) -> None:
        self.run = run
        self.clusters = clusters
        self.submission: Finished
        self._waiting: Play
        self._ended: Finished | None = None

    def open(self) -> None:
        for cluster in self.clusters:
            cluster.as_galaxy(f"mkdir -p elsewhere; rm -f secret-seen; printf '%s' '{SOURCE}' > source.sh")
        # Most verbose, so that a secret that can come out does.
        self.submission = self._play("zoo-submit", "submitted", "-vvv").finish()
        self._waiting = self._play("zoo-ends", "finished")
        for cluster in self.clusters:
            self._disturb(cluster)

    def close(self) -> None:
        """Leave nothing running, also where only a part of the tests was asked for."""
        if not self._waiting.over:
            self._waiting.kill()
        for cluster in self.clusters:
            cluster.as_galaxy("scancel --user=galaxy")

    def ended(self) -> Finished:
        if self._ended is None:
            self._ended = self._waiting.finish()
        return self._ended

    def job_id(self, cluster: SlurmCluster, name: str) -> str:
        task = "orphan" if name == "orphan" else "zoo"
        found = self.submission.of(cluster.galaxy, task)["jobs"]
        return next(str(entry["job_id"]) for entry in found if entry["key"] == f"{self.run}-{name}")

    def _play(self, name: str, state: str, *arguments: str) -> Play:
        common = {"chdir": SHARED, "journal_dir": SHARED + "/state", "fail_on_job_failure": False}
        jobs = [self._named(name, animal) for name, animal in ANIMALS.items()]
        parent = "{{ (zoo.jobs | selectattr('key', 'eq', '%s-exit 3') | first).job_id }}" % self.run
        orphan = {"depends_on": [parent], **self._named("orphan", ORPHAN)}
        tasks = (
            {**job("zoo", jobs=jobs, **common), "register": "zoo"},
            job("orphan", state=state, wait_timeout=60, **orphan, **common),
            *([job("ends", jobs=jobs, state=state, wait_timeout=1200, **common)] if state == "finished" else []),
        )
        inventories = [cluster.inventory for cluster in self.clusters]
        return Play(name, play(*tasks), inventories=inventories, arguments=arguments)

    def _named(self, name: str, animal: Animal) -> dict[str, Any]:
        return {"key": f"{self.run}-{name}", "name": f"{self.run}-{name.replace(' ', '_')}", **animal.request}

    def _disturb(self, cluster: SlurmCluster) -> None:
        """End what does not end by itself."""
        requeued, running = (self.job_id(cluster, name) for name in ("requeued", "cancelled running"))
        cluster.as_galaxy(f"scancel {self.job_id(cluster, 'cancelled pending')}")
        for job_id in (running, requeued):
            cluster.wait_for_state(job_id, "RUNNING")
        cluster.as_galaxy(f"scancel {running}; scontrol requeue {requeued}")
        cluster.run_now(requeued)
