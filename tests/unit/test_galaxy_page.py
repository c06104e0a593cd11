"""docs/galaxy-page.md answers for every statement of Galaxy's admin page, and names only what is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "galaxy-page.md"
STATEMENTS = 24
PLACES = ("roles/{}", "plugins/modules/{}.py", "playbooks/{}.yml", "docs/{}.md")


def rows() -> list[list[str]]:
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if re.match(r"\| *\d", line)]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def options() -> set[str]:
    """Every public variable of a role and every option of a module."""
    names: set[str] = set()
    for path in ROOT.glob("roles/*/meta/argument_specs.yml"):
        for spec in yaml.safe_load(path.read_text(encoding="utf-8"))["argument_specs"].values():
            names |= set(spec["options"])
    for path in ROOT.glob("plugins/modules/*.py"):
        found = re.search(r'DOCUMENTATION = r"""(.*?)"""', path.read_text(encoding="utf-8"), re.DOTALL)
        assert found, path
        names |= set(yaml.safe_load(found.group(1))["options"])
    return names


def quoted(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def test_every_statement_has_its_row_once() -> None:
    assert [int(row[0]) for row in rows()] == list(range(1, STATEMENTS + 1))


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0])
def test_row_names_only_what_is_there(row: list[str]) -> None:
    _number, statement, where, variables, proof = row
    assert statement
    for name in quoted(where):
        assert any((ROOT / place.format(name)).exists() for place in PLACES), name
    missing = set(quoted(variables)) - options()
    assert not missing
    for test in quoted(proof):
        file, _separator, function = test.partition("::")
        assert re.search(rf"^def {re.escape(function)}\(", (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE), (
            test
        )
    assert (quoted(where) and quoted(proof)) or "not yet" in proof
