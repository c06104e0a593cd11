# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether jobs go through: the DRM answers, nodes and queues take jobs, each node answers, and each end is seen as what it was."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...module_utils._drm.registry import DRMS
from ...module_utils._verify.job_agent import NO_ACCESS, NO_SHARED_PATH
from .plan import ANYWHERE, ENDS, UP, Facts
from .results import Measured, Result

_NO_PYTHON = 127


def drm_answers(run: Measured) -> Iterator[Result]:
    """The DRM tells its nodes to the account."""
    trouble = run.troubles.get("cluster")
    if trouble:
        mend = (
            "Make the Galaxy server a submit host of the cluster (role submit_host), and see that its controller runs."
        )
        yield Result(run.server, "error", trouble, mend)
    else:
        nodes = run.cluster.get("nodes") or ()
        yield Result(run.server, "ok", f"{run.cluster['drm']} {run.cluster['version']}", numbers={"nodes": len(nodes)})


def node_up(run: Measured) -> Iterator[Result]:
    """What the DRM itself says of its nodes."""
    known = {str(node["name"]): node for node in run.cluster.get("nodes") or ()}
    for name in run.nodes():
        if name == ANYWHERE:
            continue
        if name not in known:
            mend = "See to the node and its daemon: HTCondor forgets one that is off. If there is none of this name, correct cluster_verify_nodes."
            yield Result(name, "error", "The cluster knows no such node.", mend)
            continue
        node = known[name]
        told = f"{node['native_state']} {node['message']}".strip()
        if node["state"] in UP:
            yield Result(name, "ok", told, numbers={"slots": node["slots"], "slots_used": node["slots_used"]})
        elif node["state"] == "DOWN":
            mend = "See to the node and its daemon, then have the DRM take it back; or leave it out (cluster_verify_nodes)."
            yield Result(name, "error", f"The node is down: {told}", mend)
        else:
            mend = "Open it when it is meant to take jobs again. No job was sent to it."
            yield Result(name, "warning", f"The node takes no jobs: {told}", mend)


def queue_open(run: Measured) -> Iterator[Result]:
    """The queues that are asked for, else the default one, else all."""
    if not run.cluster:
        return
    queues = list(run.cluster.get("queues") or ())
    wanted = set(run.settings["queues"]) or {queue["name"] for queue in queues if queue["default"]}
    for name in sorted(wanted - {queue["name"] for queue in queues}):
        mend = f"Correct cluster_verify_queues. There are: {', '.join(queue['name'] for queue in queues) or 'none'}."
        yield Result(run.server, "error", f"The cluster has no queue {name}.", mend, name)
    for queue in queues:
        if wanted and queue["name"] not in wanted:
            continue
        told = f"{queue['state']} ({queue['native_state']})"
        if queue["state"] == "OPEN":
            yield Result(run.server, "ok", told, item=queue["name"])
        else:
            mend = "Open it, or send Galaxy's jobs to another queue."
            level = "error" if wanted else "warning"
            yield Result(run.server, level, f"The queue {queue['name']} is {told}.", mend, queue["name"])


def submits(run: Measured) -> Iterator[Result]:
    """The account submits, holds and cancels."""
    mends = {
        "submit": "Let the account submit from this host (role submit_host), and see the message for what the DRM refused.",
        "hold": "See the message; Galaxy itself never holds jobs.",
        "cancel": "See the message; a job that a user of Galaxy cancels would go on.",
    }
    for step, mend in mends.items():
        if step != "submit" and run.troubles.get("submit") and step in run.troubles:
            yield Result(run.server, "skipped", "No job was submitted.", item=step)
            continue
        if run.troubles.get(step):
            yield Result(run.server, "error", run.troubles[step], mend, step)
        elif step in run.troubles:
            yield Result(run.server, "ok", f"{run.settings['user']} may {step}.", item=step)


def answered(run: Measured) -> Iterator[Result]:
    """Each node that takes jobs ran one, and it answered."""
    for node in run.asked():
        job, watched = run.jobs.get(node), run.watched.get(node) or {}
        answer = watched.get("answer")
        if answer and not answer.get("problem"):
            yield Result(node, "ok", "The job answered.", numbers=_times(answer, job))
        elif answer:
            mend = "This is a defect of the check, or an odd Python on the node: please report it with this message."
            yield Result(node, "error", f"The job could not look at everything: {answer['problem']}", mend)
        else:
            yield Result(node, "error", *_silent(job, run))


