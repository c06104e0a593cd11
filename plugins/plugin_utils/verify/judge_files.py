# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shared file system: the same paths both ways, their modes and space, locks, and how late changes are seen."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from .plan import Facts
from .results import Measured, Result

_LOW_PERCENT = 5
# Below this an event was seen at the next look.
_AT_ONCE_SECONDS = 1.0
_MOUNT = (
    "Mount the shared file system there at this very path (role shared_filesystem), or link the path to where it is."
)


def same_path(run: Measured) -> Iterator[Result]:
    """What the server writes is read on the node at the same path, and the other way round."""
    if run.troubles.get("prepare"):
        mend = f"See that {run.settings['user']} can run Python 3.8 or newer there (cluster_verify_python)."
        yield Result(run.server, "error", f"The paths could not be prepared: {run.troubles['prepare']}", mend)
    for path in run.prepared.get("paths", ()):
        if path["writable"] and path["problem"]:
            mend = f"See that {run.settings['user']} may write there (role shared_filesystem), or correct cluster_verify_write_paths."
            yield Result(run.server, "error", f"{path['path']}: {path['problem']}", mend, path["path"])
    for answer in run.answers():
        for path in answer.told["paths"]:
            if path["writable"]:
                yield _same(run, answer.node, path, answer.watched["back"].get(path["path"], "it was not looked for"))


def _same(run: Measured, node: str, path: Facts, back: str) -> Result:
    name = path["path"]
    if path["problem"] and not path["same"]:
        return Result(node, "error", f"{name}: {path['problem']}", _MOUNT, name)
    if path["problem"]:
        mend = "See who may write there, whether it is mounted read-only, and whether space is left."
        return Result(node, "error", f"The node cannot write to {name}: {path['problem']}", mend, name)
    if not path["same"]:
        mount = f"{path['mount']['type']} from {path['mount']['source']}"
        return Result(node, "error", f"{name} is another directory than on {run.server} ({mount}).", _MOUNT, name)
    if back:
        mend = f"Both have to see one directory: compare the mounts.\nfindmnt --target {name}"
        return Result(node, "error", f"What the node wrote to {name} is not on {run.server}: {back}", mend, name)
    return Result(node, "ok", f"{name}: both ways", item=name, numbers=_mount(path))


def _mount(path: Facts) -> dict[str, Any]:
    mount = path.get("mount") or {}
    return {"mount_type": mount.get("type", ""), "mount_options": mount.get("options", "")}


def same_files(run: Measured) -> Iterator[Result]:
    """What is only read has the same content: the server's code, the virtual environment, tools, reference data."""
    here = {file["path"]: file for file in run.prepared.get("files", ()) if not file["problem"]}
    for path in run.prepared.get("paths", ()):
        if not path["writable"] and path["problem"]:
            # A site may not have Galaxy yet.
            yield Result(run.server, "skipped", f"{path['path']}: {path['problem']}", item=path["path"])
    for answer in run.answers():
        for file in answer.told.get("files", ()):
            own = here[file["path"]]
            if file["problem"]:
                yield Result(answer.node, "error", f"{file['path']}: {file['problem']}", _MOUNT, own["of"])
            elif (file["sha256"], file["size_bytes"]) != (own["sha256"], own["size_bytes"]):
                mend = f"Both have to see one file: compare the mounts.\nfindmnt --target {file['path']}"
                message = f"{file['path']} is another file than on {run.server}: {file['size_bytes']} bytes, there {own['size_bytes']}."
                yield Result(answer.node, "error", message, mend, own["of"])
            else:
                yield Result(answer.node, "ok", f"{file['path']}: the same", item=own["of"])


def temporary_mode(run: Measured) -> Iterator[Result]:
    """new_file_path is for everybody to write to, and sticky."""
    name = run.settings["temporary"]
    seen = [(run.server, path) for path in run.prepared.get("paths", ())]
    seen += [(answer.node, path) for answer in run.answers() for path in answer.told["paths"]]
    for subject, path in seen:
        if path["path"] != name or not path["mode"]:
            continue
        if path["mode"] == "1777":
            yield Result(subject, "ok", f"{name}: {path['mode']}")
        else:
            yield Result(subject, "error", f"{name} has the mode {path['mode']}.", f"chmod 1777 {name}")


def temporary_cleaned(run: Measured) -> Iterator[Result]:
    """Somebody deletes what was forgotten in new_file_path."""
    name = run.settings["temporary"]
    if not name or not run.prepared:
        return
    if run.prepared["cleaned_by"]:
        yield Result(run.server, "ok", f"{name}: {', '.join(run.prepared['cleaned_by'])}")
    else:
        mend = (
            "Have it cleaned: role shared_filesystem does it by systemd-tmpfiles (shared_filesystem_manage_cleaning). "
            "Where another host does it, waive this check."
        )
        message = f"No file of tmpfiles.d or cron that {run.settings['user']} may read here names {name}."
        yield Result(run.server, "warning", message, mend)


