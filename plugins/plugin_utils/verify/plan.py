# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which nodes are asked, and by which jobs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...module_utils._drm.errors import DrmError, UnsupportedFieldError
from ...module_utils._drm.model import EndReason, JobRequest
from ...module_utils._drm.registry import DRMS
from ...module_utils._verify.places import noted_job
from .programs import for_environment, for_library, for_node, for_server, for_user, that_fills_memory

Facts = Mapping[str, Any]
UP = ("IDLE", "MIXED", "FULL", "UNKNOWN")
#: The jobs that are to fail, and what the DRM has to say of them.
ENDS: dict[str, tuple[str, EndReason | None]] = {
    "exit_code": ("FAILED", None),
    "walltime": ("FAILED", EndReason.WALLTIME),
    "memory": ("FAILED", EndReason.MEMORY),
    "cancelled": ("CANCELLED", EndReason.CANCELLED),
}
_NUMBERS = (
    *("sample", "per_queue", "at_once", "timeout", "slots", "memory_mb", "walltime"),
    *("retry_job_output_collection", "lag_seconds", "min_free_mb", "real_user_seconds", "drmaa_seconds"),
)
# Slurm makes a minute of it.
_WALLTIME_SECONDS = 20
_MEMORY_MB, _FILLED_MB = 100, 400
_SLOWEST_SUBMISSION_SECONDS = 60
ANYWHERE = "(any node)"


@dataclass(frozen=True)
class Node:
    """A node to be asked: its name in the DRM, and a short one for files and keys."""

    name: str
    short: str
    slots: int


def settings_from(given: Facts) -> Facts:
    """Numbers as numbers: ansible-core before 2.19 makes text of what a template gives."""
    return {**given, **{name: int(given[name]) for name in _NUMBERS}}


def chosen(settings: Facts, cluster: Facts) -> list[str]:
    """The nodes of the run, up or not, by the settings nodes, queues, per_queue and sample. Of those that are named the cluster may know nothing."""
    known = {str(node["name"]): node for node in cluster.get("nodes") or ()}
    if settings["nodes"]:
        return list(settings["nodes"])
    names = [name for name, node in known.items() if not settings["queues"] or _in_queues(node, settings["queues"])]
    if settings["per_queue"]:
        of_queue: dict[str, list[str]] = {}
        for name in _up(names, known):
            for queue in [q for q in known[name]["queues"] if not settings["queues"] or q in settings["queues"]] or [
                ""
            ]:
                of_queue.setdefault(queue, []).append(name)
        names = list(dict.fromkeys(name for some in of_queue.values() for name in some[: settings["per_queue"]]))
    if settings["sample"] and len(names) > settings["sample"]:
        up = _up(names, known)
        step = max(1.0, len(up) / settings["sample"])
        names = [up[int(index * step)] for index in range(min(settings["sample"], len(up)))]
    return names


def _in_queues(node: Facts, queues: Sequence[str]) -> bool:
    return bool(set(node["queues"]) & set(queues))


def _up(names: Sequence[str], known: Mapping[str, Facts]) -> list[str]:
    return [name for name in names if name in known and known[name]["state"] in UP]


def asked(settings: Facts, cluster: Facts) -> list[Node]:
    """Those of the chosen that can take a job. Where the DRM cannot send a job to a node, one that runs wherever it is put."""
    known = {str(node["name"]): node for node in cluster.get("nodes") or ()}
    names = _up(chosen(settings, cluster), known)
    if names and not _can_choose(cluster["drm"], names[0]):
        return [Node(ANYWHERE, "n0", settings["slots"])]
    return [Node(name, f"n{number}", int(known[name].get("slots") or 1)) for number, name in enumerate(names)]


def _can_choose(drm: str, node: str) -> bool:
    try:
        DRMS[drm].on_node(JobRequest(script=""), node)
    except UnsupportedFieldError:
        return False
    return True


def keys(settings: Facts, nodes: Sequence[Node]) -> list[str]:
    """Of all jobs of the run."""
    shorts = [*(node.short for node in nodes), *settings["failures"], *(short for short, _one in tried(settings))]
    return [f"{settings['tag']}-{short}" for short in shorts]


def tried(settings: Facts) -> list[tuple[str, Facts]]:
    """The environments that get a job, each with a short name for its key."""
    found = [one for one in settings.get("environments") or () if not (one["unknown"] or one["skipped"])]
    return [(f"e{number}", one) for number, one in enumerate(found)]


def environment_jobs(settings: Facts, prepared: Facts) -> list[dict[str, Any]]:
    """Their jobs, each by the environment's own words alone; the answer is the output, on the shared file system as a tool's."""
    return [
        {
            **{name: value for name, value in _common(settings, short, 0).items() if name != "walltime"},
            "script": for_environment(settings["node_python"]),
            "native_options": one["native_options"],
            "environment": one["environment"],
            "stdout": f"{prepared['directory']}/{short}.out",
        }
        for short, one in tried(settings)
    ]


