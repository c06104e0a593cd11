# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every check by its name, and what they all say of a run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from . import judge_drmaa, judge_environments, judge_files, judge_host, judge_jobs, judge_users, judge_ways
from .results import Measured, Result

SCHEMA = 1


@dataclass(frozen=True)
class Check:
    """``title`` is what holds when it is ok; ``level`` the worst that it may say."""

    name: str
    title: str
    level: str
    judge: Callable[[Measured], Iterator[Result]]


#: In the order in which they are worth looking at.
CHECKS = (
    Check("drm", "The cluster answers the account", "error", judge_jobs.drm_answers),
    Check("submits", "The account submits, holds and cancels jobs", "error", judge_jobs.submits),
    Check("node_up", "The nodes take jobs", "error", judge_jobs.node_up),
    Check("queue_open", "The queues take jobs and start them", "error", judge_jobs.queue_open),
    Check("answered", "A job ran on the node and answered", "error", judge_jobs.answered),
    Check("real_shell", "The account has a real shell", "error", judge_host.real_shell),
    Check("same_uid", "The account has the same uid, gid and groups", "error", judge_host.same_uid),
    Check("same_path", "Server and node see the same directory at the same path", "error", judge_files.same_path),
    Check("same_files", "Server and node read the same files", "error", judge_files.same_files),
    Check(
        "temporary_mode", "new_file_path is for all to write to, and sticky (1777)", "error", judge_files.temporary_mode
    ),
    Check("temporary_cleaned", "Somebody cleans new_file_path", "warning", judge_files.temporary_cleaned),
    Check("space", "There is space and there are inodes", "error", judge_files.space),
    Check("python_starts", "Galaxy's Python starts and imports", "error", judge_host.python_starts),
    Check("same_python", "The version of Python is the same", "error", judge_host.same_python),
    Check("attribute_cache", "The server soon sees what a node changes", "error", judge_files.attribute_cache),
    Check("locks", "File locks hold between server and node", "warning", judge_files.locks),
    Check("umask", "Jobs have the umask of Galaxy's service", "error", judge_host.umask),
    Check("scratch", "Jobs can write temporary files", "error", judge_host.scratch),
    Check("locale", "Jobs have a locale that is there", "warning", judge_host.language),
    Check("limits", "Limits leave room for tools", "warning", judge_host.limits),
    Check("clock", "The clocks agree", "error", judge_host.clock),
    Check("galaxy_slots", "Galaxy finds the slots that were asked for", "error", judge_host.galaxy_slots),
    Check("galaxy_memory", "Galaxy finds the memory that was asked for", "error", judge_host.galaxy_memory),
    Check("ends_seen", "A job that fails is seen as what it was", "error", judge_jobs.ends_seen),
    Check("drmaa_library", "The DRMAA library loads for Galaxy's service", "error", judge_drmaa.library_loads),
    Check("drmaa_jobs", "A job through the DRMAA library ends, and is seen to", "error", judge_drmaa.library_jobs),
    Check("shells", "The cli runner's shells connect without a prompt", "error", judge_ways.shells),
    Check("real_user_helpers", "Galaxy may call the real users' programs", "error", judge_ways.real_user_helpers),
    Check("real_users", "Jobs run as the real users", "error", judge_users.real_users),
    Check("environments", "Jobs run by each environment's own words", "error", judge_environments.environments),
    Check("job_conf", "Galaxy's job configuration fits the cluster", "error", judge_jobs.job_conf),
    Check("url", "The node reaches the outside", "warning", judge_host.url_reached),
)


def judged(run: Measured, started: float, ended: float, stopped: str) -> dict[str, Any]:
    """The data of the report. A check that has nothing to say is left out."""
    checks = []
    for check in CHECKS:
        results = [result.as_dict() for result in check.judge(run)]
        if results:
            checks.append({"name": check.name, "title": check.title, "level": check.level, "results": results})
    return {
        "schema": SCHEMA,
        "run": {
            "tag": run.settings["tag"],
            "started": started,
            "ended": ended,
            "drm": run.cluster.get("drm", ""),
            "version": run.cluster.get("version", ""),
            "galaxy_host": run.server,
            "user": run.settings["user"],
            "nodes": run.nodes(),
            "stopped": stopped,
        },
        "checks": checks,
    }
