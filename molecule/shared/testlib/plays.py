"""Real plays in processes of their own, as a user runs them, and the result of each of their tasks."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from testbed.settings import ROOT

from .waiting import wait_until

# Scenarios run side by side.
LOGS = ROOT / ".logs" / "plays" / os.environ.get("MOLECULE_SCENARIO_NAME", "by-hand")
NEWEST = ROOT / ".venv"
OLDEST = ROOT / ".venv-core217"

Task = dict[str, Any]


def job(title: str, /, **options: Any) -> Task:
    """A task of clusterjobs.drm.job. A failure is an answer like any other here, so the play goes on."""
    return {"name": title, "clusterjobs.drm.job": options, "ignore_errors": True}


def job_info(title: str, /, **options: Any) -> Task:
    return {"name": title, "clusterjobs.drm.job_info": options, "ignore_errors": True}


def play(*tasks: Task, hosts: str = "galaxyservers", **keywords: Any) -> dict[str, Any]:
    """A play as the unprivileged ssh user of the inventory, who becomes the Galaxy user."""
    return {
        "hosts": hosts,
        "gather_facts": False,
        "become": True,
        "become_user": "galaxy",
        "tasks": list(tasks),
        **keywords,
    }


@dataclass(frozen=True)
class Finished:
    """A play that is over: what it printed, and every task's result by host and task name."""

    name: str
    rc: int
    output: str
    results: Mapping[str, Mapping[str, Mapping[str, Any]]]

    def of(self, host: str, task: str) -> Mapping[str, Any]:
        assert task in self.results.get(host, {}), (
            f"{self.name}: no result of {task!r} on {host}:\n{self.output[-3000:]}"
        )
        return self.results[host][task]


class Play:
    """``ansible-playbook`` in the background, in a process group of its own. Its play, results and output stay in LOGS."""

    def __init__(
        self,
        name: str,
        *plays: Mapping[str, Any],
        inventories: Sequence[Path],
        venv: Path = NEWEST,
        pipelining: bool = True,
        forks: int = 10,
        arguments: Sequence[str] = (),
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        LOGS.mkdir(parents=True, exist_ok=True)
        playbook = LOGS / f"{name}.yml"
        # JSON is YAML, and shows every character of a value as what it is.
        playbook.write_text("---\n" + json.dumps(list(plays), indent=1) + "\n", encoding="utf-8")
        self._results = LOGS / f"{name}.results.jsonl"
        self._results.unlink(missing_ok=True)
        self._log = LOGS / f"{name}.log"
        settings = {
            "ANSIBLE_CALLBACKS_ENABLED": "record_results",
            "RECORD_RESULTS": str(self._results),
            "ANSIBLE_PIPELINING": str(pipelining),
            "ANSIBLE_FORKS": str(forks),
        }
        with self._log.open("w", encoding="utf-8") as log:
            self._process = subprocess.Popen(
                [
                    str(venv / "bin" / "ansible-playbook"),
                    *[f"--inventory={path}" for path in inventories],
                    *arguments,
                    str(playbook),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=ROOT,
                env={**ansible_environment(), **settings, **(environ or {})},
                start_new_session=True,
            )

    def __enter__(self) -> Play:
        return self

    def __exit__(self, *_: object) -> None:
        if not self.over:
            self.kill()

    def output(self) -> str:
        """What it has printed so far."""
        return self._log.read_text(encoding="utf-8", errors="backslashreplace")

    def wait_for_output(self, text: str, seconds: float = 60) -> None:
        """Until it has printed this."""
        wait_until(f"{self.name} prints {text!r}", lambda: text in self.output(), seconds)

    @property
    def over(self) -> bool:
        return self._process.poll() is not None

    def kill(self) -> None:
        """The controller dies, with its workers and its ssh clients: they are in sessions of their own."""
        # Stopped first, it makes no new ones.
        os.kill(self._process.pid, signal.SIGSTOP)
        for pid in [*_descendants(self._process.pid), self._process.pid]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait()

    def interrupt(self) -> None:
        """Ctrl-C at its terminal, which all its processes in the foreground get."""
        os.killpg(self._process.pid, signal.SIGINT)
        self._process.wait(60)

    def finish(self, timeout: float = 300) -> Finished:
        try:
            rc = self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.name} did not end within {timeout} s:\n{self.output()[-3000:]}") from None
        return Finished(self.name, rc, self.output(), self._recorded())

    def _recorded(self) -> dict[str, dict[str, dict[str, Any]]]:
        results: dict[str, dict[str, dict[str, Any]]] = {}
        if self._results.exists():
            for line in self._results.read_text(encoding="utf-8").splitlines():
                record = json.loads(line)
                results.setdefault(record["host"], {})[record["task"]] = {
                    **record["result"],
                    "outcome": record["outcome"],
                }
        return results


def _descendants(pid: int) -> list[int]:
    listed = subprocess.run(["ps", "-e", "-o", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    parents = {int(child): int(parent) for child, parent in (line.split() for line in listed.splitlines())}
    found = {pid}
    while new := {child for child, parent in parents.items() if parent in found} - found:
        found |= new
    return sorted(found - {pid})


def ansible_environment() -> dict[str, str]:
    """Our collection and callback; nothing of the developer's own ansible.cfg or of an ANSIBLE_ variable around us."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    return {
        **own,
        "ANSIBLE_CONFIG": str(Path(__file__).parent / "ansible.cfg"),
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".cache" / "collections"),
        "ANSIBLE_CALLBACK_PLUGINS": str(Path(__file__).parent / "callback_plugins"),
        "ANSIBLE_NOCOLOR": "1",
    }


def ad_hoc(host: str, module: str, arguments: str, inventory: Path) -> subprocess.CompletedProcess[str]:
    """``ansible HOST -m MODULE`` as the Galaxy user."""
    argv = [str(NEWEST / "bin" / "ansible"), host, f"--inventory={inventory}", "--become", "--become-user=galaxy"]
    return subprocess.run(
        [*argv, f"--module-name={module}", f"--args={arguments}"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=ansible_environment(),
        timeout=120,
        check=False,
    )
