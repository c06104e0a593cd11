"""How long connect_galaxy takes on three real hosts: the first time, and again when nothing is to be done.

    .venv/bin/python benchmarks/converge.py [--cluster demo] [--again 3]

The cluster is made anew. Writes benchmarks/results/converge.json; the table in docs/roles.md is made from it.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RESULT = ROOT / "benchmarks" / "results" / "converge.json"


def converge(cluster: str) -> float:
    """Seconds of one run of the whole playbook, ansible-playbook's own start included."""
    argv = [
        str(Path(sys.executable).with_name("ansible-playbook")),
        "--inventory",
        f".cache/testhosts/{cluster}/inventory.yml",
        "--extra-vars",
        "@playbooks/vars/demo_slurm.yml",
        "playbooks/connect_galaxy.yml",
    ]
    environment = {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".cache" / "collections"),
        "ANSIBLE_PIPELINING": "1",
    }
    started = time.monotonic()
    subprocess.run(argv, cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL)
    return round(time.monotonic() - started, 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cluster", default="demo")
    parser.add_argument("--again", type=int, default=3)
    options = parser.parse_args()
    for verb in ("down", "up"):
        subprocess.run([sys.executable, "tools/testhosts.py", verb, options.cluster], cwd=ROOT, check=True)
    first = converge(options.cluster)
    again = [converge(options.cluster) for _again in range(options.again)]
    result = {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "machine": {"cores": os.cpu_count(), "kernel": platform.release(), "architecture": platform.machine()},
        "versions": {"ansible-core": version("ansible-core"), "python": platform.python_version()},
        "cluster": options.cluster,
        "hosts": 3,
        "first_seconds": first,
        "again_seconds": again,
        "again_median_seconds": statistics.median(again),
    }
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
