# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A DRM's native words read back as the portable request, with a list of what has no portable word."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from .natives import Option


@dataclass
class Reading:
    """What was understood. ``per_slot_mb`` and the like wait for the number of slots, which may come later."""

    request: dict[str, Any] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)
    per_slot_mb: int | None = None
    tasks: int | None = None

    def lose(self, option: Option | str, why: str = "") -> None:
        self.lost.append(f"{option} ({why})" if why else str(option))

    def take(self, name: str, value: Any, option: Option | str) -> None:
        """A value that was understood; one that was not is lost."""
        if value is None or value == "":
            self.lose(option, "not understood")
        else:
            self.request[name] = value

    def finished(self) -> Reading:
        """The same with what depends on the number of slots."""
        if self.tasks:
            self.request["slots"] = self.tasks * self.request.get("slots", 1)
        if self.per_slot_mb:
            self.request["memory_mb"] = self.per_slot_mb * self.request.get("slots", 1)
        return self


def megabytes(text: str, unit: str = "M") -> int | None:
    """A size in MiB, rounded up; ``unit`` is what a bare number means."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([BKMGTP]?)(?:I?B|W)?", text.strip().upper())
    if not match:
        return None
    scale = {"B": 2**-20, "K": 2**-10, "M": 1, "G": 2**10, "T": 2**20, "P": 2**30}
    size = float(match.group(1)) * scale[match.group(2) or unit]
    return max(1, int(-(-size // 1)))


def seconds(text: str, bare: int = 1) -> int | None:
    """A time as [[D-]H:]M:S or H:M:S; a bare number counts ``bare`` seconds. None where it is no time."""
    text = text.strip()
    if re.fullmatch(r"\d+", text):
        return int(text) * bare or None
    match = re.fullmatch(r"(?:(\d+)-)?(\d+)(?::(\d+))?(?::(\d+))?", text)
    if not match:
        return None
    days, parts = int(match.group(1) or 0), [int(part) for part in match.groups()[1:] if part is not None]
    if match.group(1) is not None:
        parts += [0] * (3 - len(parts))
    total = 0
    for part in parts:
        total = total * 60 + part
    return days * 86400 + total or None


def _count(text: str) -> int | None:
    return int(text) if re.fullmatch(r"[1-9]\d*", text.strip()) else None


def _name(text: str) -> str | None:
    return text if re.fullmatch(r"[A-Za-z0-9_@][A-Za-z0-9_.@:/,+-]*", text) else None


def read(drm: str, options: Sequence[Option]) -> Reading:
    """The portable request in these options. Raises KeyError for a DRM whose words are not read."""
    reading, reader = Reading(), READERS[drm]
    for option in options:
        reader(option, reading)
    return reading.finished()


def _slurm(option: Option, reading: Reading) -> None:
    name, value = _SLURM.get(option.name, option.name), option.value
    if name in ("queue", "account"):
        reading.take(name, _name(value), option)
    elif name == "walltime":
        # sbatch(1): minutes, M:S, H:M:S, D-H, D-H:M, D-H:M:S.
        reading.take("walltime", seconds(value, bare=60), option)
    elif name == "slots":
        reading.take("slots", _count(value), option)
    elif name == "tasks":
        reading.tasks = _count(value) or reading.tasks
    elif name == "memory_mb":
        reading.take("memory_mb", megabytes(value), option)
    elif name == "--mem-per-cpu":
        reading.per_slot_mb = megabytes(value)
    elif name == "gpus" or (name == "--gres" and value.startswith("gpu")):
        _gpus(option, value, reading)
    elif name == "--nodes" and value == "1":
        return
    else:
        reading.lose(option)


def _gpus(option: Option, value: str, reading: Reading) -> None:
    parts = value.removeprefix("gpu").strip(":").split(":")
    reading.take("gpus", _count(parts[-1]) if parts[-1] else 1, option)
    if len(parts) > 1:
        reading.lose(option, "the kind of GPU")


_SLURM = {
    **dict.fromkeys(("-p", "--partition"), "queue"),
    **dict.fromkeys(("-A", "--account"), "account"),
    **dict.fromkeys(("-t", "--time"), "walltime"),
    **dict.fromkeys(("-c", "--cpus-per-task"), "slots"),
    **dict.fromkeys(("-n", "--ntasks"), "tasks"),
    "--mem": "memory_mb",
    **dict.fromkeys(("-G", "--gpus"), "gpus"),
    "-N": "--nodes",
}


def _gridengine(option: Option, reading: Reading) -> None:
    if option.name == "-pe" and len(option.values) == 2:
        reading.take("slots", _count(option.values[1].partition("-")[0]), option)
        reading.lose(f"-pe {option.values[0]}", "the parallel environment's name")
    elif option.name == "-q":
        _queue(option, reading)
    elif option.name in ("-P", "-A"):
        reading.take("account", _name(option.value), option)
    elif option.name == "-l":
        for part in option.value.split(","):
            _complex(part.strip(), reading)
    else:
        reading.lose(option)


def _queue(option: Option, reading: Reading) -> None:
    queue, at, host = option.value.partition("@")
    reading.take("queue", _name(queue), option)
    if at and host:
        reading.lose(option, "the host or server")


def _complex(part: str, reading: Reading) -> None:
    """One resource of Grid Engine's -l; h_vmem and its like are for each slot."""
    name, _equals, value = part.partition("=")
    if name in ("h_rt", "s_rt"):
        # A hard limit counts, whichever comes first.
        if name == "h_rt" or "walltime" not in reading.request:
            reading.take("walltime", seconds(value), part)
    elif name in ("h_vmem", "mem_free", "virtual_free", "s_vmem", "mem", "h_rss"):
        size = megabytes(value, "B")
        if size is None:
            reading.lose(f"-l {part}", "not understood")
        elif name == "h_vmem" or not reading.per_slot_mb:
            reading.per_slot_mb = size
    elif name in ("gpu", "gpus", "ngpus"):
        reading.take("gpus", _count(value or "1"), part)
    else:
        reading.lose(f"-l {part}")


