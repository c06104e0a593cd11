# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: job_info
short_description: Read jobs of a cluster
version_added: 0.1.0
author: clusterjobs contributors (@clusterjobs)
description:
  - Asks the queue, and the accounting for what the queue does not know, about any number of jobs in one call each.
  - A job that neither knows is UNKNOWN. Unknown never means done.
extends_documentation_fragment:
  - clusterjobs.drm.drm
attributes:
  check_mode:
    description: It only reads.
    support: full
  diff_mode:
    description: It changes nothing.
    support: none
options:
  job_ids:
    description: The DRM's ids of the jobs.
    type: list
    elements: str
    required: true
  timeout:
    description: How long to go on asking a DRM that does not answer, in seconds.
    type: int
    default: 60
seealso:
  - module: clusterjobs.drm.job
"""

EXAMPLES = r"""
- name: How did these jobs end?
  clusterjobs.drm.job_info:
    job_ids: "{{ index.jobs | map(attribute='job_id') }}"
  register: jobs
"""

RETURN = r"""
drm:
  description: The DRM that was asked.
  returned: always
  type: str
  sample: slurm
jobs:
  description: The jobs in the order asked for; each as M(clusterjobs.drm.job) returns it, without what only a submission knows.
  returned: success
  type: list
  elements: dict
  sample: [{"job_id": "4711", "state": "FAILED", "native_state": "TIMEOUT", "end_reason": "WALLTIME"}]
commands:
  description: The DRM's commands that were run, as lists, each once.
  returned: always
  type: list
  elements: list
"""

import shutil
import time
from typing import Any, Dict

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.clusterjobs.drm.plugins.module_utils._arguments import DRM_SPEC, check_limits
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.client import Client
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.errors import DrmError
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.registry import choose
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.wait import Clock, ask_until_answered
from ansible_collections.clusterjobs.drm.plugins.module_utils._runner import Runner


def main() -> None:
    spec = dict(
        DRM_SPEC, job_ids={"type": "list", "elements": "str", "required": True}, timeout={"type": "int", "default": 60}
    )
    module = AnsibleModule(spec, supports_check_mode=True)
    params = module.params
    result: Dict[str, Any] = {"changed": False, "commands": []}
    try:
        check_limits(params)
        drm = choose(params["drm"], shutil.which)
        result["drm"] = drm.name
        runner = Runner(params["command_timeout"], drm.wrapper)
        result["commands"] = runner.commands
        client = Client(drm, runner, params["cluster"])
        job_ids = list(dict.fromkeys(params["job_ids"]))
        snapshot = ask_until_answered(
            lambda: client.statuses(job_ids), params["timeout"], Clock(time.monotonic, time.sleep)
        )
        result["jobs"] = [snapshot.jobs[job_id].as_dict() for job_id in job_ids]
    except DrmError as error:
        module.fail_json(**dict(result, **error.fail_arguments()))
    for trouble in snapshot.unanswered:
        module.warn(trouble)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
