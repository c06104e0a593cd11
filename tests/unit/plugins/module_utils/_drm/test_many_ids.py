# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Any number of jobs is asked about in few commands, none of them longer than the system takes."""

from __future__ import annotations

import pytest

from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.model import Control
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.registry import DRMS

COUNT = 20000
IDS = {
    "pbspro": "%d.server.of.a.long.name.example.org",
    "torque": "%d.server.of.a.long.name.example.org",
    "htcondor": "%d.0",
}
# execve(2): one argument has at most 128 KiB, all of them with the environment at least 128 KiB, usually 2 MiB.
MOST_BYTES = 128 * 1024 - 4096


def ids(name: str) -> list[str]:
    # Far apart, so that no range of them stands for many.
    return [IDS.get(name, "%d") % number for number in range(1000000, 1000000 + 97 * COUNT, 97)]


@pytest.mark.parametrize("name", sorted(DRMS))
def test_no_command_is_too_long(name: str) -> None:
    drm = DRMS[name]
    wanted = ids(name)
    drm.check_job_ids(wanted)
    names = ["job-%010d" % number for number in range(COUNT)]
    questions = [*drm.build_status(wanted, ""), *drm.build_history(wanted, "")]
    # Seven bytes an id at the least, and here it is up to forty-four.
    assert len(questions) < 40
    others = [
        *drm.build_find(names, "", 0),
        *drm.build_find_history(names, "", 0),
        *drm.build_control(Control.CANCEL, wanted, ""),
    ]
    for command in [*questions, *others]:
        assert sum(len(word) + 1 for word in command.argv) < MOST_BYTES, command.argv[:3]
