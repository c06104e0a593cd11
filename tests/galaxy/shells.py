"""What Galaxy's own shell plugins do with the parameters of environments. Run by the Python that has Galaxy.

In: a JSON object of parameters by name on standard input. Out: by name, the command that would be started, or what paramiko is told.
"""

from __future__ import annotations

import json
import sys
from typing import Any
from unittest import mock

import paramiko
from galaxy.jobs.runners.util.cli import CliInterface, split_params
from galaxy.jobs.runners.util.cli.shell.local import LocalShell


def asked(params: dict[str, Any]) -> Any:
    with (
        mock.patch.object(LocalShell, "execute") as execute,
        mock.patch.object(paramiko.SSHClient, "connect") as connect,
        mock.patch.object(paramiko.SSHClient, "exec_command") as command,
    ):
        command.return_value = tuple(mock.MagicMock() for _stream in range(3))
        CliInterface().get_shell_plugin(split_params(params)[0]).execute("id -un")
        return execute.call_args.args[0] if execute.called else connect.call_args.kwargs


if __name__ == "__main__":
    sys.stdout.write(json.dumps({name: asked(params) for name, params in json.load(sys.stdin).items()}))
