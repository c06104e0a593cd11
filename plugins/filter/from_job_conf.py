# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A job_conf that is there already, as the structure of job_conf.yml."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.clusterjobs.drm.plugins.plugin_utils.galaxy import render
from ansible_collections.clusterjobs.drm.plugins.plugin_utils.galaxy.context import Context
from ansible_collections.clusterjobs.drm.plugins.plugin_utils.galaxy.findings import JobConfError

DOCUMENTATION = r"""
name: from_job_conf
short_description: A job_conf that is there already, as the structure of job_conf.yml
version_added: 0.1.0
author: clusterjobs contributors (@clusterjobs)
description:
  - Reads C(job_conf.xml), C(job_conf.yml) or the variable C(galaxy_jobconf), and gives the structure that M(clusterjobs.drm.job_conf) takes.
  - It only reads. What is wrong with it is told by P(clusterjobs.drm.lint_job_conf#filter).
options:
  _input:
    description: The text of a file, XML or YAML, or a structure.
    type: raw
    required: true
  environ:
    description:
      - The variables that Galaxy's service has, for what C(job_conf.xml) takes C(from_environ). Of one that is not here, what stands in the file counts.
      - Without this option such a file is refused.
    type: dict
"""

EXAMPLES = r"""
- name: From the old file to the new one
  clusterjobs.drm.job_conf:
    path: /srv/galaxy/config/job_conf.yml
    job_config: "{{ lookup('ansible.builtin.file', 'job_conf.xml') | clusterjobs.drm.from_job_conf }}"

- name: A file that takes values from the environment, as its service has them
  ansible.builtin.debug:
    msg: "{{ lookup('ansible.builtin.file', 'job_conf.xml') | clusterjobs.drm.from_job_conf(environ={'NATIVE_SPEC': '--ntasks=2'}) }}"
"""

RETURN = r"""
_value:
  description: C(runners), C(execution), C(tools) and so on.
  type: dict
"""


def from_job_conf(value: Any, environ: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The filter itself."""
    try:
        return render.read(value, Context(environ=environ).environ)
    except JobConfError as error:
        raise AnsibleFilterError(f"from_job_conf: {error}") from error


class FilterModule:
    """Filters by name."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"from_job_conf": from_job_conf}
