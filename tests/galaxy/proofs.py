"""Where the real Galaxy is seen to do what a code says: not to start, or to fail the jobs. docs/job_conf.md shows it."""

from __future__ import annotations

from pathlib import Path

import yaml

from ansible_collections.clusterjobs.drm.plugins.plugin_utils.galaxy.codes import CODES, JOB, START

FAILING = Path(__file__).resolve().parents[2] / "molecule" / "galaxy" / "tests" / "failing.yml"
#: What fails in Galaxy's own code when a job comes, without a cluster: the step that it fails at, and with what. (test_loader.py)
FAILS = {
    "bad-cli-value": "(job of .*(failure submitting job|TypeError)|plugins of .*TypeError)",
    "bad-env": "env of .*KeyError",
    "bad-environment-value": "job of .*(invalid literal|could not convert|must be)",
    "bad-workers": "workers of .*StopIteration",
    "drmaa-real-user": "job of .*Job output not returned from cluster",
    "empty-value": "((env|workers|handler) of|tool) .*(TypeError|KeyError|HandlerAssignmentError)",
    "env-not-text": "env of .*AttributeError",
    "no-cli-parameter": "plugins of .*TypeError",
    "no-cli-plugin": "plugins of .*No job plugin",
    "no-tool-entry": "entries of .*AssertionError",
    "no-environment-parameter": "job of .*(required parameter|AWSBatchRunnerException)",
    "univa-wallclock": "job of .*KeyError: 'wallclock'",
    "unknown-cli-plugin": "plugins of .*(Unknown shell_plugin|Failed to find job_plugin)",
    "unknown-environment": "(tool|resubmission) .*KeyError",
    "unknown-handler": "handler of .*(HandlerAssignmentError|no process takes it)",
    "unknown-runner": "runner of .*LookupError",
    "workers-not-number": "workers of .*TypeError",
}
#: What fails on a real Slurm: the file is what molecule/galaxy's test goes through.
FAILS_ON_SLURM = {entry["code"] for entry in yaml.safe_load(FAILING.read_text(encoding="utf-8")).values()}
SAYS_SO = {code for code, meaning in CODES.items() if meaning.effect in (START, JOB)}
#: What is seen in an older Galaxy: test_older.py.
FAILS_IN_OLDER = {"not-in-release"}


def seen_in(code: str) -> str:
    """For the table."""
    if code in FAILS_IN_OLDER:
        return "Galaxy's loader, of 24.1.4"
    if code in FAILS_ON_SLURM:
        return "a running Galaxy on Slurm"
    if code in FAILS:
        return "Galaxy's code"
    return "Galaxy's loader" if CODES[code].effect == START else ""
