# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every code of a finding: how bad it is, and what it means. docs/job_conf.md shows this table."""

from __future__ import annotations

from dataclasses import dataclass

ERROR = "error"
WARNING = "warning"
NOTE = "note"
WAIVED = "waived"

START = "Galaxy does not start"
JOB = "the jobs fail"
IGNORED = "Galaxy ignores it"
RISK = "it may go wrong"
UNSAID = "it cannot be written or read"


@dataclass(frozen=True)
class Code:
    """What a code stands for. ``mended``: what is rendered here is right, the file as it stands is not."""

    level: str
    effect: str
    meaning: str
    mended: bool = False

    @property
    def waivable(self) -> bool:
        """What cannot be read or written cannot be waived either."""
        return self.effect != UNSAID


CODES: dict[str, Code] = {
    "not-yaml": Code(ERROR, UNSAID, "the text is not YAML"),
    "not-xml": Code(ERROR, UNSAID, "the text is not XML, or declares a document type or entities"),
    "only-in-xml": Code(
        ERROR, UNSAID, "macros, and values from Galaxy's settings or environment, which only Galaxy can fill in"
    ),
    "unread-in-xml": Code(
        ERROR, UNSAID, "an element or attribute of job_conf.xml where Galaxy does not look for it, so that it is lost"
    ),
    "not-in-xml": Code(ERROR, UNSAID, "what job_conf.xml cannot say"),
    "not-in-dialect": Code(ERROR, UNSAID, "a key that galaxy_jobconf does not have"),
    "malformed": Code(ERROR, UNSAID, "a shape that Galaxy does not read"),
    "duplicate-id": Code(ERROR, UNSAID, "two of the same name, of which Galaxy would take the last"),
    "untranslatable-request": Code(ERROR, UNSAID, "a resource that the runner cannot ask for"),
    "bad-option": Code(ERROR, UNSAID, "an option of the task or filter itself"),
    "unknown-section": Code(ERROR, UNSAID, "no section of a job configuration; Galaxy would ignore it"),
    "no-runner": Code(ERROR, START, "no runner is defined"),
    "no-load": Code(ERROR, START, "a runner without its class"),
    "unknown-runner-class": Code(ERROR, START, "a class that Galaxy's module does not have, such as cli:CLIJobRunner"),
    "unknown-runner-parameter": Code(ERROR, START, "the runner does not take it; cli and pbs take none at all"),
    "sample-name": Code(ERROR, START, "a name that Galaxy's sample files use and its code does not"),
    "bad-runner-value": Code(ERROR, START, "the runner refuses the value"),
    "text-is-true": Code(
        ERROR, IGNORED, "a text that says false where Galaxy takes any text for true, as every value in XML is one"
    ),
    "bad-workers": Code(ERROR, JOB, "no number of workers above 0: with 0 jobs wait for ever"),
    "workers-not-number": Code(ERROR, JOB, "a number of workers in quotes", mended=True),
    "not-in-release": Code(ERROR, START, "the runner, parameter or format came with a later release"),
    "unchecked-runner": Code(WARNING, RISK, "a runner that is not Galaxy's: nothing is known of its parameters"),
    "unknown-runner": Code(ERROR, JOB, "an environment or a handler whose runner is not defined, or off"),
    "hidden-parameter": Code(ERROR, IGNORED, "a key beside an explicit params:"),
    "unknown-environment-parameter": Code(WARNING, IGNORED, "neither the runner nor Galaxy reads it"),
    "bad-environment-value": Code(ERROR, JOB, "the runner cannot use the value"),
    "no-environment-parameter": Code(ERROR, JOB, "a parameter that the runner requires, such as Pulsar's url"),
    "bad-metrics": Code(ERROR, START, "a type of metrics that Galaxy does not have"),
    "unknown-env-key": Code(WARNING, IGNORED, "a key of an entry of env that Galaxy does not look at"),
    "bad-env": Code(ERROR, JOB, "an entry of env without a name and value, a file or a command"),
    "env-not-text": Code(ERROR, JOB, "a number or boolean as a value in env", mended=True),
    "open-quote": Code(ERROR, RISK, "a native specification whose quotes do not close"),
    "set-by-galaxy": Code(
        ERROR, JOB, "where the DRM writes a job's output or errors: Galaxy says that itself, and would not find them"
    ),
    "named-by-galaxy": Code(WARNING, RISK, "a job's name in the DRM's words, in the place of Galaxy's"),
    "overridden-by-galaxy": Code(
        ERROR,
        IGNORED,
        "DRMAA's remoteCommand, jobName, outputPath and errorPath as parameters; executable, output, error and log with condor",
    ),
    "two-native-specifications": Code(ERROR, IGNORED, "both spellings of nativeSpecification in one environment"),
    "native-specification-spelling": Code(
        ERROR, IGNORED, "the spelling native_specification, which univa does not read"
    ),
    "h-vmem-unit": Code(
        WARNING, RISK, "h_vmem in another unit than G, out of which Galaxy makes a wrong GALAXY_MEMORY_MB"
    ),
    "slurm-drmaa-option": Code(
        ERROR,
        RISK,
        "what slurm-drmaa's list of options does not have, or says otherwise; not seen with the library itself",
    ),
    "drmaa-real-user": Code(ERROR, JOB, "the drmaa runner cannot follow jobs of real users"),
    "real-user-ignored": Code(
        ERROR, IGNORED, "jobs of real users by cli, condor, htcondor or pbs, which run all jobs as the Galaxy account"
    ),
    "real-user-incomplete": Code(
        ERROR,
        RISK,
        "one of the programs for jobs of real users without the others, or outputs elsewhere; where Galaxy's settings are given",
    ),
    "univa-commands": Code(WARNING, RISK, "the univa runner needs qstat and qacct, and its DRM is none that has them"),
    "univa-wallclock": Code(
        WARNING, JOB, "the univa runner on SGE, where it sees no job's end; where cluster facts are given"
    ),
    "condor-docker-sudo": Code(WARNING, RISK, "docker_sudo becomes a line of the submit file"),
    "pbs-file-staging": Code(WARNING, RISK, "PBS file staging, whose state is unknown"),
    "cli-hold": Code(WARNING, RISK, "a held job stops the monitor of the cli runner with Torque and OpenPBS"),
    "cli-password": Code(
        WARNING, RISK, "a password for the cli runner's shell: whoever reads the job_conf can log in with it. Use a key"
    ),
    "no-cli-plugin": Code(ERROR, JOB, "the cli runner without a job plugin"),
    "unknown-cli-plugin": Code(WARNING, JOB, "not one of Galaxy's own plugins"),
    "unknown-cli-parameter": Code(ERROR, IGNORED, "not read by its plugin, so that a limit is lost"),
    "bad-cli-value": Code(ERROR, JOB, "the plugin cannot use the value, or does not take the parameter"),
    "no-cli-parameter": Code(ERROR, JOB, "a parameter that the shell plugin requires"),
    "no-default": Code(ERROR, START, "no default among several environments"),
    "unknown-default": Code(ERROR, START, "a default that is no environment"),
    "unknown-environment": Code(ERROR, JOB, "a tool or a resubmission that leads nowhere"),
    "resubmit-leak": Code(WARNING, RISK, "a parameter that a resubmitted job takes along from where it failed"),
    "condition-never-met": Code(WARNING, RISK, "a resubmission on an end that the runner never reports"),
    "bad-tool": Code(ERROR, START, "a tool with neither or both of id and class, or no such class"),
    "unknown-tool-key": Code(
        ERROR,
        IGNORED,
        "a key of a tool such as execution: to Galaxy a condition, and without environment the jobs run in the default one",
    ),
    "no-tool-entry": Code(ERROR, JOB, "several entries for one tool or class, all of them for certain jobs alone"),
    "empty-section": Code(ERROR, START, "a section or key with nothing after it", mended=True),
    "empty-value": Code(
        ERROR, JOB, "env, workers, or a tool's environment or handler with nothing after it", mended=True
    ),
    "bad-limit": Code(ERROR, START, "a limit without a type, or a value that is none"),
    "unknown-limit": Code(
        ERROR, IGNORED, "no kind of limit that Galaxy knows, such as job_walltime, so that nothing is limited"
    ),
    "limit-of-nothing": Code(
        WARNING, IGNORED, "a limit without a value, without an id or tag, or for one that no environment has"
    ),
    "unread-limit-key": Code(
        WARNING, IGNORED, "an id or tag of a limit that is for every job, such as walltime; or an id beside a tag"
    ),
    "overridden-limit": Code(WARNING, IGNORED, "of two limits of one kind for every job the first one"),
    "unknown-resources": Code(
        WARNING,
        IGNORED,
        "a group of resources that is not defined, so that no form shows it; a name in it with blanks around",
    ),
    "bad-handling": Code(ERROR, START, "no method by which handlers are assigned, or no number"),
    "unknown-handler": Code(
        WARNING,
        JOB,
        "a handler that is none of handling.processes: unless a process of that name or pool is started otherwise, the jobs fail or wait",
    ),
    "unknown-handling-key": Code(WARNING, IGNORED, "no key of handling: assign_with is XML's word for assign"),
    "above-queue-limit": Code(
        ERROR,
        JOB,
        "a request above the limits of its queue, which is refused or waits for ever; where cluster facts are given",
    ),
    "above-every-node": Code(
        WARNING,
        RISK,
        "more slots or memory than any node has, where the DRM has no queues and cluster facts are given; such a job waits",
    ),
    "unknown-queue": Code(ERROR, JOB, "a queue that the cluster does not have, where cluster facts are given"),
    "file-ignored": Code(ERROR, IGNORED, "a file beside a job_config in galaxy.yml"),
    "other-file": Code(WARNING, IGNORED, "galaxy.yml names another file"),
}
