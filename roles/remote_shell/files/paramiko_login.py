# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One command on the other host, by paramiko as Galaxy's ParamikoShell uses it. Run by Galaxy's Python.

What it is to do comes as JSON on its standard input, so that a password is in no list of processes. Exit code 3: there is no paramiko.
"""

from __future__ import annotations

import json
import sys

try:
    import paramiko
except ImportError as problem:
    sys.stderr.write(f"{problem}\n")
    sys.exit(3)


def main() -> int:
    """The exit code of the command, or 1 with a reason."""
    given = json.load(sys.stdin)
    ssh = paramiko.SSHClient()
    # Galaxy's own order: a host that is not in ~/.ssh/known_hosts is refused, unless the environment says otherwise.
    strict = given.get("shell_strict_host_key_checking", True)
    ssh.set_missing_host_key_policy(paramiko.RejectPolicy() if strict else paramiko.AutoAddPolicy())
    ssh.load_system_host_keys()
    try:
        ssh.connect(
            hostname=given["shell_hostname"],
            port=int(given.get("shell_port", 22)),
            username=given["shell_username"],
            password=given.get("shell_password"),
            key_filename=given.get("shell_private_key"),
            timeout=60,
        )
        output, errors = ssh.exec_command(given["command"], timeout=60)[1:]
        code = int(output.channel.recv_exit_status())
        sys.stdout.write(output.read().decode())
        sys.stderr.write(errors.read().decode())
    except (paramiko.SSHException, OSError) as problem:
        sys.stderr.write(f"{type(problem).__name__}: {problem}\n")
        return 1
    finally:
        ssh.close()
    return code


if __name__ == "__main__":
    sys.exit(main())
