# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a job finds around itself: the account, Python, umask, language, limits, scratch space, the clock, Galaxy's variables."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import Any

from ...module_utils._verify.job_agent import NO_ACCESS
from .plan import Facts
from .results import Measured, Result

FALSE_SHELLS = ("", "false", "nologin", "true")
#: Galaxy's runners for these write the slots that they ask for into the job script.
_SLOTS_BY_RUNNER = ("htcondor",)
_LEAST_FILES = 1024
_LEAST_TMP_MB = 1024


def real_shell(run: Measured) -> Iterator[Result]:
    """The name service knows the account, with a shell that is one."""
    for subject, account in _accounts(run):
        name, shell = account["name"], account["shell"]
        if not name:
            mend = (
                f"Make the account {run.settings['user']} known there, with uid {account['uid']} (role galaxy_account)."
            )
            yield Result(subject, "error", f"uid {account['uid']} has no name there.", mend)
        elif posixpath.basename(shell) in FALSE_SHELLS:
            mend = f"Give it a real shell:\nusermod --shell /bin/bash {name}"
            yield Result(subject, "error", f"{name} has the shell {shell or '(none)'}.", mend)
        else:
            yield Result(subject, "ok", f"{name}: {shell}")


def _accounts(run: Measured) -> Iterator[tuple[str, Facts]]:
    if run.prepared:
        yield run.server, run.prepared["account"]
    for answer in run.answers():
        if "account" in answer.told:
            yield answer.node, answer.told["account"]


def same_uid(run: Measured) -> Iterator[Result]:
    """uid, gid and groups of the job's process, and the account's name, are those of the server."""
    for subject, account in _accounts(run):
        here = run.prepared["account"]
        told = f"uid {account['uid']}, gid {account['gid']}, groups {_listed(account['groups'])}"
        numbers = {name: account[name] for name in ("uid", "gid")}
        missing = sorted(set(here["groups"]) - set(account["groups"]))
        if any(account[name] != here[name] for name in ("uid", "gid", "name")):
            message = f"{account['name'] or 'no name'}, {told}; on {run.server} {here['name']}, uid {here['uid']}, gid {here['gid']}"
            mend = f"Give {here['name']} the uid {here['uid']} and the gid {here['gid']} there, or join the node to the directory service."
            yield Result(subject, "error", message, mend, numbers=numbers)
        elif missing:
            mend = f"Add {here['name']} to the groups {_listed(missing)} on the node; files that only they may read are closed to jobs."
            yield Result(subject, "warning", f"{told}; without the groups {_listed(missing)}", mend, numbers=numbers)
        else:
            yield Result(subject, "ok", told, numbers=numbers)
    for node, job in run.jobs.items():
        if job["exit_code"] == NO_ACCESS:
            mend = f"Give {run.settings['user']} one uid and gid on both, or see whether the export squashes it."
            yield Result(node, "error", "The job may not enter a directory that the server made for its own uid.", mend)


def _listed(values: Any) -> str:
    return ", ".join(str(value) for value in values) or "none"


def python_starts(run: Measured) -> Iterator[Result]:
    """The virtual environment's Python starts on the node and imports what it imports on the server."""
    if run.prepared and not run.prepared["interpreter"] and run.settings["python"]:
        yield Result(run.server, "skipped", f"There is no {run.settings['python']} on {run.server} yet.")
    for subject, found in _interpreters(run):
        here = run.prepared["interpreter"]
        missing = {name: said for name, said in found["missing"].items() if name not in here["missing"]}
        if found["problem"]:
            mend = (
                "See that the path is on the node, and that the Python that it was made with is installed there, too."
            )
            yield Result(subject, "error", f"{found['path']}: {found['problem']}", mend)
        elif missing:
            message = "; ".join(missing.values())
            mend = "Install on the node what these need; the same packages as on the Galaxy server."
            yield Result(
                subject, "error", f"{found['path']} cannot import what it can on {run.server}: {message}", mend
            )
        else:
            yield Result(subject, "ok", f"{found['path']}, {found['version']}")


