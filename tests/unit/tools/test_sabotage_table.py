"""docs/sabotage.md is what the scenarios found, and says so where they did not look, or did not see red."""

from __future__ import annotations

from typing import Any

import sabotage_table


def result(drm: str, **row: Any) -> dict[str, Any]:
    rows = {"a false shell": {"check": "real_shell", "red": True, "green": True, "reason": "", **row}}
    return {"drm": drm, "version": "1.0", "made": "2026-11-28", "seconds_of_a_run": 20, "faults": rows}


def line(page: str, fault: str) -> str:
    (found,) = [each for each in page.splitlines() if each.startswith(f"| {fault} |")]
    return found


def test_the_page_has_the_results_that_are_kept() -> None:
    page = sabotage_table.page(sabotage_table.results())
    assert sabotage_table.PAGE.read_text("utf-8") == page, "run: .venv/bin/python tools/sabotage_table.py"


def test_no_cell_is_empty() -> None:
    page = sabotage_table.page([result("slurm"), result("gridengine", reason="not planted: because")])
    cells = line(page, "a false shell").split(" | ")
    assert cells[2:] == ["red yes, green yes", "not planted: because", f"{sabotage_table.NOT_RUN} |"]


def test_each_column_says_when_it_was_made() -> None:
    page = sabotage_table.page([result("slurm"), dict(result("gridengine"), made="2026-11-20", seconds_of_a_run=31.5)])
    assert f"| *made* | | 2026-11-28, 20 s | 2026-11-20, 31.5 s | {sabotage_table.NOT_RUN} |" in page.splitlines()


def test_what_was_not_seen_is_told_loudly() -> None:
    assert "red **no**, green yes" in sabotage_table.page([result("slurm", red=False)])
    assert "red yes, green **no**" in sabotage_table.page([result("slurm", green=False)])


def test_every_kept_result_has_seen_red_and_green() -> None:
    for kept in sabotage_table.results():
        for fault, row in kept["faults"].items():
            assert row["reason"] or (row["red"] and row["green"]), (kept["drm"], fault)
