# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line by which Galaxy's cli runner gets to another host."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.clusterjobs.drm.plugins.plugin_utils.galaxy import shell_login as cli_shell
from ansible_collections.clusterjobs.drm.plugins.plugin_utils.galaxy.plain import plain

DOCUMENTATION = r"""
name: shell_login
short_description: The command line by which Galaxy's cli runner gets to another host
version_added: 0.1.0
author: clusterjobs contributors (@clusterjobs)
description:
  - For the role P(clusterjobs.drm.remote_shell#role). C(ssh) is told to ask nothing.
options:
  _input:
    description: The C(shell_) options of an environment, with a C(shell_plugin) that goes to another host.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Log in as Galaxy will
  ansible.builtin.command:
    argv: "{{ (remote_shell_environment | clusterjobs.drm.shell_login) + ['id -un'] }}"
  changed_when: false
"""

RETURN = r"""
_value:
  description: The program and its arguments, to which the command is to be added.
  type: list
  elements: str
"""


def shell_login(shell: Mapping[str, Any]) -> list[str]:
    """The filter itself."""
    given = plain(shell)
    plugin = given.get("shell_plugin")
    if plugin not in cli_shell.PROGRAMS:
        names = ", ".join(cli_shell.PROGRAMS)
        raise AnsibleFilterError(f"shell_login: shell_plugin is {plugin!r}, which goes to no other host; {names} do")
    return cli_shell.login(given)


class FilterModule:
    """Filters by name."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"shell_login": shell_login}
