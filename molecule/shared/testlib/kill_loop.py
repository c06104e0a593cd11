"""Exactly once, measured: plays that are struck at a named point and run again, and what the DRM's accounting has then.

Every hit is an inventory host of its own, all of them the same submit host: one ansible-playbook makes many hits at once.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .hosts import GALAXY_USER, SHARED, TestCluster
from .plays import LOGS, Finished, Play, job, play
from .waiting import wait_until

REPORT = LOGS / "exactly_once.json"
FAULTS = f"{SHARED}/faults"
MARKS = f"{FAULTS}/marks"
EVENTS = ("intent", "submitted", "ended")
MOMENTS = ("before-write", "torn-write", "before-fsync", "after-fsync")
SUBMISSION = ("before", "started", "running", "answered")
# Where the module ends itself (faults/sitecustomize.py).
POINTS = (
    *[f"{event}:{moment}" for event in EVENTS for moment in MOMENTS],
    *[f"submit:{moment}" for moment in SUBMISSION],
)
TASK = "hit"


@dataclass
class Hit:
    """One key, struck once at one point, and what came of it."""

    cluster: TestCluster
    point: str
    how: str
    number: int
    run: str
    #: What is struck is a submission that has begun, or a job that waits to be told to end.
    slow: bool = False
    waits: bool = False
    #: How many jobs its task has, which one command submits where the DRM has a way for it.
    together: int = 1
    struck: str = ""
    first: Mapping[str, Any] = field(default_factory=dict)
    again: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        return f"{self.run}-{self.point.replace(':', '.').replace(' ', '_')}-{self.how}{self.number}"

    @property
    def keys(self) -> list[str]:
        """Those of all its jobs."""
        return [self.key, *(f"{self.key}.{number}" for number in range(2, self.together + 1))]

    @property
    def alias(self) -> str:
        return f"{self.cluster.name}.{self.key}"

    @property
    def injected(self) -> bool:
        return self.point in POINTS

    def file(self, name: str) -> Path:
        """A file of this hit's, as it is seen from here."""
        return self.cluster.shared / "faults" / "marks" / f"{self.key}.{name}"

    def mark(self) -> bool:
        """True when it is to be struck, or has been."""
        return self.file("running" if self.waits else "mark" if self.injected else "sshd").exists()

    @property
    def script(self) -> str:
        lines = ["#!/bin/sh"]
        if self.point == "submit:running":
            # More than a pipe holds: the part that a dying module has passed on must not be taken for the whole.
            lines += ["# a line of a long script"] * (8000 if self.together == 1 else 2400)
        if self.waits:
            lines += [f"touch {MARKS}/{self.key}.running", f"until [ -e {MARKS}/{self.key}.go ]; do sleep 0.2; done"]
        return "\n".join([*lines, "echo whole", ""])

    def environment(self) -> dict[str, str]:
        own = f"{MARKS}/{self.key}"
        values = {"FAULT_POINT": self.point, "FAULT_MARK": f"{own}.mark", "FAULT_MODE": self.how}
        values["FAULT_PROGRAM"] = self.cluster.submits
        values |= {"PYTHONPATH": FAULTS, "PYTHONDONTWRITEBYTECODE": "1"}
        slow = {"PATH": f"{FAULTS}/slow:/usr/bin:/bin", "FAULT_STARTED": f"{own}.sshd"}
        slow["FAULT_RELEASE"] = f"{own}.mark" if self.injected else f"{own}.sshd" if self.waits else f"{own}.release"
        return (values if self.injected else {}) | (slow if self.slow or self.point == "submit:running" else {})

    def variables(self, faulty: bool) -> dict[str, Any]:
        return {
            "ansible_host": self.cluster.galaxy,
            "ansible_user": "deploy",
            "ansible_ssh_common_args": f'-F "{self.ssh_config}"',
            # A connection of its own: the one that is cut is nobody else's.
            "ansible_control_path": str(self.control_path),
            "ansible_python_interpreter": "/usr/bin/python3",
            "fault_jobs": [{"key": key, "name": key} for key in self.keys],
            "fault_script": self.script,
            "fault_environment": self.environment() if faulty else {},
        }

    @property
    def ssh_config(self) -> Path:
        return self.cluster.cluster.directory / "ssh_config"

    @property
    def control_path(self) -> Path:
        """Short: a socket's path has 108 characters at most."""
        return Path("/tmp") / f"kill-loop-{abs(hash(self.alias)):x}"

    def cut_connection(self) -> None:
        """The controller's end of it dies."""
        said = subprocess.run(
            [
                "ssh",
                "-F",
                self.ssh_config,
                "-o",
                f"ControlPath={self.control_path}",
                "-O",
                "check",
                self.cluster.galaxy,
            ],
            capture_output=True,
            text=True,
            check=True,
        ).stderr
        os.kill(int(said.partition("pid=")[2].partition(")")[0]), signal.SIGKILL)

    def kill_sshd(self) -> None:
        """The submit host's end of it dies."""
        self.cluster.submit_host.check_output("kill -KILL %s", self.file("sshd").read_text(encoding="utf-8").strip())

    def release(self) -> None:
        """Let the slow submission begin, and the job end."""
        self.file("release").touch()
        self.file("go").touch()


