# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A step of cluster_verify on the Galaxy server, as a program."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.clusterjobs.drm.plugins.plugin_utils.galaxy.plain import plain
from ansible_collections.clusterjobs.drm.plugins.plugin_utils.verify.programs import for_server

DOCUMENTATION = r"""
name: verify_program
short_description: A step of cluster_verify on the Galaxy server, as a program
version_added: 0.1.0
author: clusterjobs contributors (@clusterjobs)
description:
  - For the role P(clusterjobs.drm.cluster_verify#role).
options:
  _input:
    description: What to do, C(step), and what that step takes.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: What have earlier runs left?
  ansible.builtin.command:
    argv: [python3, "-"]
    stdin: "{{ {'step': 'left', 'paths': ['/srv/galaxy/jobs']} | clusterjobs.drm.verify_program }}"
  changed_when: false
"""

RETURN = r"""
_value:
  description: A program for the standard input of Python 3.8 or newer. It prints JSON.
  type: str
"""


def verify_program(request: Mapping[str, Any]) -> str:
    """The filter itself."""
    return for_server(plain(request))


class FilterModule:
    """Filters by name."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"verify_program": verify_program}
