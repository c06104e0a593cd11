# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""JUnit XML, read by another than wrote it."""

from __future__ import annotations

from xml.etree import ElementTree

from ansible_collections.clusterjobs.drm.plugins.plugin_utils.verify.judge import finish
from ansible_collections.clusterjobs.drm.plugins.plugin_utils.verify.junit import junit
from ansible_collections.clusterjobs.drm.tests.unit.helpers.reports import HOSTILE, check, measured, result, site

NODES = ["node1", "node2", "node3"]


def suite_of(text: str) -> ElementTree.Element:
    root = ElementTree.fromstring(text)
    assert root.tag == "testsuites"
    (suite,) = root
    return suite


def case_of(suite: ElementTree.Element, check_name: str, name: str) -> ElementTree.Element:
    (found,) = [
        case for case in suite.iter("testcase") if (case.get("classname"), case.get("name")) == (check_name, name)
    ]
    return found


def test_the_suite_counts_what_is_in_it() -> None:
    suite = suite_of(junit(finish(site(NODES), {"same_uid": "known"})))
    assert suite.attrib == {
        "name": "clusterjobs.drm.cluster_verify",
        "hostname": "galaxy1",
        "timestamp": "2026-11-25T10:15:00",
        "time": "90.500",
        "tests": "30",
        "failures": "1",
        "errors": "0",
        "skipped": "3",
    }
    assert len(list(suite.iter("testcase"))) == 30
    assert len(list(suite.iter("failure"))) == 1
    assert len(list(suite.iter("skipped"))) == 3
    properties = {item.get("name"): item.get("value") for item in suite.iter("property")}
    assert properties["nodes"] == "node1 node2 node3"


def test_each_status() -> None:
    suite = suite_of(junit(finish(site(NODES), {"same_uid": "known, ticket 4711"})))
    assert len(case_of(suite, "submit", "galaxy1")) == 0
    (failure,) = case_of(suite, "answered", "node3")
    assert failure.get("message") == "sinfo says down*: Not responding"
    assert "Mend: scontrol update nodename=node3 state=resume\n" in (failure.text or "")
    (warning,) = case_of(suite, "job_conf", "galaxy1, big")
    assert warning.tag == "system-out"
    assert (warning.text or "").startswith("warning: The job configuration fits")
    waived, said = case_of(suite, "same_uid", "node2, as alice")
    assert (waived.tag, waived.get("message")) == ("skipped", "waived: known, ticket 4711")
    assert (said.text or "").startswith("error: The account has the same uid")
    (skipped,) = case_of(suite, "same_uid", "node3")
    assert (skipped.tag, skipped.get("message")) == ("skipped", "no answer")


def test_a_run_that_was_stopped_is_an_error() -> None:
    data = measured([check("shell", "Shell", [result("node1")])], ["node1"], stopped="time limit of 600 s reached")
    suite = suite_of(junit(finish(data, {})))
    assert (suite.get("tests"), suite.get("errors")) == ("2", "1")
    (error,) = suite.iter("error")
    assert error.get("message") == "time limit of 600 s reached"


def test_hostile_text_stays_text() -> None:
    row = result(HOSTILE, "error", HOSTILE, HOSTILE, user=HOSTILE, item=HOSTILE, numbers={HOSTILE: HOSTILE})
    suite = suite_of(junit(finish(measured([check("shell", HOSTILE, [row])], [HOSTILE], version=HOSTILE), {})))
    assert [item.tag for item in suite] == ["properties", "testcase"]
    (case,) = suite.iter("testcase")
    assert "<script>" in case.get("name", "")
    assert "\\x1b" in case.get("name", "")
