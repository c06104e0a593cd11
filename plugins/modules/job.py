# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: job
short_description: Run a job on a cluster, exactly once
version_added: 0.1.0
author: clusterjobs contributors (@clusterjobs)
description:
  - Submits a job to a batch system and brings it into a desired state, V(finished) included.
  - With a O(key) the job is submitted once, whatever happens in between. The same task run again finds it.
  - The wait is made of short slices on the host, so it outlives a lost connection or a rebooted submit host, and an overnight job.
extends_documentation_fragment:
  - clusterjobs.drm.drm
attributes:
  check_mode:
    description: Submits nothing; the DRM's own dry run is used where it has one.
    support: full
  diff_mode:
    description: Shows the job script and the submission command.
    support: full
  async:
    description: Submit with O(state=submitted), and ask for O(state=finished) with the same O(key) in a later task.
    support: none
options:
  command:
    description:
      - The program to run with its arguments, as a list, or as a text that is split like a shell would but never given to one.
      - Exactly one of O(command), O(script) and O(src) says what to run.
    type: raw
  script:
    description:
      - The job script's text. Without a first line C(#!…) bash runs it. The DRM's directives in it (C(#SBATCH …)) count, but not where DRMAA submits it.
    type: str
  src:
    description:
      - A job script that is on the host already, an absolute path.
    type: path
  args:
    description: Arguments of the script.
    type: list
    elements: str
  name:
    description:
      - The job's name, by default that of the program or file. A short token is put behind it, by which a submission is found again.
      - 1 to 64 letters, digits and C(_ . + -).
    type: str
  key:
    description:
      - What this job makes, for instance C(index-hg38-v3). One job is ever submitted under a key on one DRM and O(cluster).
      - A job that lives or has ended well is not submitted again. Another request under the same key is an error that shows the difference.
      - Without a key every run of the task submits a new job.
    type: str
  resubmit:
    description:
      - What to do when the job of this O(key) failed or was cancelled.
      - V(never) reports it, which is the default. V(on_failure) submits a new attempt, whose request may differ.
    type: str
    choices: [never, on_failure]
  queue:
    description: The queue (Slurm's partition).
    type: str
  account:
    description: The account that is charged.
    type: str
  priority:
    description:
      - A job of higher priority runs sooner. On Slurm this is the negative of C(--nice), so ordinary users may only lower it.
    type: int
  slots:
    description: CPU cores of the whole job.
    type: int
  nodes:
    description: Number of nodes that the slots are spread over.
    type: int
  gpus:
    description: GPUs of the whole job.
    type: int
  memory_mb:
    description: Memory of the whole job, in MiB.
    type: int
  walltime:
    description:
      - Time limit of the job, an integer of seconds, or a text V(H:MM:SS) or V(D-HH:MM:SS). Quote the text in YAML.
    type: raw
  array:
    description: Indices of a job array, such as V(1-10), V(0-8:2), V(1,3,5) or V(1-100%5) (at most 5 at once).
    type: str
  depends_on:
    description: Ids of jobs that must have ended well before this one starts.
    type: list
    elements: str
  hold:
    description: Submit the job held. It is not part of what a O(key) identifies.
    type: bool
  chdir:
    description: The job's working directory, an absolute path that exists on the nodes; by default the account's home.
    type: path
  stdout:
    description: The file for the job's standard output, in the DRM's own notation (Slurm's C(%j)), relative to O(chdir).
    type: path
  stderr:
    description: The file for the job's standard error; by default it goes where the standard output goes.
    type: path
  environment:
    description: Variables of the job. These are not secret.
    type: dict
  secret_environment:
    description:
      - Variables of the job that no log, diff or command line shows. Each value has 6 characters or more.
      - They are put into a file of mode 0600 below O(journal_dir), which must then be on a file system that the nodes share.
        The job's script, which must be a POSIX shell's, reads that file. It is removed when the job is seen to have ended.
    type: dict
  native_options:
    description: Options in the DRM's own words, one argument an item. They come last and win.
    type: list
    elements: str
  jobs:
    description:
      - Many jobs in one task. Each item has the options above; the task's own ones are their defaults.
    type: list
    elements: dict
    suboptions:
      command:
        description: As O(command).
        type: raw
      script:
        description: As O(script).
        type: str
      src:
        description: As O(src).
        type: path
      args:
        description: As O(args).
        type: list
        elements: str
      name:
        description: As O(name).
        type: str
      key:
        description: As O(key).
        type: str
      resubmit:
        description: As O(resubmit).
        type: str
        choices: [never, on_failure]
      queue:
        description: As O(queue).
        type: str
      account:
        description: As O(account).
        type: str
      priority:
        description: As O(priority).
        type: int
      slots:
        description: As O(slots).
        type: int
      nodes:
        description: As O(nodes).
        type: int
      gpus:
        description: As O(gpus).
        type: int
      memory_mb:
        description: As O(memory_mb).
        type: int
      walltime:
        description: As O(walltime).
        type: raw
      array:
        description: As O(array).
        type: str
      depends_on:
        description: As O(depends_on).
        type: list
        elements: str
      hold:
        description: As O(hold).
        type: bool
      chdir:
        description: As O(chdir).
        type: path
      stdout:
        description: As O(stdout).
        type: path
      stderr:
        description: As O(stderr).
        type: path
      environment:
        description: As O(environment).
        type: dict
      secret_environment:
        description: As O(secret_environment).
        type: dict
      native_options:
        description: As O(native_options).
        type: list
        elements: str
  job_id:
    description: A job that is there already.
    type: str
  job_ids:
    description: Jobs that are there already.
    type: list
    elements: str
  state:
    description:
      - V(submitted) submits and does not wait. V(started) and V(finished) wait until the job runs or has ended.
      - V(held), V(released), V(suspended), V(resumed) and V(absent) (cancelled) control the job and wait up to 60 seconds to see it.
      - With a O(key) alone, without something to run, the state is that of the job which the key stands for.
    type: str
    choices: [submitted, started, finished, held, released, suspended, resumed, absent]
    default: submitted
  wait_timeout:
    description: How long to wait for the state, in seconds. The jobs go on when it is over, unless O(cancel_on_timeout).
    type: int
    default: 3600
  wait_interval:
    description:
      - How often to ask the DRM, in seconds, 0.1 or more. By default twice a second at first, then each sixtieth of the time waited, at most every 30 seconds.
    type: float
  cancel_on_timeout:
    description: Cancel the jobs that are not there when O(wait_timeout) is over.
    type: bool
    default: false
  fail_on_job_failure:
    description: Fail the task when a job has failed or was cancelled.
    type: bool
    default: true
  return_output:
    description: Return the standard output and error of finished jobs, as the submit host sees the files.
    type: bool
    default: true
  output_max_bytes:
    description: How many bytes of each are returned, from the end.
    type: int
    default: 65536
  journal_dir:
    description:
      - Where this host remembers what it has submitted, an absolute path, by default C($XDG_STATE_HOME/clusterjobs), else C(~/.local/state/clusterjobs).
        It belongs to the account alone.
    type: path
  _slice:
    description: What the action plugin asks of the module. Not an option for plays, and refused there.
    type: dict
notes:
  - Root is refused as a submitter on every DRM but V(local). Set C(become_user) to the account that owns the jobs.
seealso:
  - module: clusterjobs.drm.job_info
"""

EXAMPLES = r"""
- name: Index the genome, once, on the long queue
  clusterjobs.drm.job:
    key: index-hg38-v3
    script: |
      bwa index hg38.fa
    chdir: /clusterfs/genomes
    queue: long
    slots: 8
    memory_mb: 32000
    walltime: "12:00:00"
    native_options: [--constraint=avx512]
    state: finished
    wait_timeout: 43200
  register: index

- name: Two jobs in one task, with what they share said once
  clusterjobs.drm.job:
    slots: 2
    walltime: "0:10:00"
    jobs:
      - key: test-bwa
        command: [/clusterfs/tools/test, bwa]
      - key: test-samtools
        command: [/clusterfs/tools/test, samtools]
        slots: 4
    state: finished

- name: Cancel what the key stands for
  clusterjobs.drm.job:
    key: index-hg38-v3
    state: absent
"""

RETURN = r"""
drm:
  description: The DRM that was used.
  returned: always
  type: str
  sample: slurm
jobs:
  description: The jobs, in the order asked for. On an error too, everything that was submitted.
  returned: always
  type: list
  elements: dict
  contains:
    job_id:
      description: The DRM's id of the job.
      type: str
      sample: "4711"
    key:
      description: The key it was submitted under, if the user gave one.
      type: str
    name:
      description: The job's name on the DRM.
      type: str
      sample: index-3f2a90b1c4
    owner:
      description: The job's user.
      type: str
    state:
      description: QUEUED, HELD, RUNNING, SUSPENDED, DONE, FAILED, CANCELLED or UNKNOWN. Unknown never means done.
      type: str
      sample: DONE
    native_state:
      description: The state in the DRM's own word.
      type: str
      sample: COMPLETED
    end_reason:
      description: Why it did not end well. CANCELLED, WALLTIME, MEMORY, NODE_FAILURE, PREEMPTED, DEPENDENCY, SIGNAL, REQUEUE_LIMIT or OTHER.
      type: str
    exit_code:
      description: The exit code of the job's script, where it ended by one.
      type: int
    signal:
      description: The signal that ended it, where the DRM tells.
      type: int
    queue:
      description: The queue.
      type: str
    nodes:
      description: The hosts it runs or ran on.
      type: list
      elements: str
    submit_time:
      description: Epoch seconds.
      type: int
    start_time:
      description: Epoch seconds.
      type: int
    end_time:
      description: Epoch seconds.
      type: int
    message:
      description: What the DRM says, such as why the job is pending.
      type: str
    tasks:
      description: The elements of an array, each of the same form.
      type: list
      elements: dict
    changed:
      description: Whether this task submitted it or changed its state.
      type: bool
    stdout_path:
      description: Where its standard output is.
      type: str
    stderr_path:
      description: Where its standard error is.
      type: str
    stdout:
      description: The end of its standard output, for jobs submitted by this module that have ended.
      type: str
    stderr:
      description: The end of its standard error; empty where that goes to the standard output.
      type: str
timed_out:
  description: Whether the wait ended before the state was there.
  returned: always
  type: bool
commands:
  description: The DRM's commands that were run, as lists, each once. Environment and scripts are not in them.
  returned: always
  type: list
  elements: list
"""

import os
import shutil
from typing import Any, Dict

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.clusterjobs.drm.plugins.module_utils._arguments import (
    DRM_SPEC,
    REQUEST_SPEC,
    check_limits,
    journal_directory,
    orders_from,
    refuse_root,
    slice_from,
    targets_from,
)
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.client import Client
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.desired import CONTROLS, Desired, Wish
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.errors import DrmError
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.journal import Journal
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.preview import Preview
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.registry import choose
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.submission import Submitter
from ansible_collections.clusterjobs.drm.plugins.module_utils._runner import Runner, lasting_directory

STATES = ["submitted", "started", "finished", "held", "released", "suspended", "resumed", "absent"]
WISHES = (
    "state",
    "wait_timeout",
    "wait_interval",
    "cancel_on_timeout",
    "fail_on_job_failure",
    "return_output",
    "output_max_bytes",
)


def argument_spec() -> Dict[str, Any]:
    return dict(
        REQUEST_SPEC,
        **DRM_SPEC,
        jobs={"type": "list", "elements": "dict", "options": REQUEST_SPEC},
        job_id={"type": "str"},
        job_ids={"type": "list", "elements": "str"},
        state={"type": "str", "choices": STATES, "default": "submitted"},
        wait_timeout={"type": "int", "default": 3600},
        wait_interval={"type": "float"},
        cancel_on_timeout={"type": "bool", "default": False},
        fail_on_job_failure={"type": "bool", "default": True},
        return_output={"type": "bool", "default": True},
        output_max_bytes={"type": "int", "default": 65536},
        journal_dir={"type": "path"},
        _slice={"type": "dict"},
    )


def main() -> None:
    module = AnsibleModule(
        argument_spec(),
        supports_check_mode=True,
        mutually_exclusive=[("job_id", "job_ids", "jobs", "key"), ("job_id", "job_ids", "command", "script", "src")],
    )
    params = module.params
    result: Dict[str, Any] = {"changed": False, "timed_out": False, "jobs": [], "commands": [], "diff": []}
    try:
        check_limits(params)
        drm = choose(params["drm"], shutil.which)
        result["drm"] = drm.name
        refuse_root(drm.name, os.geteuid())
        task, part = slice_from(params["_slice"])
        runner = Runner(params["command_timeout"], drm.wrapper, lasting_directory())
        result["commands"] = runner.commands
        client = Client(drm, runner, params["cluster"])
        journal = Journal(journal_directory(params), drm.name, params["cluster"], params["command_timeout"] + 30)
        submitter = Submitter(client, journal, task)
        targets = targets_from(params)
        orders = [] if targets else orders_from(params, task)
        if module.check_mode:
            Preview(submitter, CONTROLS.get(params["state"], {}), result).run(orders, targets.keys, targets.job_ids)
        else:
            wish = Wish(**{name: params[name] for name in WISHES})
            Desired(submitter, wish, part, module._verbosity > 0, result).run(orders, targets)
    except DrmError as error:
        finish(module, dict(result, failed=True, **error.fail_arguments()))
    finish(module, result)


def finish(module: AnsibleModule, result: Dict[str, Any]) -> None:
    if not module._diff:
        result.pop("diff")
    for warning in result.pop("warnings", []):
        module.warn(warning)
    if result.pop("failed", False):
        module.fail_json(**result)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
