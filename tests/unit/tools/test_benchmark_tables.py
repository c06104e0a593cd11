"""The tables of docs/benchmarks.md are what the results say, and a missed aim is told."""

from __future__ import annotations

from typing import Any

import benchmark_tables
import pytest


def test_the_page_has_the_tables_of_these_results() -> None:
    page = benchmark_tables.PAGE.read_text(encoding="utf-8")
    assert benchmark_tables.BEGIN in page
    assert benchmark_tables.BEGIN_NODES in page
    assert benchmark_tables.with_tables(page) == page, "run: .venv/bin/python tools/benchmark_tables.py"


def test_the_time_of_a_node_is_told_beside_that_of_the_run() -> None:
    result = {
        "date": "2026-11-28",
        "machine": {"cores": 2},
        "versions": {"slurm": "slurm 1", "ansible-core": "2.19.0", "python": "3.11.7"},
        "runs": [
            {"nodes": 1, "seconds": 12.3, "seconds_per_node": 12.3, "load_before": 0.5},
            {"nodes": 100, "seconds": 133.6, "seconds_per_node": 1.34, "load_before": 2.5},
        ],
    }
    lines = benchmark_tables.nodes_table(result).splitlines()
    assert lines[4:] == [
        "| 1 | 12 s | 12.30 s | 0.5 |",
        "| 100 | 134 s | 1.34 s | 2.5 |",
        "",
        "Measured 2026-11-28, 2 shared cores; slurm 1, ansible-core 2.19.0, Python 3.11.7.",
        "",
        benchmark_tables.END.strip(),
    ]


def result(**measured: float) -> dict[str, Any]:
    values = {
        "submission_ratio": 0.3,
        "submission_loop_ratio": 0.01,
        "status_some_seconds": 1.0,
        "status_some_raw_seconds": 0.2,
        "status_most_seconds": 1.3,
        "status_most_raw_seconds": 0.2,
        "status_most_peak_mb": 150,
        "finished_seconds": 2.0,
        "finished_raw_seconds": 10.0,
        "known_after_seconds": 1.0,
        "task_ratio": 1.5,
    }
    return {
        "drm": "slurm",
        "through": "slurm",
        "versions": {"slurm": "slurm 1"},
        "machine": {"cores": 2, "load_before": 1.0},
        "date": "2026-11-25",
        "bulk": True,
        "count": 1000,
        "most": 5000,
        "looped": 20,
        "measured": {**values, **measured},
    }


def test_an_aim_that_is_met_is_not_called_missed() -> None:
    assert "missed" not in benchmark_tables.table([result()])


@pytest.mark.parametrize(
    ("measured", "told"),
    [
        ({"submission_ratio": 0.31}, "**0.31 times: missed, the aim is 0.3**"),
        ({"status_some_seconds": 1.31}, "**1.31 s to 0.20 s: missed, the aim is 1.3**"),
        ({"status_most_seconds": 1.5}, "**1.50 s to 0.20 s: missed, the aim is 1.3**"),
        ({"status_most_peak_mb": 151}, "**151 MB: missed, the aim is 150**"),
        ({"known_after_seconds": 1.01}, "**1.01 s: missed, the aim is 1**"),
        ({"task_ratio": 1.51}, "**1.51 times: missed, the aim is 1.5**"),
    ],
)
def test_a_missed_aim_is_told(measured: dict[str, float], told: str) -> None:
    assert told in benchmark_tables.table([result(**measured)])


def test_another_way_to_a_drm_is_named() -> None:
    assert "| slurm 1, by `drm: drmaa` |" in benchmark_tables.table([dict(result(), through="drmaa")])


def test_without_a_bulk_way_a_submission_may_take_as_long_as_the_loop() -> None:
    assert "missed" not in benchmark_tables.table([dict(result(submission_ratio=1.0), bulk=False)])
    assert "missed" in benchmark_tables.table([dict(result(submission_ratio=1.01), bulk=False)])
