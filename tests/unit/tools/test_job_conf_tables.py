"""The tables of docs/job_conf.md are those of the code."""

from __future__ import annotations

import job_conf_tables


def test_the_page_has_the_tables_of_the_code() -> None:
    page = job_conf_tables.PAGE.read_text(encoding="utf-8")
    assert job_conf_tables.with_tables(page) == page, "run: .venv/bin/python tools/job_conf_tables.py"


def test_a_table_has_a_row_for_each_code() -> None:
    rows = list(job_conf_tables.codes())
    assert sum("`unknown-runner-parameter`" in row for row in rows) == 1
    assert len(rows) == len(job_conf_tables.CODES) + 2
