# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page as a parser of HTML sees it. tests/browser looks at it as a reader does."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

from ansible_collections.clusterjobs.drm.plugins.plugin_utils.verify.judge import finish
from ansible_collections.clusterjobs.drm.plugins.plugin_utils.verify.page import html
from ansible_collections.clusterjobs.drm.tests.unit.helpers.reports import HOSTILE, check, measured, result, site

NODES = ["node1", "node2", "node3"]
WITHOUT_END = {"meta", "wbr"}


class Page(HTMLParser):
    """Elements with their attributes, the text of the page, and the matrix by rows."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.rows: list[list[str]] = []
        self.text = ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in WITHOUT_END:
            self.open.append(tag)
        if self._in_matrix() and tag == "tr":
            self.rows.append([])
        if self._in_matrix() and tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" in self.open:
            return
        self.text += data
        if self._in_matrix() and self.rows and self.rows[-1]:
            self.rows[-1][-1] += data

    def _in_matrix(self) -> bool:
        return self.open.count("table") == 1

    def matrix(self) -> list[list[str]]:
        """The rows of checks, each cell's words."""
        return [[" ".join(cell.split()) for cell in row] for row in self.rows if len(row) > 1]


def page_of(data: Any, **waived: str) -> Page:
    return Page(html(finish(data, waived)))


def test_a_row_a_check_a_column_a_node() -> None:
    rows = page_of(site(NODES), data_source_url="known").matrix()
    nothing = "nothing to check here"
    assert rows == [
        ["Check", "galaxy1 server", "node1", "node2", "node3"],
        ["The server submits, holds and cancels", "✓ ok", nothing, nothing, nothing],
        ["The job configuration fits the live cluster", "! warning", nothing, nothing, nothing],
        ["DRMAA in the service's environment runs a job", "✓ ok", nothing, nothing, nothing],
        ["The node ran its job and answered", nothing, "✓ ok", "✓ ok", "✗ error"],
        ["The account has the same uid, gid and groups", nothing, "✓ ok", "✗ error 1 of 2", "\N{EN DASH} skipped"],
        ["The account has a real shell", nothing, "✓ ok", "✓ ok", "? not asked"],
        ["The same absolute path is the same directory", nothing, "✓ ok", "✓ ok", "? not asked"],
        ["New files are seen at once", nothing, "✓ ok", "! warning", "? not asked"],
        ["There is room for data", nothing, "✓ ok", "✓ ok", "? not asked"],
        ["Jobs write what Galaxy can read", nothing, "✓ ok", "✓ ok", "? not asked"],
        ["The clock is the server's", nothing, "✓ ok", "✓ ok", "? not asked"],
        ["The node reaches data sources", nothing, "○ waived", "○ waived", "? not asked"],
        ["Failures are seen as such", "\N{EN DASH} skipped 1 of 4", nothing, nothing, nothing],
    ]


def test_the_mend_stands_in_the_row_and_the_numbers_behind_a_click() -> None:
    page = html(finish(site(NODES), {}))
    row = page[page.index('id="check-attribute_cache"') : page.index('id="check-free_space"')]
    before, behind = row.split("<details>")
    assert "Set retry_job_output_collection to 15 in galaxy.yml" in before
    assert "10.2 s late" in before
    assert "nfs4" not in before
    assert "<td>nfs4</td>" in behind


def test_a_hundred_nodes_are_a_few_columns_those_to_be_mended_first() -> None:
    nodes = [f"node{number}" for number in range(1, 101)]
    page = page_of(site(nodes))
    rows = page.matrix()
    umasks = "node[4,6,8,10,12,14,16,18,20,22,24,26,28,30,32,34,36,38,40,42,44,46,48,50]"
    assert rows[0][:5] == ["Check", "galaxy1 server", "node2", "node3", f"24 nodes{umasks} alike"]
    assert rows[0][5].startswith("74 nodesnode[1,5,7,")
    assert len(rows[0]) == 6
    (umask,) = [row for row in rows if row[0] == "Jobs write what Galaxy can read"]
    assert umask[1:] == ["nothing to check here", "✓ ok", "? not asked", "! warning", "✓ ok"]


