# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether Galaxy's service can use its DRMAA library."""

from __future__ import annotations

from collections.abc import Iterator

from .results import Measured, Result

_MENDS = {
    "import drmaa": "Install it into Galaxy's virtual environment (role drmaa does):\n{python} -m pip install drmaa",
    "drmaa_init": "The library does not get to its DRM: see what galaxy_service_environment has to say where that is (Grid Engine: SGE_ROOT, SGE_CELL).",
    "drmaa_run_job": "The DRM does not take the job: see cluster_verify_native_options, and whether the account may submit.",
    "drmaa_job_ps": "See why the DRM did not run it to its end. Where the queue is full, raise cluster_verify_drmaa_seconds.",
}
_CRASHED = "It crashed or blocked. Where it is slurm-drmaa, build it with -g -O0 (role drmaa does); see whether it is for this release of the DRM (drmaa_info)."


def library_loads(run: Measured) -> Iterator[Result]:
    """The DRMAA library loads in the environment of Galaxy's service."""
    found = run.prepared.get("library")
    if found and found["problem"]:
        mend = (
            "Install it and what it needs:\n"
            f"ldd {found['path']}\n"
            "Where it says 'static TLS block', set GLIBC_TUNABLES=glibc.rtld.optional_static_tls=4096 in galaxy_service_environment."
        )
        yield Result(run.server, "error", f"{found['path']}: {found['problem']}", mend)
    elif found:
        yield Result(run.server, "ok", f"{found['path']} loads.")
    elif run.settings["drmaa_runners"]:
        runners = ", ".join(run.settings["drmaa_runners"])
        message = f"The job configuration has {runners}, but neither Galaxy's service nor cluster_verify_drmaa_library names a library."
        yield Result(run.server, "skipped", message)


def library_jobs(run: Measured) -> Iterator[Result]:
    """A job through the library starts, and its end is seen."""
    loaded, told = run.prepared.get("library"), run.drmaa
    if not loaded or loaded["problem"]:
        return
    numbers = {name: told[name] for name in ("job_id", "state", "seconds", "system") if told.get(name)}
    if not told:
        mend = "Mend what the checks node_up, submits and answered say first."
        yield Result(run.server, "error", run.troubles.get("drmaa") or "No job was run.", mend)
    elif told["call"] == "import drmaa" and not told["galaxys"]:
        message = f"There is no Galaxy yet, and {told['python']} has no package drmaa: {told['problem']}"
        yield Result(run.server, "skipped", message)
    elif told["problem"] or told["state"] == "failed":
        mend = _MENDS.get(told["call"], _CRASHED).format(python=told["python"])
        said = f"job {told['job_id']} is {told['state'] or 'of no state'}. " if told.get("job_id") else ""
        message = f"{told['call'] or loaded['path']}: {said}{told['problem']}".strip()
        yield Result(run.server, "error", message, mend, numbers=numbers)
    else:
        message = f"Job {told['job_id']} of {told['system']} ended after {told['seconds']} s ({told['state']})."
        yield Result(run.server, "ok", message, numbers=numbers)
