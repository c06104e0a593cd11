# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a process sees of the host that it runs on: read alike on the Galaxy server and, in a job, on a node."""

from __future__ import annotations

import json
import locale
import os
import platform
import pwd
import re
import resource
import shlex
import shutil
import subprocess
import tempfile
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

LIMITS = {
    "nofile": resource.RLIMIT_NOFILE,
    "nproc": resource.RLIMIT_NPROC,
    "fsize_bytes": resource.RLIMIT_FSIZE,
    "stack_bytes": resource.RLIMIT_STACK,
    "memory_bytes": resource.RLIMIT_AS,
}
# A virtual environment on a cold file system takes its time.
PYTHON_SECONDS = 60.0
COMMAND_SECONDS = 20.0
_IMPORTS = """\
import importlib, json, sys
missing = {}
for name in json.loads(sys.argv[1]):
    try:
        importlib.import_module(name)
    except BaseException as error:
        missing[name] = "%s: %s" % (type(error).__name__, error)
print(json.dumps({"version": ".".join(map(str, sys.version_info[:3])), "missing": missing}))
"""
_LIBRARY = """\
import ctypes, sys
ctypes.CDLL(sys.argv[1], mode=ctypes.RTLD_GLOBAL).drmaa_init
"""


def look(asked: Mapping[str, Any]) -> Dict[str, Any]:
    """Everything that needs no shared path. ``asked``: python (path of an interpreter, or nothing), imports, url."""
    return {
        "host": platform.node(),
        "account": account(),
        "umask": "%03o" % umask(),
        "python": platform.python_version(),
        "limits": limits(),
        "locale": language(),
        "tmp": temporary(),
        "interpreter": interpreter(asked["python"], asked["imports"]) if asked.get("python") else None,
        "url": reachable(asked["url"]) if asked.get("url") else None,
    }


def account() -> Dict[str, Any]:
    """The process' own numbers, and what the name service knows of them: nothing, where the host does not know the account."""
    found: Dict[str, Any] = {"uid": os.getuid(), "gid": os.getgid(), "groups": sorted({os.getgid(), *os.getgroups()})}
    try:
        entry = pwd.getpwuid(os.getuid())
    except KeyError:
        return dict(found, name="", shell="", home="")
    return dict(found, name=entry.pw_name, shell=entry.pw_shell, home=entry.pw_dir)


def umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def limits() -> Dict[str, Optional[int]]:
    """The soft limits; None where there is none."""
    soft = {name: resource.getrlimit(number)[0] for name, number in LIMITS.items()}
    return {name: None if value == resource.RLIM_INFINITY else value for name, value in soft.items()}


def language() -> Dict[str, str]:
    told = {name: os.environ[name] for name in ("LC_ALL", "LC_CTYPE", "LANG") if os.environ.get(name)}
    try:
        locale.setlocale(locale.LC_ALL, "")
    except locale.Error as error:
        return {"said": said(told), "encoding": "", "problem": str(error)}
    encoding = locale.nl_langinfo(locale.CODESET)
    return {"said": said(told), "encoding": encoding, "problem": ""}


def said(values: Mapping[str, str]) -> str:
    return " ".join("%s=%s" % item for item in sorted(values.items()))


def temporary() -> Dict[str, Any]:
    """Where tools put their scratch files: TMPDIR, else /tmp. Python's own search would pass over one that is broken."""
    path = os.environ.get("TMPDIR") or "/tmp"
    found: Dict[str, Any] = {"path": path, "problem": "", "free_bytes": None}
    try:
        with tempfile.NamedTemporaryFile(prefix="clusterjobs-verify-", dir=path) as stream:
            stream.write(b"x" * 4096)
            stream.flush()
        space = os.statvfs(path)
        found["free_bytes"] = space.f_bavail * space.f_frsize
    except OSError as error:
        found["problem"] = error.strerror or str(error)
    return found


def interpreter(python: str, imports: Sequence[str]) -> Dict[str, Any]:
    """Whether this Python starts, in which version, and what it cannot import."""
    words = [python, "-c", _IMPORTS, json.dumps(list(imports))]
    rc, stdout, stderr = answer(words, PYTHON_SECONDS)
    try:
        told = json.loads(stdout.splitlines()[-1])
        return {"path": python, "version": str(told["version"]), "missing": dict(told["missing"]), "problem": ""}
    except (IndexError, KeyError, TypeError, ValueError):
        problem = "rc %d: %s" % (rc, (stderr or stdout).strip()[-500:])
        return {"path": python, "version": "", "missing": {}, "problem": problem}


def service_environment(units: Sequence[str], given: Mapping[str, str]) -> Dict[str, str]:
    """What systemd gives the first of these units that it gives anything (systemctl(1), show), and what is given beside it."""
    for unit in units:
        rc, stdout, _stderr = answer(["systemctl", "show", "--property=Environment", "--value", unit], COMMAND_SECONDS)
        try:
            pairs = [word.partition("=") for word in shlex.split(stdout)]
        except ValueError:
            # Cut in the middle of a value: nothing of it can be trusted.
            continue
        if rc == 0 and pairs:
            return dict({name: value for name, _equals, value in pairs}, **given)
    return dict(given)


