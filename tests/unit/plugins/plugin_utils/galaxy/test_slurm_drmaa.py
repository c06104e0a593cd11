# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of slurm-drmaa's own page ("Native specification" in its README, github.com/natefoo/slurm-drmaa) against what is taken here."""

from __future__ import annotations

import pytest

from ansible_collections.clusterjobs.drm.plugins.plugin_utils.galaxy.options import Refused
from ansible_collections.clusterjobs.drm.plugins.plugin_utils.galaxy.slurm_drmaa import native_specification

FLAGS = ("--contiguous", "--exclusive", "--requeue", "--share", "--no-kill", "--no-requeue")
SHORT = ("-A", "-C", "-N", "-p", "-w", "-n", "-x", "-M")
LONG = (
    *(
        "--account",
        "--acctg-freq",
        "--comment",
        "--constraint",
        "--mem",
        "--mem-per-cpu",
        "--mincpus",
        "--nodes",
        "--ntasks-per-node",
    ),
    *(
        "--partition",
        "--qos",
        "--reservation",
        "--nodelist",
        "--ntasks",
        "--gres",
        "--licenses",
        "--mail-type",
        "--exclude",
        "--tmp",
        "--clusters",
    ),
)
# sbatch has them, that page has not.
NOT_THERE = (
    "--array=1-3",
    "--gpus=1",
    "--mem-per-gpu=4",
    "--signal=9",
    "--wrap=true",
    "--export=NONE",
    "--open-mode=append",
    "--hold",
)


@pytest.mark.parametrize("words", [*((flag,) for flag in FLAGS), *((name, "1") for name in SHORT)], ids=" ".join)
def test_what_its_page_has_is_taken(words: tuple[str, ...]) -> None:
    assert native_specification(words) == " ".join(words)


@pytest.mark.parametrize("name", LONG)
def test_what_its_page_has_with_a_value_is_taken(name: str) -> None:
    assert native_specification([f"{name}=1"]) == f"{name}=1"


@pytest.mark.parametrize("word", NOT_THERE)
def test_what_its_page_has_not_is_refused_by_name(word: str) -> None:
    with pytest.raises(Refused, match=f"slurm-drmaa does not take {word.partition('=')[0]}"):
        native_specification([word])
