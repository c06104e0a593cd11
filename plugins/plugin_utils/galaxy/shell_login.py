# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line by which Galaxy's cli runner gets to another host (galaxy/jobs/runners/util/cli/shell/rsh.py of Galaxy 26.1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PROGRAMS = {"SecureShell": "ssh", "GlobusSecureShell": "gsissh", "ParamikoShell": "ssh", "RemoteShell": "rsh"}
#: What is asked there. Its output is all that Galaxy reads of a command: a greeting in it would be taken for the id of a job.
PROOF = "id -un"
_NO = ("false", "no", "off", "0", "f", "n")
_UNCHECKED = ("-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null")


def strict(shell: Mapping[str, Any]) -> bool:
    """Whether a host that is not known is refused."""
    return str(shell.get("shell_strict_host_key_checking", True)).strip().lower() not in _NO


def login(shell: Mapping[str, Any]) -> list[str]:
    """The argv, up to the command, of the ``shell_`` options of an environment; ParamikoShell's is ssh's with the same options.

    Galaxy has no terminal on which it could be asked; BatchMode makes sure that a proof has none either.
    """
    plugin = str(shell["shell_plugin"])
    words = [str(shell.get("shell_rsh") or PROGRAMS[plugin])]
    if plugin == "RemoteShell":
        words += map(str, shell.get("shell_options") or ())
    else:
        words += ["-o", "BatchMode=yes", *(() if strict(shell) else _UNCHECKED), "-o", "ConnectTimeout=60"]
        words += ["-i", str(shell["shell_private_key"])] if shell.get("shell_private_key") else []
        words += ["-p", str(shell["shell_port"])] if shell.get("shell_port") else []
    words += ["-l", str(shell["shell_username"])] if shell.get("shell_username") else []
    return [*words, str(shell.get("shell_hostname") or "localhost")]
