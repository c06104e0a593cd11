# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report as JUnit XML, for CI systems: a suite a run, a case each check and place."""

from __future__ import annotations

import time
from xml.etree import ElementTree

from .model import ERROR, SKIPPED, WAIVED, WARNING, Check, Report, Result

_SUITE = "clusterjobs.drm.cluster_verify"


def junit(report: Report) -> str:
    """A text of XML 1.0: every text in the report was cleaned of what XML cannot say."""
    root = ElementTree.Element("testsuites")
    suite = _suite(report)
    root.append(suite)
    for check in report.checks:
        for result in check.results:
            suite.append(_case(check, result, report.waived.get(check.name, "")))
    if report.run.stopped:
        case = ElementTree.SubElement(suite, "testcase", classname="run", name=report.run.galaxy_host)
        ElementTree.SubElement(case, "error", message=report.run.stopped, type="stopped")
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(root, "unicode") + "\n"


def _suite(report: Report) -> ElementTree.Element:
    run, counts, stopped = report.run, report.counts, int(bool(report.run.stopped))
    numbers = {
        "tests": sum(counts.values()) + stopped,
        "failures": counts[ERROR],
        "errors": stopped,
        "skipped": counts[SKIPPED] + counts[WAIVED],
    }
    began = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(run.started))
    attributes = {name: str(value) for name, value in numbers.items()}
    seconds = f"{max(run.ended - run.started, 0):.3f}"
    suite = ElementTree.Element(
        "testsuite", attributes, name=_SUITE, time=seconds, timestamp=began, hostname=run.galaxy_host
    )
    properties = ElementTree.SubElement(suite, "properties")
    known = {"tag": run.tag, "drm": run.drm, "version": run.version, "user": run.user, "nodes": " ".join(run.nodes)}
    for name, value in known.items():
        ElementTree.SubElement(properties, "property", name=name, value=value)
    return suite


def _case(check: Check, result: Result, reason: str) -> ElementTree.Element:
    case = ElementTree.Element("testcase", classname=check.name, name=str(result.where))
    what = f"{check.title}\n{result.message}\nMend: {result.mend}\n"
    if result.status == ERROR:
        ElementTree.SubElement(case, "failure", message=result.message, type=check.name).text = what
    elif result.status == WAIVED:
        ElementTree.SubElement(case, "skipped", message=f"waived: {reason}")
        ElementTree.SubElement(case, "system-out").text = f"{result.was}: {what}"
    elif result.status == SKIPPED:
        ElementTree.SubElement(case, "skipped", message=result.message)
    elif result.status == WARNING:
        ElementTree.SubElement(case, "system-out").text = f"warning: {what}"
    return case
