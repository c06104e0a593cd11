"""Plays against the local DRM on this host, and what it then holds."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from . import plays

INVENTORY = Path(__file__).parents[2] / "local" / "inventory" / "hosts.yml"
Result = Mapping[str, Any]


class Local:
    """Runs tasks as a play on this host, and looks at what the local DRM holds."""

    def __init__(self, scratch: Path, name: str) -> None:
        self.scratch = scratch
        self.work = scratch / "work"
        self.work.mkdir()
        self.name = re.sub(r"[^A-Za-z0-9_.-]", "_", name)
        self.output = ""
        self._plays = 0

    def start(self, *tasks: plays.Task, keywords: Mapping[str, Any] | None = None, **settings: Any) -> plays.Play:
        defaults = {"drm": "local"}
        own = {"chdir": str(self.work), "wait_timeout": 60, **defaults}
        play = {
            "hosts": "localhost",
            "gather_facts": False,
            "environment": {"XDG_STATE_HOME": str(self.scratch / "state")},
            "module_defaults": {"clusterjobs.drm.job": own, "clusterjobs.drm.job_info": defaults},
            "tasks": list(tasks),
            **(keywords or {}),
        }
        self._plays += 1
        name = f"local-{self.name}-{self._plays}"
        return plays.Play(name, play, inventories=[INVENTORY], **settings)

    def run(self, *tasks: plays.Task, **settings: Any) -> list[Result]:
        """The results of the tasks, in their order. A task that failed is a result too."""
        finished = self.start(*tasks, **settings).finish(120)
        self.output = finished.output
        return [finished.of("localhost", task["name"]) for task in tasks]

    def one(self, task: plays.Task, **settings: Any) -> Result:
        (result,) = self.run(task, **settings)
        return result

    def jobs(self) -> list[str]:
        """The ids of all jobs that there are."""
        directory = self.scratch / "state" / "clusterjobs" / "local" / "jobs"
        return sorted(os.listdir(directory), key=int) if directory.exists() else []
