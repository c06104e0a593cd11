"""How long a job configuration of many environments takes to be read, checked, translated and written, beside Galaxy's own load of it.

All in seconds of CPU, since other work on the machine is no part of it, in a process of its own for each size and form, as Galaxy's load of the same text has.
Each is the least of three, in turn with Galaxy's, since the machine's memory is shared.

    .venv/bin/python benchmarks/job_conf.py [--most 10000]

Galaxy's part needs .venv-galaxy (make galaxy-loader makes it). Writes benchmarks/results/job_conf.json.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
RESULT = ROOT / "benchmarks" / "results" / "job_conf.json"
RUNS = 3
GALAXY = ROOT / ".venv-galaxy" / "bin" / "python"
sys.path.insert(0, str(ROOT / ".cache" / "collections"))

# Galaxy's own loader on the same file, timed without its imports.
LOAD = """
import resource, sys, time
sys.path.insert(0, {tests!r})
import loader, logging
logging.disable(logging.CRITICAL)
from galaxy.jobs import JobConfiguration
app = loader.app_for(loader.Config(job_config_file={path!r}))
started = time.process_time()
JobConfiguration(app)
print(time.process_time() - started, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def many(number: int) -> dict[str, Any]:
    """Environments as a large site has them: a request, variables, a resubmission to the next one, and a tool each."""
    environments = {
        f"e{index}": {
            "runner": "slurm",
            "tags": [f"group{index % 50}"],
            "env": [{"name": "LC_ALL", "value": "C"}, {"name": "TMPDIR", "value": f"/scratch/{index}"}],
            "resubmit": [{"condition": "memory_limit_reached", "environment": f"e{(index + 1) % number}"}],
            "slots": index % 64 + 1,
            "memory_mb": 4000,
            "walltime": "12:00:00",
            "docker_enabled": True,
        }
        for index in range(number)
    }
    return {
        "runners": {"slurm": {"load": "galaxy.jobs.runners.slurm:SlurmJobRunner"}},
        "execution": {"default": "e0", "environments": environments},
        "tools": [{"id": f"tool{index}", "environment": f"e{index}"} for index in range(number)],
    }


def measure(number: int, form: str) -> dict[str, Any]:
    from ansible_collections.clusterjobs.drm.plugins.plugin_utils.galaxy import render
    from ansible_collections.clusterjobs.drm.plugins.plugin_utils.galaxy.context import Context

    native = many(number)
    started = time.process_time()
    prepared, findings = render.prepare(native, Context(form=form))
    text = render.text_of(prepared, form)
    rendered = time.process_time() - started
    assert not [finding for finding in findings if finding.level != "note"], findings[:3]
    started = time.process_time()
    assert render.lint(text, Context(form=form)) == []
    linted = time.process_time() - started
    started = time.process_time()
    assert render.read(text)["execution"]["default"] == "e0"
    read = time.process_time() - started
    return {
        "environments": number,
        "form": form,
        "megabytes": round(len(text) / 1e6, 2),
        "rendered_seconds": round(rendered, 2),
        "linted_seconds": round(linted, 2),
        "read_seconds": round(read, 2),
        "peak_megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        **galaxys(text, form),
    }


def least(runs: list[dict[str, Any]]) -> dict[str, Any]:
    return {key: value if isinstance(value, str) else min(run[key] for run in runs) for key, value in runs[0].items()}


def galaxys(text: str, form: str) -> dict[str, float]:
    if not GALAXY.exists():
        return {}
    with tempfile.TemporaryDirectory() as place:
        path = Path(place, "job_conf.xml" if form == "xml" else "job_conf.yml")
        path.write_text(text, encoding="utf-8")
        program = LOAD.format(tests=str(ROOT / "tests" / "galaxy"), path=str(path))
        answer = subprocess.run([str(GALAXY), "-c", program], capture_output=True, text=True, check=True)
    seconds, megabytes = answer.stdout.split()[-2:]
    return {"galaxy_seconds": round(float(seconds), 2), "galaxy_peak_megabytes": int(megabytes)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--most", type=int, default=10000)
    most = parser.parse_args().most
    cases = [(number, form) for form in ("yaml", "xml") for number in (most // 100, most // 10, most)]
    with ProcessPoolExecutor(max_workers=1, max_tasks_per_child=1) as pool:
        runs = [least([pool.submit(measure, *case).result() for _run in range(RUNS)]) for case in cases]
    result = {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "machine": {"cores": os.cpu_count(), "kernel": platform.release(), "architecture": platform.machine()},
        "versions": {"python": platform.python_version(), "galaxy": "26.1.2"},
        "runs": runs,
    }
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
