# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role's tasks have returned, sorted for the checks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from .plan import Facts, asked, settings_from, tried
from .results import Measured


def collected(steps: Mapping[str, Any]) -> Measured:
    """``steps``: settings, cluster, prepared, submitted, batches (nodes, job, stop), ends, hold, cancel, findings, ways, users, drmaa, sent and came_back.

    The last two are of the environments' jobs. What was not run is left out.
    """
    settings = settings_from(steps["settings"])
    troubles: dict[str, str] = {}
    cluster = steps.get("cluster") or {}
    if "nodes" not in cluster:
        troubles["cluster"] = said(cluster) or "The DRM was not asked."
        cluster = {}
    prepared = printed(steps.get("prepared") or {}, troubles, "prepare")
    shorts = {f"{settings['tag']}-{node.short}": node for node in asked(settings, cluster)} if cluster else {}
    jobs: dict[str, Facts] = {}
    watched: dict[str, Facts] = {}
    for batch in steps.get("batches") or ():
        told = batch.get("job") or {}
        of_batch = {str(job["key"]): job for job in told.get("jobs") or ()}
        jobs.update({shorts[key].name: job for key, job in of_batch.items() if key in shorts})
        if len(of_batch) < len(batch["nodes"]):
            troubles["submit"] = said(told) or "no job was submitted"
        seen = printed(batch.get("stop") or {}, troubles, "watch")
        watched.update({node.name: seen[node.short] for node in shorts.values() if node.short in seen})
    first = steps.get("submitted") or {}
    if settings["failures"] and first and not first.get("jobs"):
        troubles["submit"] = said(first) or "no job was submitted"
    if jobs or first.get("jobs"):
        troubles.setdefault("submit", "")
    ends = ends_of(steps, settings, troubles)
    findings = tuple(steps.get("findings") or ())
    ways = printed(steps.get("ways") or {}, troubles, "ways")
    tried_jobs = environments_of(steps, settings)
    users = printed(steps.get("users") or {}, troubles, "users")
    drmaa = printed(steps.get("drmaa") or {}, troubles, "drmaa")
    return Measured(
        settings, cluster, prepared, jobs, watched, ends, troubles, findings, ways, tried_jobs, users, drmaa
    )


def environments_of(steps: Mapping[str, Any], settings: Facts) -> dict[str, Facts]:
    """Each was submitted by itself, so that a refusal is one environment's; they were waited for together."""
    names = {f"{settings['tag']}-{short}": one["name"] for short, one in tried(settings)}
    found: dict[str, Facts] = {}
    for told in (steps.get("sent") or {}).get("results") or ():
        name = names.get(str((told.get("item") or {}).get("key")))
        if name:
            jobs = told.get("jobs") or ()
            found[name] = {"job": jobs[0]} if jobs else {"refused": said(told) or "It was not submitted."}
    for job in (steps.get("came_back") or {}).get("jobs") or ():
        if str(job.get("key")) in names:
            found[names[str(job["key"])]] = {"job": job}
    return found


def ends_of(steps: Mapping[str, Any], settings: Facts, troubles: dict[str, str]) -> dict[str, Facts]:
    """The jobs that were to fail. Of the one that was held and cancelled, the cancelling task tells the end."""
    ends: dict[str, Facts] = {}
    for step in ("ends", "hold", "cancel"):
        told = steps.get(step) or {}
        for job in told.get("jobs") or ():
            kind = str(job.get("key") or "").removeprefix(f"{settings['tag']}-")
            if kind in settings["failures"]:
                ends[kind] = job
        if step != "ends" and told:
            troubles[step] = said(told) if told.get("msg") else ""
    return {kind: ends[kind] for kind in settings["failures"] if kind in ends}


def printed(told: Facts, troubles: dict[str, str], step: str) -> Facts:
    """The JSON that a step on the server has printed; nothing, and the trouble, where it printed none."""
    if not told:
        return {}
    try:
        answer = json.loads(str(told.get("stdout") or ""))
    except ValueError:
        troubles[step] = said(told)
        return {}
    return answer if isinstance(answer, dict) else {}


def said(told: Facts) -> str:
    """What a task that failed has to say."""
    parts = [told.get("msg") if told.get("msg") != "non-zero return code" else "", told.get("stderr")]
    return "\n".join(str(part).strip()[-1000:] for part in parts if part)
