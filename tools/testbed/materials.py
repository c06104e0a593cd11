"""What one cluster is made of beside its images: keys, ssh configuration, Slurm's files, the inventory."""

from __future__ import annotations

import secrets
import shutil
from pathlib import Path
from string import Template

from .process import run
from .settings import GROUPS, SLURM_FILES, SSH_USER, Cluster, Host

_SLURM_FILES = {
    "controller": ("slurm.conf", "cgroup.conf", "slurmdbd.conf"),
    "node": ("slurm.conf", "cgroup.conf"),
    "galaxy": (),
}
_MUNGE_KEY_BYTES = 128


def host_directory(cluster: Cluster, host: Host) -> Path:
    """What this host, and no other, gets to see."""
    return cluster.directory / "hosts" / host.name


def export_directory(cluster: Cluster) -> Path:
    """Stands for the export of an NFS server: the same files on all hosts of the cluster."""
    return cluster.directory / "export"


def inventory_file(cluster: Cluster) -> Path:
    return cluster.directory / "inventory.yml"


def create(cluster: Cluster) -> None:
    export_directory(cluster).mkdir(parents=True)
    _write_secret(cluster.directory / "munge.key", secrets.token_bytes(_MUNGE_KEY_BYTES))
    _write_slurm_files(cluster)
    _make_key(cluster.directory / "id_ed25519", f"{SSH_USER}@{cluster.name}")
    for host in cluster.hosts:
        _fill_host_directory(cluster, host)
    _write_ssh_configuration(cluster)
    inventory_file(cluster).write_text(inventory(cluster), encoding="utf-8")


def _write_slurm_files(cluster: Cluster) -> None:
    values = {
        "cluster": cluster.name,
        "controller": cluster.host("controller").name,
        "node": cluster.host("node").name,
        "min_job_age_seconds": cluster.min_job_age_seconds,
        "slurmctld_parameters": "SlurmctldParameters=enable_configless" if cluster.configless else "",
    }
    directory = cluster.directory / "slurm"
    directory.mkdir()
    for template in SLURM_FILES.iterdir():
        text = Template(template.read_text(encoding="utf-8")).substitute(values)
        (directory / template.name).write_text(text, encoding="utf-8")


def _fill_host_directory(cluster: Cluster, host: Host) -> None:
    directory = host_directory(cluster, host)
    directory.mkdir(parents=True)
    _make_key(directory / "ssh_host_ed25519_key", host.name)
    shutil.copy(cluster.directory / "id_ed25519.pub", directory / "authorized_keys")
    if host.role == "galaxy":
        return
    shutil.copy(cluster.directory / "munge.key", directory)
    (directory / "slurm").mkdir()
    if host.role == "node" and cluster.configless:
        options = f"--conf-server={cluster.host('controller').name}"
        (directory / "slurmd.default").write_text(f"SLURMD_OPTIONS={options}\n", encoding="utf-8")
        return
    for name in _SLURM_FILES[host.role]:
        shutil.copy(cluster.directory / "slurm" / name, directory / "slurm")


def _write_ssh_configuration(cluster: Cluster) -> None:
    known_hosts = cluster.directory / "known_hosts"
    configuration = cluster.directory / "ssh_config"
    keys, blocks = [], []
    for host in cluster.hosts:
        public_key = (host_directory(cluster, host) / "ssh_host_ed25519_key.pub").read_text(encoding="utf-8")
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
        "        clusterjobs_drm: slurm",
        "        # the munge key and Slurm's files lie here",
        f"        testhosts_cluster_dir: {_quoted(directory)}",
    ]
    return "\n".join(lines) + "\n"


def _quoted(path: Path) -> str:
    return f'"{path}"'


def _make_key(path: Path, comment: str) -> None:
    run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", str(path)])


def _write_secret(path: Path, content: bytes) -> None:
    path.touch(mode=0o600)
    path.write_bytes(content)
