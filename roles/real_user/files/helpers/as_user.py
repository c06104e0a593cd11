# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The part that runs as the user: read Galaxy's job template, submit it, or end a job. Started by run and kill alone.

It has no right that the user has not. What it refuses keeps a job inside its own directory and inside what the site allows.
"""

from __future__ import annotations

import importlib
import json
import os
import re
import stat
import subprocess
import sys
from typing import Any, NamedTuple

KEYS = ("remoteCommand", "jobName", "workingDirectory", "outputPath", "errorPath")
OPTIONAL = ("nativeSpecification",)
MOST_BYTES = 1 << 20
ANSWER = 3

# No space, comma, colon, % or $: each means something to one DRM or another.
PATH = re.compile(r"/[A-Za-z0-9_./+@=-]+")
JOB_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,199}")
# No quotes, no backslash, no $: what splits at spaces here splits so in every library.
WORD = re.compile(r"[A-Za-z0-9_.,:=+@%/*!&|()\[\]<>^~#-]+")
SLURM_ID = re.compile(r"([0-9]+)(?:[;.]([A-Za-z0-9_-]+))?")


class Refused(Exception):
    """The template asks for what it must not."""


class Failed(Exception):
    """The DRM, or its library, did not do it."""


class Template(NamedTuple):
    script: str
    name: str
    directory: str
    output: str
    error: str
    native: list[str]


# --- the template ---


def parse(text: bytes, directory: str, allowed: dict[str, int]) -> Template:
    if len(text) > MOST_BYTES:
        raise Refused("the template is longer than %d bytes" % MOST_BYTES)
    try:
        found = json.loads(text.decode("utf-8"))
    except (ValueError, RecursionError) as problem:
        raise Refused("the template is not JSON: %s" % problem) from None
    if not isinstance(found, dict) or not set(KEYS) <= set(found) <= {*KEYS, *OPTIONAL}:
        raise Refused("the template has to have the keys %s, may have %s, and nothing else" % (KEYS, OPTIONAL))
    for key, value in found.items():
        if not isinstance(value, str) or re.search(r"[\x00-\x1f\x7f]", value):
            raise Refused("%s has to be a text without control characters" % key)
    if not JOB_NAME.fullmatch(found["jobName"]):
        raise Refused("jobName %r is not a name" % found["jobName"])
    output = inside("outputPath", without_host(found["outputPath"]), directory)
    error = inside("errorPath", without_host(found["errorPath"]), directory)
    working = found["workingDirectory"]
    if working != directory:
        working = inside("workingDirectory", working, directory)
    script = inside("remoteCommand", found["remoteCommand"], directory)
    native = words(found.get("nativeSpecification", ""), allowed)
    return Template(script, found["jobName"], working, output, error, native)


def without_host(path: str) -> str:
    """DRMAA's form is HOST:PATH; no host may be named."""
    return path[1:] if path.startswith(":") else path


def inside(key: str, path: str, directory: str) -> str:
    parts = path.split("/")[1:]
    if not PATH.fullmatch(path) or any(part in ("", ".", "..") for part in parts):
        raise Refused("%s %r is not a plain absolute path" % (key, path))
    if not path.startswith(directory + "/"):
        raise Refused("%s %r is not inside the job's directory" % (key, path))
    return path


def words(native: str, allowed: dict[str, int]) -> list[str]:
    """The DRM's own options, each one allowed, with as many values as it takes."""
    given = native.split(" ")
    found = [word for word in given if word]
    rest = list(found)
    while rest:
        word = rest.pop(0)
        name, separator, value = word.partition("=")
        if name.startswith("--") and separator:
            option, values = name, [value]
        elif re.fullmatch("-[A-Za-z][0-9].*", word):
            option, values = word[:2], [word[2:]]
        else:
            option = word
            values = [rest.pop(0) for _each in range(min(len(rest), allowed.get(option, 0)))]
        if option not in allowed:
            raise Refused("nativeSpecification: %r is not one of the allowed options" % option)
        if len(values) != allowed[option]:
            raise Refused("nativeSpecification: %s takes %d values" % (option, allowed[option]))
        for each in values:
            if not WORD.fullmatch(each) or (each.startswith("-") and not re.fullmatch("-[0-9]+", each)):
                raise Refused("nativeSpecification: %r is no value for %s" % (each, option))
    return found


