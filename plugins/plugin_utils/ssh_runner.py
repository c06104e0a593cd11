# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A DRM's commands on another host, by ssh: what asks a DRM here asks it there."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.errors import (
    DrmUnavailableError,
    InvalidRequestError,
    ParseError,
)
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.model import Command, CommandResult
from ansible_collections.clusterjobs.drm.plugins.module_utils._runner import Runner

# What ssh itself may take beside the command's own time: connecting, and Python's start.
_SSH_SECONDS = 60
_CONNECT_SECONDS = 20
_HOST = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@:%-]*")
# ssh hands its words to a shell there. These few need no quotes; the DRM's words go by standard input, as data.
_PYTHON = ("python3", "-I", "-S", "-")
_PROGRAM = """\
import json, os, shutil, subprocess, sys
task = json.loads({task!r})
environ = dict(os.environ, LC_ALL="C", **task["environ"])
answer = {{"found": [name for name in task["which"] if shutil.which(name)]}}
if task["argv"]:
    try:
        done = subprocess.run(task["argv"], input=task["stdin"].encode(), env=environ, timeout=task["seconds"],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        answer.update(rc=done.returncode, stdout=done.stdout.decode("utf-8", "backslashreplace"),
                      stderr=done.stderr.decode("utf-8", "backslashreplace"), timed_out=False)
    except subprocess.TimeoutExpired:
        answer.update(rc=124, stdout="", stderr="ended at its time limit of %g s" % task["seconds"], timed_out=True)
    except OSError as error:
        answer.update(rc=127, stdout="", stderr="cannot start it: %s" % error, timed_out=False)
print(json.dumps(answer))
"""


class SshRunner(Runner):
    """Runs commands on ``host``; ``options`` are ssh's own."""

    def __init__(self, host: str, options: Sequence[str], timeout_seconds: float) -> None:
        super().__init__(timeout_seconds)
        self.host = host
        self.options = options

    def run(self, command: Command, inherit_fds: Sequence[int] = ()) -> CommandResult:
        answer = self._ask(command, argv=list(command.argv), stdin=command.stdin or "", environ=dict(command.environ))
        try:
            return CommandResult(command, answer["rc"], answer["stdout"], answer["stderr"], answer["timed_out"])
        except KeyError as error:
            raise ParseError("ssh %s" % self.host, str(answer)) from error

    def which(self, programs: Iterable[str]) -> set[str]:
        """Those of the programs that are on the PATH there."""
        found = self._ask(Command(("ssh", self.host)), which=sorted(programs)).get("found")
        return set(found or ())

    def _ask(self, command: Command, **task: Any) -> dict[str, Any]:
        if not _HOST.fullmatch(self.host):
            raise InvalidRequestError("ssh_host", "%r is no host name" % self.host)
        known = {"argv": [], "stdin": "", "environ": {}, "which": [], "seconds": self.timeout_seconds}
        fixed = ("-o", "BatchMode=yes", "-o", "ConnectTimeout=%d" % _CONNECT_SECONDS)
        program = _PROGRAM.format(task=json.dumps(dict(known, **task)))
        # The user's options come first: of two values of one ssh takes the first.
        ssh = Command(("ssh", *self.options, *fixed, "--", self.host, *_PYTHON), stdin=program)
        result = Runner(self.timeout_seconds + _SSH_SECONDS).run(ssh)
        if result.rc:
            raise DrmUnavailableError("asking %s for '%s'" % (self.host, command.argv[0]), result)
        try:
            # A login script may say something first.
            answer = json.loads(result.stdout.rstrip("\n").rpartition("\n")[2])
        except ValueError as error:
            raise ParseError("ssh %s" % self.host, result.stdout) from error
        if not isinstance(answer, dict):
            raise ParseError("ssh %s" % self.host, result.stdout)
        return answer