def _times(answer: Facts, job: Facts | None) -> dict[str, Any]:
    numbers: dict[str, Any] = {"looked_s": round(float(answer["ended"]) - float(answer["began"]), 2)}
    if job:
        numbers["job_id"] = str(job["job_id"])
    return numbers


def _silent(job: Facts | None, run: Measured) -> tuple[str, str]:
    """Why there is no answer, and what to do."""
    if job is None:
        return f"No job was run: {run.troubles.get('submit') or 'the time limit was reached'}.", (
            "Mend what the check submits says, or give the run more time (cluster_verify_timeout)."
        )
    state = f"job {job['job_id']} is {job['state']} ({job['native_state']}) {job['message']}".strip()
    if job["exit_code"] == NO_ACCESS:
        return "The job may not enter the directories that the server has made.", (
            f"See same_uid: it runs as another uid than {run.settings['user']} has on {run.server}, or the export squashes that."
        )
    if job["exit_code"] == NO_SHARED_PATH:
        return "No path of those that Galaxy writes to is the server's directory there.", (
            "Mount the shared file system on the node, at the same path (role shared_filesystem)."
        )
    if job["exit_code"] == _NO_PYTHON:
        return f"{run.settings['node_python']} is not on the node ({state}).", (
            "Install Python 3.8 or newer on the node, or name another one in cluster_verify_node_python."
        )
    if job["state"] in ("QUEUED", "HELD", "CANCELLED"):
        return f"The job did not start in time: {state}", (
            "Where the node is busy, give the run more time (cluster_verify_timeout) or run it at night; else see why the DRM keeps it waiting."
        )
    return f"The job ended without an answer: {state}", "See the node's log of its daemon for this job."


def ends_seen(run: Measured) -> Iterator[Result]:
    """A job that fails is seen as what it was."""
    untold = {reason.value for reason in DRMS[run.cluster["drm"]].untold_ends} if run.cluster else set()
    for kind, job in run.ends.items():
        state, reason = ENDS[kind]
        told = f"{job['state']} ({job['native_state']})" + (f", {job['end_reason']}" if job["end_reason"] else "")
        if job["exit_code"] is not None:
            told += f", exit code {job['exit_code']}"
        if reason and reason.value in untold:
            yield Result(
                run.server, "skipped", f"{run.cluster['drm']} cannot tell it from other ends: {told}", item=kind
            )
        elif _as_expected(job, kind):
            yield Result(run.server, "ok", told, item=kind)
        elif kind == "memory" and job["state"] == "DONE":
            mend = "Have the cluster enforce memory (Slurm: ConstrainRAMSpace=yes in cgroup.conf), or one tool can take a node down."
            yield Result(run.server, "warning", "A job used four times its memory and was left alone.", mend, kind)
        else:
            wanted = f"{state}, {reason.value}" if reason else f"{state}, exit code 3"
            mend = "Galaxy would take this end for another one: see the DRM's accounting, and what the node's daemon says of the job."
            yield Result(run.server, "error", f"{told}, but it was {wanted}: {job['message']}", mend, kind)


def _as_expected(job: Facts, kind: str) -> bool:
    state, reason = ENDS[kind]
    if job["state"] != state:
        return False
    return bool(job["exit_code"] == 3 if reason is None else job["end_reason"] == reason.value)


def job_conf(run: Measured) -> Iterator[Result]:
    """Galaxy's job configuration as it is on the server, against the live cluster."""
    items: dict[str, list[Facts]] = {}
    for finding in run.findings:
        if finding["level"] in ("error", "warning"):
            items.setdefault(f"{finding['place']} {finding['code']}", []).append(finding)
    for item, some in items.items():
        level = "error" if any(finding["level"] == "error" for finding in some) else "warning"
        messages = " ".join(f"{finding['message']}." for finding in some)
        mends = "\n".join(dict.fromkeys(finding["mend"] for finding in some if finding["mend"]))
        yield Result(run.server, level, messages, mends or "See docs/job_conf.md for this code.", item)
    if not items and run.settings["job_conf"]:
        yield Result(run.server, "ok", f"{run.settings['job_conf']} is in order.")
