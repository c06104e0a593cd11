# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Native words read back as the portable request: what they ask for, and what is left over."""

from __future__ import annotations

import shlex
from typing import Any

import pytest

from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.model import JobRequest
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.registry import DRMS
from ansible_collections.clusterjobs.drm.plugins.plugin_utils.galaxy.natives import Option, split
from ansible_collections.clusterjobs.drm.plugins.plugin_utils.galaxy.portable import READERS, megabytes, read, seconds

PE = "-pe smp (the parallel environment's name)"


def understood(drm: str, text: str) -> tuple[dict[str, Any], list[str]]:
    if drm == "htcondor":
        pairs = [line.partition("=") for line in text.split(";")]
        options = [Option(name.strip(), name.strip().lower(), (value.strip(),)) for name, _equals, value in pairs]
    else:
        options = list(split("nativeSpecification", shlex.split(text), drm))
    reading = read(drm, options)
    return reading.request, reading.lost


@pytest.mark.parametrize(
    ("drm", "text", "request_", "lost"),
    [
        ("gridengine", "-pe smp 8 -l h_vmem=4G", {"slots": 8, "memory_mb": 32768}, [PE]),
        ("gridengine", "-l h_vmem=4000M -pe smp 8", {"slots": 8, "memory_mb": 32000}, [PE]),
        (
            "gridengine",
            "-q long.q -P bio -l h_rt=12:00:00,mem_free=2G",
            {"queue": "long.q", "account": "bio", "walltime": 43200, "memory_mb": 2048},
            [],
        ),
        ("gridengine", "-l h_rt=3600 -l s_rt=3000", {"walltime": 3600}, []),
        ("gridengine", "-l s_rt=3000 -l h_rt=3600", {"walltime": 3600}, []),
        (
            "gridengine",
            "-q long.q@node1 -l gpu=1",
            {"queue": "long.q", "gpus": 1},
            ["-q long.q@node1 (the host or server)"],
        ),
        ("gridengine", "-V -w n -l arch=lx -R y", {}, ["-V", "-w n", "-l arch=lx", "-R y"]),
        ("gridengine", "-pe mpi 4-16", {"slots": 4}, ["-pe mpi (the parallel environment's name)"]),
        (
            "slurm",
            "-p main -n 1 -c 8 --mem=32G -t 1-00:00:00",
            {"queue": "main", "slots": 8, "memory_mb": 32768, "walltime": 86400},
            [],
        ),
        (
            "slurm",
            "--partition=main --ntasks=8 --mem-per-cpu=4000",
            {"queue": "main", "slots": 8, "memory_mb": 32000},
            [],
        ),
        ("slurm", "-pmain -c4 -n2 -t90", {"queue": "main", "slots": 8, "walltime": 5400}, []),
        ("slurm", "--time=90:30 --nodes=1 -A bio", {"walltime": 5430, "account": "bio"}, []),
        ("slurm", "--time=2-12", {"walltime": 216000}, []),
        ("slurm", "--gres=gpu:a100:2", {"gpus": 2}, ["--gres=gpu:a100:2 (the kind of GPU)"]),
        ("slurm", "--gres=gpu", {"gpus": 1}, []),
        ("slurm", "--constraint=avx --nodes=2 --exclusive", {}, ["--constraint=avx", "--nodes=2", "--exclusive"]),
        ("slurm", "--time=later", {}, ["--time=later (not understood)"]),
        (
            "pbspro",
            "-q long -l select=1:ncpus=8:mem=16gb:ngpus=1 -l walltime=12:00:00",
            {"queue": "long", "slots": 8, "memory_mb": 16384, "gpus": 1, "walltime": 43200},
            [],
        ),
        (
            "pbspro",
            "-l select=1:ncpus=8:mem=16gb,walltime=12:00:00,place=pack",
            {"slots": 8, "memory_mb": 16384, "walltime": 43200},
            [],
        ),
        (
            "pbspro",
            "-l select=2:ncpus=8:mpiprocs=8 -lplace=scatter",
            {"slots": 8},
            ["-l select=2:... (more than one chunk or node)", "-l place=scatter"],
        ),
        (
            "pbspro",
            "-l select=1:ncpus=1+1:ncpus=2",
            {"slots": 1},
            ["-l select=...+1:ncpus=2 (further chunks or nodes)"],
        ),
        (
            "torque",
            "-l nodes=1:ppn=8,mem=16gb,walltime=01:00:00",
            {"slots": 8, "memory_mb": 16384, "walltime": 3600},
            [],
        ),
        ("torque", "-l nodes=node7:ppn=2 -l pmem=2gb", {"slots": 2, "memory_mb": 4096}, ["-l node7"]),
        (
            "torque",
            "-A bio -W group_list=bio -l mem=1000000kb",
            {"account": "bio", "memory_mb": 977},
            ["-W group_list=bio"],
        ),
        (
            "lsf",
            "-q normal -n 8 -R 'span[hosts=1] rusage[mem=32000MB]' -M 32000MB -W 12:00",
            {"queue": "normal", "slots": 8, "memory_mb": 32000, "walltime": 43200},
            [],
        ),
        (
            "lsf",
            "-P bio -W 90 -R 'rusage[mem=4000]' -R 'select[type==X86_64]'",
            {"account": "bio", "walltime": 5400, "memory_mb": 4000},
            ["-R select[type==X86_64]"],
        ),
        (
            "lsf",
            "-M 4194304",
            {"memory_mb": 4096},
            ["-M 4194304 (taken for KB: LSF_UNIT_FOR_LIMITS of the cluster decides)"],
        ),
        ("lsf", "-gpu num=2:mode=shared -sp 5", {"gpus": 2}, ["-sp 5"]),
        (
            "htcondor",
            "request_cpus = 8; request_memory = 16GB; request_gpus = 1; accounting_group = bio",
            {"slots": 8, "memory_mb": 16384, "gpus": 1, "account": "bio"},
            [],
        ),
        (
            "htcondor",
            "request_memory = 2048; request_walltime = 3600; universe = vanilla",
            {"memory_mb": 2048, "walltime": 3600},
            [],
        ),
        (
            "htcondor",
            'requirements = (Machine == "n1"); +Project = "x"; universe = docker',
            {},
            ['requirements = (Machine == "n1")', '+project = "x"', "universe = docker"],
        ),
        (
            "htcondor",
            "request_memory = ifThenElse(x, 1, 2)",
            {},
            ["request_memory = ifThenElse(x, 1, 2) (not understood)"],
        ),
    ],
)
def test_what_is_read(drm: str, text: str, request_: dict[str, Any], lost: list[str]) -> None:
    assert understood(drm, text) == (request_, lost)


