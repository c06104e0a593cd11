"""The report's page in a real browser, light and dark, on a desk and on a phone, with 3 nodes and with 100.

The photographs are kept in .logs/report for somebody to look at.
"""

from __future__ import annotations

import struct
import zlib
from typing import Any

import pytest

from ansible_collections.clusterjobs.drm.plugins.plugin_utils.verify.judge import finish
from ansible_collections.clusterjobs.drm.plugins.plugin_utils.verify.page import html
from ansible_collections.clusterjobs.drm.tests.unit.helpers.reports import HOSTILE, check, measured, result, site

DESK, PHONE = 1200, 390
FEW = ["node1", "node2", "node3"]
MANY = [f"cn{number:03}.hpc.example.org" for number in range(1, 101)]
SCHEMES = {"light": "rgb(255, 255, 255)", "dark": "rgb(20, 23, 28)"}


def whole(nodes: list[str]) -> str:
    """With everything that a page may have."""
    before = site(nodes)
    for row in before["checks"][5]["results"]:
        row.update(status="error", mend="chsh")
    return html(finish(site(nodes), {"data_source_url": "No way out by design."}, finish(before, {})))


def apart() -> str:
    """Every node in its own way: nothing can be put together."""
    nodes = [f"n{number}" for number in range(40)]
    rows = {
        node: [result(other, *(("error", "no", "Mend.") if other == node else ())) for other in nodes] for node in nodes
    }
    return html(finish(measured([check(node, f"Check {node}", rows[node]) for node in nodes], nodes), {}))


def hostile() -> str:
    row = result(
        HOSTILE * 10, "error", HOSTILE + "x" * 3000, HOSTILE, user=HOSTILE, item="x" * 300, numbers={HOSTILE: "y" * 600}
    )
    return html(finish(measured([check("shell", HOSTILE, [row])], [HOSTILE * 10], version=HOSTILE), {}))


@pytest.fixture(scope="module", params=list(SCHEMES))
def seen(request: pytest.FixtureRequest, look: Any) -> dict[str, Any]:
    few, many = whole(FEW), whole(MANY)
    pages = {
        "few": (few, DESK),
        "few_phone": (few, PHONE),
        "many": (many, DESK),
        "many_phone": (many, PHONE),
        "apart": (apart(), DESK),
        "hostile_phone": (hostile(), PHONE),
    }
    return {"scheme": request.param, "pages": list(pages), **look(request.param, pages)}


def first_pixel(png: bytes) -> str:
    """The colour at the top left, where no filter of PNG changes anything."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    at, data = 8, b""
    while at < len(png):
        size, kind = struct.unpack(">I4s", png[at : at + 8])
        data += png[at + 8 : at + 8 + size] if kind == b"IDAT" else b""
        at += size + 12
    red, green, blue = zlib.decompress(data)[1:4]
    return f"rgb({red}, {green}, {blue})"


def test_it_is_drawn_in_the_reader_s_colours(seen: dict[str, Any]) -> None:
    expected = SCHEMES[seen["scheme"]]
    assert first_pixel(seen["shot"]) == expected
    assert {seen[name]["background"] for name in seen["pages"]} == {expected}
    assert {seen[name]["dark"] for name in seen["pages"]} == {seen["scheme"] == "dark"}


def test_nothing_is_wider_than_the_screen(seen: dict[str, Any]) -> None:
    over = {(name, fact): seen[name][fact] for name in seen["pages"] for fact in ("overflow", "overflowOpen")}
    assert max(over.values()) <= 0, over


def test_everything_can_be_read(seen: dict[str, Any]) -> None:
    """4.5 is what WCAG 2 (AA) asks of a text's contrast."""
    worst = {name: (round(seen[name]["contrast"], 1), seen[name]["smallest"]) for name in seen["pages"]}
    assert min(contrast for contrast, _size in worst.values()) >= 4.5, worst
    assert min(size for _contrast, size in worst.values()) >= 10, worst


def test_red_is_what_is_to_be_done_and_nothing_else(seen: dict[str, Any]) -> None:
    """The verdict, and for each of the two errors the entry above, the cell, the finding and the line of numbers."""
    assert sorted(set(seen["few"]["red"])) == ["chip error", "verdict error"]
    assert seen["few"]["red"].count("chip error") == 8


def test_the_numbers_are_behind_a_click(seen: dict[str, Any]) -> None:
    assert all(seen[name]["numbersHidden"] for name in seen["pages"])


def test_a_hundred_nodes_take_a_few_columns(seen: dict[str, Any]) -> None:
    assert (seen["few"]["columns"], seen["many"]["columns"], seen["apart"]["columns"]) == (5, 6, 42)


@pytest.mark.parametrize("name", ["apart", "few_phone", "many_phone"])
def test_the_checks_and_the_mends_stay_in_sight_beside_scrolled_nodes(seen: dict[str, Any], name: str) -> None:
    facts = seen[name]
    assert facts["scrolled"] > 100
    assert abs(facts["checkLeft"]) < 2
    assert 0 < facts["wideLeft"] < 16
    assert facts["wideOver"] <= 0


def test_what_a_node_sent_is_neither_run_nor_loaded(seen: dict[str, Any]) -> None:
    assert {seen[name]["scripts"] for name in seen["pages"]} == {0}
    assert "Content Security Policy" not in seen["console"]
