"""How long cluster_verify takes on many nodes: each is a slurmd of its own, all on one host.

    .venv/bin/python benchmarks/verify.py [--cluster many] [--nodes 1 20 100]

The cluster is made anew, connected, given as many nodes as the largest number, verified once with each number of them, and removed.
The jobs that are to fail are left out: they take as long as a walltime, however many nodes there are.
Writes benchmarks/results/verify.json; tools/benchmark_tables.py makes docs/benchmarks.md from it.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
RESULT = ROOT / "benchmarks" / "results" / "verify.json"
TESTHOSTS = ROOT / ".cache" / "testhosts"
NODE_LINE = re.compile(r"^NodeName=\S+ (?P<has>.*)$", re.MULTILINE)
FIRST_PORT = 17001
# Each slurmd its own: %n is its node's name.
OWN = "SlurmdSpoolDir=/var/lib/slurm/%n\nSlurmdPidFile=/run/slurmd-%n.pid\nSlurmdLogFile=/var/log/slurm/%n.log\n"
_OWNED = re.compile(r"^Slurmd(?:SpoolDir|PidFile|LogFile)=.*\n", re.MULTILINE)
_UP_WITHIN_SECONDS = 300
# No more than these are asked at once, by default.
AT_ONCE = 20


def with_nodes(conf: str, host: str, number: int) -> str:
    """slurm.conf with so many nodes on one host, each with what its one node had."""
    names, ports = f"sim[001-{number:03}]", f"[{FIRST_PORT}-{FIRST_PORT + number - 1}]"
    many = rf"NodeName={names} NodeHostname={host} NodeAddr={host} Port={ports} \g<has>"
    return OWN + NODE_LINE.sub(many, _OWNED.sub("", conf))


def testhosts(verb: str, cluster: str) -> None:
    subprocess.run([sys.executable, "tools/testhosts.py", verb, cluster], cwd=ROOT, check=True)


def podman(*words: str) -> str:
    environment = {**os.environ, "CONTAINERS_CONF": str(TESTHOSTS / "containers.conf")}
    return subprocess.run(["podman", *words], env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout


def simulate(cluster: str, number: int) -> float:
    """Turn the cluster's node into so many; the seconds until all of them are idle."""
    controller, node = f"{cluster}-controller", f"{cluster}-node"
    conf = TESTHOSTS / cluster / "slurm" / "slurm.conf"
    conf.write_text(with_nodes(conf.read_text(encoding="utf-8"), node, number), encoding="utf-8")
    for host in (controller, node):
        podman("cp", str(conf), f"{host}:/etc/slurm/slurm.conf")
    started = time.monotonic()
    podman("exec", node, "systemctl", "stop", "slurmd")
    podman("exec", controller, "systemctl", "restart", "slurmctld")
    each = "systemd-run --quiet --unit=sim$number slurmd -D -N sim$number"
    podman("exec", node, "sh", "-ec", f"for number in $(seq -f %03g {number}); do {each}; done")
    while (idle := idle_nodes(controller)) < number:
        if time.monotonic() - started > _UP_WITHIN_SECONDS:
            told = podman("exec", controller, "sinfo", "--long", "--Node")
            raise SystemExit(f"{idle} of {number} nodes are idle after {_UP_WITHIN_SECONDS} s:\n{told}")
        time.sleep(1)
    return time.monotonic() - started


def idle_nodes(controller: str) -> int:
    # slurmctld has just been restarted: without an answer there is none yet.
    ask = "sinfo --noheader --partition=main --states=idle --format=%D || echo 0"
    return sum(int(count) for count in podman("exec", controller, "sh", "-c", ask).split())


def play(cluster: str, playbook: str, **variables: Any) -> float:
    """Seconds of one run of a playbook, ansible-playbook's own start included."""
    argv = [
        str(Path(sys.executable).with_name("ansible-playbook")),
        f"--inventory={TESTHOSTS / cluster / 'inventory.yml'}",
        f"--inventory={ROOT / 'molecule' / 'verify' / 'inventory'}",
        f"--limit={cluster}",
        f"--extra-vars={json.dumps(variables)}",
        str(ROOT / playbook),
    ]
    environment = {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".cache" / "collections"),
        "ANSIBLE_PIPELINING": "1",
    }
    started = time.monotonic()
    answer = subprocess.run(argv, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=False)
    if answer.returncode != 0:
        raise SystemExit(f"{playbook}: rc {answer.returncode}\n{answer.stdout[-4000:]}")
    return time.monotonic() - started


def verified(cluster: str, number: int) -> dict[str, Any]:
    """One run with so many of the nodes. It counts only where each of them has answered and nothing is wrong."""
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as place:
        seconds = play(
            cluster,
            "playbooks/verify.yml",
            cluster_verify_sample=number,
            cluster_verify_at_once=AT_ONCE,
            cluster_verify_timeout=1800,
            cluster_verify_ends=[],
            cluster_verify_report_dir=place,
        )
        report = json.loads(Path(place, "verify.json").read_text(encoding="utf-8"))
    (answered,) = [check["results"] for check in report["checks"] if check["name"] == "answered"]
    if len(answered) != number:
        raise SystemExit(f"{len(answered)} nodes of {number} have answered")
    return {
        "nodes": number,
        "load_before": round(load, 1),
        "seconds": round(seconds, 1),
        "seconds_per_node": round(seconds / number, 2),
    }


def measured(cluster: str, numbers: list[int]) -> dict[str, Any]:
    testhosts("down", cluster)
    testhosts("up", cluster)
    try:
        started = simulate(cluster, max(numbers))
        play(cluster, "molecule/verify/converge.yml")
        runs = [verified(cluster, number) for number in numbers]
        slurm = podman("exec", f"{cluster}-controller", "sinfo", "--version").strip()
    finally:
        testhosts("down", cluster)
    return {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "machine": {
            "cores": os.cpu_count(),
            "kernel": platform.release(),
            "architecture": platform.machine(),
            "note": "controller and all nodes of the cluster shared these cores with what load_before tells of",
        },
        "versions": {
            "ansible-core": version("ansible-core"),
            "python": platform.python_version(),
            "slurm": slurm,
        },
        "at_once": AT_ONCE,
        "slurmds_up_seconds": round(started, 1),
        "runs": runs,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cluster", default="many")
    parser.add_argument("--nodes", type=int, nargs="+", default=[1, AT_ONCE, 100])
    options = parser.parse_args()
    result = measured(options.cluster, options.nodes)
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    for run in result["runs"]:
        print(f"{run['nodes']} nodes: {run['seconds']} s, {run['seconds_per_node']} s a node")


if __name__ == "__main__":
    main()
