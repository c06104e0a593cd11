"""Bring a cluster's three hosts up until Slurm calls its node idle, and take them down again."""

from __future__ import annotations

import shutil
import socket
import time
from collections.abc import Iterable

from . import images, materials
from .process import podman, podman_lines
from .settings import CACHE, LABEL, LOGS, Cluster, Host

_HEALTHY_WITHIN_SECONDS = 120


class Unhealthy(Exception):
    pass


def up(clusters: list[Cluster]) -> None:
    images.build(list(dict.fromkeys(cluster.suite for cluster in clusters)))
    for cluster in clusters:
        _start(cluster)
    for cluster in clusters:
        _wait_until_healthy(cluster)


def down(clusters: Iterable[Cluster]) -> None:
    for cluster in clusters:
        containers = podman_lines("ps", "--all", "--quiet", f"--filter=label={LABEL}={cluster.name}")
        if containers:
            podman("rm", "--force", "--volumes", "--time=1", *containers)
        if cluster.network in podman_lines("network", "ls", "--format={{.Name}}"):
            podman("network", "rm", cluster.network)
        shutil.rmtree(cluster.directory, ignore_errors=True)


def clean(clusters: Iterable[Cluster]) -> None:
    down(clusters)
    images.remove_all()
    shutil.rmtree(CACHE, ignore_errors=True)


def _start(cluster: Cluster) -> None:
    """Start the hosts that are there; a cluster that is not whole is made anew."""
    present = podman_lines("ps", "--all", "--format={{.Names}}", f"--filter=label={LABEL}={cluster.name}")
    if set(present) == {host.name for host in cluster.hosts} and cluster.directory.is_dir():
        podman("start", *present)
        return
    down([cluster])
    try:
        materials.create(cluster)
        podman("network", "create", f"--subnet={cluster.network_cidr}", f"--label={LABEL}={cluster.name}", cluster.network)
        for host in cluster.hosts:
            _run_host(cluster, host)
    except Exception:
        down([cluster])
        raise


def _run_host(cluster: Cluster, host: Host) -> None:
    names = [f"--add-host={other.name}:{other.address}" for other in cluster.hosts if other != host]
    podman(
        "run",
        "--detach",
        "--systemd=always",
        "--privileged",
        f"--name={host.name}",
        f"--hostname={host.name}",
        f"--network={cluster.network}",
        f"--ip={host.address}",
        *names,
        f"--label={LABEL}={cluster.name}",
        f"--volume={materials.host_directory(cluster, host)}:/etc/testhost:ro",
        f"--volume={materials.export_directory(cluster)}:/export",
        images.image_name(host.role, cluster.suite),
    )


def _wait_until_healthy(cluster: Cluster) -> None:
    deadline = time.monotonic() + _HEALTHY_WITHIN_SECONDS
    while True:
        problem = _problem(cluster)
        if problem is None:
            return
        if time.monotonic() > deadline:
            log = LOGS / f"{cluster.name}-unhealthy.log"
            log.parent.mkdir(parents=True, exist_ok=True)
            log.write_text(_diagnostics(cluster), encoding="utf-8")
            raise Unhealthy(f"{cluster.name} is not healthy after {_HEALTHY_WITHIN_SECONDS} s: {problem}\nlog: {log}")
        time.sleep(0.3)


def _problem(cluster: Cluster) -> str | None:
    for host in cluster.hosts:
        try:
            socket.create_connection((host.address, 22), timeout=2).close()
        except OSError as error:
            return f"ssh on {host.name} ({host.address}): {error}"
    registered = _ask_controller(cluster, "sacctmgr", "-nP", "list", "cluster", "format=cluster,controlhost")
    if not registered.startswith(f"{cluster.name}|") or registered.endswith("|"):
        return f"slurmdbd does not know the controller: {registered!r}"
    states = _ask_controller(cluster, "sinfo", "--noheader", "--partition=main", "--format=%T")
    return None if states == "idle" else f"the node's state is {states!r}, not 'idle'"


def _ask_controller(cluster: Cluster, *argv: str) -> str:
    result = podman("exec", cluster.host("controller").name, *argv, check=False)
    return (result.stdout if result.returncode == 0 else result.stderr).strip()


def _diagnostics(cluster: Cluster) -> str:
    questions = (
        ["systemctl", "--no-pager", "--failed"],
        ["journalctl", "--no-pager", "--lines=80"],
        ["tail", "--lines=40", "/var/log/slurm/slurmctld.log", "/var/log/slurm/slurmdbd.log", "/var/log/slurm/slurmd.log"],
    )
    parts = []
    for host in cluster.hosts:
        for argv in questions:
            result = podman("exec", host.name, *argv, check=False)
            parts.append(f"=== {host.name}: {' '.join(argv)}\n{result.stdout}{result.stderr}")
    return "\n".join(parts)
