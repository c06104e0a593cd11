"""What one cluster is made of beside its images: keys, ssh configuration, the inventory, and what its DRM needs."""

from __future__ import annotations

import shutil
from pathlib import Path

from . import drms
from .process import run
from .settings import GROUPS, SSH_USER, Cluster, Host


def inventory_file(cluster: Cluster) -> Path:
    return cluster.directory / "inventory.yml"


def create(cluster: Cluster) -> None:
    cluster.export_directory.mkdir(parents=True)
    drms.of(cluster).create(cluster)
    _make_key(cluster.directory / "id_ed25519", f"{SSH_USER}@{cluster.name}")
    for host in cluster.hosts:
        _fill_host_directory(cluster, host)
    _write_ssh_configuration(cluster)
    inventory_file(cluster).write_text(inventory(cluster), encoding="utf-8")


def _fill_host_directory(cluster: Cluster, host: Host) -> None:
    directory = cluster.host_directory(host)
    directory.mkdir(parents=True)
    _make_key(directory / "ssh_host_ed25519_key", host.name)
    shutil.copy(cluster.directory / "id_ed25519.pub", directory / "authorized_keys")
    drms.of(cluster).fill_host_directory(cluster, host)


def _write_ssh_configuration(cluster: Cluster) -> None:
    known_hosts = cluster.directory / "known_hosts"
    configuration = cluster.directory / "ssh_config"
    keys, blocks = [], []
    for host in cluster.hosts:
        public_key = (cluster.host_directory(host) / "ssh_host_ed25519_key.pub").read_text(encoding="utf-8")
        keys.append(f"{host.name},{host.address} {public_key}")
        blocks.append(f"Host {host.name}\n  HostName {host.address}\n")
    known_hosts.write_text("".join(keys), encoding="utf-8")
    blocks.append(
        f"Host *\n  User {SSH_USER}\n  IdentityFile {_quoted(cluster.directory / 'id_ed25519')}\n  IdentitiesOnly yes\n"
        f"  UserKnownHostsFile {_quoted(known_hosts)}\n  StrictHostKeyChecking yes\n"
    )
    configuration.write_text("\n".join(blocks), encoding="utf-8")


def inventory(cluster: Cluster) -> str:
    directory = cluster.directory
    lines = ["---", "all:", "  children:"]
    for host in cluster.hosts:
        # One playbook run is for one cluster, so each of its groups has a name of its own as well.
        own = f"{cluster.name}_{GROUPS[host.role]}"
        lines += [f"    {GROUPS[host.role]}:", "      children:", f"        {own}:"]
        lines += ["          hosts:", f"            {host.name}:"]
    lines += [
        f"    {cluster.name}:",
        "      hosts:",
        *[f"        {host.name}:" for host in cluster.hosts],
        "      vars:",
        f"        ansible_user: {SSH_USER}",
        f"        ansible_ssh_common_args: '-F {_quoted(directory / 'ssh_config')}'",
        "        ansible_python_interpreter: /usr/bin/python3",
        f"        clusterjobs_drm: {cluster.drm}",
        "        # the DRM's keys and configuration lie here",
        f"        testhosts_cluster_dir: {_quoted(directory)}",
    ]
    return "\n".join(lines) + "\n"


def _quoted(path: Path) -> str:
    return f'"{path}"'


def _make_key(path: Path, comment: str) -> None:
    run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", str(path)])
