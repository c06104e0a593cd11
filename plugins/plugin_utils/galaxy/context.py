# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a job configuration is judged by, beside itself: the release, the DRM, the settings around it, the cluster."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ...module_utils._drm.registry import DRM_NAMES
from .cli_plugins import JOB_PLUGINS
from .findings import check_waived, error
from .model import Environment, JobConf
from .parameters import RunnerType, release
from .runners import RULE_RUNNERS, runner_type
from .umask import checked as umask_checked

NEWEST = "26.1"
FORMATS = ("yaml", "xml", "inline")


@dataclass(frozen=True)
class Context:
    """The task's options that decide what is right. ``galaxy`` is the section of that name, ``cluster`` what cluster_info returned.

    ``umask`` is the one that its jobs get, ``environ`` what job_conf.xml takes from the environment of Galaxy's service.
    """

    drm: str = "auto"
    galaxy_release: str = NEWEST
    waive: Collection[str] = ()
    galaxy: Mapping[str, Any] = field(default_factory=dict)
    cluster: Mapping[str, Any] = field(default_factory=dict)
    form: str = "yaml"
    umask: str = ""
    environ: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        """Refuse what would make every finding wrong. Raises JobConfError."""
        for option, value in (("galaxy", self.galaxy), ("cluster", self.cluster), ("environ", self.environ or {})):
            if not isinstance(value, Mapping):
                raise error("bad-option", option, "is not a mapping", f"Give {option} as it is documented.")
        if not isinstance(self.cluster.get("queues") or [], (list, tuple)):
            raise error("bad-option", "cluster.queues", "is not a list", "Give what cluster_info returned.")
        check_waived(self.waive)
        umask_checked(self.umask)
        if self.drm not in ("auto", *DRM_NAMES):
            mend = f"Name one of auto, {', '.join(DRM_NAMES)}."
            raise error("bad-option", "drm", f"{self.drm!r} is no DRM that is known here", mend)
        try:
            release(self.galaxy_release)
        except ValueError as problem:
            raise error("bad-option", "galaxy_release", str(problem), "Name Galaxy's release.") from None

    @cached_property
    def release(self) -> tuple[int, int]:
        return release(self.galaxy_release)

    def lacks(self, since: str) -> bool:
        """Whether Galaxy's release is older than what came with ``since``."""
        return bool(since) and self.release < release(since)


@dataclass(frozen=True)
class Subject:
    """A job configuration with what is looked up in it again and again."""

    conf: JobConf
    context: Context

    @cached_property
    def kinds(self) -> dict[str, RunnerType | None]:
        """The types of the runners by their ids."""
        return {runner.id: runner_type(runner.load) for runner in self.conf.runners if runner.id not in RULE_RUNNERS}

    @cached_property
    def environments(self) -> list[Environment]:
        """Those that Galaxy looks at: it passes over what says enabled: false."""
        return [item for item in self.conf.environments if enabled(item.params)]

    @cached_property
    def placed(self) -> list[tuple[Environment, RunnerType, str]]:
        """Environments whose runner is known, with its type and their place."""
        found = ((item, self.kinds.get(item.runner)) for item in self.environments)
        return [(item, kind, f"execution.environments.{item.id}") for item, kind in found if kind]

    def as_read(self, value: Any) -> Any:
        """The value as Galaxy gets it: out of XML everything is a text."""
        if self.context.form != "xml" or isinstance(value, (dict, list)) or value is None:
            return value
        return str(value).lower() if isinstance(value, bool) else str(value)

    def drm_of(self, environment: Environment, kind: RunnerType) -> str:
        """Whose words an environment speaks; empty where that is not known."""
        if kind.module == "cli":
            plugin = JOB_PLUGINS.get(str(environment.params.get("job_plugin")))
            return plugin.drm if plugin else ""
        named = str(environment.request.get("drm") or (self.context.drm if self.context.drm != "auto" else ""))
        if kind.drm or kind.module in ("local", "tasks"):
            return kind.drm
        return "gridengine" if kind.module == "univa" and named in ("", "auto") else named.replace("auto", "")

    def raised_by(self, environment: Environment, kind: RunnerType) -> frozenset[str]:
        """The ends of a job that are told apart there."""
        if kind.module == "cli":
            plugin = JOB_PLUGINS.get(str(environment.params.get("job_plugin")))
            return plugin.raises if plugin else frozenset(("walltime_reached", "memory_limit_reached"))
        return kind.raises


def codes_in(waive: Any) -> tuple[str, ...]:
    """A filter's option waive. Raises JobConfError where it is no list."""
    if not isinstance(waive, (list, tuple)):
        raise error("bad-option", "waive", "is not a list", "Give a list of codes.")
    return tuple(map(str, waive))


def enabled(params: Mapping[str, Any]) -> bool:
    """Galaxy passes over a runner or an environment that says enabled: false."""
    return str(params.get("enabled", True)).strip().lower() in ("true", "yes", "on", "y", "t", "1")
