"""All cases run once on each host; the tests read what came of them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from testbed import process

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[1] / "inside"))

from hosts import NAMES

INSIDE = Path(__file__).parents[1] / "inside"
# Of each race on each host.
ATTEMPTS = 100

Result = Mapping[str, Any]


def run_cases(host: str) -> dict[str, Result]:
    process.podman("exec", host, "rm", "--recursive", "--force", "/opt/cases")
    process.podman("cp", str(INSIDE), f"{host}:/opt/cases")
    argv = ["podman", "exec", host, "python3", "-B", "/opt/cases/main.py", str(ATTEMPTS)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    results = json.loads(done.stdout)
    assert len({result["case"] for result in results}) == len(results)
    return {result["case"]: result for result in results}


@pytest.fixture(scope="session")
def all_results() -> dict[str, dict[str, Result]]:
    process.configure_podman()
    with ThreadPoolExecutor() as pool:
        return dict(zip(NAMES, pool.map(run_cases, NAMES), strict=True))


@pytest.fixture(params=NAMES)
def results(request: pytest.FixtureRequest, all_results: dict[str, dict[str, Result]]) -> dict[str, Result]:
    """Of one host."""
    return all_results[request.param]
