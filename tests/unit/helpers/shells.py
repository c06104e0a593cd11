# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Environments of the cli runner as the role remote_shell computes them for tests/unit/roles/remote_shell_cases.yml, and what Galaxy makes of them."""

from __future__ import annotations

from typing import Any

KEY = "/srv/galaxy/home/.ssh/clusterjobs_ed25519"
TARGET = {"shell_hostname": "login2", "shell_username": "galaxy"}
ENVIRONMENTS: dict[str, dict[str, Any]] = {
    "secure": {"shell_plugin": "SecureShell", **TARGET, "shell_private_key": KEY},
    "secure_elsewhere": {
        "shell_plugin": "SecureShell",
        **TARGET,
        "shell_private_key": KEY,
        "shell_port": "2222",
        "shell_rsh": "/opt/bin/ssh",
        "shell_rcp": "/opt/bin/scp",
    },
    "globus": {"shell_plugin": "GlobusSecureShell", **TARGET, "shell_port": "2222"},
    "paramiko": {"shell_plugin": "ParamikoShell", **TARGET, "shell_private_key": KEY, "shell_port": "2222"},
    "paramiko_password": {"shell_plugin": "ParamikoShell", **TARGET, "shell_password": "open-sesame"},
    "remote": {"shell_plugin": "RemoteShell", **TARGET, "shell_options": ["-n"]},
}
# What Galaxy 26.1 starts for these: tests/galaxy asks it.
SSH = ["-o", "ConnectTimeout=60"]
THERE = ["-l", "galaxy", "login2"]
COMMANDS = {
    "secure": ["ssh", *SSH, "-i", KEY, *THERE],
    "secure_elsewhere": ["/opt/bin/ssh", *SSH, "-i", KEY, "-p", "2222", *THERE],
    "globus": ["gsissh", *SSH, "-p", "2222", *THERE],
    "paramiko": ["ssh", *SSH, "-i", KEY, "-p", "2222", *THERE],
    "remote": ["rsh", "-n", *THERE],
}
