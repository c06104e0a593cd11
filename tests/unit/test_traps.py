# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every trap of a batch system's has a test, or a sentence in the docs where it cannot be told apart."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest
import yaml

HERE = Path(__file__).resolve().parent
COLLECTION = HERE.parents[1]
SYSTEMS = {"openpbs", "torque", "lsf", "slurm", "gridengine", "htcondor"}
TRAPS = yaml.safe_load((HERE / "traps.yml").read_text("utf-8"))
ENTRIES = [(system, entry) for system, entries in TRAPS.items() for entry in entries]


@cache
def functions_of(path: str) -> frozenset[str]:
    tree = ast.parse((HERE / path).read_text("utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def test_each_system_has_its_traps() -> None:
    assert set(TRAPS) == SYSTEMS
    assert all(TRAPS.values())


@pytest.mark.parametrize(
    ("system", "entry"), ENTRIES, ids=["%s: %s" % (system, entry.get("says")) for system, entry in ENTRIES]
)
def test_a_trap_has_its_test_or_its_sentence(system: str, entry: dict[str, str]) -> None:
    assert set(entry) in ({"says", "test"}, {"says", "docs"})
    assert entry["says"].strip()
    if "test" in entry:
        path, _colons, name = entry["test"].partition("::")
        assert name.startswith("test_")
        assert name in functions_of(path)
        return
    path, _colon, sentence = entry["docs"].partition(": ")
    text = " ".join((COLLECTION / path).read_text("utf-8").split())
    assert len(sentence) > 20
    assert " ".join(sentence.split()) in text


def test_no_trap_stands_there_twice() -> None:
    said = [(system, entry["says"]) for system, entry in ENTRIES]
    assert len(said) == len(set(said))
