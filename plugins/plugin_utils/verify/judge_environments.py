# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether jobs go through by the words of each environment of the site's job configuration."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from .plan import Facts
from .results import Measured, Result


def environments(run: Measured) -> Iterator[Result]:
    """Each environment's queue, options, slots and memory are taken by the DRM, and its job runs."""
    for asked in run.settings.get("environments") or ():
        name, told = asked["name"], run.environments.get(asked["name"]) or {}
        if asked["unknown"]:
            mend = "Correct cluster_verify_environments, or the job configuration."
            yield Result(run.server, "error", asked["unknown"], mend, name)
        elif asked["skipped"]:
            yield Result(run.server, "skipped", asked["skipped"], item=name)
        elif told.get("refused"):
            mend = f"Correct the options of the environment {name}: the DRM does not take {_words(asked)}."
            yield Result(run.server, "error", told["refused"], mend, name)
        elif not told:
            mend = "Mend what the checks node_up, submits and answered say first."
            yield Result(run.server, "error", "No job was run.", mend, name)
        else:
            yield _ended(run, asked, told["job"])


def _ended(run: Measured, asked: Facts, job: Facts) -> Result:
    answer = answer_in(job.get("stdout"))
    if not answer:
        state = f"job {job['job_id']} is {job['state']} ({job['native_state']}) {job['message']}".strip()
        mend = (
            f"See why the DRM does not run it, with {_words(asked)}, and whether the node has the shared paths. "
            "Where the queue is full, raise cluster_verify_environments_seconds."
        )
        return Result(run.server, "error", f"The job did not answer: {state}", mend, asked["name"])
    galaxy = answer["galaxy"]
    names = (("GALAXY_SLOTS", "slots"), ("GALAXY_MEMORY_MB", "memory_mb"))
    # What the DRM does not tell its jobs is what galaxy_slots and galaxy_memory speak of.
    wrong = [
        f"{title} is {galaxy[name]}, asked for were {asked[name]}"
        for title, name in names
        if asked[name] and galaxy[name] is not None and galaxy[name] != asked[name]
    ]
    numbers = {"job_id": str(job["job_id"]), "slots": galaxy["slots"], "memory_mb": galaxy["memory_mb"]}
    if wrong:
        mend = f"See what the DRM makes of {_words(asked)}, or set the variable in the environment's env."
        return Result(run.server, "error", f"{'; '.join(wrong)}.", mend, asked["name"], numbers)
    return Result(run.server, "ok", f"A job ran on {answer['host']} with {_words(asked)}.", "", asked["name"], numbers)


def _words(asked: Facts) -> str:
    return " ".join(asked["native_options"]) or "no options of its own"


def answer_in(printed: Any) -> Any:
    """What a short job printed; nothing where it is of another shape."""
    try:
        found = json.loads(str(printed or ""))
    except ValueError:
        return None
    complete = isinstance(found, dict) and isinstance(found.get("galaxy"), dict) and "host" in found
    return found if complete and {"slots", "memory_mb"} <= set(found["galaxy"]) else None
