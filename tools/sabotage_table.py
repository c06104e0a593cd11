"""docs/sabotage.md, made from what the scenarios have found when they planted faults.

    .venv/bin/python tools/sabotage_table.py

Takes in new results of a run (.logs/sabotage/DRM.json), keeps them in molecule/shared/sabotage/, and writes the page. A unit test holds the page to them.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from typing import Any

import bootstrap

PAGE = bootstrap.ROOT / "docs" / "sabotage.md"
RESULTS = bootstrap.ROOT / "molecule" / "shared" / "sabotage"
NEW = bootstrap.ROOT / ".logs" / "sabotage"
DRMS = ("slurm", "gridengine", "htcondor")
NOT_RUN = "the rounds were not run on this DRM"

_HEAD = """# Proof by sabotage

Each fault is planted on a real cluster, several at once where they do not hide each other, and `clusterjobs.drm.verify` is played as a site plays it. "red" is
that the fault's check said so, "green" that it said ok after the fault was mended. Each column is made by a run of its scenario, which all have the same
tests (`molecule/verify/tests`): `verify` is a part of `make test`, the two others run by name (`make molecule SCENARIO=verify_gridengine`,
`SCENARIO=verify_htcondor`). `tools/sabotage_table.py` then writes this page. A cell without a result carries its reason.

"""

_AFTER = """
The seconds are those of a whole run after all was mended, with the jobs that are to fail.
"""


def results() -> list[Mapping[str, Any]]:
    return [json.loads(path.read_text("utf-8")) for drm in DRMS if (path := RESULTS / f"{drm}.json").exists()]


def page(found: Sequence[Mapping[str, Any]]) -> str:
    by_drm = {result["drm"]: result for result in found}
    heads = [f"{drm} {by_drm[drm]['version']}" if drm in by_drm else drm for drm in DRMS]
    lines = [f"| fault | check | {' | '.join(heads)} |", "|---|---|" + "---|" * len(DRMS)]
    for fault, check in _faults(found).items():
        cells = [_cell(by_drm.get(drm), fault) for drm in DRMS]
        lines.append(f"| {fault} | {f'`{check}`' if check else ''} | {' | '.join(cells)} |")
    lines.append(f"| *made* | | {' | '.join(_made(by_drm.get(drm)) for drm in DRMS)} |")
    return _HEAD + "\n".join(lines) + "\n" + _AFTER


def _faults(found: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    return {fault: row["check"] for result in found for fault, row in result["faults"].items()}


def _made(result: Mapping[str, Any] | None) -> str:
    return NOT_RUN if result is None else f"{result['made']}, {result['seconds_of_a_run']:g} s"


def _cell(result: Mapping[str, Any] | None, fault: str) -> str:
    if result is None:
        return NOT_RUN
    row = result["faults"].get(fault)
    if row is None:
        return "not planted: it is a fault of another DRM's"
    if row["reason"]:
        return str(row["reason"])
    return f"red {'yes' if row['red'] else '**no**'}, green {'yes' if row['green'] else '**no**'}"


def main() -> None:
    RESULTS.mkdir(parents=True, exist_ok=True)
    for path in sorted(NEW.glob("*.json")):
        shutil.copy(path, RESULTS)
    PAGE.write_text(page(results()), encoding="utf-8")


if __name__ == "__main__":
    main()