def same_python(run: Measured) -> Iterator[Result]:
    """The same version as on the server: of Galaxy's own Python where it is there, else of the system's."""
    own = {subject: found["version"] for subject, found in _interpreters(run)}
    level, what = ("error", "Galaxy's Python") if own else ("warning", "Python")
    versions = own or {answer.node: answer.told.get("python", "") for answer in run.answers()}
    here = (run.prepared.get("interpreter") or {}).get("version") if own else run.prepared.get("python")
    for subject, version in versions.items():
        if version == here or not version or not here:
            if version and here:
                yield Result(subject, "ok", f"{what} {version}")
            continue
        mend = f"Install {here} on the node, or make the virtual environment with a Python on the shared file system."
        yield Result(subject, level, f"{what} is {version}, on {run.server} {here}.", mend)


def _interpreters(run: Measured) -> Iterator[tuple[str, Facts]]:
    if run.prepared.get("interpreter"):
        yield run.server, run.prepared["interpreter"]
        for answer in run.answers():
            if answer.told.get("interpreter"):
                yield answer.node, answer.told["interpreter"]


def umask(run: Measured) -> Iterator[Result]:
    """A job's umask is the one that Galaxy's service has."""
    wanted = int(run.settings["umask"], 8)
    for answer in run.answers():
        found = answer.told.get("umask")
        if found is None:
            continue
        if int(found, 8) == wanted:
            yield Result(answer.node, "ok", found)
        else:
            mend = (
                "Set the umask of the DRM's daemon on the node, or of what submits: Slurm takes it from there (galaxy_service_umask). "
                "If it is meant to be so, set cluster_verify_umask."
            )
            yield Result(answer.node, "error", f"Jobs have the umask {found}, not {wanted:03o}.", mend)


def scratch(run: Measured) -> Iterator[Result]:
    """Tools can write their temporary files."""
    for answer in run.answers():
        found = answer.told.get("tmp")
        if not found:
            continue
        if found["problem"]:
            mend = f"Make {found['path']} writable there and free space in it, or give jobs another TMPDIR."
            yield Result(answer.node, "error", f"{found['path']}: {found['problem']}", mend)
            continue
        free = int(found["free_bytes"]) >> 20
        low = free < _LEAST_TMP_MB
        mend = "Free space there, or give jobs another TMPDIR." if low else ""
        yield Result(
            answer.node,
            "warning" if low else "ok",
            f"{found['path']}, {free} MiB free",
            mend,
            numbers={"free_bytes": found["free_bytes"]},
        )


def language(run: Measured) -> Iterator[Result]:
    """The job's locale is there."""
    for answer in run.answers():
        found = answer.told.get("locale")
        if not found:
            continue
        told = found["said"] or "no LANG"
        if found["problem"]:
            mend = "Generate that locale on the node (localedef, package locales), or set LC_ALL=C.UTF-8 in Galaxy's environments."
            yield Result(answer.node, "warning", f"{told}: {found['problem']}", mend)
        else:
            yield Result(answer.node, "ok", f"{told}: {found['encoding']}")


def limits(run: Measured) -> Iterator[Result]:
    """The limits of a job's process leave room for tools."""
    for answer in run.answers():
        found = answer.told.get("limits")
        if not found:
            continue
        wrong = []
        if found["nofile"] is not None and found["nofile"] < _LEAST_FILES:
            wrong.append(f"{found['nofile']} open files")
        if found["fsize_bytes"] is not None:
            wrong.append(f"files of {found['fsize_bytes']} bytes")
        mend = "Raise it for the DRM's daemon on the node (systemd: LimitNOFILE=, LimitFSIZE=)." if wrong else ""
        message = f"At most {' and '.join(wrong)}." if wrong else f"{found['nofile'] or 'any number of'} open files"
        numbers = {name: value for name, value in found.items() if value is not None}
        yield Result(answer.node, "warning" if wrong else "ok", message, mend, numbers=numbers)


