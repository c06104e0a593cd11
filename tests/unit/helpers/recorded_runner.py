# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A runner that plays recordings: the client's questions meet what a real batch system once answered."""

from __future__ import annotations

from dataclasses import replace
from typing import Sequence

from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.model import Command, CommandResult


class RecordedRunner:
    """Answers each command with the next of the given results, under the command that was asked."""

    def __init__(self, *answers: CommandResult) -> None:
        self.answers = list(answers)
        self.asked: list[Command] = []

    def run(self, command: Command, inherit_fds: Sequence[int] = ()) -> CommandResult:
        self.asked.append(command)
        return replace(self.answers.pop(0), command=command)
