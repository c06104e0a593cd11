"""docs/benchmarks.md's tables, made from benchmarks/results/jobs-*.json and verify.json.

    .venv/bin/python tools/benchmark_tables.py

Writes each between its markers. A unit test holds the page to the results.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import bootstrap

PAGE = bootstrap.ROOT / "docs" / "benchmarks.md"
RESULTS = bootstrap.ROOT / "benchmarks" / "results"
BEGIN, END = "<!-- made by tools/benchmark_tables.py -->\n", "<!-- end of what is made -->\n"
BEGIN_NODES = "<!-- made by tools/benchmark_tables.py: nodes -->\n"

Result = Mapping[str, Any]


@dataclass(frozen=True)
class Line:
    """One thing that is measured: how it is told, and the most that it is meant to be (None: only told)."""

    what: str
    value: Callable[[Result], float]
    text: str
    aim: Callable[[Result], float | None]

    def cell(self, result: Result) -> str:
        value, aim = self.value(result), self.aim(result)
        told = self.text.format(value=value, **result["measured"])
        if aim is None:
            return told
        return told if value <= aim else f"**{told}: missed, the aim is {round(aim, 2):g}**"


def _measured(name: str) -> Callable[[Result], float]:
    return lambda result: float(result["measured"][name])


def _at_most(aim: float | None) -> Callable[[Result], float | None]:
    return lambda result: aim


LINES = (
    Line(
        "submission of {count} jobs in one task, to a shell loop of the DRM's command",
        _measured("submission_ratio"),
        "{value:.2f} times",
        lambda result: 0.3 if result["bulk"] else 1.0,
    ),
    Line(
        "the same, to a loop of ansible.builtin.command ({looped} of them, scaled)",
        _measured("submission_loop_ratio"),
        "{value:.3f} times",
        _at_most(None),
    ),
    Line(
        "status of {count} jobs, to one raw call",
        _measured("status_some_seconds"),
        "{value:.2f} s to {status_some_raw_seconds:.2f} s",
        lambda result: 1.5 * float(result["measured"]["status_some_raw_seconds"]) + 1,
    ),
    Line(
        "status of {most} jobs, to one raw call",
        _measured("status_most_seconds"),
        "{value:.2f} s to {status_most_raw_seconds:.2f} s",
        lambda result: 1.5 * float(result["measured"]["status_most_raw_seconds"]) + 1,
    ),
    Line("memory for the status of {most} jobs", _measured("status_most_peak_mb"), "{value:.0f} MB", _at_most(150)),
    Line(
        "one short job, submitted and known finished, to the DRM's own wait",
        _measured("finished_seconds"),
        "{value:.2f} s to {finished_raw_seconds:.2f} s",
        _at_most(None),
    ),
    Line(
        "an ended job is known after the DRM knows it",
        _measured("known_after_seconds"),
        "{value:.2f} s",
        _at_most(1.0),
    ),
    Line("a `job` task to a `command` task", _measured("task_ratio"), "{value:.2f} times", _at_most(1.5)),
)


def results() -> list[Result]:
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted(RESULTS.glob("jobs-*.json"))]


def _row(cells: Sequence[str]) -> str:
    return "| %s |\n" % " | ".join(cells)


def table(found: Sequence[Result]) -> str:
    rows = [_row(["", *(_who(result) for result in found)]), _row(["---"] * (len(found) + 1))]
    for line in LINES:
        # What is counted is the same in all results, or the row would compare what is not alike.
        [what] = {line.what.format(**result) for result in found}
        rows.append(_row([what, *(line.cell(result) for result in found)]))
    rows.append(_row(["measured", *(_where(result) for result in found)]))
    return "".join([BEGIN, "\n", *rows, "\n", END])


def _who(result: Result) -> str:
    """The DRM, and the collection's way to it where that is not its own."""
    version = str(result["versions"][result["drm"]])
    return version if result["through"] == result["drm"] else f"{version}, by `drm: {result['through']}`"


def _where(result: Result) -> str:
    machine = result["machine"]
    return f"{result['date']}, {machine['cores']} shared cores, load {machine['load_before']:g}"


def nodes() -> Result:
    found: Result = json.loads((RESULTS / "verify.json").read_text(encoding="utf-8"))
    return found


def nodes_table(result: Result) -> str:
    rows = [_row(["nodes", "whole run", "a node", "load before"]), _row(["---:"] * 4)]
    for run in result["runs"]:
        seconds, each = f"{run['seconds']:.0f} s", f"{run['seconds_per_node']:.2f} s"
        rows.append(_row([str(run["nodes"]), seconds, each, f"{run['load_before']:g}"]))
    versions = result["versions"]
    by = f"{versions['slurm']}, ansible-core {versions['ansible-core']}, Python {versions['python']}"
    after = f"\nMeasured {result['date']}, {result['machine']['cores']} shared cores; {by}.\n\n"
    return "".join([BEGIN_NODES, "\n", *rows, after, END])


def with_tables(page: str) -> str:
    made = with_made(page, BEGIN, table(results()))
    return with_made(made, BEGIN_NODES, nodes_table(nodes()))


def with_made(page: str, begin: str, made: str) -> str:
    before, _begin, rest = page.partition(begin)
    _old, _end, after = rest.partition(END)
    return before + made + after


def main() -> None:
    PAGE.write_text(with_tables(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
