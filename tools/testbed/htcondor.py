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
    directory = cluster.host_directory(host) / "htcondor"
    directory.mkdir()
    values = {"cluster": cluster.name, "controller": cluster.host("controller").name}
    for template, name in (("common", "common"), (host.role, "role")):
        text = Template((_TEMPLATES / f"{template}.config").read_text(encoding="utf-8")).substitute(values)
        (directory / f"{name}.config").write_text(text, encoding="utf-8")
    key = directory / "POOL"
    key.touch(mode=0o600)
    key.write_bytes((cluster.directory / "POOL").read_bytes())


def volumes(cluster: Cluster) -> list[str]:
    return []


def problem(cluster: Cluster) -> str | None:
    """The collector knows the node's slots and the submit host's schedd."""
    controller = cluster.host("controller")
    for kind, host in (("-startd", cluster.host("node")), ("-schedd", cluster.host("galaxy"))):
        known = ask(controller, "condor_status", kind, "-af", "Machine")
        if host.name not in known.split():
            return f"the collector does not know {host.name}: {known!r}"
    return None
