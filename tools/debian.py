"""Install Debian packages, but only for somebody who asked for it.

Standard library alone: this runs before any virtual environment exists.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys


class PackagesMissing(RuntimeError):
    """Debian packages are needed, and nobody allowed installing them."""


def missing(packages: list[str]) -> list[str]:
    """Return those of `packages` that dpkg does not know as installed."""
    query = ["dpkg-query", "--show", "--showformat=${Package} ${db:Status-Status}\n", *packages]
    answer = subprocess.run(query, capture_output=True, text=True, check=False).stdout
    installed = {line.split()[0] for line in answer.splitlines() if line.endswith(" installed")}
    return [package for package in packages if package not in installed]


def consent(packages: list[str], purpose: str) -> bool:
    """Tell whether the packages may be installed: in CI, with DEMO_INSTALL=1, or after a yes at the terminal."""
    if os.environ.get("CI") == "true" or os.environ.get("DEMO_INSTALL") == "1":
        return True
    if not sys.stdin.isatty():
        return False
    return input(f"Install {' '.join(packages)} for {purpose}? [y/N] ").strip().lower() in {"y", "yes"}


def ensure(packages: list[str], purpose: str) -> None:
    """Install what is missing of `packages`, or raise PackagesMissing with the command to run."""
    if not shutil.which("dpkg-query"):
        raise PackagesMissing(f"{purpose} needs what Debian calls {' '.join(packages)}: install it for this system.")
    absent = missing(packages)
    if not absent:
        return
    print(f"Missing Debian packages for {purpose}: {' '.join(absent)}", flush=True)
    if os.geteuid() != 0 or not consent(absent, purpose):
        raise PackagesMissing(
            f"{purpose} needs Debian packages. Run as root: apt-get install {' '.join(absent)}"
            " (or set DEMO_INSTALL=1, as root, to have it done)."
        )
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "update", "--quiet"], env=environment, check=True)
    install = ["apt-get", "install", "--yes", "--quiet", "--no-install-recommends", *absent]
    subprocess.run(install, env=environment, check=True)
