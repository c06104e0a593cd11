"""Jobs by the collection against the DRM's own commands, in one run on one real cluster.

    .venv/bin/python benchmarks/jobs.py --cluster slurm22 --drm slurm [--count 1000] [--most 5000]

The cluster must be up and connected, as its Molecule scenario leaves it with `molecule converge`. Every job is cancelled at the end.
Writes benchmarks/results/jobs-CLUSTER.json; tools/benchmark_tables.py makes docs/benchmarks.md from it.
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
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
SHARED = "/export/jobtests"
# A loop of Ansible's own takes so long that a part of it has to tell.
LOOPED = 20
TIMES = 5
# Runs the module, and writes down the memory (KiB) that the largest of its processes had.
PEAK = """\
#!/usr/bin/python3
import os, resource, subprocess, sys
rc = subprocess.call(["/usr/bin/python3", *sys.argv[1:]])
with open("{0}/peak", "w") as stream:
    stream.write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))
sys.exit(rc)
"""


@dataclass(frozen=True)
class Raw:
    """What one does without the collection, as shell commands of the Galaxy user's."""

    version: str
    #: One held job; the status of all one's jobs; the end of all of them.
    submit: str
    status: str
    cancel: str
    #: One job, waited for.
    wait: str
    #: Prints something once the DRM knows that the job whose name begins with "late-" has ended.
    ended: str
    #: There is a way to submit many jobs at once.
    bulk: bool = False


RAW = {
    "slurm": Raw(
        "sbatch --version",
        "echo '#!/bin/sh' | sbatch --hold --parsable",
        "squeue --me --noheader --all",
        "scancel --me",
        "printf '#!/bin/sh\\ntrue\\n' | sbatch --wait --parsable",
        "squeue --me --noheader --states=all --format='%j %T' | grep '^late-.*COMPLETED'",
    ),
    "gridengine": Raw(
        "qstat -help | head -n 1",
        "echo true | qsub -h -terse",
        "qstat -u galaxy",
        "qdel -u galaxy",
        "echo true | qsub -sync y",
        "qstat -u galaxy -s z | grep late-",
    ),
    "htcondor": Raw(
        "condor_version | sed -n 's/^.CondorVersion: \\([^ ]*\\).*/HTCondor \\1/p'",
        "printf 'executable=/bin/true\\nhold=true\\nqueue\\n' | condor_submit -terse -",
        "condor_q -nobatch",
        "condor_rm galaxy",
        "rm -f wait.log; printf 'executable=/bin/true\\nlog=wait.log\\nqueue\\n' | condor_submit -terse - && condor_wait wait.log",
        "condor_history -limit 5 -af JobBatchName JobStatus | grep '^late-.* 4$'",
        bulk=True,
    ),
}


def job(**options: Any) -> dict[str, Any]:
    return {"clusterjobs.drm.job": {"command": ["true"], "chdir": SHARED, **options}}


def shell(command: str, **keywords: Any) -> dict[str, Any]:
    return {"ansible.builtin.shell": {"cmd": command, "chdir": SHARED}, "changed_when": False, **keywords}


