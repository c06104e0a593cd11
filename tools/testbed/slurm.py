"""Slurm's keys and configuration, and whether a cluster of it works."""

from __future__ import annotations

import secrets
import shutil
from pathlib import Path
from string import Template

from .process import ask
from .settings import SHARED, Cluster, Host

LOG_DIRECTORY = "/var/log/slurm"
_TEMPLATES = SHARED / "slurm"
_FILES = {"controller": ("slurm.conf", "cgroup.conf", "slurmdbd.conf"), "node": ("slurm.conf", "cgroup.conf")}
_MUNGE_KEY_BYTES = 128
_STATES_OF_A_GOOD_NODE = ("idle", "mixed", "allocated", "completing")


def create(cluster: Cluster) -> None:
    _write_secret(cluster.directory / "munge.key", secrets.token_bytes(_MUNGE_KEY_BYTES))
    values = {
        "cluster": cluster.name,
        "controller": cluster.host("controller").name,
        "node": cluster.host("node").name,
        "min_job_age_seconds": cluster.options["min_job_age_seconds"],
        "slurmctld_parameters": "SlurmctldParameters=enable_configless" if cluster.options["configless"] else "",
    }
    directory = cluster.directory / "slurm"
    directory.mkdir()
    for template in _TEMPLATES.iterdir():
        text = Template(template.read_text(encoding="utf-8")).substitute(values)
        (directory / template.name).write_text(text, encoding="utf-8")


def fill_host_directory(cluster: Cluster, host: Host) -> None:
    if host.role == "galaxy":
        return
    directory = cluster.host_directory(host)
    shutil.copy(cluster.directory / "munge.key", directory)
    (directory / "slurm").mkdir()
    if host.role == "node" and cluster.options["configless"]:
        options = f"--conf-server={cluster.host('controller').name}"
        (directory / "slurmd.default").write_text(f"SLURMD_OPTIONS={options}\n", encoding="utf-8")
        return
    for name in _FILES[host.role]:
        shutil.copy(cluster.directory / "slurm" / name, directory / "slurm")


def volumes(cluster: Cluster, host: Host) -> list[str]:
    return []


def problem(cluster: Cluster) -> str | None:
    controller = cluster.host("controller")
    registered = ask(controller, "sacctmgr", "-nP", "list", "cluster", "format=cluster,controlhost")
    if not registered.startswith(f"{cluster.name}|") or registered.endswith("|"):
        return f"slurmdbd does not know the controller: {registered!r}"
    state = ask(controller, "sinfo", "--noheader", "--partition=main", "--format=%T")
    return None if state in _STATES_OF_A_GOOD_NODE else f"the node's state is {state!r}, not 'idle'"


def _write_secret(path: Path, content: bytes) -> None:
    path.touch(mode=0o600)
    path.write_bytes(content)
