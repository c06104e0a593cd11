# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a DRMAA library is for this host and its DRM: what its file says, what it is linked against, and what it says itself."""

from __future__ import annotations

import json
import os
import re
import sys
from dataclasses import asdict, dataclass
from typing import Any, Callable, Dict, Mapping, NamedTuple, Optional

from . import drmaa_asked, drmaa_session, drmaa_store
from .drmaa import command
from .drmaa_gridengine import SYSTEM
from .elf import NotElf, read_elf
from .errors import CommandError, InvalidRequestError, ParseError
from .model import Command, CommandResult

Run = Callable[[Command], CommandResult]
Which = Callable[[str], Optional[str]]

_PARTS = (drmaa_store, drmaa_session, drmaa_asked)
# What each library answers to drmaa_get_DRM_system, by its source: Grid Engine, slurm-drmaa, pbs-drmaa (both), lsf-drmaa, HTCondor's.
_SYSTEMS: Mapping[str, str] = {
    "gridengine": SYSTEM,
    "slurm": "(?i)slurm",
    "pbspro": "(?i)pbs pro",
    "torque": "(?i)torque",
    "lsf": "(?i)lsf|openlava",
    "htcondor": "(?i)condor",
}
DRM_NAMES = tuple(sorted(_SYSTEMS))
_TORQUES_OWN = ("Torque/PBS", "by DSP Team")
_NUMBER = re.compile(r"[0-9][\w.]*")


class _Client(NamedTuple):
    """The DRM's own library, as its name begins, and a command that is linked against it."""

    library: str
    command: str


# Grid Engine's library has it inside, HTCondor's runs the commands.
_CLIENTS: Mapping[str, _Client] = {
    "slurm": _Client("libslurm", "sbatch"),
    "pbspro": _Client("libpbs", "qstat"),
    "torque": _Client("libtorque", "qstat"),
    "lsf": _Client("libbat", "bjobs"),
}


@dataclass(frozen=True)
class Linked:
    """A client library, as a file on this host needs it. ``path`` is empty where it is not there; ``interface`` tells two of them apart."""

    by: str
    name: str
    path: str
    interface: str


def examine(path: str, drm: str, run: Run, which: Which) -> Dict[str, Any]:
    """What there is to know of the library. Raises InvalidRequestError where it is not fit for the DRM on this host."""
    architecture = _architecture(path)
    linked = _linked(path, drm, run)
    client = host_client(drm, run, which)
    _check_client(path, linked, client)
    said = _asked(run, "drmaa", environ={"DRMAA_LIBRARY_PATH": path})
    _check_system(path, drm, said)
    if drm == "gridengine":
        _check_gridengine(path, said["system"], run, which)
    return {
        "architecture": architecture,
        "linked": asdict(linked) if linked else None,
        "client": asdict(client) if client else None,
        **said,
    }


def open_session(path: str, python: str, run: Run) -> Mapping[str, Any]:
    """What a session says that is opened by another Python, with the package ``drmaa`` that is there. Raises CommandError."""
    result = run(command("facts", environ={"DRMAA_LIBRARY_PATH": path}, python=python))
    return _read("opening a session of %s" % path, result)


def host_client(drm: str, run: Run, which: Which) -> Optional[Linked]:
    """The client library that the DRM's commands on this host run with; None where that cannot be told."""
    found = which(_CLIENTS[drm].command) if drm in _CLIENTS else None
    try:
        return _linked(os.path.realpath(found), drm, run) if found and read_elf(found) else None
    except (CommandError, NotElf, OSError):
        return None


def _architecture(path: str) -> str:
    """The library's, which has to be this Python's own."""
    try:
        elf, own = read_elf(path), read_elf(os.path.realpath(sys.executable))
    except NotElf as error:
        raise InvalidRequestError("path", "%s is no library: %s" % (path, error)) from error
    except OSError as error:
        raise InvalidRequestError("path", "%s cannot be read: %s" % (path, error.strerror)) from error
    if elf.architecture != own.architecture:
        said = "%s is for another architecture (%s) than this host's programs (%s)"
        raise InvalidRequestError("path", said % (path, elf.architecture, own.architecture))
    if not elf.shared:
        raise InvalidRequestError("path", "%s is no shared library" % path)
    return elf.architecture