def look_around(template: Template, directory: str) -> None:
    """No symbolic link leads out of the job's directory."""
    real = os.path.realpath(directory)
    for path in (template.script, template.directory, template.output, template.error):
        if os.path.realpath(path) != real + path[len(directory) :]:
            raise Refused("%r leads out of the job's directory by a symbolic link" % path)
    if not stat.S_ISREG(os.lstat(template.script).st_mode):
        raise Refused("%r is not a file" % template.script)


# --- DRMs ---


class Commands:
    """A DRM by its own commands."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self._seconds = max(settings["time_limit"] - 2, 1)

    def said(self, argv: list[str]) -> str:
        try:
            answer = subprocess.run(
                argv, stdin=subprocess.DEVNULL, capture_output=True, timeout=self._seconds, check=False
            )
        except subprocess.TimeoutExpired:
            raise Failed("%s did not answer within %d s" % (argv[0], self._seconds)) from None
        out, err = (text.decode("utf-8", "replace").strip() for text in (answer.stdout, answer.stderr))
        if answer.returncode != 0:
            raise Failed("%s ended with %d: %s" % (argv[0], answer.returncode, err or out))
        return out


class Slurm(Commands):
    def submit(self, job: Template) -> str:
        paths = ["--chdir=%s" % job.directory, "--output=%s" % job.output, "--error=%s" % job.error]
        out = self.said(["sbatch", "--parsable", "--job-name=%s" % job.name, *paths, *job.native, job.script])
        found = SLURM_ID.fullmatch(out)
        if not found:
            raise Failed("sbatch said no job id: %s" % out)
        # Galaxy's slurm runner knows a job of another cluster in this form.
        return ".".join(filter(None, found.groups()))

    def end(self, job_id: str) -> str:
        found = SLURM_ID.fullmatch(job_id)
        if not found:
            raise Failed("%s is no job id of Slurm's" % job_id)
        cluster = ["--clusters=%s" % found[2]] if found[2] else []
        self.said(["scancel", *cluster, found[1]])
        return job_id


class GridEngine(Commands):
    def submit(self, job: Template) -> str:
        # As a command, so that its own first line says what runs it; a script would be given to the queue's shell.
        fixed = ["qsub", "-terse", "-b", "y", "-shell", "n", "-N", job.name, "-wd", job.directory]
        return self.said([*fixed, "-o", job.output, "-e", job.error, *job.native, job.script])

    def end(self, job_id: str) -> str:
        self.said(["qdel", job_id])
        return job_id


class Drmaa:
    """Any DRM by its DRMAA library, with what the Python package of that name has."""

    def __init__(self, settings: dict[str, Any]) -> None:
        if settings["python_path"]:
            sys.path.append(settings["python_path"])
        self._drmaa = importlib.import_module("drmaa")

    def submit(self, job: Template) -> str:
        with self._drmaa.Session() as session:
            wanted = session.createJobTemplate()
            wanted.remoteCommand, wanted.jobName = job.script, job.name
            wanted.workingDirectory = job.directory
            wanted.outputPath, wanted.errorPath = ":" + job.output, ":" + job.error
            if job.native:
                wanted.nativeSpecification = " ".join(job.native)
            job_id = str(session.runJob(wanted))
            session.deleteJobTemplate(wanted)
        return job_id

    def end(self, job_id: str) -> str:
        with self._drmaa.Session() as session:
            session.control(job_id, self._drmaa.JobControlAction.TERMINATE)
        return job_id


BACK_ENDS: dict[str, Any] = {"drmaa": Drmaa, "slurm": Slurm, "gridengine": GridEngine}


def answer(settings: dict[str, Any]) -> tuple[str, str]:
    try:
        if settings["action"] == "end":
            return "id", BACK_ENDS[settings["back_end"]](settings).end(settings["job_id"])
        text = sys.stdin.buffer.read(MOST_BYTES + 1)
        template = parse(text, settings["directory"], settings["native_options"])
        look_around(template, settings["directory"])
        return "id", BACK_ENDS[settings["back_end"]](settings).submit(template)
    except Refused as error:
        return "refused", str(error)
    except Exception as error:
        return "failed", str(error) if isinstance(error, Failed) else "%s: %s" % (type(error).__name__, error)


def main() -> None:
    os.set_inheritable(ANSWER, False)
    word, text = answer(json.loads(sys.argv[1]))
    os.write(ANSWER, ("%s %s\n" % (word, " ".join(text.split()))).encode("utf-8", "replace")[:2000])


if __name__ == "__main__":
    main()
