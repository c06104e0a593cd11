# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Environments of one DRM as those of another."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.clusterjobs.drm.plugins.plugin_utils.galaxy.context import Context
from ansible_collections.clusterjobs.drm.plugins.plugin_utils.galaxy.dialects import native_of
from ansible_collections.clusterjobs.drm.plugins.plugin_utils.galaxy.findings import JobConfError
from ansible_collections.clusterjobs.drm.plugins.plugin_utils.galaxy.migrate import Target, migrate
from ansible_collections.clusterjobs.drm.plugins.plugin_utils.galaxy.plain import plain

DOCUMENTATION = r"""
name: migrate_job_conf
short_description: Environments of one DRM as those of another
version_added: 0.1.0
author: clusterjobs contributors (@clusterjobs)
description:
  - Reads the native words of environments, such as C(-pe smp 8 -l h_vmem=4G), as the portable request, and gives them another runner.
  - What the portable request has no word for is listed. It is for you to judge whether it is needed.
  - The words of Slurm, Grid Engine, PBS Pro, TORQUE, LSF and HTCondor are read, in C(nativeSpecification), in parameters of the runners
    C(cli), C(pbs), C(condor) and C(htcondor), and in C(submit_) parameters of Pulsar.
options:
  _input:
    description: The job configuration, as O(clusterjobs.drm.job_conf#module:job_config).
    type: raw
    required: true
  runner:
    description: The runner that the environments get, C(id), C(load) and its parameters. One that is defined already needs its C(id) alone.
    type: dict
    required: true
  environment:
    description: Parameters that each of them gets, such as C(job_plugin).
    type: dict
    default: {}
  from_drm:
    description: The DRM that environments are written for whose runner does not tell.
    type: str
    default: auto
  drm:
    description: The DRM behind the new runner, where that does not tell.
    type: str
    default: auto
  native_options:
    description: Native options that each of them gets, such as C([-pe, smp]) where they go to Grid Engine.
    type: list
    elements: str
    default: []
  environments:
    description: The environments to be moved. Default is every one whose words can be read.
    type: list
    elements: str
"""

EXAMPLES = r"""
- name: From Grid Engine to Slurm
  ansible.builtin.set_fact:
    moved: >-
      {{ lookup('ansible.builtin.file', 'job_conf.xml')
         | clusterjobs.drm.migrate_job_conf(runner={'id': 'slurm', 'load': 'galaxy.jobs.runners.slurm:SlurmJobRunner'}, from_drm='gridengine') }}

- name: What was lost
  ansible.builtin.debug:
    var: moved.lost
"""

RETURN = r"""
_value:
  description: C(job_config) as M(clusterjobs.drm.job_conf) takes it, with portable requests; C(lost), a list of C(environment) and
    C(lost); and C(refused), findings about what the new runner cannot say.
  type: dict
"""


def migrate_job_conf(
    value: Any,
    runner: Mapping[str, Any],
    environment: Mapping[str, Any] | None = None,
    from_drm: str = "auto",
    drm: str = "auto",
    native_options: Sequence[str] = (),
    environments: Sequence[str] | None = None,
) -> dict[str, Any]:
    """The filter itself."""
    if not isinstance(runner, Mapping):
        raise AnsibleFilterError("migrate_job_conf: runner is no mapping; give its id and load")
    try:
        target = Target(plain(runner), plain(environment or {}), drm, plain(list(native_options)))
        names = None if environments is None else plain(list(environments))
        return migrate(native_of(value), Context(from_drm), target, names)
    except (JobConfError, TypeError) as error:
        raise AnsibleFilterError(f"migrate_job_conf: {error}") from error


class FilterModule:
    """Filters by name."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"migrate_job_conf": migrate_job_conf}
