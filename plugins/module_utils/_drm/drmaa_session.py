# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One DRMAA session of the child: the package, its library, and what is asked of it. Runs on the target, as text (program.py)."""

from __future__ import annotations

import ctypes.util
import importlib
import os
import signal
import sys
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence

from .drmaa_store import Store

RC_NO_SUCH_JOB = 3
# sysexits.h: EX_DATAERR and EX_TEMPFAIL.
RC_REFUSED = 65
RC_TRY_AGAIN = 75

DEBIAN_LIBRARY = "/usr/lib/gridengine-drmaa/lib/libdrmaa.so.1.0"
DEBIAN_SGE_ROOT = "/var/lib/gridengine"
# After these of runJob nothing was submitted (DRMAA 1.0, GFD.133); after any other a job may be there.
_NOTHING_SUBMITTED = (
    "AuthorizationException",
    "ConflictingAttributeValuesException",
    "DeniedByDrmException",
    "InvalidArgumentException",
    "InvalidAttributeFormatException",
    "InvalidAttributeValueException",
    "InvalidJobTemplateException",
    "UnsupportedAttributeException",
)
_NO_JOB = "InvalidJobException"
_SILENT = (
    "DrmCommunicationException",
    "DrmsInitException",
    "InternalException",
    "OutOfMemoryException",
    "TryLaterException",
)
ENDED = ("done", "failed", "gone")
CONTROLS = {"cancel": "terminate", "hold": "hold", "release": "release", "suspend": "suspend", "resume": "resume"}


class Problem(Exception):
    """What is said instead of an answer, and with which exit code."""

    def __init__(self, text: str, code: int = RC_REFUSED) -> None:
        super().__init__(text)
        self.code = code


def find_library() -> None:
    """Set DRMAA_LIBRARY_PATH to the user's own, else one in a well-known place. Debian's Grid Engine is told its root, as by the wrappers of its commands."""
    root = os.environ.get("SGE_ROOT", "")
    known = [
        DEBIAN_LIBRARY,
        root and os.path.join(root, "lib", "lx-amd64", "libdrmaa.so"),
        "/usr/local/lib/libdrmaa.so.1",
    ]
    named = os.environ.get("DRMAA_LIBRARY_PATH")
    path = (
        named
        or next((path for path in known if path and os.path.exists(path)), None)
        or ctypes.util.find_library("drmaa")
    )
    remedy = "Install the DRM's (Debian's Grid Engine: gridengine-drmaa1.0), or name it by DRMAA_LIBRARY_PATH in the task keyword 'environment'"
    if not path or (os.path.isabs(path) and not os.path.exists(path)):
        raise Problem(
            "no DRMAA library: %s. %s."
            % ("%s is not there" % path if path else "libdrmaa is in no known place", remedy)
        )
    if "gridengine" in path and not root and os.path.isdir(DEBIAN_SGE_ROOT):
        os.environ["SGE_ROOT"] = DEBIAN_SGE_ROOT
    os.environ["DRMAA_LIBRARY_PATH"] = path


def load() -> Any:
    """The drmaa package with its library."""
    try:
        return importlib.import_module("drmaa")
    except ImportError as error:
        raise Problem(
            "%s cannot import the Python package 'drmaa' (%s). Install it for that interpreter (Debian: python3-drmaa, PyPI: drmaa), choose another one"
            " by ansible_python_interpreter, or name its directory by PYTHONPATH in the task keyword 'environment'."
            % (sys.executable, error)
        ) from error
    except (OSError, RuntimeError, AttributeError) as error:
        # The package's own words hide what the loader says.
        said = error.__context__ or error
        raise Problem("the DRMAA library %s cannot be loaded: %s" % (os.environ["DRMAA_LIBRARY_PATH"], said)) from error


def _told(error: BaseException) -> str:
    return "%s: %s" % (type(error).__name__, " ".join(str(error).split()))