def clock(run: Measured) -> Iterator[Result]:
    """The node's clock is the server's."""
    most = float(run.settings["max_skew_seconds"])
    for answer in run.answers():
        found = answer.watched.get("clock")
        if not found:
            continue
        off = abs(found["offset_s"]) - found["uncertainty_s"]
        told = f"{found['offset_s']:+.2f} s (± {found['uncertainty_s']:.2f} s)"
        if off > most:
            mend = "Have both hosts' clocks set by the same time service (chrony, systemd-timesyncd)."
            yield Result(answer.node, "error", f"The node's clock is off by {told}.", mend, numbers=found)
        else:
            yield Result(answer.node, "ok", told, numbers=found)


def galaxy_slots(run: Measured) -> Iterator[Result]:
    """GALAXY_SLOTS as Galaxy's own statements find it, against what was asked for."""
    for answer in run.answers():
        found, asked = answer.told["galaxy"]["slots"], _asked(run, answer.node, "slots")
        numbers = {"asked": asked, "found": found}
        if found == asked:
            yield Result(answer.node, "ok", f"GALAXY_SLOTS is {found}.", numbers=numbers)
        elif found is None and run.cluster["drm"] in _SLOTS_BY_RUNNER:
            yield Result(answer.node, "skipped", "Galaxy's runner says it in the job script.", numbers=numbers)
        else:
            seen = f"{found}" if found is not None else "not to be found, so tools take 1"
            mend = "See what sets SLURM_CPUS_ON_NODE, NSLOTS, NCPUS, PBS_NCPUS or LSB_DJOB_NUMPROC in jobs; or set GALAXY_SLOTS in Galaxy's environments."
            yield Result(
                answer.node, "error", f"GALAXY_SLOTS is {seen}; asked for were {asked}.", mend, numbers=numbers
            )


def galaxy_memory(run: Measured) -> Iterator[Result]:
    """GALAXY_MEMORY_MB and GALAXY_MEMORY_MB_PER_SLOT likewise."""
    for answer in run.answers():
        asked = run.settings["memory_mb"]
        galaxy = answer.told["galaxy"]
        found, slots = galaxy["memory_mb"], _asked(run, answer.node, "slots") or 1
        numbers = {"asked_mb": asked, "found_mb": found, "found_mb_per_slot": galaxy["memory_mb_per_slot"]}
        # Nothing that Galaxy asks is there to be asked.
        if not asked or (found is None and not galaxy["problem"]):
            message = (
                f"Galaxy finds no memory in jobs of {run.cluster['drm']}: set GALAXY_MEMORY_MB in its environments."
            )
            yield Result(answer.node, "skipped", message if asked else "No memory was asked for.", numbers=numbers)
        elif found == asked and galaxy["memory_mb_per_slot"] == asked // slots:
            yield Result(answer.node, "ok", f"GALAXY_MEMORY_MB is {found}.", numbers=numbers)
        else:
            said = f"{found}, {galaxy['memory_mb_per_slot']} a slot" if found is not None else "not to be found"
            mend = f"{galaxy['problem'] or 'See what the DRM gave the job.'}\nOr set GALAXY_MEMORY_MB in Galaxy's environments."
            message = f"GALAXY_MEMORY_MB is {said}; asked for were {asked}, {asked // slots} a slot."
            yield Result(answer.node, "error", message, mend, numbers=numbers)


def _asked(run: Measured, node: str, name: str) -> Any:
    known = {str(each["name"]): each for each in run.cluster["nodes"]}
    return min(run.settings[name], int((known.get(node) or {}).get(name) or run.settings[name]))


def url_reached(run: Measured) -> Iterator[Result]:
    """Data source tools fetch from outside."""
    for answer in run.answers():
        found = answer.told.get("url")
        if not found:
            continue
        mend = "Give the node a way out (NAT, or a proxy in the jobs' environment), or keep data source tools on the Galaxy server."
        yield Result(
            answer.node,
            "warning" if found["problem"] else "ok",
            f"{found['url']}: {found['problem'] or 'reached'}",
            mend if found["problem"] else "",
        )
