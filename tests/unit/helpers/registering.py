# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One registration over given answers."""

from __future__ import annotations

from typing import Any

from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.client import Client
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.model import Command, CommandResult
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.registration import Wanted, register
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.registrations import registration_of
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.registry import DRMS
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.wait import Clock
from ansible_collections.clusterjobs.drm.tests.unit.helpers.fake_clock import FakeClock
from ansible_collections.clusterjobs.drm.tests.unit.helpers.recorded_runner import RecordedRunner


class Asked:
    """One registration over the given answers, and the commands that it asked."""

    def __init__(self, drm: str, wanted: Wanted, *answers: CommandResult, **options: Any) -> None:
        self.runner = RecordedRunner(*answers)
        client = Client(DRMS[drm], self.runner, options.get("cluster", ""))  # type: ignore[arg-type]
        clock = FakeClock()
        self.told = register(
            registration_of(DRMS[drm]),
            client,
            wanted,
            options.get("seconds", 0),
            Clock(clock.monotonic, clock.sleep),
            options.get("check_mode", False),
        )
        assert not self.runner.answers

    @property
    def commands(self) -> list[tuple[str, ...]]:
        return [command.argv for command in self.runner.asked]


def said(text: str, rc: int = 0) -> CommandResult:
    return CommandResult(Command(("asked",)), rc, text, "")