def _linked(path: str, drm: str, run: Run) -> Optional[Linked]:
    """Which of the DRM's client libraries the loader finds for this file."""
    family = _CLIENTS[drm].library if drm in _CLIENTS else ""
    if not family or not _needs(path, family):
        return None
    listed = run(Command(("ldd", path)))
    pattern = r"^\s*(%s\w*\.so[\w.]*) => (?:(/\S+)|not found)" % re.escape(family)
    found = re.search(pattern, listed.stdout, re.MULTILINE)
    if found is None:
        raise CommandError("the libraries of %s" % path, listed)
    name, place = found.group(1), os.path.realpath(found.group(2)) if found.group(2) else ""
    return Linked(path, name, place, _interface(drm, name, place, run))


def _needs(path: str, family: str) -> bool:
    return any(name.startswith(family) for name in read_elf(path).needed)


def _interface(drm: str, name: str, place: str, run: Run) -> str:
    """Slurm's commands have a library of another name than its clients, with the same number; elsewhere both use one file."""
    number = re.search(r"\.so\.([0-9]+)", name)
    if drm != "slurm":
        return place or name
    if number:
        return number.group(1)
    return str(_asked(run, "slurm", place)["interface"]) if place else ""


def _check_client(path: str, linked: Optional[Linked], client: Optional[Linked]) -> None:
    if linked is None or (linked.path and (client is None or linked.interface == client.interface)):
        return
    here = ""
    if client is not None:
        here = " The DRM's own commands here (%s) run with %s, interface %s." % (
            client.by,
            client.path or client.name,
            client.interface,
        )
    what = "which is not on this host" if not linked.path else "%s, interface %s" % (linked.path, linked.interface)
    said = "%s is linked against %s, %s.%s Take the library that belongs to the DRM's release on this host, or build it here again"
    raise InvalidRequestError("path", said % (path, linked.name, what, here))


def _check_system(path: str, drm: str, said: Mapping[str, str]) -> None:
    system, implementation = said["system"], said["implementation"]
    if system == _TORQUES_OWN[0] or _TORQUES_OWN[1] in implementation:
        text = (
            "%s is TORQUE's own DRMAA library (%s, %s). It crashes, and drops native options: use pbs-drmaa with TORQUE"
        )
        raise InvalidRequestError("path", text % (path, system, implementation))
    if not re.search(_SYSTEMS[drm], system):
        text = "%s is for another DRM than %s: it names itself %r (%s)"
        raise InvalidRequestError("path", text % (path, drm, system, implementation))


def _check_gridengine(path: str, system: str, run: Run, which: Which) -> None:
    """It has the client inside, and a qmaster of another version does not understand it."""
    if not which("qstat"):
        return
    usage = run(Command(("qstat", "-help")))
    host, own = _NUMBER.search(usage.stdout.split("\n")[0]), _NUMBER.search(system)
    if host and own and host.group(0) != own.group(0):
        text = "%s is of %s, but the commands on this host are of %s: take the library that came with them"
        raise InvalidRequestError("path", text % (path, system, usage.stdout.split("\n")[0].strip()))


def _asked(run: Run, *words: str, environ: Optional[Mapping[str, str]] = None) -> Dict[str, Any]:
    return _read("asking the library", run(command(*words, environ=environ, parts=_PARTS)))


def _read(what: str, result: CommandResult) -> Dict[str, Any]:
    if result.rc:
        raise CommandError(what + (", which crashes with signal %d" % -result.rc if result.rc < 0 else ""), result)
    try:
        answer = json.loads(result.stdout)
    except ValueError as error:
        raise ParseError(what, result.stdout) from error
    return dict(answer)
