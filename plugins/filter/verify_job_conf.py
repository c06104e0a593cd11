# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What cluster_verify tries out of a site's job configuration."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.clusterjobs.drm.plugins.plugin_utils.galaxy.plain import plain
from ansible_collections.clusterjobs.drm.plugins.plugin_utils.verify import conf

DOCUMENTATION = r"""
name: verify_job_conf
short_description: What cluster_verify tries out of a site's job configuration
version_added: 0.1.0
author: clusterjobs contributors (@clusterjobs)
description:
  - For the role P(clusterjobs.drm.cluster_verify#role). What cannot be read has nothing to be tried.
options:
  _input:
    description: The text of Galaxy's job configuration.
    type: str
    required: true
  drm:
    description: As O(clusterjobs.drm.job_conf#module:drm).
    type: str
    default: auto
  environments:
    description: Names of environments to be tried, or V(all).
    type: list
    elements: str
    default: []
  user:
    description: Galaxy's account.
    type: str
    default: galaxy
  python:
    description: Galaxy's Python, whose paramiko ParamikoShell uses.
    type: str
    default: ""
  paramiko_program:
    description: The program that logs in by paramiko.
    type: str
    default: ""
  environ:
    description: The variables that Galaxy's service has, as O(clusterjobs.drm.from_job_conf#filter:environ).
    type: dict
"""

EXAMPLES = r"""
- name: By which command lines does the cli runner get to other hosts?
  ansible.builtin.debug:
    msg: "{{ (lookup('ansible.builtin.file', 'job_conf.yml') | clusterjobs.drm.verify_job_conf).logins | map(attribute='argv') }}"
"""

RETURN = r"""
_value:
  description: >-
    C(shells) of the cli runner that go to another host, and the C(logins) that prove them, each with its C(environments), C(argv) and C(stdin), which
    may hold a password; C(environments), each with its C(native_options) and what they ask for; and the names of C(drmaa_runners), which use a DRMAA library.
  type: dict
"""


def verify_job_conf(
    text: str,
    drm: str = "auto",
    environments: Sequence[str] | str = (),
    user: str = "galaxy",
    python: str = "",
    paramiko_program: str = "",
    environ: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The filter itself."""
    subject = conf.subject_of(plain(text), plain(drm), None if environ is None else plain(environ))
    if subject is None:
        return {"shells": [], "logins": [], "environments": [], "drmaa_runners": []}
    names = plain(environments)
    return {
        "shells": conf.shells(subject, plain(user)),
        "logins": conf.logins(subject, plain(python), plain(paramiko_program)),
        "environments": conf.environments(subject, [names] if isinstance(names, str) else names),
        "drmaa_runners": conf.drmaa_runners(subject),
    }


class FilterModule:
    """Filters by name."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"verify_job_conf": verify_job_conf}