def space(run: Measured) -> Iterator[Result]:
    """Free space and inodes, each file system once a host."""
    least = int(run.settings["min_free_mb"]) << 20
    seen = [(run.server, run.prepared.get("paths", ()))]
    seen += [(answer.node, answer.told["paths"]) for answer in run.answers()]
    for subject, paths in seen:
        done: set[str] = set()
        for path in paths:
            point = (path.get("mount") or {}).get("point", path["path"])
            if path["problem"] or not path["writable"] or point in done:
                continue
            done.add(point)
            yield _space(subject, path, least)


def _space(subject: str, path: Facts, least: int) -> Result:
    free, size, inodes, free_inodes = (path[name] for name in ("free_bytes", "size_bytes", "inodes", "free_inodes"))
    numbers = {"free_bytes": free, "size_bytes": size, "free_inodes": free_inodes}
    # Some file systems make inodes as they need them, and tell of none.
    few = bool(inodes) and free_inodes * 100 < inodes * _LOW_PERCENT
    told = f"{path['path']}: {free >> 20} MiB free" + (f", {free_inodes} inodes" if inodes else "")
    mend = "Free space or inodes there, or make it larger: Galaxy's jobs fail when they cannot write their outputs."
    if free < least or (inodes and free_inodes == 0):
        return Result(subject, "error", told, mend, path["path"], numbers)
    if few or free * 100 < size * _LOW_PERCENT:
        return Result(subject, "warning", told, mend, path["path"], numbers)
    return Result(subject, "ok", told, item=path["path"], numbers=numbers)


def locks(run: Measured) -> Iterator[Result]:
    """A lock that the node holds is one for the server, too."""
    for answer in run.answers():
        problem = answer.told.get("lock") or answer.watched["lock"]
        if not answer.told.get("heard"):
            continue
        mend = "See the mount's options (nolock, local_lock) and the file server's lock service; SQLite files of tools there may break."
        message = f"Locks do not hold between the hosts: {problem}." if problem else "A lock of the node's holds here."
        yield Result(answer.node, "warning" if problem else "ok", message, mend if problem else "")


def attribute_cache(run: Measured) -> Iterator[Result]:
    """How long the server goes on seeing the past after a node changed something."""
    retries = int(run.settings["retry_job_output_collection"])
    watched_for = float(run.settings["lag_seconds"])
    for answer in run.answers():
        mounts = {path["path"]: path for path in answer.told["paths"]}
        if not answer.told.get("heard"):
            mend = "The directory itself is listed late: mount it with actimeo=1 or lookupcache=none, or see why the server is slow."
            yield Result(
                answer.node, "error", "The server's signs did not come within 30 s, so nothing was measured.", mend
            )
        for path, lags in answer.watched["lag"].items():
            server = next((each for each in run.prepared["paths"] if each["path"] == path), mounts.get(path, {}))
            yield _lag(answer.node, path, lags, server, retries, watched_for)


def _lag(node: str, path: str, lags: Mapping[str, Any], server: Facts, retries: int, watched_for: float) -> Result:
    numbers = {f"{probe}_s": lag for probe, lag in lags.items()} | _mount(server)
    worst = max((watched_for if lag is None else lag for lag in lags.values()), default=0.0)
    endless = any(lag is None for lag in lags.values())
    told = f"{path}: changes are seen after {'more than ' if endless else ''}{worst:.1f} s"
    if worst <= _AT_ONCE_SECONDS:
        return Result(node, "ok", f"{path}: changes are seen at once", item=path, numbers=numbers)
    if worst <= retries:
        return Result(node, "ok", f"{told}, and retry_job_output_collection is {retries}.", item=path, numbers=numbers)
    mount = server.get("mount") or {}
    said = f"{told} ({mount.get('type', '')} {mount.get('options', '')}); retry_job_output_collection is {retries}."
    return Result(node, "error", said, proposal(worst, str(mount.get("type", ""))), path, numbers)


def proposal(worst: float, kind: str) -> str:
    """What to do about a lag, the cheapest first."""
    seconds = math.ceil(worst) + 1
    first = f"1. Set retry_job_output_collection: {seconds} in galaxy.yml (job_conf_retry_job_output_collection). It costs nothing."
    if not kind.startswith("nfs"):
        return f"{first}\n2. Shorten what the {kind or 'file system'} client caches of attributes and names on the Galaxy server."
    return "\n".join(
        (
            first,
            "2. Mount with a smaller actimeo on the Galaxy server, such as actimeo=3: a few more questions to the file server.",
            "3. lookupcache=none (or pos), where new files appear late and sizes do not: each look-up of a name takes 0.6 ms.",
            "4. noac at last: each stat takes 1 ms, forty times as long, and writes become synchronous.",
        )
    )
