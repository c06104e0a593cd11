# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Galaxy would refuse at its start, fail at when a job comes, or silently ignore. One function a matter, one file a room."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from . import (
    check_cli,
    check_cluster,
    check_environments,
    check_handlers,
    check_limits,
    check_native,
    check_resubmit,
    check_runners,
    check_sections,
)
from .context import Context, Subject
from .findings import Finding
from .model import JobConf

Check = Callable[[Subject], Iterable[Finding]]
CHECKS: tuple[Check, ...] = (
    check_runners.runners,
    check_handlers.handling,
    check_handlers.processes,
    check_environments.runners,
    check_environments.parameters,
    check_environments.env,
    check_environments.metrics,
    check_environments.real_users,
    check_environments.particular,
    check_native.set_by_galaxy,
    check_native.specifications,
    check_cli.plugins,
    check_resubmit.leaks,
    check_resubmit.conditions,
    check_sections.references,
    check_sections.empty,
    check_sections.tools,
    check_limits.values,
    check_limits.limited,
    check_sections.resources,
    check_cluster.limits,
    check_cluster.accounting,
)


def check(conf: JobConf, context: Context | None = None) -> list[Finding]:
    """Every finding, in the order of the sections."""
    subject = Subject(conf, context or Context())
    return [finding for find in CHECKS for finding in find(subject)]
