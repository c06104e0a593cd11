"""Bring a cluster's three hosts up until a job could run there, and take them down again."""

from __future__ import annotations

import shutil
import socket
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from . import drms, galaxy, images, materials
from .process import podman, podman_lines, write_log
from .settings import CACHE, LABEL, Cluster, Host

_HEALTHY_WITHIN_SECONDS = 120


class Unhealthy(Exception):
    pass


def up(clusters: list[Cluster]) -> None:
    images.build([cluster for cluster in clusters if not _is_whole(cluster)])
    with ThreadPoolExecutor() as pool:
        for outcome in [pool.submit(_up, cluster) for cluster in clusters]:
            outcome.result()


def _up(cluster: Cluster) -> None:
    """Start the hosts that are there; a cluster that is not whole is made anew."""
    begin = time.monotonic()
    if _is_whole(cluster):
        podman("start", *[host.name for host in cluster.hosts])
        _wait_until_healthy(cluster)
        print(f"{cluster.name}: up")
        return
    _remove(cluster)
    try:
        _create(cluster)
        _wait_until_healthy(cluster)
    except Exception:
        _remove(cluster)
        raise
    print(f"{cluster.name}: started in {time.monotonic() - begin:.0f} s, inventory {materials.inventory_file(cluster)}")


def down(clusters: Iterable[Cluster]) -> None:
    for cluster in clusters:
        print(f"{cluster.name}: {'removed' if _remove(cluster) else 'nothing to remove'}")


def _remove(cluster: Cluster) -> bool:
    """Remove what there is of a cluster, and tell whether there was any."""
    existed = _remove_labelled(f"{LABEL}={cluster.name}") or cluster.directory.exists()
    if cluster.directory.exists():
        shutil.rmtree(cluster.directory)
    return existed


def _remove_labelled(label: str) -> bool:
    containers = podman_lines("ps", "--all", "--quiet", f"--filter=label={label}")
    networks = podman_lines("network", "ls", "--quiet", f"--filter=label={label}")
    if containers:
        podman("rm", "--force", "--volumes", "--time=0", *containers)
    if networks:
        podman("network", "rm", *networks)
    return bool(containers or networks)


def clean() -> None:
    """Remove everything that was ever made here, clusters that are no longer described included."""
    _remove_labelled(LABEL)
    images.remove_all()
    shutil.rmtree(CACHE)


def _is_whole(cluster: Cluster) -> bool:
    present = podman_lines("ps", "--all", "--format={{.Names}}", f"--filter=label={LABEL}={cluster.name}")
    return set(present) == {host.name for host in cluster.hosts} and materials.inventory_file(cluster).exists()


def _create(cluster: Cluster) -> None:
    materials.create(cluster)
    podman("network", "create", f"--subnet={cluster.network_cidr}", f"--label={LABEL}={cluster.name}", cluster.network)
    for host in cluster.hosts:
        _run_host(cluster, host)


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
        f"--mac-address={host.mac_address}",
        *names,
        f"--label={LABEL}={cluster.name}",
        f"--volume={cluster.host_directory(host)}:/etc/testhost:ro",
        f"--volume={cluster.export_directory}:/export",
        *[
            f"--volume={volume}"
            for volume in (*drms.of(cluster).volumes(cluster, host), *galaxy.volumes(cluster, host))
        ],
        images.image_name(cluster.drm, host.role, cluster.suite),
    )


def _wait_until_healthy(cluster: Cluster) -> None:
    deadline = time.monotonic() + _HEALTHY_WITHIN_SECONDS
    while True:
        problem = _problem(cluster)
        if problem is None:
            return
        if time.monotonic() > deadline:
            log = write_log(f"{cluster.name}-unhealthy", _diagnostics(cluster))
            raise Unhealthy(f"{cluster.name} is not healthy after {_HEALTHY_WITHIN_SECONDS} s: {problem}\nlog: {log}")
        time.sleep(0.3)


def _problem(cluster: Cluster) -> str | None:
    for host in cluster.hosts:
        try:
            socket.create_connection((host.address, 22), timeout=2).close()
        except OSError as error:
            return f"ssh on {host.name} ({host.address}): {error}"
    return drms.of(cluster).problem(cluster)


def _diagnostics(cluster: Cluster) -> str:
    logs = drms.of(cluster).LOG_DIRECTORY
    questions = (
        ["systemctl", "--no-pager", "--failed"],
        ["journalctl", "--no-pager", "--lines=80"],
        ["find", logs, "-regex", r".*\.log\|.*Log\|.*/messages", "-exec", "tail", "--verbose", "--lines=40", "{}", "+"],
    )
    parts = []
    for host in cluster.hosts:
        for argv in questions:
            result = podman("exec", host.name, *argv, check=False)
            parts.append(f"=== {host.name}: {' '.join(argv)}\n{result.stdout}{result.stderr}")
    return "\n".join(parts)