def library(python: str, path: str, environment: Mapping[str, str]) -> Dict[str, Any]:
    """Whether a DRMAA library can be loaded by a process that starts with this environment, as Galaxy's service does."""
    rc, stdout, stderr = answer([python, "-c", _LIBRARY, path], COMMAND_SECONDS, dict(os.environ, **environment))
    lines = (stderr or stdout).strip().splitlines()
    return {"path": path, "problem": "" if rc == 0 else "rc %d: %s" % (rc, lines[-1] if lines else "no answer")}


def reachable(url: str) -> Dict[str, str]:
    # Imported here alone: it takes as long as all the rest.
    from urllib.error import HTTPError
    from urllib.request import Request, build_opener

    try:
        with build_opener().open(Request(url, method="HEAD"), timeout=COMMAND_SECONDS):
            return {"url": url, "problem": ""}
    except HTTPError:
        # A server has answered.
        return {"url": url, "problem": ""}
    except (OSError, ValueError) as error:
        return {"url": url, "problem": str(error)}


def galaxy_variables(environ: Mapping[str, str]) -> Dict[str, Any]:
    """GALAXY_SLOTS and GALAXY_MEMORY_MB as the head of Galaxy's job scripts finds them, in its order; None where it finds none."""
    slots = _slots(environ)
    memory, per_slot, problem = _memory(environ)
    if per_slot is None and memory is not None:
        per_slot = memory // (slots or 1)
    elif memory is None and per_slot is not None:
        memory = per_slot * (slots or 1)
    return {"slots": slots, "memory_mb": memory or None, "memory_mb_per_slot": per_slot or None, "problem": problem}


def _slots(environ: Mapping[str, str]) -> Optional[int]:
    if environ.get("SLURM_CPUS_ON_NODE"):
        return _whole(environ["SLURM_CPUS_ON_NODE"])
    if environ.get("SLURM_NTASKS") or environ.get("SLURM_CPUS_PER_TASK"):
        tasks, each = _whole(environ.get("SLURM_NTASKS") or "1"), _whole(environ.get("SLURM_CPUS_PER_TASK") or "1")
        return tasks * each if tasks and each else None
    for name in ("NSLOTS", "NCPUS", "PBS_NCPUS"):
        if environ.get(name):
            return _whole(environ[name])
    if environ.get("PBS_NODEFILE") and os.path.isfile(environ["PBS_NODEFILE"]):
        with open(environ["PBS_NODEFILE"], encoding="utf-8", errors="replace") as stream:
            return sum(1 for line in stream)
    for name in ("LSB_DJOB_NUMPROC", "GALAXY_SLOTS"):
        if environ.get(name):
            return _whole(environ[name])
    return None


def _memory(environ: Mapping[str, str]) -> Tuple[Optional[int], Optional[int], str]:
    """The job's, each slot's, and why there is none where there should be one."""
    memory, per_slot = (_whole(environ.get(name, "")) for name in ("GALAXY_MEMORY_MB", "GALAXY_MEMORY_MB_PER_SLOT"))
    problem = ""
    if environ.get("SLURM_JOB_ID"):
        rc, stdout, stderr = answer(["scontrol", "-do", "show", "job", environ["SLURM_JOB_ID"]], COMMAND_SECONDS)
        found = re.findall(r"(?:^| )Mem=([0-9]+)(?= |$)", stdout, re.MULTILINE)
        memory = int(found[-1]) if found else memory
        if not found:
            said_so = stderr.strip()[-200:]
            problem = "scontrol -do show job: rc %d, no Mem= in its answer. %s" % (rc, said_so)
    limit = environ.get("SGE_HGR_h_vmem", "")
    if limit:
        number = re.fullmatch(r"([0-9]*\.?[0-9]+)(G?)", limit)
        if shutil.which("bc") is None:
            problem = "h_vmem is %s, which Galaxy reads by bc, and there is no bc on the PATH" % limit
        elif number is None:
            problem = "h_vmem is %s, and of its units Galaxy reads G alone" % limit
        else:
            per_slot = int(float(number.group(1)) * (1024 if number.group(2) else 1))
    return memory, per_slot, problem


def _whole(text: str) -> Optional[int]:
    return int(text) if re.fullmatch(r"[0-9]+", text.strip()) else None


def answer(
    argv: List[str], seconds: float, environ: Optional[Mapping[str, str]] = None, given: str = ""
) -> Tuple[int, str, str]:
    """A command's return code and output; 127 where it cannot be started, 124 where it took too long."""
    try:
        done = subprocess.run(
            argv,
            input=given.encode(),
            capture_output=True,
            env=environ,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return 124, "", "no answer within %d s" % seconds
    except OSError as error:
        return 127, "", "%s: %s" % (argv[0], error.strerror)
    return done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")
