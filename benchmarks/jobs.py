"""Jobs by the collection against the DRM's own commands, in one run on one real cluster.

    .venv/bin/python benchmarks/jobs.py --cluster slurm22 [--count 1000]

The cluster must be up and connected, as its Molecule scenario leaves it with `molecule converge`. Every job is held and cancelled at the end.
Writes benchmarks/results/jobs-CLUSTER.json. A ratio below 1 means that the collection is faster.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
SHARED = "/export/jobtests"
# One raw submission of a held job, the status of all one's jobs, and the end of all of them; in the shell of the Galaxy user.
RAW = {
    "slurm": ("echo '#!/bin/sh' | sbatch --hold --parsable", "squeue --me --noheader --all", "scancel --me"),
    "gridengine": ("echo true | qsub -h -terse", "qstat -u galaxy", "qdel -u galaxy"),
    "htcondor": (
        "printf 'executable=/bin/true\\nhold=true\\nqueue\\n' | condor_submit -terse -",
        "condor_q -nobatch",
        "condor_rm galaxy",
    ),
}
# A loop of Ansible's own takes so long that a part of it has to tell.
LOOPED = 20


def job(**options: Any) -> dict[str, Any]:
    return {"clusterjobs.drm.job": {"command": ["true"], "hold": True, "chdir": SHARED, **options}}


def shell(command: str, **keywords: Any) -> dict[str, Any]:
    return {"ansible.builtin.shell": {"cmd": command, "chdir": SHARED}, "changed_when": False, **keywords}


def tasks(drm: str, count: int) -> list[dict[str, Any]]:
    submit, status, cancel = RAW[drm]
    many = [{"name": f"job{number}"} for number in range(count)]
    ids = "{{ many.jobs | map(attribute='job_id') | list }}"
    return [
        {"name": "warm up", **job()},
        {"name": "command task", "ansible.builtin.command": {"argv": ["true"]}, "changed_when": False},
        {"name": "job task", **job()},
        {"name": "submit, one task", **job(jobs=many), "register": "many"},
        {"name": "submit, raw loop", **shell(f"for n in $(seq {count}); do {submit}; done > /dev/null")},
        {"name": "submit, loop of tasks", **shell(submit), "loop": list(range(LOOPED))},
        {"name": "status, one task", "clusterjobs.drm.job_info": {"job_ids": ids}},
        {"name": "status, raw call", **shell(f"{status} > /dev/null")},
        {"name": "clean up", **shell(f"{cancel} > /dev/null", failed_when=False)},
    ]


def seconds_of(cluster: str, drm: str, count: int) -> dict[str, float]:
    """Play the tasks once; seconds by task, as Ansible's own clock has them."""
    play = {
        "hosts": "galaxyservers",
        "gather_facts": False,
        "become": True,
        "become_user": "galaxy",
        "tasks": tasks(drm, count),
    }
    environment = {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".cache" / "collections"),
        "ANSIBLE_PIPELINING": "1",
        "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json",
    }
    with tempfile.NamedTemporaryFile("w", suffix=".yml") as playbook:
        playbook.write("---\n" + json.dumps([play]))
        playbook.flush()
        argv = [Path(sys.executable).with_name("ansible-playbook"), "-i", f".cache/testhosts/{cluster}/inventory.yml"]
        answer = subprocess.run(
            [*argv, playbook.name], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=True
        ).stdout
    played = json.loads(answer[answer.index("{\n") :])["plays"][0]["tasks"]
    return {task["task"]["name"]: lasted(task["task"]["duration"]) for task in played}


def lasted(duration: dict[str, str]) -> float:
    begin, end = (datetime.datetime.fromisoformat(duration[name]) for name in ("start", "end"))
    return round((end - begin).total_seconds(), 3)


def ratios(seconds: dict[str, float], count: int) -> dict[str, float]:
    pairs = {
        "submission to the raw loop": (seconds["submit, one task"], seconds["submit, raw loop"]),
        "submission to a loop of tasks": (
            seconds["submit, one task"],
            seconds["submit, loop of tasks"] * count / LOOPED,
        ),
        "status to one raw call": (seconds["status, one task"], seconds["status, raw call"]),
        "a job task to a command task": (seconds["job task"], seconds["command task"]),
    }
    return {name: round(ours / theirs, 2) for name, (ours, theirs) in pairs.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cluster", default="slurm22")
    parser.add_argument("--drm", default="slurm", choices=sorted(RAW))
    parser.add_argument("--count", type=int, default=1000)
    options = parser.parse_args()
    seconds = seconds_of(options.cluster, options.drm, options.count)
    result = {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "machine": {"cores": os.cpu_count(), "kernel": platform.release(), "architecture": platform.machine()},
        "versions": {"ansible-core": version("ansible-core"), "python": platform.python_version()},
        "cluster": options.cluster,
        "drm": options.drm,
        "count": options.count,
        "seconds": seconds,
        "ratios": ratios(seconds, options.count),
    }
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"jobs-{options.cluster}.json"
    path.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
