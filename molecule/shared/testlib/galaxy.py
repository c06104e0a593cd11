"""A running Galaxy, made by molecule/shared/galaxy/server.yml, as one of its users sees it through its API."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from testbed.settings import ROOT

from .hosts import TestCluster
from .plays import Play
from .roles import site
from .waiting import wait_until

PLAYBOOK = ROOT / "molecule" / "shared" / "galaxy" / "server.yml"
PORT = 8080
# As the playbook has it.
BOOTSTRAP_KEY = "for-tests-alone"
OVER = ("ok", "error", "deleted", "failed", "paused", "stopped")


def start(cluster: TestCluster) -> Play:
    """Play it in the background: Galaxy takes half a minute to come up."""
    play = {"ansible.builtin.import_playbook": str(PLAYBOOK)}
    inventories = [cluster.inventory, site(cluster)]
    return Play(f"galaxy-{cluster.name}", play, inventories=inventories, arguments=("--limit", cluster.name))


@dataclass(frozen=True)
class Seen:
    """How a job of a probe ended, and what it saw."""

    state: str
    says: str

    def __getitem__(self, name: str) -> str:
        told = dict(line.split(" ", 1) for line in self.says.splitlines())
        return told[name]


class Galaxy:
    """Jobs of the tool probe_ENVIRONMENT, each of which Galaxy sends to that environment, as one of its users; a new one where none is named."""

    def __init__(self, cluster: TestCluster, username: str = "") -> None:
        self._cluster = cluster
        self._username = username or f"tester-{time.time_ns():x}"
        self._api = f"http://{cluster.cluster.host('galaxy').address}:{PORT}/api"
        self._outputs: dict[str, str] = {}

    def submit(self, environment: str, seconds: int = 0) -> str:
        """A job; its id."""
        order = {"history_id": self._history, "tool_id": f"probe_{environment}", "inputs": {"seconds": seconds}}
        answer = self._ask("tools", order, self._key)
        (job,), (output,) = answer["jobs"], answer["outputs"]
        self._outputs[job["id"]] = output["id"]
        return str(job["id"])

    def submit_all(self, environments: Iterable[str]) -> dict[str, str]:
        return {environment: self.submit(environment) for environment in environments}

    def state(self, job_id: str) -> str:
        return str(self._ask(f"jobs/{job_id}", None, self._key)["state"])

    def wait_for_state(self, job_id: str, state: str) -> None:
        wait_until(f"Galaxy's job {job_id} is {state}", lambda: self.state(job_id) == state, 300, 0.5)

    def result(self, job_id: str) -> Seen:
        """Once it is over: what it wrote, or why Galaxy says that it failed."""
        wait_until(f"Galaxy's job {job_id} is over", lambda: self.state(job_id) in OVER, 600, 0.5)
        job = self._ask(f"jobs/{job_id}?full=true", None, self._key)
        if job["state"] != "ok":
            return Seen(job["state"], f"{job}\n{self.log()}")
        return Seen("ok", self._read(f"datasets/{self._outputs[job_id]}/display", None, self._key).decode())

    def why(self, job_id: str) -> str:
        """What its user reads beside the output of a job that failed."""
        return str(self._ask(f"datasets/{self._outputs[job_id]}", None, self._key)["misc_info"])

    def drm_id(self, job_id: str) -> str:
        """The DRM's own id of it, which Galaxy tells its administrator."""
        path = f"jobs/{job_id}?full=true"
        found = wait_until(
            f"the DRM has Galaxy's job {job_id}",
            lambda: self._ask(path, None, BOOTSTRAP_KEY).get("external_id"),
            120,
            0.5,
        )
        return str(found)

    def cancel(self, job_id: str) -> None:
        self._read(f"jobs/{job_id}", None, self._key, method="DELETE")

    def results(self, jobs: Mapping[str, str]) -> dict[str, Seen]:
        return {environment: self.result(job_id) for environment, job_id in jobs.items()}

    def log(self) -> str:
        """The end of what the service wrote, without our own questions."""
        command = "journalctl --unit=galaxy.service --output=cat | grep -v ' /api/' | tail --lines=60"
        return str(self._cluster.submit_host.run(command).stdout)

    def wait_until_up(self) -> None:
        try:
            wait_until("Galaxy answers", self._answers, 600, 0.5)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.log()}") from None

    def _answers(self) -> bool:
        try:
            return "version_major" in self._ask("version", None, "")
        except (OSError, ValueError):
            return False

    @cached_property
    def _key(self) -> str:
        """The user's API key: jobs are run for users alone, and the bootstrap key is none's. An earlier run may have made the user."""
        self.wait_until_up()
        name = self._username
        account = {"username": name, "email": f"{name}@example.org", "password": f"password of {name}"}
        there = self._ask(f"users?f_name={name}", None, BOOTSTRAP_KEY)
        user = there[0] if there else self._ask("users", account, BOOTSTRAP_KEY)
        return str(self._ask(f"users/{user['id']}/api_key", {}, BOOTSTRAP_KEY))

    @cached_property
    def _history(self) -> str:
        return str(self._ask("histories", {"name": "probes"}, self._key)["id"])

    def _ask(self, path: str, data: Mapping[str, Any] | None, key: str) -> Any:
        return json.loads(self._read(path, data, key))

    def _read(self, path: str, data: Mapping[str, Any] | None, key: str, method: str = "") -> bytes:
        """POST where there are data, else GET, but where another method is named."""
        request = urllib.request.Request(
            f"{self._api}/{path}",
            data=None if data is None else json.dumps(data).encode(),
            method=method or None,
            headers={"Content-Type": "application/json", **({"x-api-key": key} if key else {})},
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return bytes(answer.read())
        except urllib.error.HTTPError as error:
            text = error.read().decode(errors="replace")
            raise OSError(f"{request.get_method()} {path}: {error.code} {text}\n{self.log()}") from error
