# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every runner that Galaxy brings along, by its ``load``.

As the code of Galaxy 26.1 has them, which is not always what its admin pages and samples say.
"""

from __future__ import annotations

from . import runners_cloud, runners_drm, runners_pulsar
from .parameters import PREFIX, RunnerType

#: Runners that are always there: a rule chooses the environment. They need no plugin.
RULE_RUNNERS = ("dynamic", "dynamic_tpv")
#: What Galaxy itself reads in an environment, whatever its runner.
_READ_BY_GALAXY = """
    enabled metrics tmp_dir cleanup_job metadata_strategy tool_evaluation_strategy outputs_to_working_directory real_system_username
    drmaa_external_runjob_script drmaa_external_killjob_script external_chown_script object_store_id require_container
    container container_override container_resolvers container_resolvers_config_file container_monitor container_monitor_command
    container_monitor_get_ip_method container_monitor_result galaxy_infrastructure_url shared_home_dir use_metadata_binary
    retry_metadata_internally retry_interactivetool_metadata_internally max_discovered_files max_metadata_value_size
    embed_metadata_in_job allow_guests
"""
ANY_ENVIRONMENT = frozenset(_READ_BY_GALAXY.split())
#: Families of names that go with containers, and Galaxy's own bookkeeping for rules and burst environments.
ANY_PREFIX = ("docker_", "singularity_", "burst_", "resubmit_", "tpv_", "metadata_", "dependency_")

RUNNER_TYPES: tuple[RunnerType, ...] = (*runners_drm.TYPES, *runners_cloud.TYPES, *runners_pulsar.TYPES)


def loads(kind: RunnerType) -> tuple[str, ...]:
    """Every ``load`` by which Galaxy finds this runner; the first is the usual one."""
    return (kind.load, f"{PREFIX}{kind.module}", kind.module) if kind.alone else (kind.load,)


_BY_LOAD = {load: kind for kind in RUNNER_TYPES for load in loads(kind)}
_MODULES = {kind.module: kind for kind in reversed(RUNNER_TYPES)}


def module_of(load: str) -> str:
    """The runner module that a ``load`` names, without Galaxy's prefix for its own."""
    return load.removeprefix(PREFIX).partition(":")[0]


def runner_type(load: str) -> RunnerType | None:
    """The type of runner that this ``load`` gives; None where it is not one of those above."""
    return _BY_LOAD.get(load)


def near(load: str) -> tuple[str, ...]:
    """What this ``load`` was meant for, where its module is one of Galaxy's; empty where it is somebody else's."""
    module = module_of(load)
    return tuple(kind.load for kind in RUNNER_TYPES if kind.module == module) if module in _MODULES else ()
