# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a process takes over from its caller through sudo: limits, signals, timers. None of it may end a program half way.

One that ends so leaves directories that are root's, or a job that is in no ledger.
"""

from __future__ import annotations

import os
import resource
import signal

from paths import Denied

# Limits of the caller's that are lower are raised. Others, and higher ones, may be meant for the jobs: some DRMs pass them on.
_AT_LEAST = {
    "AS": resource.RLIM_INFINITY,
    "CPU": resource.RLIM_INFINITY,
    "DATA": resource.RLIM_INFINITY,
    "FSIZE": resource.RLIM_INFINITY,
    "NOFILE": 1024,
    "STACK": 8 << 20,
}
_NEVER_CAUGHT = {signal.SIGKILL, signal.SIGSTOP}
# Those that the program itself causes by a fault.
_FAULTS = {signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGSEGV, signal.SIGSYS, signal.SIGTRAP}


def forget() -> None:
    """Nothing of the caller's surroundings counts, and no memory of root's is written to a file."""
    os.chdir("/")
    os.umask(0o022)
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    for name, least in _AT_LEAST.items():
        _raise_limit(name, least)
    for timer in (signal.ITIMER_REAL, signal.ITIMER_VIRTUAL, signal.ITIMER_PROF):
        signal.setitimer(timer, 0)
    for number in signal.valid_signals() - _NEVER_CAUGHT - _FAULTS:
        signal.signal(number, signal.SIG_IGN)
    # Ignored, it would have the kernel forget how a child ended.
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    # Last: what had been held back is ignored now.
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def signals_as_usual() -> None:
    """For a child that becomes another program."""
    for number in signal.valid_signals() - _NEVER_CAUGHT:
        signal.signal(number, signal.SIG_DFL)


def _raise_limit(name: str, least: int) -> None:
    kind = getattr(resource, "RLIMIT_%s" % name)
    soft, hard = resource.getrlimit(kind)
    try:
        resource.setrlimit(kind, (_higher(soft, least), _higher(hard, least)))
    except (OSError, ValueError) as error:
        raise Denied(
            "the caller's limit RLIMIT_%s is too low (%d), and root may not raise it: %s" % (name, hard, error)
        ) from None


def _higher(limit: int, least: int) -> int:
    return resource.RLIM_INFINITY if resource.RLIM_INFINITY in (limit, least) else max(limit, least)
