# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""sbatch's options as slurm-drmaa takes them: it has a part of them, and a parser of its own."""

from __future__ import annotations

import re
from collections.abc import Sequence

from .options import Refused, pairs

_FLAGS = frozenset(("--contiguous", "--exclusive", "--no-kill", "--no-requeue", "--requeue", "--share"))
_NAMES = """
    account acctg-freq clusters comment constraint cpus-per-task dependency exclude gres licenses mail-type mem mem-per-cpu
    mincpus nodelist nodes ntasks ntasks-per-node partition qos reservation time tmp
"""
_OPTIONS = frozenset((*(f"-{letter}" for letter in "ACLMNcdnptwx"), *(f"--{name}" for name in _NAMES.split())))
_MEGABYTES = ("--mem", "--mem-per-cpu", "--tmp")
_TIMES = ("--time", "-t")
_TIME = re.compile(r"(?:(\d+)-)?(\d+):(\d+):(\d+)")
_SIZE = re.compile(r"(\d+)([MG]?)")
_BLANK = re.compile(r"\s")
# Options that the portable request makes and the user never wrote: named as in the request, with the way round.
_GPUS = ("gpus", "Write native_options: [--gres=gpu:1], which counts for each node.")
_USE_CLI = "Leave it out, or use the cli runner, which passes every option on."


def native_specification(words: Sequence[str]) -> str:
    """The text for nativeSpecification. Raises Refused for what slurm-drmaa would reject at job time, or cut short."""
    return " ".join(_word(option, value) for option, value in pairs(words).items())


def _word(option: str, value: str | None) -> str:
    if option not in (_FLAGS if value is None else _OPTIONS):
        field, mend = _GPUS if option == "--gpus" else ("native_options", _USE_CLI)
        raise Refused(field, f"slurm-drmaa does not take {option}{'' if value is None else ' with a value'}", mend)
    if value is None:
        return option
    if option in _TIMES:
        value = _time(option, value)
    elif option in _MEGABYTES:
        value = _megabytes(option, value)
    # It splits at blanks, knows no quotes, and ends the value of a long option at the next =.
    if _BLANK.search(value) or (option.startswith("--") and "=" in value):
        raise Refused("native_options", f"slurm-drmaa cannot take a value with blanks or = for {option}", _USE_CLI)
    return f"{option}={value}" if option.startswith("--") else f"{option} {value}"


def _time(option: str, value: str) -> str:
    """It reads hours and minutes, drops the seconds, and takes neither days nor minutes alone."""
    match = _TIME.fullmatch(value)
    if not match:
        raise Refused("native_options", f"slurm-drmaa misreads {value!r} for {option}", "Use the option walltime.")
    if not match.group(1) and int(match.group(4)) == 0:
        return value
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    total = (days * 24 + hours) * 60 + minutes + (seconds > 0)
    return f"{total // 60}:{total % 60:02d}:00"


def _megabytes(option: str, value: str) -> str:
    """A bare number of megabytes: it rejects units."""
    match = _SIZE.fullmatch(value)
    if not match:
        raise Refused(
            "native_options",
            f"slurm-drmaa takes {option} as a number of megabytes, not {value!r}",
            "Use the option memory_mb, or a number.",
        )
    return str(int(match.group(1)) * (1024 if match.group(2) == "G" else 1))