def batches(settings: Facts, cluster: Facts, prepared: Facts) -> Iterator[dict[str, Any]]:
    """The jobs that run at once, and the program that watches them."""
    nodes = asked(settings, cluster)
    for at in range(0, len(nodes), settings["at_once"]):
        some = nodes[at : at + settings["at_once"]]
        stop = f"{prepared['directory']}/stop-{at}"
        watched = {
            "step": "watch",
            "tag": settings["tag"],
            "nodes": [node.short for node in some],
            "paths": shared(prepared),
            "lag_paths": prepared["lag_paths"],
            "lag_seconds": settings["lag_seconds"],
            "seconds": settings["timeout"] + _SLOWEST_SUBMISSION_SECONDS,
            "stop": stop,
            "result": f"{stop}.json",
        }
        seconds = settings["lag_seconds"] + 30
        yield {
            "nodes": [node.name for node in some],
            "jobs": [node_job(node, settings, cluster["drm"], prepared) for node in some],
            "watch": for_server(watched),
            "stop": for_server({"step": "stop", "stop": stop, "result": f"{stop}.json", "seconds": seconds}),
        }


def shared(prepared: Facts) -> list[dict[str, Any]]:
    """The paths that the server has found in order."""
    return [
        {name: path[name] for name in ("path", "writable", "token")}
        for path in prepared["paths"]
        if not path["problem"]
    ]


def node_job(node: Node, settings: Facts, drm: str, prepared: Facts) -> dict[str, Any]:
    """Options of the module job."""
    slots = min(settings["slots"], node.slots) or 1
    request = JobRequest(
        script="",
        slots=slots,
        memory_mb=settings["memory_mb"] or None,
        native_options=tuple(settings["native_options"]),
    )
    if node.name != ANYWHERE:
        request = DRMS[drm].on_node(request, node.name)
    return {
        **_common(settings, node.short, settings["walltime"]),
        "script": for_node(settings["node_python"], _asked_of(node, settings, prepared)),
        "native_options": list(request.native_options),
        **{name: value for name in ("slots", "memory_mb") if (value := getattr(request, name)) is not None},
    }


def _asked_of(node: Node, settings: Facts, prepared: Facts) -> dict[str, Any]:
    return {
        "tag": settings["tag"],
        "node": node.short,
        "paths": shared(prepared),
        "lag_paths": prepared["lag_paths"],
        "files": [file["path"] for file in prepared["files"] if not file["problem"]],
        "python": settings["python"] if prepared["interpreter"] else "",
        "imports": settings["imports"],
        "url": settings["url"],
    }


def _common(settings: Facts, short: str, walltime: int) -> dict[str, Any]:
    """Neither the directory nor the output of such a job is on the shared file system: it has to start where that is missing."""
    return {
        "key": f"{settings['tag']}-{short}",
        "name": f"verify-{settings['tag']}",
        "walltime": walltime,
        "chdir": "/tmp",
        "stdout": "/dev/null",
        "stderr": "/dev/null",
    }


def one_job_words(settings: Facts, drm: str) -> list[str]:
    """What the DRM is asked for where the module job does not submit: one slot, for a while."""
    native = tuple(settings["native_options"])
    try:
        return DRMS[drm].native_options(
            JobRequest(script="", slots=1, walltime_seconds=settings["walltime"] or None, native_options=native)
        )
    except DrmError:
        # The DRM says what is wrong with them.
        return list(native)


def users_step(settings: Facts, drm: str, prepared: Facts) -> str:
    """The program that sends the real users' jobs, which have to lie in a directory that the programs may give them: Galaxy's of jobs, the first."""
    names = ("tag", "users", "directory", "seconds")
    values = ("tag", "real_users", "real_user_dir", "real_user_seconds")
    asked = {name: settings[value] for name, value in zip(names, values, strict=True)}
    asked["native"] = one_job_words(settings, drm)
    path = prepared["directory"].rpartition("/")[0]
    return for_server({"step": "users", **asked, "path": path, "script": for_user(settings["node_python"])})


def library_step(settings: Facts, drm: str, prepared: Facts) -> str:
    """The program that runs a job through the DRMAA library; nothing where there is none that loads."""
    library = prepared.get("library")
    if not library or library["problem"]:
        return ""
    native = " ".join(one_job_words(settings, drm))
    job = {
        "name": f"verify-{settings['tag']}",
        "native": native,
        "seconds": settings["drmaa_seconds"],
        "noted": noted_job(prepared["directory"]),
    }
    return for_server(
        {
            "step": "drmaa",
            "python": settings["python"],
            "library": library["path"],
            "units": settings["service_units"],
            # Given for this step alone, as it may have secrets.
            "environment": settings.get("service_environment", {}),
            "program": for_library(job),
            "seconds": settings["drmaa_seconds"],
        }
    )


def failing_jobs(settings: Facts) -> dict[str, dict[str, Any]]:
    """The jobs that are to end badly, each in its way. The cancelled one is submitted held, and never starts."""
    scripts: dict[str, dict[str, Any]] = {
        "exit_code": {"script": "#!/bin/sh\nexit 3\n"},
        "walltime": {"script": "#!/bin/sh\nexec sleep 600\n", "walltime": _WALLTIME_SECONDS},
        "memory": {"script": that_fills_memory(settings["node_python"], _FILLED_MB), "memory_mb": _MEMORY_MB},
        "cancelled": {"script": "#!/bin/sh\ntrue\n", "hold": True},
    }
    native = [*settings["native_options"]]
    return {
        name: {**_common(settings, name, settings["walltime"]), "native_options": native, **scripts[name]}
        for name in settings["failures"]
    }