class Session:
    """What the child does in one open session."""

    def __init__(self, drmaa: Any, store: Store, expected: str) -> None:
        self.session = drmaa.Session()
        self.store = store
        self.library = os.environ["DRMAA_LIBRARY_PATH"]
        try:
            self.session.initialize()
        except Exception as error:
            code = RC_TRY_AGAIN if type(error).__name__ in _SILENT else RC_REFUSED
            raise Problem("the DRMAA library %s opens no session: %s" % (self.library, _told(error)), code) from error
        self.system = str(self.session.drmsInfo)
        if expected and not any(word in self.system for word in expected.split("|")):
            raise Problem(
                "the DRMAA library %s is for %s, but the commands on the PATH are Grid Engine's: set DRMAA_LIBRARY_PATH or PATH, in the task keyword"
                " 'environment', so that both are for one DRM" % (self.library, self.system)
            )

    def exit(self) -> None:
        self.session.exit()

    def facts(self) -> Dict[str, Any]:
        return {"system": self.system, "implementation": str(self.session.drmaaImplementation), "library": self.library}

    def submit(self, jobs: Sequence[Mapping[str, Any]], begin: Callable[[], None]) -> List[Dict[str, str]]:
        """For each job its id, or why it was refused, or why that is not known: then the others are not begun."""
        answers: List[Dict[str, str]] = []
        self.store.prepare()
        self.store.write_jobs(jobs)
        for job in jobs:
            if answers and "unknown" in answers[-1]:
                answers += [{"refused": "not begun, as the DRM did not answer for one before it"}] * (
                    len(jobs) - len(answers)
                )
                break
            answers.append(self._submit(job, begin))
        return answers

    def _submit(self, job: Mapping[str, Any], begin: Callable[[], None]) -> Dict[str, str]:
        try:
            template = self._template(job)
        except Problem as error:
            self.store.forget(job["name"])
            return {"refused": str(error)}
        begin()
        try:
            job_id = self.session.runJob(template)
        except Exception as error:
            if type(error).__name__ in _NOTHING_SUBMITTED:
                self.store.forget(job["name"])
                return {"refused": _told(error)}
            return {"unknown": _told(error)}
        self.store.note(job["name"], job_id)
        self.session.deleteJobTemplate(template)
        return {"job_id": job_id}

    def _template(self, job: Mapping[str, Any]) -> Any:
        """The job's attributes; one that the library does not have is refused by the option's name."""
        template = self.session.createJobTemplate()
        values = [
            ("name", "jobName", job["name"]),
            ("script", "remoteCommand", self.store.path(job["name"], "run")),
            ("chdir", "workingDirectory", job["chdir"]),
            ("stdout", "outputPath", ":" + job["stdout"]),
            ("stderr", "errorPath", ":" + job["stderr"]),
            ("stderr", "joinFiles", job["stdout"] == job["stderr"]),
        ]
        if job["hold"]:
            values.append(("hold", "jobSubmissionState", "drmaa_hold"))
        if job["native"]:
            values.append(("native_options", "nativeSpecification", job["native"]))
        if job["walltime_seconds"]:
            minutes, seconds = divmod(job["walltime_seconds"], 60)
            # As bytes: the package makes nothing of a number.
            values.append(("walltime", "hardWallclockTimeLimit", b"%d:%02d:%02d" % (*divmod(minutes, 60), seconds)))
        for option, attribute, value in values:
            try:
                setattr(template, attribute, value)
            except Exception as error:
                raise Problem(
                    "%s: the DRMAA library for %s does not take it (%s). Say it in native_options, in the DRM's own words"
                    % (option, self.system, _told(error))
                ) from error
        return template

    def status(self, job_ids: Sequence[str]) -> List[Dict[str, Any]]:
        rows = [self._row(job_id) for job_id in job_ids]
        return [row for row in rows if row is not None]

    def _row(self, job_id: str) -> Optional[Dict[str, Any]]:
        """What is known of a job; nothing where it is gone and has left nothing."""
        try:
            state = self.session.jobStatus(job_id)
        except Exception as error:
            if type(error).__name__ != _NO_JOB:
                raise self._failure("status of job %s" % job_id, error) from error
            state = "gone"
        name = self.store.name(job_id)
        row: Dict[str, Any] = {"job_id": job_id, "native_state": state, "name": name}
        row["submit_time"] = self.store.submit_time(name)
        if state not in ENDED:
            return row
        row.update(self._end(job_id, name))
        code = row.get("exit_code")
        if code is not None and state != "failed":
            row["native_state"] = "done/n" if code else "done/0"
        elif state == "gone":
            row["native_state"] = "terminated"
            return row if self.store.cancelled(name) else None
        return row

    def _end(self, job_id: str, name: str) -> Dict[str, Any]:
        """Whatever the library tells of an end to a session that did not see it, else what the job wrote down."""
        try:
            info = self.session.wait(job_id, 0)
        except Exception:
            info = None
        if info is not None and info.hasSignal:
            number = getattr(signal, str(info.terminatedSignal), None)
            return {"signal": int(number) if number else None}
        if info is not None and info.hasExited:
            return {"exit_code": int(info.exitStatus)}
        code, when = self.store.ended(name)
        return {"exit_code": code, "end_time": when}

    def find(self, names: Sequence[str]) -> List[Dict[str, Any]]:
        """The jobs of these names that were submitted from here, with an answer."""
        rows = []
        for name in names:
            job_id = self.store.job_id(name)
            if job_id:
                rows.append(self._row(job_id) or {"job_id": job_id, "native_state": "gone", "name": name})
        return rows

    def control(self, action: str, job_ids: Sequence[str]) -> None:
        """Do this to every job that it can be done to; then complain about the others."""
        problems: List[Problem] = []
        for job_id in job_ids:
            try:
                self.session.control(job_id, CONTROLS[action])
            except Exception as error:
                problems.append(self._failure("%s of job %s" % (action, job_id), error))
                continue
            if action == "cancel":
                self.store.note_cancelled(job_id)
        if problems:
            codes = {problem.code for problem in problems}
            # Jobs that are not there are an answer of their own only where nothing else went wrong.
            code = next(code for code in (RC_TRY_AGAIN, RC_REFUSED, RC_NO_SUCH_JOB) if code in codes)
            raise Problem("; ".join(map(str, problems)), code)

    def _failure(self, what: str, error: Exception) -> Problem:
        kind = type(error).__name__
        code = RC_NO_SUCH_JOB if kind == _NO_JOB else RC_TRY_AGAIN if kind in _SILENT else RC_REFUSED
        return Problem("%s: %s" % (what, _told(error)), code)
