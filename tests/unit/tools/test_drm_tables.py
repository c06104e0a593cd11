"""The tables of docs/drms.md are what the code says."""

from __future__ import annotations

import drm_tables


def test_the_page_has_the_tables_of_this_code() -> None:
    page = drm_tables.PAGE.read_text(encoding="utf-8")
    assert drm_tables.BEGIN in page
    assert drm_tables.with_tables(page) == page, "run: .venv/bin/python tools/drm_tables.py"


def test_the_tables_tell_what_is_refused_and_every_state() -> None:
    tables = drm_tables.tables().splitlines()
    assert any(line.startswith("| `queue` | yes |") and line.count("refused") == 3 for line in tables)
    assert any(line.startswith("| slurm | PENDING, ") for line in tables)
