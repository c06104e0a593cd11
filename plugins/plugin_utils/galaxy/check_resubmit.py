# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Resubmission: Galaxy puts the new environment's parameters over the old one's, and few runners tell why a job ended."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .context import Subject
from .findings import Finding, listed
from .parameters import MEMORY, WALLTIME
from .runners import RULE_RUNNERS

# The variables of a condition that are about the end of a job (galaxy/jobs/runners/state_handlers/resubmit.py).
_ENDS = re.compile(
    r"\b(walltime_reached|memory_limit_reached|unknown_error|tool_detected_failure|tool_timelimit_reached|any_failure|any_potential_job_failure)\b"
)
# Set anew for each job, or meaning the same whichever environment they come from.
_HARMLESS = ("enabled", "metrics", "tmp_dir")


def leaks(subject: Subject) -> Iterator[Finding]:
    """A limit that only the first environment sets is the second one's too."""
    common: dict[str, set[str]] = {}
    for environment in subject.environments:
        keys = set(environment.params) | set(environment.request)
        if environment.runner in RULE_RUNNERS:
            # The rule decides anew; what it is handed is what it asks for.
            keys = set()
        for name in (environment.id, *environment.tags):
            common[name] = common[name] & keys if name in common else keys
    rules = {item.id for item in subject.environments if item.runner in RULE_RUNNERS}
    for environment in subject.environments:
        keys = (set(environment.params) | set(environment.request)) - set(_HARMLESS)
        for index, entry in enumerate(environment.resubmit):
            target = str(entry.get("environment") or environment.id)
            if target not in common or target in rules or target == environment.id:
                continue
            left = sorted(keys - common[target])
            if left and environment.runner not in RULE_RUNNERS:
                place = f"execution.environments.{environment.id}.resubmit[{index}]"
                message = f"{target!r} does not set {listed(left)}; a resubmitted job takes the value along"
                yield Finding(
                    "resubmit-leak", place, message, f"Set the same options in {target!r}, in the same spelling."
                )


def conditions(subject: Subject) -> Iterator[Finding]:
    """A condition on an end that the runner never reports is never met."""
    for environment, kind, place in subject.placed:
        raised = subject.raised_by(environment, kind)
        for index, entry in enumerate(environment.resubmit):
            ends = set(_ENDS.findall(str(entry.get("condition") or "")))
            if ends and ends <= {WALLTIME, MEMORY} - raised:
                message = f"{kind.class_name} does not tell when the DRM ended a job for {_reasons(ends)}"
                mend = "Use the slurm, univa or htcondor runner, or the condition any_failure with a bound on attempt."
                yield Finding("condition-never-met", f"{place}.resubmit[{index}].condition", message, mend)


def _reasons(ends: set[str]) -> str:
    return " or ".join({WALLTIME: "its time", MEMORY: "its memory"}[end] for end in sorted(ends, reverse=True))