def prepare(clusters: Sequence[TestCluster]) -> None:
    for cluster in clusters:
        shutil.rmtree(cluster.shared / "faults", ignore_errors=True)
        shutil.copytree(Path(__file__).parent / "faults", cluster.shared / "faults")
        (cluster.shared / "faults" / "slow" / "submit").rename(cluster.shared / "faults" / "slow" / cluster.submits)
        cluster.submit_host.check_output("install -d -o %s %s", GALAXY_USER, MARKS)


def start(name: str, hits: Sequence[Hit], *, faulty: bool, forks: int = 12, **options: Any) -> Play:
    """The play of all these hits; ``options`` are the job's."""
    LOGS.mkdir(parents=True, exist_ok=True)
    inventory = LOGS / f"{name}.inventory.yml"
    hosts = {hit.alias: hit.variables(faulty) for hit in hits}
    inventory.write_text("---\n" + json.dumps({"all": {"hosts": hosts}}), encoding="utf-8")
    wanted = {
        "jobs": "{{ fault_jobs }}",
        "script": "{{ fault_script }}",
        "chdir": SHARED,
        "state": "finished",
        "wait_timeout": 240,
    }
    task = {**job(TASK, **{**wanted, **options}), "environment": "{{ fault_environment }}"}
    return Play(name, play(task, hosts="all"), inventories=[inventory], forks=forks)


def run_again(name: str, hits: Sequence[Hit], **options: Any) -> None:
    over = start(name, hits, faulty=False, **options).finish(600)
    for hit in hits:
        hit.again = over.of(hit.alias, TASK)


def strike_modules(name: str, hits: Sequence[Hit]) -> None:
    """Each module dies once; its task finds its way."""
    _finish(start(name, hits, faulty=True), hits)
    for hit in hits:
        hit.struck = hit.file("mark").read_text(encoding="utf-8") if hit.mark() else ""


def strike_plays(name: str, hits: Sequence[Hit]) -> None:
    """Each module dies, and when all have, the whole play does."""
    with start(name, hits, faulty=True, forks=len(hits)) as dying:
        wait_until("every point is reached", lambda: dying.over or all(hit.mark() for hit in hits), 240)
    for hit in hits:
        hit.struck = hit.file("mark").read_text(encoding="utf-8") if hit.mark() else ""


def strike_connections(name: str, hits: Sequence[Hit]) -> None:
    """Each connection is taken away when its submission or its wait is under way, and what it waits for goes on when that is noticed."""
    with start(name, hits, faulty=True, forks=len(hits)) as struck:
        open_hits = list(hits)
        while open_hits:
            hit = wait_until(
                "a connection to strike", lambda: next((hit for hit in open_hits if hit.mark()), None), 120
            )
            open_hits.remove(hit)
            hit.cut_connection() if hit.point.startswith("connection") else hit.kill_sshd()
            hit.struck = hit.point
        for hit in hits:
            struck.wait_for_output(f"[{hit.alias}] job: ", 120)
            hit.release()
        _finish(struck, hits)


def strike_together(name: str, hits: Sequence[Hit], strike: Callable[[], object], **options: Any) -> Finished:
    """All are struck at once when each of them is under way."""
    with start(name, hits, faulty=True, forks=len(hits), **options) as struck:
        wait_until("all are under way", lambda: all(hit.mark() for hit in hits), 120)
        strike()
        for hit in hits:
            hit.struck = hit.point
            hit.release()
        return _finish(struck, hits)


def strike_twice(name: str, hits: Sequence[Hit]) -> None:
    """Two plays at once with the same keys: ``first`` and ``again`` are their answers."""
    with (
        start(name, hits, faulty=True, forks=len(hits)) as one,
        start(f"{name}-other", hits, faulty=True, forks=len(hits)) as other,
    ):
        wait_until("one of them submits", lambda: all(hit.mark() for hit in hits), 120)
        for running in (one, other):
            running.wait_for_output(f"TASK [{TASK}]")
        for hit in hits:
            hit.struck = hit.point
            hit.release()
        _finish(one, hits)
        over = other.finish(600)
    for hit in hits:
        hit.again = over.of(hit.alias, TASK)


def _finish(running: Play, hits: Sequence[Hit]) -> Finished:
    over = running.finish(600)
    for hit in hits:
        hit.first = over.of(hit.alias, TASK)
    return over
