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
    def __init__(self, argv: Sequence[str], rc: int | str, stderr: str, log: Path | None = None) -> None:
        message = f"command failed (rc {rc}): {shlex.join(argv)}\n{stderr.strip()}"
        super().__init__(f"{message}\nlog: {log}" if log else message)


def run(
    argv: Sequence[str], *, log: str | None = None, check: bool = True, timeout: float | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command. With `log`, both its streams go to that file under .logs/testhosts."""
    path = settings.LOGS / f"{log}.log" if log else None
    try:
        if path:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("w", encoding="utf-8") as handle:
                result = subprocess.run(
                    argv, stdin=subprocess.DEVNULL, stdout=handle, stderr=handle, text=True, timeout=timeout, check=False
                )
        else:
            result = subprocess.run(
                argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout, check=False
            )
    except subprocess.TimeoutExpired as error:
        raise CommandFailed(argv, f"none after {timeout} s", "", path) from error
    if check and result.returncode != 0:
        raise CommandFailed(argv, result.returncode, _tail(path) if path else result.stderr, path)
    return result


def _tail(path: Path, lines: int = 15) -> str:
    return "\n".join(path.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])


def podman(*arguments: str, log: str | None = None, check: bool = True) -> subprocess.CompletedProcess[str]:
    return run(["podman", *arguments], log=log, check=check)


def podman_lines(*arguments: str) -> list[str]:
    return podman(*arguments).stdout.split()


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
