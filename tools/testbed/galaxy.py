"""A running Galaxy's packages for the hosts of a cluster, from .venv-galaxy, and a Python of their version where the suite has another."""

from __future__ import annotations

from pathlib import Path

from .settings import ROOT, Cluster, Host, UsageError

# Debian 12's, which is this machine's, too (README.md).
_PYTHON = "python3.11"
_SUITE_OF_PYTHON = "bookworm"
_MADE = ROOT / ".venv-galaxy"
# Compiled code and all: what it is linked with is on every host that has Python.
_PACKAGES_ON_HOSTS = "/opt/galaxy-packages"


def volumes(cluster: Cluster, host: Host) -> list[str]:
    """Read-only, on the Galaxy server and the nodes, where a job tells Galaxy of its output."""
    if not cluster.runs_galaxy or host.role == "controller":
        return []
    # pins.sha256 is written when all is there.
    packages = _MADE / "lib" / _PYTHON / "site-packages"
    if not (_MADE / "pins.sha256").exists() or not packages.exists():
        raise UsageError(f"{packages} is not there: make it with {_PYTHON} tools/bootstrap.py galaxy (minutes)")
    found = [(packages, _PACKAGES_ON_HOSTS)]
    if cluster.suite != _SUITE_OF_PYTHON:
        found += [(Path("/usr", name, _PYTHON), f"/usr/local/{name}/{_PYTHON}") for name in ("bin", "lib")]
        absent = [str(path) for path, _place in found if not path.exists()]
        if absent:
            raise UsageError(f"{', '.join(absent)}: not there. {cluster.name} takes it from this machine's Debian 12")
    return [f"{path}:{place}:ro" for path, place in found]
