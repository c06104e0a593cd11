"""What a caller's process, or a neighbour's file for sudo, does to the programs' surroundings."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
from pathlib import Path

from cases_chown import chown
from cases_run import job, recorded, run
from harness import GALAXY, LEDGER, case, owned, owners, results, tree
from neighbours import NEIGHBOURS

# It is read after the role's own.
NEIGHBOUR = Path("/etc/sudoers.d/zz-neighbour")


def slow(found: dict, _top: Path) -> None:
    """The stand-in takes 1 s."""
    found["nativeSpecification"] = "-p slow"


def slower(found: dict, _top: Path) -> None:
    """The stand-in takes 5 s: sudo asks a command to end, and kills it 2 s later."""
    found["nativeSpecification"] = "-p slower"


def low_limits() -> None:
    for kind, limit in (("CPU", 1), ("FSIZE", 0), ("NOFILE", 20), ("STACK", 1 << 20)):
        hard = resource.getrlimit(getattr(resource, f"RLIMIT_{kind}"))[1]
        resource.setrlimit(getattr(resource, f"RLIMIT_{kind}"), (limit, hard))


def low_hard_limit() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def odd_signals() -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGUSR1, signal.SIGCHLD})


def pending_alarm() -> None:
    for timer in (signal.ITIMER_REAL, signal.ITIMER_VIRTUAL, signal.ITIMER_PROF):
        signal.setitimer(timer, 0.5)


def no_streams() -> None:
    for number in (0, 1, 2):
        os.close(number)


@case
def surroundings() -> None:
    for name, before in (
        ("low limits", low_limits),
        ("a low hard limit", low_hard_limit),
        ("odd signals", odd_signals),
        ("a pending alarm", pending_alarm),
        ("closed streams", no_streams),
    ):
        short = name.replace(" ", "-")
        top = tree(f"chown-{short}", GALAXY)
        at = top
        for _level in range(30):
            at = at / "d"
            at.mkdir()
            owned(at, GALAXY)
        chown(f"with {name}", top, before=before)
        results[-1]["owners"] = owners(top)
        template = job(f"run-{short}", slow)
        known = set(os.listdir(LEDGER))
        run(f"with {name}", template, before=before)
        new = sorted(set(os.listdir(LEDGER)) - known)
        results[-1]["entries"] = {entry: (LEDGER / entry).read_text() for entry in new}
        results[-1]["records"] = [recorded(entry.partition(",")[2]) for entry in new if "," in entry]


@case
def neighbours() -> None:
    try:
        for number, defaults in enumerate(NEIGHBOURS):
            beside(number, defaults)
    finally:
        NEIGHBOUR.unlink()


def beside(number: int, defaults: str) -> None:
    NEIGHBOUR.write_text(f"Defaults{defaults}\n")
    NEIGHBOUR.chmod(0o440)
    name = f"beside Defaults{defaults}"
    subprocess.run(["visudo", "--check"], capture_output=True, check=True)
    template = job(f"neighbour-job-{number}", slower if "timeout" in defaults else None)
    job_id = run(name, template)
    results[-1]["record"] = recorded(job_id) if job_id.isdigit() else {}
    if "env" in defaults:
        # What env_check lets through has no slash.
        library = "lib.so" if "check" in defaults else "/tmp/evil/lib.so"
        run(f"with a library {name}", template, sudo=("-n", f"LD_PRELOAD={library}"))
