# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runners of Galaxy's own server and of batch systems, as the code of Galaxy 26.1 and of the releases before it has them."""

from __future__ import annotations

from .parameters import MEMORY, WALLTIME, RunnerType, count, flag, one_of, positive, text, word

BASE = {"recheck_missing_job_retries": count(0)}
# Galaxy 25.1 does not start with any: these two took none.
_BASE_OF_THE_HOST = {"recheck_missing_job_retries": count(0, since="26.0")}
_LIBRARY = {
    **BASE,
    "drmaa_library_path": word("$DRMAA_LIBRARY_PATH"),
    "invalidjobexception_state": one_of("ok", "error", default="ok"),
    "invalidjobexception_retries": count(0),
    "internalexception_state": one_of("ok", "error", default="ok"),
    "internalexception_retries": count(0),
}
_NATIVE = {"nativeSpecification": text(), "native_specification": text(), "allow_guests": flag()}
_CONDOR = {"request_cpus": text(1), "request_memory": text(), "universe": text("vanilla"), "docker_image": text()}
_CONTACT = {"htcondor_collector": text(), "htcondor_schedd": text(), "htcondor_config": text()}

#: qsub's options as the pbs runner and three job plugins of the cli runner name them.
QSUB_NAMES = {
    "destination": "-q",
    "Execution_Time": "-a",
    "Account_Name": "-A",
    "Checkpoint": "-c",
    "Error_Path": "-e",
    "Group_List": "-g",
    "Hold_Types": "-h",
    "Join_Paths": "-j",
    "Keep_Files": "-k",
    "Resource_List": "-l",
    "Mail_Points": "-m",
    "Mail_Users": "-M",
    "Job_Name": "-N",
    "Output_Path": "-o",
    "Priority": "-p",
    "Rerunable": "-r",
    "Shell_Path_List": "-S",
    "job_array_request": "-t",
    "User_List": "-u",
    "Variable_List": "-v",
}

TYPES = (
    RunnerType("local", "LocalJobRunner", _BASE_OF_THE_HOST, {"local_slots": positive()}),
    RunnerType("tasks", "TaskedJobRunner", _BASE_OF_THE_HOST),
    RunnerType("drmaa", "DRMAAJobRunner", _LIBRARY, _NATIVE, needs="the Python package drmaa and a libdrmaa"),
    RunnerType(
        "slurm",
        "SlurmJobRunner",
        _LIBRARY,
        _NATIVE,
        drm="slurm",
        raises=frozenset((WALLTIME, MEMORY)),
        needs="the Python package drmaa, slurm-drmaa, scontrol and sacct",
    ),
    RunnerType(
        "univa",
        "UnivaJobRunner",
        _LIBRARY,
        _NATIVE,
        raises=frozenset((WALLTIME, MEMORY)),
        needs="the Python package drmaa, a libdrmaa, qstat and qacct",
    ),
    # These two constructors take no keyword at all, not even the one that every other runner has.
    RunnerType("cli", "ShellJobRunner", needs="the commands of the DRM, there or where the shell plugin goes"),
    RunnerType(
        "pbs",
        "PBSJobRunner",
        {},
        {name: text() for name in QSUB_NAMES},
        drm="torque",
        needs="pbs_python, built against TORQUE",
    ),
    RunnerType(
        "condor",
        "CondorJobRunner",
        BASE,
        _CONDOR,
        drm="htcondor",
        closed=False,
        needs="condor_submit and condor_rm",
    ),
    RunnerType(
        "htcondor",
        "HTCondorJobRunner",
        {**BASE, **_CONTACT},
        {**_CONDOR, **_CONTACT, "request_walltime": text(), "max_held_count": count(3)},
        drm="htcondor",
        closed=False,
        raises=frozenset((WALLTIME, MEMORY)),
        needs="the Python package htcondor",
        since="26.1",
    ),
)
