# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The only file that runs a command: always with a time limit, always with LC_ALL=C, never through a shell."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from typing import Dict, List, Optional, Sequence, Tuple

from ._drm.errors import DrmError
from ._drm.model import Command, CommandResult, Wrapper
from ._wrapper import behind

RC_TIMED_OUT = 124
# How long the output of a command that was ended is waited for.
_DRAIN_SECONDS = 5.0


def lasting_directory() -> str:
    """The account's home, or / where it cannot be entered.

    A job may start in the directory of its submission, and behind sudo Ansible's is one that is gone with the module.
    """
    home = os.path.expanduser("~")
    return home if os.path.isabs(home) and os.path.isdir(home) and os.access(home, os.X_OK) else os.sep


class Runner:
    """Runs the DRM's commands and remembers their argument lists, each once (no secret is in them: scripts and values go by stdin and environment)."""

    def __init__(self, timeout_seconds: float, wrapper: Optional[Wrapper] = None, directory: str = "") -> None:
        self.timeout_seconds = timeout_seconds
        self.commands: List[List[str]] = []
        self._wrapper = wrapper
        self._directory = directory
        self._behind: Dict[str, Optional[Tuple[str, Dict[str, str]]]] = {}

    def run(self, command: Command, inherit_fds: Sequence[int] = ()) -> CommandResult:
        """Run one command to its end or its time limit.

        ``inherit_fds`` stay open in the child: a submission holds its journal's lock this way even when we are killed first.
        Raises DrmError where the command could not be started at all, so nothing of it can have happened.
        """
        if command.told not in self.commands:
            self.commands.append(command.told)
        try:
            process = _start(command, command.directory or self._directory, inherit_fds, self._program(command.argv[0]))
        except (OSError, ValueError) as error:
            raise DrmError(
                "cannot start '%s': %s. Nothing of it has run; is it installed, and on the PATH of this account (task keyword 'environment')?"
                % (command.argv[0], error)
            ) from error
        return self._finish(process, command)

    def _program(self, name: str) -> Optional[Tuple[str, Dict[str, str]]]:
        """What is behind the DRM's wrapper; None where there is none. Looked for once."""
        if self._wrapper is not None and name not in self._behind:
            self._behind[name] = behind(self._wrapper, name, os.environ)
        return self._behind.get(name)

    def _finish(self, process: subprocess.Popen[bytes], command: Command) -> CommandResult:
        try:
            out, err = process.communicate(timeout=self.timeout_seconds)
            return CommandResult(command, process.returncode, _text(out), _text(err))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            out, err = _drained(process)
        said = "%s\nended at its time limit of %g s" % (_text(err), self.timeout_seconds)
        return CommandResult(command, RC_TIMED_OUT, _text(out), said.strip(), timed_out=True)


def _start(
    command: Command, directory: str, inherit_fds: Sequence[int], program: Optional[Tuple[str, Dict[str, str]]]
) -> subprocess.Popen[bytes]:
    executable, variables = program or (None, {})
    # A file, not a pipe: of that it would take what we had written when we were killed for all, and submit half a script.
    with tempfile.TemporaryFile() as given:
        given.write((command.stdin or "").encode("utf-8", "surrogateescape"))
        given.seek(0)
        return subprocess.Popen(
            command.argv,
            executable=executable,
            stdin=given,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "LC_ALL": "C", **variables, **command.environ},
            cwd=directory or None,
            pass_fds=tuple(inherit_fds),
            # Its own session: a lost connection's SIGHUP must not end a submission half way.
            start_new_session=True,
        )


def _drained(process: subprocess.Popen[bytes]) -> Tuple[bytes, bytes]:
    """What an ended command printed. A child of it that left its session may hold its output open for ever."""
    try:
        return process.communicate(timeout=_DRAIN_SECONDS)
    except subprocess.TimeoutExpired as error:
        for stream in (process.stdout, process.stderr):
            if stream:
                stream.close()
        process.poll()
        return error.output or b"", error.stderr or b""


def _text(data: bytes) -> str:
    """A DRM prints whatever bytes a job name holds; Ansible's result must be text."""
    return data.decode("utf-8", "backslashreplace")
