# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What cluster_verify has measured, check by check."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.clusterjobs.drm.plugins.plugin_utils.galaxy.plain import plain
from ansible_collections.clusterjobs.drm.plugins.plugin_utils.verify.checks import judged
from ansible_collections.clusterjobs.drm.plugins.plugin_utils.verify.collect import collected

DOCUMENTATION = r"""
name: verify_measured
short_description: What cluster_verify has measured, check by check
version_added: 0.1.0
author: clusterjobs contributors (@clusterjobs)
description:
  - For the role P(clusterjobs.drm.cluster_verify#role). It neither counts nor waives.
options:
  _input:
    description: What the role's steps have returned.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Judge
  ansible.builtin.set_fact:
    measured: "{{ {'settings': settings, 'cluster': cluster, 'started': 1795601700, 'ended': 1795601790} | clusterjobs.drm.verify_measured }}"
"""

RETURN = r"""
_value:
  description: C(schema), C(run), and C(checks), each with its C(results).
  type: dict
"""


def verify_measured(steps: Mapping[str, Any]) -> dict[str, Any]:
    """The filter itself."""
    steps = plain(steps)
    return judged(collected(steps), float(steps["started"]), float(steps["ended"]), str(steps.get("stopped") or ""))


class FilterModule:
    """Filters by name."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"verify_measured": verify_measured}
