# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Galaxy's job configuration as text, or as the value of galaxy.yml's job_config."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible.utils.display import Display

from ansible_collections.clusterjobs.drm.plugins.plugin_utils.galaxy import render
from ansible_collections.clusterjobs.drm.plugins.plugin_utils.galaxy.context import NEWEST, Context, codes_in
from ansible_collections.clusterjobs.drm.plugins.plugin_utils.galaxy.findings import WARNING, JobConfError

DOCUMENTATION = r"""
name: to_job_conf
short_description: Galaxy's job configuration, checked and translated
version_added: 0.1.0
author: clusterjobs contributors (@clusterjobs)
description:
  - Does to a job configuration what M(clusterjobs.drm.job_conf) does, without writing a file.
  - It runs no task, so C(group_vars) may use it for settings that another role writes.
positional: output
options:
  _input:
    description: The job configuration, as O(clusterjobs.drm.job_conf#module:job_config).
    type: raw
    required: true
  output:
    description:
      - With V(inline) the result is the structure for C(job_config) in C(galaxy.yml). Galaxy reads that before any file.
      - With V(yaml) or V(xml) it is the text of a file.
    type: str
    choices: [inline, yaml, xml]
    default: inline
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
  umask:
    description: As O(clusterjobs.drm.job_conf#module:umask).
    type: raw
    default: ""
  galaxy_config:
    description: As O(clusterjobs.drm.job_conf#module:galaxy_config). Jobs of real users and file staging are looked at.
    type: dict
"""

EXAMPLES = r"""
# group_vars of a server that galaxyproject.galaxy configures
galaxy_config:
  galaxy:
    job_config: "{{ galaxy_job_config | clusterjobs.drm.to_job_conf }}"
"""

RETURN = r"""
_value:
  description: A dictionary for O(output=inline), else a text.
  type: raw
"""


def to_job_conf(
    job_config: Any,
    output: str = "inline",
    drm: str = "auto",
    galaxy_release: str = NEWEST,
    waive: Sequence[str] = (),
    umask: Any = "",
    galaxy_config: Mapping[str, Any] | None = None,
) -> Any:
    """The filter itself."""
    if output not in ("inline", "yaml", "xml"):
        raise AnsibleFilterError(f"to_job_conf: output is {output!r}, not one of inline, yaml, xml")
    try:
        settings = render.galaxy_section(galaxy_config)
        context = Context(drm, str(galaxy_release), codes_in(waive), settings, form=output, umask=umask)
        native, findings = render.prepare(job_config, context)
        for finding in findings:
            if finding.level == WARNING:
                Display().warning(str(finding))
        return native if output == "inline" else render.text_of(native, output)
    except JobConfError as error:
        raise AnsibleFilterError(f"to_job_conf: {error}") from error


class FilterModule:
    """Filters by name."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"to_job_conf": to_job_conf}
