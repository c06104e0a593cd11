# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: submit_host
short_description: Register a host with the DRM as a submit host
version_added: 0.1.0
author: clusterjobs contributors (@clusterjobs)
description:
  - Lets a host submit jobs, on the DRM's side. It is run on a host where the DRM is administered, by root or a manager of the DRM; the client on the
    submit host itself is the role P(clusterjobs.drm.submit_host#role)'s.
  - Grid Engine, by C(qconf -as) and C(qconf -ds). Tested on a real 8.1.9.
  - Slurm, C(AllocNodes) of partitions, by C(scontrol update). Tested on real 22.05 and 24.11. That changes the running controller alone; RV(persistent)
    and RV(notes) say what slurm.conf has.
  - PBS Pro, C(acl_hosts) where C(acl_host_enable) is on, and C(flatuid) where asked for; TORQUE, C(submit_hosts), and C(acl_hosts) likewise; both by
    C(qmgr). Made from recorded servers' attributes and the manuals, not tested on real ones.
  - LSF and HTCondor have files for it, not commands. The module looks whether LSF knows the host (C(lshosts)), or HTCondor's collector its schedd
    (C(condor_status), until O(timeout)), and where that is not so it fails and says what to write, and where.
  - What was done is read again. A command that ended well and changed nothing is an error.
extends_documentation_fragment:
  - clusterjobs.drm.drm
attributes:
  check_mode:
    description: The lists are read, nothing is changed, and the diff shows what would be.
    support: full
  diff_mode:
    description: The lists of hosts before and after.
    support: full
options:
  host:
    description: The host's name, as the DRM resolves it.
    type: str
    required: true
  state:
    description: Whether it may submit.
    type: str
    choices: [present, absent]
    default: present
  queues:
    description:
      - Slurm's partitions that it is about. Without them, all whose C(AllocNodes) is a list.
      - Refused on the other DRMs.
    type: list
    elements: str
    default: []
  flatuid:
    description:
      - Also set PBS Pro's C(flatuid), so that an account of the same name on every host is the same one. That is for all hosts, not for this one alone.
      - V(false) leaves it as it is. Refused on the other DRMs.
    type: bool
    default: false
  timeout:
    description: How long to go on asking a DRM that does not answer, or waiting for HTCondor's collector to hear of the schedd, in seconds.
    type: int
    default: 60
seealso:
  - module: clusterjobs.drm.cluster_info
"""

EXAMPLES = r"""
- name: Let the Galaxy server submit to Grid Engine
  clusterjobs.drm.submit_host:
    drm: gridengine
    host: galaxy.example.org
  become: true
  delegate_to: head1

- name: Let it submit to two partitions that only some hosts may use, until slurmctld starts again
  clusterjobs.drm.submit_host:
    drm: slurm
    host: galaxy
    queues: [long, gpu]
  become: true
  delegate_to: head1
  register: registered

- name: Say what is left to be done in slurm.conf
  ansible.builtin.debug:
    var: registered.notes

- name: The old server is gone
  clusterjobs.drm.submit_host:
    drm: torque
    host: galaxy-old.example.org
    state: absent
  become: true
  delegate_to: head1
"""

RETURN = r"""
drm:
  description: The DRM that was asked.
  returned: always
  type: str
  sample: gridengine
hosts:
  description: The DRM's lists by their names, as they are now, or would be in check mode.
  returned: success
  type: dict
  sample: {"submit_hosts": ["head1", "galaxy.example.org"]}
persistent:
  description: Whether it stays so when the DRM starts again; null where that cannot be told.
  returned: success
  type: bool
  sample: true
notes:
  description: What there is to know beside it, such as what slurm.conf says.
  returned: success
  type: list
  elements: str
  sample: []
commands:
  description: The DRM's commands that were run, as lists, each once.
  returned: always
  type: list
  elements: list
  sample: [["qconf", "-ss"], ["qconf", "-as", "galaxy.example.org"]]
"""

import shutil
import time
from typing import Any, Dict

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.clusterjobs.drm.plugins.module_utils._arguments import DRM_SPEC, check_limits
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.client import Client
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.errors import DrmError
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.registration import Wanted, register
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.registrations import registration_of
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.registry import choose
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.wait import Clock
from ansible_collections.clusterjobs.drm.plugins.module_utils._runner import Runner
from ansible_collections.clusterjobs.drm.plugins.module_utils._values import check_word

SPEC: Dict[str, Any] = dict(
    DRM_SPEC,
    host={"type": "str", "required": True},
    state={"type": "str", "choices": ["present", "absent"], "default": "present"},
    queues={"type": "list", "elements": "str", "default": []},
    flatuid={"type": "bool", "default": False},
    timeout={"type": "int", "default": 60},
)


def main() -> None:
    module = AnsibleModule(SPEC, supports_check_mode=True)
    params = module.params
    runner = Runner(params["command_timeout"])
    result: Dict[str, Any] = {"changed": False, "commands": runner.commands}
    try:
        check_limits(params)
        wanted = Wanted(params["host"], params["state"] == "present", tuple(params["queues"]), params["flatuid"])
        drm = choose(params["drm"], shutil.which)
        result["drm"] = drm.name
        client = Client(drm, runner, check_word("cluster", params["cluster"]))
        clock = Clock(time.monotonic, time.sleep)
        registered = register(registration_of(drm), client, wanted, params["timeout"], clock, module.check_mode)
    except DrmError as error:
        module.fail_json(**dict(result, **error.fail_arguments()))
    result.update(registered.as_dict())
    module.exit_json(**result)


if __name__ == "__main__":
    main()
