# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with a job configuration, as a list."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.clusterjobs.drm.plugins.plugin_utils.galaxy import render
from ansible_collections.clusterjobs.drm.plugins.plugin_utils.galaxy.context import FORMATS, NEWEST, Context, codes_in
from ansible_collections.clusterjobs.drm.plugins.plugin_utils.galaxy.findings import JobConfError

DOCUMENTATION = r"""
name: lint_job_conf
short_description: What is wrong with a job configuration
version_added: 0.1.0
author: clusterjobs contributors (@clusterjobs)
description:
  - Judges a job configuration as it stands, and returns a list. It never fails because of what it finds.
options:
  _input:
    description: The text of a file, XML or YAML, or a structure.
    type: raw
    required: true
  drm:
    description: As O(clusterjobs.drm.job_conf#module:drm).
    type: str
    default: auto
  galaxy_release:
    description: As O(clusterjobs.drm.job_conf#module:galaxy_release).
    type: str
    default: "26.1"
  waive:
    description: As O(clusterjobs.drm.job_conf#module:waive).
    type: list
    elements: str
    default: []
  cluster:
    description: As O(clusterjobs.drm.job_conf#module:cluster).
    type: dict
    default: {}
  galaxy_config:
    description: As O(clusterjobs.drm.job_conf#module:galaxy_config).
    type: dict
    default: {}
  form:
    description: The form that Galaxy is going to read it in. XML cannot say everything.
    type: str
    choices: [yaml, xml, inline]
    default: yaml
  environ:
    description:
      - The variables that Galaxy's service has, for what C(job_conf.xml) takes C(from_environ). Of one that is not here, what stands in the file counts.
      - Without this option such a file is refused.
    type: dict
"""

EXAMPLES = r"""
- name: The old file is in order
  ansible.builtin.assert:
    that: (old | clusterjobs.drm.lint_job_conf(drm='slurm') | selectattr('level', 'eq', 'error') | list) == []
  vars:
    old: "{{ lookup('ansible.builtin.file', 'job_conf.xml') }}"
"""

RETURN = r"""
_value:
  description: Findings as those that M(clusterjobs.drm.job_conf) returns, with C(code), C(level), C(place), C(message) and C(mend).
  type: list
  elements: dict
"""


def lint_job_conf(
    value: Any,
    drm: str = "auto",
    galaxy_release: str = NEWEST,
    waive: Sequence[str] = (),
    cluster: Mapping[str, Any] | None = None,
    galaxy_config: Mapping[str, Any] | None = None,
    form: str = "yaml",
    environ: Mapping[str, Any] | None = None,
) -> list[dict[str, str]]:
    """The filter itself."""
    if form not in FORMATS:
        raise AnsibleFilterError(f"lint_job_conf: form is {form!r}, not one of {', '.join(FORMATS)}")
    settings = render.galaxy_section(galaxy_config)
    try:
        context = Context(drm, str(galaxy_release), codes_in(waive), settings, cluster or {}, form, environ=environ)
    except JobConfError as error:
        raise AnsibleFilterError(f"lint_job_conf: {error}") from error
    return [finding.as_dict() for finding in render.lint(value, context)]


class FilterModule:
    """Filters by name."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"lint_job_conf": lint_job_conf}
