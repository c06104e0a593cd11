# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_info
short_description: Read a cluster's queues and nodes
version_added: 0.1.0
author: clusterjobs contributors (@clusterjobs)
description:
  - Which DRM a cluster runs and in which version, its queues with their limits and states, and its nodes with slots, memory, features and states.
  - What it returns has the same shape on every DRM. A state that is not known is UNKNOWN, and the DRM's own word for it is kept beside it.
  - A cluster that answers in part is an error, as a list that lacks nodes would be taken for the whole.
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
  timeout:
    description: How long to go on asking a DRM that does not answer, in seconds.
    type: int
    default: 60
seealso:
  - plugin: clusterjobs.drm.nodes
    plugin_type: inventory
"""

EXAMPLES = r"""
- name: What is this cluster?
  clusterjobs.drm.cluster_info:
  register: cluster

- name: Name the nodes that take no jobs, and why
  ansible.builtin.debug:
    msg: "{{ item.name }} is {{ item.native_state }}: {{ item.message }}"
  loop: "{{ cluster.nodes | selectattr('state', 'in', ['CLOSED', 'DOWN', 'UNKNOWN']) }}"
  loop_control:
    label: "{{ item.name }}"

- name: Keep it as a source for the inventory plugin
  ansible.builtin.copy:
    content: "{{ cluster | to_nice_json }}"
    dest: /srv/inventory/cluster.json
    mode: "0644"
  delegate_to: localhost
"""

RETURN = r"""
drm:
  description: The DRM that was asked.
  returned: always
  type: str
  sample: slurm
version:
  description: The DRM's version; of V(local) the kernel's.
  returned: success
  type: str
  sample: 24.11.5
name:
  description: The cluster's own name, or its server's.
  returned: success
  type: str
  sample: galaxy
queues:
  description: The queues or partitions. HTCondor and V(local) have none.
  returned: success
  type: list
  elements: dict
  sample: [{"name": "main", "state": "OPEN", "native_state": "UP", "default": true, "walltime_seconds": 86400, "slots": 16, "nodes": ["node1"]}]
  contains:
    name:
      description: The queue's name.
      type: str
    state:
      description:
        - OPEN takes jobs and starts them, STOPPED takes them and starts none, DRAINING starts those it has and takes no new ones, CLOSED does neither.
        - UNKNOWN where the DRM's word for it is not known.
      type: str
    native_state:
      description: The DRM's own word.
      type: str
    default:
      description: Whether jobs go there that name no queue.
      type: bool
    walltime_seconds:
      description: The longest a job may run; null where there is no limit, or none is told.
      type: int
    memory_mb:
      description: The most memory a job can have on one node; null where there is no limit, or none is told.
      type: int
    slots:
      description: The slots of its nodes together; null where the DRM does not tell.
      type: int
    nodes:
      description: The names of its nodes.
      type: list
      elements: str
nodes:
  description: The nodes that run jobs.
  returned: success
  type: list
  elements: dict
  sample: [{"name": "node1", "state": "MIXED", "native_state": "MIXED", "slots": 16, "slots_used": 4, "memory_mb": 64000, "queues": ["main"]}]
  contains:
    name:
      description: The node's name in the DRM.
      type: str
    state:
      description:
        - By its slots IDLE, MIXED or FULL. CLOSED answers and takes no new jobs, DOWN does not answer.
        - UNKNOWN where the DRM's word for it is not known.
      type: str
    native_state:
      description: The DRM's own word.
      type: str
    slots:
      description: How many slots it has.
      type: int
    slots_used:
      description: How many of them are in use.
      type: int
    memory_mb:
      description: The memory that jobs can have on it, in MiB; null where the DRM does not tell.
      type: int
    gpus:
      description: How many GPUs it has; null where the DRM does not tell.
      type: int
    features:
      description: What a job can ask for by name.
      type: list
      elements: str
    queues:
      description: The queues that it works for.
      type: list
      elements: str
    message:
      description: Why it is not in use, in the administrator's or the DRM's words.
      type: str
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
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.wait import Clock, until_answered
from ansible_collections.clusterjobs.drm.plugins.module_utils._runner import Runner


def main() -> None:
    module = AnsibleModule(dict(DRM_SPEC, timeout={"type": "int", "default": 60}), supports_check_mode=True)
    params = module.params
    result: Dict[str, Any] = {"changed": False, "commands": []}
    try:
        check_limits(params)
        drm = choose(params["drm"], shutil.which)
        result["drm"] = drm.name
        runner = Runner(params["command_timeout"], drm.wrapper)
        result["commands"] = runner.commands
        client = Client(drm, runner, params["cluster"])
        cluster = until_answered(client.cluster_status, params["timeout"], Clock(time.monotonic, time.sleep))
    except DrmError as error:
        module.fail_json(**dict(result, **error.fail_arguments()))
    module.exit_json(**dict(result, **cluster.as_dict()))


if __name__ == "__main__":
    main()
