"""Debian packages: installed only for somebody who asked for it.

Standard library alone: this runs before any virtual environment exists.
"""

from __future__ import annotations

import os
import subprocess
import sys


def consent(packages: list[str], purpose: str) -> bool:
    """Tell whether root may install the packages: in CI, with DEMO_INSTALL=1, or after a yes at the terminal."""
    print(f"{purpose} needs Debian packages that are missing here: {' '.join(packages)}", flush=True)
    if os.geteuid() != 0:
        return False
    if os.environ.get("CI") == "true" or os.environ.get("DEMO_INSTALL") == "1":
        return True
    return sys.stdin.isatty() and input("Install them? [y/N] ").strip().lower() in {"y", "yes"}


def install(packages: list[str]) -> None:
    """Install the packages as root."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "update", "--quiet"], env=environment, check=True)
    # Another part of the tests may be installing, too.
    patience = ["-o", "DPkg::Lock::Timeout=300"]
    command = ["apt-get", *patience, "install", "--yes", "--quiet", "--no-install-recommends", *packages]
    subprocess.run(command, env=environment, check=True)
