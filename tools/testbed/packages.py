"""The programs that the test hosts need on this machine, and the Debian packages that bring them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import debian

from . import settings

# package -> a file or an executable that shows it is there, by whatever way it came
_PACKAGES = {
    "podman": "podman",
    "runc": "runc",
    "netavark": "/usr/lib/podman/netavark",
    "aardvark-dns": "/usr/lib/podman/aardvark-dns",
    "iptables": "iptables",
    "openssh-client": "ssh-keygen",
    "debootstrap": "debootstrap",
    "debian-archive-keyring": "/usr/share/keyrings/debian-archive-keyring.gpg",
}
_FOR_DEBOOTSTRAP = ("debootstrap", "debian-archive-keyring")
_SEARCH_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin:/usr/lib/podman:/usr/libexec/podman"


def missing() -> list[str]:
    return [package for package, sign in _PACKAGES.items() if _is_needed(package) and not _is_present(sign)]


def _is_needed(package: str) -> bool:
    all_bases_given = all(settings.given_base_image(suite) for suite in settings.SUITES)
    return not (package in _FOR_DEBOOTSTRAP and all_bases_given)


def _is_present(sign: str) -> bool:
    if Path(sign).is_absolute() and Path(sign).exists():
        return True
    return shutil.which(Path(sign).name, path=_SEARCH_PATH) is not None


def install() -> None:
    absent = missing()
    if absent and os.geteuid() != 0:
        raise settings.UsageError(f"only root can install packages; as root: apt-get install {' '.join(absent)}")
    if absent:
        debian.install(absent)


def require() -> None:
    absent = missing()
    if absent:
        raise settings.UsageError(f"missing packages: {' '.join(absent)} (`testhosts.py install` installs them)")
    if os.geteuid() != 0:
        raise settings.UsageError("test hosts are privileged containers with systemd: run this as root")
