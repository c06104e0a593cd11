# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which nodes cluster_verify asks, and by which jobs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.errors import DrmError
from ansible_collections.clusterjobs.drm.plugins.plugin_utils.galaxy.plain import plain
from ansible_collections.clusterjobs.drm.plugins.plugin_utils.verify import plan

DOCUMENTATION = r"""
name: verify_plan
short_description: Which nodes cluster_verify asks, and by which jobs
version_added: 0.1.0
author: clusterjobs contributors (@clusterjobs)
description:
  - For the role P(clusterjobs.drm.cluster_verify#role).
options:
  _input:
    description: The role's settings.
    type: dict
    required: true
  cluster:
    description: What M(clusterjobs.drm.cluster_info) has returned.
    type: dict
    required: true
  prepared:
    description: What the step C(prepare) on the Galaxy server has printed. Without it there are no jobs yet.
    type: dict
"""

EXAMPLES = r"""
- name: The nodes that would be asked
  ansible.builtin.debug:
    msg: "{{ (settings | clusterjobs.drm.verify_plan(cluster)).nodes }}"
"""

RETURN = r"""
_value:
  description:
    - C(nodes), C(job_keys) of all jobs, C(batches) of jobs that run at once, C(environments), a job for each where a node takes jobs, and C(ends), the
      jobs that are to fail, by their kind.
    - C(users) is the program that sends the real users' jobs, C(library) the one that runs a job through the DRMAA library.
  type: dict
"""


def verify_plan(
    settings: Mapping[str, Any], cluster: Mapping[str, Any], prepared: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The filter itself."""
    settings, cluster = plan.settings_from(plain(settings)), plain(cluster)
    try:
        nodes = plan.asked(settings, cluster)
        return {
            "nodes": [node.name for node in nodes],
            "job_keys": plan.keys(settings, nodes),
            "batches": list(plan.batches(settings, cluster, plain(prepared))) if prepared else [],
            # Where no node takes jobs they could only be waited for.
            "environments": plan.environment_jobs(settings, plain(prepared)) if prepared and nodes else [],
            "users": plan.users_step(settings, cluster["drm"], plain(prepared)) if prepared else "",
            "library": plan.library_step(settings, cluster["drm"], plain(prepared)) if prepared and nodes else "",
            "ends": plan.failing_jobs(settings),
        }
    except DrmError as error:
        raise AnsibleFilterError(f"verify_plan: {error}") from error


class FilterModule:
    """Filters by name."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"verify_plan": verify_plan}