def named(name: str, task: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": name, **task}


def in_turn(**pair: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Each some times, one after the other, so that both have the same share of what else the machine does."""
    return [named(f"{name} #{number}", task) for number in range(TIMES) for name, task in pair.items()]


def file(name: str, text: str) -> dict[str, Any]:
    return named(name, {"ansible.builtin.copy": {"content": text, "dest": f"{SHARED}/{name}", "mode": "0755"}})


def short_tasks(raw: Raw) -> list[dict[str, Any]]:
    watch = f"#!/bin/sh\ncd {SHARED}\nuntil {raw.ended}; do sleep 0.05; done\ndate +%s.%N > ended\n"
    return [
        named("version", shell(raw.version)),
        file("python-peak", PEAK.format(SHARED)),
        file("watch", watch),
        named("warm up", job(state="finished")),
        *in_turn(command={"ansible.builtin.command": {"argv": ["true"]}, "changed_when": False}, job=job(hold=True)),
        named("clean up held", shell(raw.cancel, failed_when=False)),
        *in_turn(finished=job(state="finished"), finished_raw=shell(raw.wait)),
        named("watching", shell("rm -f ended; nohup ./watch > /dev/null 2>&1 &")),
        named("late", job(name="late", command=["sleep", "10"], state="finished")),
        named("ended", shell("until [ -s ended ]; do sleep 0.1; done; cat ended")),
    ]


def status_tasks(size: str, ids: str, raw: Raw) -> list[dict[str, Any]]:
    ask = {
        "clusterjobs.drm.job_info": {"job_ids": ids},
        "vars": {"ansible_python_interpreter": f"{SHARED}/python-peak"},
    }
    pair = {f"status_{size}": ask, f"status_{size}_raw": shell(f"{raw.status} > /dev/null")}
    return [*in_turn(**pair), named(f"peak_{size}", shell("cat peak"))]


def many_tasks(raw: Raw, count: int, most: int) -> list[dict[str, Any]]:
    def jobs(name: str, number: int) -> dict[str, Any]:
        return job(hold=True, jobs=[{"name": f"{name}{index}"} for index in range(number)])

    def ids(name: str) -> str:
        return f"({name}.jobs | map(attribute='job_id') | list)"

    cancel = shell(f"{raw.cancel} > /dev/null", failed_when=False)
    return [
        named("submit_raw", shell(f"for n in $(seq {count}); do {raw.submit}; done > /dev/null")),
        named("submit_loop", {**shell(raw.submit), "loop": list(range(LOOPED))}),
        named("clean up raw", cancel),
        {**named("submit", jobs("job", count)), "register": "some"},
        *status_tasks("some", "{{ %s }}" % ids("some"), raw),
        {**named("submit_more", jobs("more", most - count)), "register": "more"},
        *status_tasks("most", "{{ %s + %s }}" % (ids("some"), ids("more")), raw),
        named("clean up", cancel),
    ]


def play(cluster: str, drm: str, tasks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Play the tasks once; Ansible's own record of them."""
    whole = {
        "module_defaults": {"group/clusterjobs.drm.drm": {"drm": drm}},
        "hosts": "galaxyservers",
        "gather_facts": False,
        "become": True,
        "become_user": "galaxy",
        "tasks": tasks,
    }
    environment = {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".cache" / "collections"),
        "ANSIBLE_PIPELINING": "1",
        "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json",
    }
    with tempfile.NamedTemporaryFile("w", suffix=".yml") as playbook:
        playbook.write("---\n" + json.dumps([whole]))
        playbook.flush()
        argv = [Path(sys.executable).with_name("ansible-playbook"), "-i", f".cache/testhosts/{cluster}/inventory.yml"]
        answer = subprocess.run(
            [*argv, playbook.name], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=False
        )
    played: list[dict[str, Any]] = json.loads(answer.stdout[answer.stdout.index("{\n") :])["plays"][0]["tasks"]
    for task in played:
        for host in task["hosts"].values():
            if host.get("failed"):
                raise SystemExit(f"{task['task']['name']}: {host.get('msg')} {host.get('stderr')}")
    return played


def moment(task: Mapping[str, Any], which: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(task["task"]["duration"][which])


def seconds_of(played: list[dict[str, Any]]) -> dict[str, list[float]]:
    seconds: dict[str, list[float]] = {}
    for task in played:
        name = task["task"]["name"].partition(" #")[0]
        seconds.setdefault(name, []).append(round((moment(task, "end") - moment(task, "start")).total_seconds(), 3))
    return seconds


def said(played: list[dict[str, Any]], name: str) -> str:
    [task] = [task for task in played if task["task"]["name"] == name]
    [host] = task["hosts"].values()
    return str(host["stdout"])


def measured(played: list[dict[str, Any]], count: int) -> dict[str, float]:
    """The numbers that docs/benchmarks.md tells, and compares with its aims."""
    median = {name: statistics.median(values) for name, values in seconds_of(played).items()}
    late = next(moment(task, "end") for task in played if task["task"]["name"] == "late")
    return {
        "submission_ratio": round(median["submit"] / median["submit_raw"], 2),
        "submission_loop_ratio": round(median["submit"] / (median["submit_loop"] * count / LOOPED), 3),
        "status_some_seconds": median["status_some"],
        "status_some_raw_seconds": median["status_some_raw"],
        "status_most_seconds": median["status_most"],
        "status_most_raw_seconds": median["status_most_raw"],
        "status_some_peak_mb": round(int(said(played, "peak_some")) / 1024),
        "status_most_peak_mb": round(int(said(played, "peak_most")) / 1024),
        "finished_seconds": median["finished"],
        "finished_raw_seconds": median["finished_raw"],
        "known_after_seconds": round(late.replace(tzinfo=datetime.UTC).timestamp() - float(said(played, "ended")), 2),
        "task_ratio": round(median["job"] / median["command"], 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cluster", default="slurm22")
    parser.add_argument("--drm", default="slurm", choices=sorted(RAW))
    parser.add_argument("--through", help="the collection's drm, where it is not the same: drmaa")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--most", type=int, default=5000)
    options = parser.parse_args()
    raw = RAW[options.drm]
    load = os.getloadavg()[0]
    through = options.through or options.drm
    played = play(options.cluster, through, [*short_tasks(raw), *many_tasks(raw, options.count, options.most)])
    result = {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "machine": {
            "cores": os.cpu_count(),
            "kernel": platform.release(),
            "architecture": platform.machine(),
            "load_before": round(load, 1),
            "note": "controller, all hosts of the cluster and other work shared these cores",
        },
        "versions": {
            "ansible-core": version("ansible-core"),
            "python": platform.python_version(),
            options.drm: said(played, "version").strip("$ \n"),
        },
        "cluster": options.cluster,
        "drm": options.drm,
        "through": through,
        "bulk": raw.bulk or through == "drmaa",
        "count": options.count,
        "most": options.most,
        "looped": LOOPED,
        "seconds": seconds_of(played),
        "measured": measured(played, options.count),
    }
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"jobs-{'-'.join(dict.fromkeys([options.cluster, through]))}.json"
    path.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result["measured"], indent=2))


if __name__ == "__main__":
    main()
