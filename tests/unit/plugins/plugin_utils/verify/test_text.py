# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text from anywhere, names folded, amounts."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.clusterjobs.drm.plugins.plugin_utils.verify.text import (
    amount,
    clean,
    clean_line,
    clean_value,
    folded,
    label,
    lasted,
    moment,
)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("plain, höflich, 日本", "plain, höflich, 日本"),
        ("two\r\nlines\tand", "two\nlines and"),
        ("\x1b[31mred\x07", "\\x1b[31mred\\x07"),
        ("\x00\x85", "\\x00\\x85"),
        # Turns what follows around, so that a page shows something else than what is there.
        ("a\u202eb", "a\\u202eb"),
        # No characters of XML.
        ("\ufffe\ud800", "\\ufffe\\ud800"),
        ("a\u2028b", "a\\u2028b"),
        (12, "12"),
    ],
)
def test_clean(value: Any, expected: str) -> None:
    assert clean(value, 100) == expected


def test_clean_cuts_and_says_so() -> None:
    assert clean("x" * 100, 100) == "x" * 100
    assert clean("x" * 101, 100) == "x" * 100 + " … (cut)"


def test_a_name_is_one_line() -> None:
    assert clean_line("node1\nnode2") == "node1\\nnode2"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (True, True),
        (3, 3),
        (0.5, 0.5),
        ("a\nb", "a\\nb"),
        (float("nan"), "nan"),
        (float("-inf"), "-inf"),
        (10**30, "1" + "0" * 30),
        ({"a": [1]}, '{"a": [1]}'),
    ],
)
def test_clean_value(value: Any, expected: Any) -> None:
    assert clean_value(value) == expected
    assert clean_value(value).__class__ is expected.__class__


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ([], ""),
        (["login"], "login"),
        (["node1"], "node1"),
        (["node3", "node1", "node2", "node9", "node10"], "node[1-3,9-10]"),
        (["cn098", "cn099", "cn100", "cn102"], "cn[098-100,102]"),
        # Slurm's own reading of n[1-2] has no n02 in it.
        (["n1", "n02"], "n[1,02]"),
        (["n1", "n1"], "n1"),
        (["a1.hpc2.org", "a2.hpc2.org", "login", "a2.org"], "a[1-2].hpc2.org,login,a2.org"),
        (["r1c1", "r1c2", "r2c1"], "r1c[1-2],r2c1"),
        (["gpu1-ib", "gpu2-ib"], "gpu[1-2]-ib"),
    ],
)
def test_folded(names: list[str], expected: str) -> None:
    assert folded(names) == expected


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("free_bytes", 0, "0 bytes"),
        ("free_bytes", 8123456789012, "8.12 TB"),
        ("free_bytes", "-", "-"),
        ("lag_s", 10.200000001, "10.2"),
        ("uid", 1702, "1702"),
        ("locks", False, "no"),
        ("lag_s", None, "not measured"),
        ("options", "rw,vers=4.2", "rw,vers=4.2"),
    ],
)
def test_amount(name: str, value: Any, expected: str) -> None:
    assert amount(name, value) == expected


def test_the_unit_of_a_size_is_told_once() -> None:
    assert (label("free_bytes"), label("lag_stat_s")) == ("free", "lag stat s")


def test_times() -> None:
    assert moment(1795601700) == "2026-11-25 10:15 UTC"
    assert [lasted(seconds) for seconds in (-1, 0.4, 90.5, 720, 11100)] == ["0 s", "0 s", "90 s", "12 min", "3 h 5 min"]
