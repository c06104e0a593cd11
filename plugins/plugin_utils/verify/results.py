# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a check says, and what it has to judge by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .plan import ANYWHERE, Facts, asked, chosen


@dataclass(frozen=True)
class Result:
    """One cell of the report. ``mend`` says what to do, and is there wherever something is to be done."""

    subject: str
    status: str
    message: str
    mend: str = ""
    item: str = ""
    numbers: Mapping[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        values = dict(vars(self), numbers=dict(self.numbers))
        return values if self.item else {name: value for name, value in values.items() if name != "item"}


@dataclass(frozen=True)
class Answer:
    """What one node has answered, and what the server saw of it meanwhile."""

    node: str
    told: Facts
    watched: Facts


@dataclass(frozen=True)
class Measured:
    """All that a run has brought together."""

    settings: Facts
    cluster: Facts
    #: The server's own sight of things; empty where it could not be had.
    prepared: Facts
    #: Of each node: its job as the module job tells it, and what the watcher saw; empty where there was none.
    jobs: Mapping[str, Facts]
    watched: Mapping[str, Facts]
    #: The jobs that were to fail, by their kind.
    ends: Mapping[str, Facts]
    #: What went wrong at a step, by the step: cluster, prepare, submit, hold, cancel, ways, users, drmaa.
    troubles: Mapping[str, str]
    findings: tuple[Facts, ...] = ()
    #: What came of the logins and of the real users' programs; empty where nothing was asked.
    ways: Facts = field(default_factory=dict)
    #: Of each environment that was tried: its job, or what the DRM said when it refused it (refused).
    environments: Mapping[str, Facts] = field(default_factory=dict)
    #: What came of the real users' jobs, or why there were none (skipped).
    users: Facts = field(default_factory=dict)
    #: What came of the job through the DRMAA library; empty where none was run.
    drmaa: Facts = field(default_factory=dict)

    @property
    def server(self) -> str:
        return str(self.settings["galaxy_host"])

    def nodes(self) -> list[str]:
        """As the report shows them."""
        names = chosen(self.settings, self.cluster) if self.cluster else []
        if self.cluster and [node.name for node in asked(self.settings, self.cluster)] == [ANYWHERE]:
            return [ANYWHERE]
        return names

    def asked(self) -> list[str]:
        return [node.name for node in asked(self.settings, self.cluster)] if self.cluster else []

    def answers(self) -> Iterator[Answer]:
        for node in self.asked():
            watched = self.watched.get(node) or {}
            # What comes from a node may have any shape.
            if {"paths", "galaxy"} <= set(watched.get("answer") or ()):
                yield Answer(node, watched["answer"], watched)