def _pbs(option: Option, reading: Reading) -> None:
    if option.name == "-q":
        _queue(option, reading)
    elif option.name in ("-A", "-P"):
        reading.take("account", _name(option.value), option)
    elif option.name == "-l":
        for part in re.split(r",(?=[a-z_]+=)", option.value.replace(" ", ",")):
            _resource(part, reading)
    else:
        reading.lose(option)


def _resource(part: str, reading: Reading) -> None:
    """One resource of qsub -l: a chunk, a node, or a limit of the whole job."""
    name, _equals, value = part.partition("=")
    if name in ("select", "nodes"):
        _chunk(name, value, reading)
    elif name in ("ncpus", "ppn", "procs"):
        reading.take("slots", _count(value), part)
    elif name in ("mem", "vmem"):
        reading.take("memory_mb", megabytes(value, "B"), part)
    elif name in ("pmem", "pvmem"):
        reading.per_slot_mb = megabytes(value, "B")
    elif name == "walltime":
        reading.take("walltime", seconds(value), part)
    elif name in ("ngpus", "gpus"):
        reading.take("gpus", _count(value), part)
    elif name != "place" or value not in ("pack", "free"):
        reading.lose(f"-l {part}")


def _chunk(name: str, value: str, reading: Reading) -> None:
    first, plus, rest = value.partition("+")
    number, *words = first.split(":")
    if not number.isdigit():
        number, words = "1", [number, *words]
    if plus:
        reading.lose(f"-l {name}=...+{rest}", "further chunks or nodes")
    if number != "1":
        reading.lose(f"-l {name}={number}:...", "more than one chunk or node")
    for word in filter(None, words):
        if word.partition("=")[0] == "mpiprocs":
            continue
        _resource(word, reading)


def _lsf(option: Option, reading: Reading) -> None:
    name, value = option.name, option.value
    if name == "-q":
        reading.take("queue", _name(value.split()[0] if value else ""), option)
    elif name == "-P":
        reading.take("account", _name(value), option)
    elif name == "-n":
        reading.take("slots", _count(value.partition(",")[0]), option)
    elif name == "-W":
        # bsub(1): [hours:]minutes, and perhaps a host's name for the speed.
        clock = value.partition("/")[0]
        reading.take("walltime", seconds(f"{clock}:0" if ":" in clock else clock, bare=60), option)
    elif name == "-M":
        _lsf_memory(option, reading)
    elif name == "-R":
        _lsf_needs(value.strip("'\""), reading)
    elif name == "-gpu":
        match = re.search(r"num=(\d+)", value)
        reading.take("gpus", int(match.group(1)) if match else 1, option)
    else:
        reading.lose(option)


def _lsf_memory(option: Option, reading: Reading) -> None:
    if option.parameter == "job_memory":
        # What Galaxy's plugin calls memory goes into -M and rusage alike, the latter in MB.
        reading.take("memory_mb", megabytes(option.value), option)
        return
    if option.value.strip().isdigit():
        reading.lose(option, "taken for KB: LSF_UNIT_FOR_LIMITS of the cluster decides")
    if "memory_mb" not in reading.request:
        reading.take("memory_mb", megabytes(option.value, "K"), option)


def _lsf_needs(text: str, reading: Reading) -> None:
    for section, inner in re.findall(r"(\w+)\[([^\]]*)\]", text):
        memory = re.fullmatch(r"mem=(\d+(?:\.\d+)?\s*[A-Za-z]*)", inner.strip())
        if section == "rusage" and memory:
            reading.take("memory_mb", megabytes(memory.group(1)), f"-R {section}[{inner}]")
        elif (section, inner) != ("span", "hosts=1"):
            reading.lose(f"-R {section}[{inner}]")


def _htcondor(option: Option, reading: Reading) -> None:
    name, value = option.name, option.value.strip().strip('"')
    if name in ("request_cpus", "request_gpus"):
        reading.take({"request_cpus": "slots", "request_gpus": "gpus"}[name], _count(value), option)
    elif name == "request_memory":
        reading.take("memory_mb", megabytes(value), option)
    elif name == "accounting_group":
        reading.take("account", _name(value), option)
    elif name in ("request_walltime", "allowed_execute_duration", "allowed_job_duration"):
        reading.take("walltime", seconds(value), option)
    elif name == "periodic_remove" and (found := re.search(r"JobCurrentStartExecutingDate > (\d+)", value)):
        reading.take("walltime", int(found.group(1)), option)
    elif name not in ("docker_sudo", "universe") or (name == "universe" and value != "vanilla"):
        reading.lose(option)


READERS: dict[str, Callable[[Option, Reading], None]] = {
    "slurm": _slurm,
    "gridengine": _gridengine,
    "pbspro": _pbs,
    "torque": _pbs,
    "lsf": _lsf,
    "htcondor": _htcondor,
}
