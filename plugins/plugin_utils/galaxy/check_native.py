# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The DRM's own words in an environment: what Galaxy sets itself, what a library does not read, two spellings of one thing."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .context import Subject
from .findings import Finding
from .model import Environment
from .natives import BY_LIBRARY, DRMAA_ATTRIBUTES, JOB_NAMES, OVERRIDDEN, RESERVED, SPELLINGS, Option, options_of, split
from .options import Refused
from .slurm_drmaa import native_specification

_LEAVE_OUT = "Leave it out: Galaxy sets it."


def set_by_galaxy(subject: Subject) -> Iterator[Finding]:
    """Where Galaxy looks for a job's output is Galaxy's to set: set otherwise, the job is lost to it."""
    for environment, kind, place in subject.placed:
        for name in environment.params:
            if name in DRMAA_ATTRIBUTES:
                message = "is not read; Galaxy sets it for each job"
                yield Finding("overridden-by-galaxy", f"{place}.{name}", message, _LEAVE_OUT)
        drm = subject.drm_of(environment, kind)
        try:
            options = options_of(environment, kind, drm)
        except ValueError as problem:
            where = next((f".{spelling}" for spelling in SPELLINGS if spelling in environment.params), "")
            message = f"cannot be split into words ({problem})"
            yield Finding("open-quote", f"{place}{where}", message, "Close the quotes.")
            continue
        for option in options:
            if option.name in RESERVED.get(drm, RESERVED[""]):
                yield _reserved(option, f"{place}.{option.parameter}")


def _reserved(option: Option, place: str) -> Finding:
    if option.name in JOB_NAMES:
        message = f"sets {option.name}: all jobs there have one name, without Galaxy's number and the tool in it"
        return Finding("named-by-galaxy", place, message, _LEAVE_OUT)
    if option.name in OVERRIDDEN:
        message = f"sets {option.name}, which Galaxy sets again for each job"
        return Finding("overridden-by-galaxy", place, message, _LEAVE_OUT)
    message = f"sets {option.name}, which Galaxy sets for each job; it would not find the job's output"
    return Finding("set-by-galaxy", place, message, _LEAVE_OUT)


def specifications(subject: Subject) -> Iterator[Finding]:
    """nativeSpecification, its second spelling, and slurm-drmaa's own mind about what stands there."""
    for environment, kind, place in subject.placed:
        if kind.module not in BY_LIBRARY:
            continue
        # Nothing after it says nothing.
        given = [spelling for spelling in SPELLINGS if environment.params.get(spelling)]
        if len(given) == 2:
            message = f"is not read, because there is {given[0]} too"
            yield Finding("two-native-specifications", f"{place}.{given[1]}", message, "Keep one of the two.")
        elif given == [SPELLINGS[1]] and kind.module == "univa":
            message = "is used at submission, but its limits are not seen when a job ends"
            mend = f"Write {SPELLINGS[0]}."
            yield Finding("native-specification-spelling", f"{place}.{given[0]}", message, mend)
        drm = subject.drm_of(environment, kind)
        if drm == "slurm" and given:
            yield from _slurm(environment, place, given[0])
        if drm == "gridengine" and given:
            yield from _h_vmem(environment, place, given[0])


def _slurm(environment: Environment, place: str, spelling: str) -> Iterator[Finding]:
    text = str(environment.params[spelling])
    if _is_right(text):
        return
    for option in split(spelling, text.split(), "slurm"):
        if option.name in RESERVED["slurm"]:
            continue
        words = [f"{option.name}={option.value}"] if option.name.startswith("--") and option.values else []
        words = words or [option.name, *option.values]
        try:
            right = native_specification(words)
        except Refused as refusal:
            yield Finding("slurm-drmaa-option", f"{place}.{spelling}", str(refusal), refusal.mend)
            continue
        if right not in (" ".join(words), "".join(words)) and right not in text:
            message = f"slurm-drmaa misreads {' '.join(words)}"
            yield Finding("slurm-drmaa-option", f"{place}.{spelling}", message, f"Write {right}.")


def _is_right(text: str) -> bool:
    """Whether it is what is written here, as most are; option by option takes several times as long."""
    try:
        return native_specification(text.split()) == text
    except Refused:
        return False


def _h_vmem(environment: Environment, place: str, spelling: str) -> Iterator[Finding]:
    """Univa's and Altair's Grid Engine tell a job its h_vmem as it was written, and the job script computes with that."""
    found = re.search(r"\bh_vmem=([^,\s]+)", str(environment.params[spelling]))
    named = {entry.get("name") for entry in environment.env} | {entry.get("execute") for entry in environment.env}
    if found and not found.group(1).endswith("G") and "unset SGE_HGR_h_vmem" not in named:
        message = "h_vmem is not in G, and Galaxy's job script would make a wrong GALAXY_MEMORY_MB of it"
        mend = "Write it in G, as 4G, or ask by memory_mb."
        yield Finding("h-vmem-unit", f"{place}.{spelling}", message, mend)
