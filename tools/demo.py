"""`make demo`: a real Slurm cluster in containers, connected by playbooks/connect_galaxy.yml, used by one job, and verified.

Where there can be no containers, the same playbook runs on this host alone (drm: local).
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import debian
from testbed import packages, settings

ROOT = Path(__file__).resolve().parent.parent
DEMO = ROOT / ".demo"
REPORT = DEMO / "report.json"
LOG = DEMO / "ansible.log"
SUMMARY = DEMO / "cluster-verify" / "verify.txt"
CLUSTER = "demo"


def run(*argv: str | Path, **environment: str) -> None:
    subprocess.run([str(word) for word in argv], check=True, cwd=ROOT, env={**os.environ, **environment})


def testhosts(*words: str) -> None:
    run(sys.executable, "tools/testhosts.py", *words)


def containers_possible() -> str:
    """Get what the test hosts need; return why there can be none, or nothing."""
    absent = packages.missing()
    if absent and not (shutil.which("apt-get") and debian.consent(absent, "The demo's cluster")):
        return f"these Debian packages are missing and were not installed: {' '.join(absent)}"
    if os.geteuid() != 0:
        return "its containers run systemd and need root"
    if absent:
        testhosts("install")
    return ""


def choose_drm(wanted: str) -> str:
    """Return the DRM of the demo: Slurm in containers, else this host, said in one line."""
    if wanted == "local":
        return wanted
    why_not = containers_possible()
    if not why_not:
        return wanted
    if os.environ.get("CI") == "true":
        raise SystemExit(f"In CI the demo must run on Slurm: {why_not}")
    print(f"No Slurm cluster here ({why_not}): the demo runs its job on this host instead (DRM=local).")
    return "local"


def hosts_of(drm: str) -> list[str]:
    """Bring the demo's hosts up; return the arguments that name them to ansible-playbook."""
    if drm == "local":
        return ["--inventory", "tools/demo_local.ini"]
    print("Starting three hosts: Slurm's controller, a node, and the Galaxy server ...", flush=True)
    testhosts("up", CLUSTER)
    return ["--inventory", str(settings.CACHE / CLUSTER / "inventory.yml")]


def play(drm: str, hosts: list[str]) -> None:
    print(f"Connecting the Galaxy account: playbooks/connect_galaxy.yml (log: {LOG.relative_to(ROOT)}) ...", flush=True)
    run(
        Path(sys.executable).with_name("ansible-playbook"),
        *hosts,
        "--extra-vars",
        json.dumps({"clusterjobs_drm": drm, "demo_directory": str(DEMO)}),
        "--extra-vars",
        f"@playbooks/vars/demo_{drm}.yml",
        "playbooks/demo.yml",
        ANSIBLE_COLLECTIONS_PATH=str(ROOT / ".cache" / "collections"),
        ANSIBLE_PIPELINING="1",
        ANSIBLE_LOG_PATH=str(LOG),
        ANSIBLE_DISPLAY_SKIPPED_HOSTS="0",
    )


def tell(report: dict[str, Any]) -> None:
    """Say what happened, for somebody who has never seen this."""
    print("\nWhat was configured")
    for host in report["hosts"]:
        print(f"  {host['name']}: {host['role']}")
    for line in report["configured"]:
        print(f"  - {line}")
    for job in report["jobs"]:
        inside = job["inside"]
        print(f"\nJob {job['job_id']} ({job['name']}) on {report['drm']}")
        print(f"  ran on {inside['host']} as {inside['user']} (uid {inside['uid']}) in {inside['directory']}")
        print(f"  state {job['state']}, exit code {job['exit_code']}")
        print(f"  GALAXY_SLOTS={inside['galaxy_slots']}  GALAXY_MEMORY_MB={inside['galaxy_memory_mb']}")
    print("\nIs the cluster ready for Galaxy? Real jobs have looked (playbooks/verify.yml)")
    print(textwrap.indent(SUMMARY.read_text(encoding="utf-8").rstrip(), "  "))
    print("\nFiles")
    for name, path in report["files"].items():
        print(f"  {name}: {path}")
    print(f"\nThe same as JSON: {REPORT.relative_to(ROOT)}. Remove it all: make demo-down")


def up(drm: str) -> None:
    DEMO.mkdir(exist_ok=True)
    for left in (REPORT, SUMMARY):
        left.unlink(missing_ok=True)
    drm = choose_drm(drm)
    play(drm, hosts_of(drm))
    tell(json.loads(REPORT.read_text(encoding="utf-8")))


def down() -> None:
    """Remove the demo's hosts and everything it wrote; the images stay for the next one (`testhosts.py clean`)."""
    if (settings.CACHE / CLUSTER).exists():
        testhosts("down", CLUSTER)
    shutil.rmtree(DEMO, ignore_errors=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("up", help="run the demo")
    command.add_argument("--drm", choices=("slurm", "local"), default="slurm")
    commands.add_parser("down", help="remove what it made")
    options = parser.parse_args()
    try:
        if options.command == "up":
            up(options.drm)
        else:
            down()
    except subprocess.CalledProcessError as error:
        raise SystemExit(f"failed with exit code {error.returncode}: {' '.join(error.cmd)}") from None


if __name__ == "__main__":
    main()