@pytest.mark.parametrize("drm", sorted(READERS))
def test_what_is_written_is_read_back(drm: str) -> None:
    native = ("-pe", "smp") if drm == "gridengine" else ()
    queue = "" if drm == "htcondor" else "long"
    request = JobRequest(
        script="", queue=queue, account="bio", slots=8, memory_mb=32000, walltime_seconds=43200, native_options=native
    )
    words = DRMS[drm].native_options(request)
    expected = {"queue": queue, "account": "bio", "slots": 8, "memory_mb": 32000, "walltime": 43200}
    read_back, lost = understood(drm, ";".join(words) if drm == "htcondor" else shlex.join(words))
    assert read_back == {name: value for name, value in expected.items() if value}
    assert lost == ([PE] if drm == "gridengine" else [])


@pytest.mark.parametrize(
    ("text", "unit", "expected"),
    [
        ("4G", "M", 4096),
        ("1.5g", "M", 1536),
        ("100", "M", 100),
        ("1024", "K", 1),
        ("1048577", "B", 2),
        ("16gb", "M", 16384),
        ("2TiB", "M", 2097152),
        ("much", "M", None),
        ("", "M", None),
        ("-1", "M", None),
    ],
)
def test_sizes(text: str, unit: str, expected: int | None) -> None:
    assert megabytes(text, unit) == expected


@pytest.mark.parametrize(
    ("text", "bare", "expected"),
    [
        ("90", 1, 90),
        ("90", 60, 5400),
        ("1:30", 1, 90),
        ("12:00:00", 1, 43200),
        ("1-0", 1, 86400),
        ("1-2:30", 1, 95400),
        ("0", 1, None),
        ("soon", 1, None),
    ],
)
def test_times(text: str, bare: int, expected: int | None) -> None:
    assert seconds(text, bare) == expected
