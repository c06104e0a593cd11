"""Commands with a log file each, and podman with a configuration of our own."""

from __future__ import annotations

import os
import resource
import shlex
import subprocess
from collections.abc import Sequence
from pathlib import Path

from . import settings

CONTAINERS_CONF = settings.CACHE / "containers.conf"
_MAX_OPEN_FILES = 20000
_MAX_PROCESSES = 10000


class CommandFailed(Exception):
    def __init__(self, argv: Sequence[str], rc: int, stderr: str) -> None:
        super().__init__(f"command failed (rc {rc}): {shlex.join(argv)}\n{stderr.strip()}")


def run(argv: Sequence[str], *, log: str | None = None, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run a command. With `log`, what it prints is also kept in a file of that name under .logs/testhosts."""
    result = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if log:
        write_log(log, result.stdout + result.stderr)
    if check and result.returncode != 0:
        raise CommandFailed(argv, result.returncode, result.stderr or result.stdout[-2000:])
    return result


def write_log(name: str, text: str) -> Path:
    path = settings.LOGS / f"{name}.log"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def podman(*arguments: str, log: str | None = None, check: bool = True) -> subprocess.CompletedProcess[str]:
    return run(["podman", *arguments], log=log, check=check)


def podman_lines(*arguments: str) -> list[str]:
    return podman(*arguments).stdout.split()


def ask(host: settings.Host, *argv: str) -> str:
    """What a command on a host answers, or why it does not."""
    result = podman("exec", host.name, *argv, check=False)
    return (result.stdout if result.returncode == 0 else result.stderr).strip()


def configure_podman() -> None:
    """Use a containers.conf of our own for every podman call, so that the user's configuration is left alone."""
    # runc with cgroupfs is the pair that also works under cgroup v1; a container that asks for more than this
    # process may have is refused where CAP_SYS_RESOURCE is missing.
    text = (
        "[engine]\n"
        'runtime = "runc"\n'
        'cgroup_manager = "cgroupfs"\n'
        'events_logger = "file"\n'
        "[network]\n"
        'network_backend = "netavark"\n'
        "[containers]\n"
        f'default_ulimits = ["nofile={_limit(resource.RLIMIT_NOFILE, _MAX_OPEN_FILES)}",'
        f' "nproc={_limit(resource.RLIMIT_NPROC, _MAX_PROCESSES)}"]\n'
    )
    CONTAINERS_CONF.parent.mkdir(parents=True, exist_ok=True)
    if not CONTAINERS_CONF.exists() or CONTAINERS_CONF.read_text(encoding="utf-8") != text:
        CONTAINERS_CONF.write_text(text, encoding="utf-8")
    os.environ["CONTAINERS_CONF"] = str(CONTAINERS_CONF)


def _limit(kind: int, wanted: int) -> str:
    hard = resource.getrlimit(kind)[1]
    value = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    return f"{value}:{value}"
