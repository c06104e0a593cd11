"""An HTCondor pool's signing key and configuration, and whether it works."""

from __future__ import annotations

import secrets
from string import Template

from .process import ask
from .settings import SHARED, Cluster, Host

LOG_DIRECTORY = "/var/log/condor"
_TEMPLATES = SHARED / "htcondor"
_KEY_BYTES = 64


def create(cluster: Cluster) -> None:
    key = cluster.directory / "POOL"
    key.touch(mode=0o600)
    key.write_bytes(secrets.token_bytes(_KEY_BYTES))


def fill_host_directory(cluster: Cluster, host: Host) -> None:
    """Nothing for the Galaxy server: what it needs is the role's to bring."""
    if host.role == "galaxy":
        return
    directory = cluster.host_directory(host) / "htcondor"
    directory.mkdir()
    values = {"cluster": cluster.name, "controller": cluster.host("controller").name}
    for template, name in (("common", "common"), (host.role, "role")):
        text = Template((_TEMPLATES / f"{template}.config").read_text(encoding="utf-8")).substitute(values)
        (directory / f"{name}.config").write_text(text, encoding="utf-8")
    key = directory / "POOL"
    key.touch(mode=0o600)
    key.write_bytes((cluster.directory / "POOL").read_bytes())


def volumes(cluster: Cluster, host: Host) -> list[str]:
    return []


def problem(cluster: Cluster) -> str | None:
    """The collector knows the node's slots."""
    known = ask(cluster.host("controller"), "condor_status", "-startd", "-af", "Machine")
    name = cluster.host("node").name
    return None if name in known.split() else f"the collector does not know {name}: {known!r}"