def test_columns_that_differ_stay_apart_however_many_they_are() -> None:
    nodes = [f"n{number}" for number in range(30)]
    checks = [
        check(
            f"c{number}",
            "Title",
            [result(node, "error", "no", "Mend.") if node == nodes[number] else result(node) for node in nodes],
        )
        for number in range(30)
    ]
    assert len(page_of(measured(checks, nodes)).matrix()[0]) == 32


def test_another_subject_has_a_column_of_its_own() -> None:
    rows = page_of(measured([check("queue", "Queue", [result("main")])], ["n1"])).matrix()
    assert rows == [
        ["Check", "galaxy1 server", "n1", "main"],
        ["Queue", "nothing to check here", "nothing to check here", "✓ ok"],
    ]


def test_every_heading_has_its_scope_and_every_link_its_target() -> None:
    page = page_of(site(NODES), data_source_url="known")
    assert all(attributes.get("scope") in ("col", "row") for tag, attributes in page.elements if tag == "th")
    ids = [attributes["id"] for _tag, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    links = [attributes["href"] for tag, attributes in page.elements if tag == "a"]
    assert len(links) == 5
    assert {link and link.removeprefix("#") for link in links} <= set(ids)
    names = [
        value for _tag, attributes in page.elements for name, value in attributes.items() if name == "aria-labelledby"
    ]
    assert set(names) <= set(ids)


def test_the_page_needs_nothing_and_runs_nothing() -> None:
    text = html(finish(site(NODES), {}))
    tags = {tag for tag, _attributes in Page(text).elements}
    assert not tags & {"script", "link", "img", "iframe", "object", "embed", "form", "input"}
    assert "default-src 'none'" in text
    assert not re.search(r"url\(|@import|src=|\son[a-z]+=", text)


def test_hostile_text_stays_text() -> None:
    row = result(HOSTILE, "error", HOSTILE, HOSTILE, user=HOSTILE, item=HOSTILE, numbers={HOSTILE: HOSTILE})
    known = result("n2", "warning", HOSTILE, HOSTILE, numbers={HOSTILE: HOSTILE})
    checks = [check("shell", HOSTILE, [row]), check("known", HOSTILE, [known])]
    facts = {"version": HOSTILE, "stopped": HOSTILE, "tag": HOSTILE, "user": HOSTILE, "galaxy_host": HOSTILE}
    last = finish(measured([check("shell", HOSTILE, [dict(row, status="ok")])], [HOSTILE], **facts), {})
    report = finish(measured(checks, [HOSTILE, "n2"], **facts), {"known": HOSTILE}, last)
    page = Page(html(report))
    assert {tag for tag, _attributes in page.elements} <= {
        *(
            "html",
            "head",
            "meta",
            "title",
            "style",
            "body",
            "header",
            "main",
            "section",
            "footer",
            "h1",
            "h2",
            "p",
            "div",
            "span",
        ),
        *(
            "small",
            "b",
            "a",
            "code",
            "ol",
            "ul",
            "li",
            "dl",
            "dt",
            "dd",
            "table",
            "thead",
            "tbody",
            "tr",
            "th",
            "td",
            "details",
            "summary",
            "wbr",
        ),
    }
    assert not [name for _tag, attributes in page.elements for name in attributes if name.startswith("on")]
    assert page.text.count("<script>alert(1)</script>") > 10
    assert "{{ 7 * 7 }}" in page.text
    assert not set("\x00\x1b\u202e\ufffe\ud800") & set(page.text)


def test_many_things_to_be_done_are_behind_a_click() -> None:
    nodes = [f"n{number}" for number in range(9)]
    rows = [result(node, "error", "no", f"Do the thing number {number}.") for number, node in enumerate(nodes)]
    text = html(finish(measured([check("shell", "Shell", rows)], nodes), {}))
    shown, _summary, behind = text.partition("<summary>4 more things to be done</summary>")
    assert "Do the thing number 4." in shown
    assert "Do the thing number 5." not in shown
    assert "Do the thing number 8." in behind
