# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: drmaa_info
short_description: Look at a DRMAA library, and refuse one that is not for this host and DRM
version_added: 0.1.0
author: clusterjobs contributors (@clusterjobs)
description:
  - A library for another architecture, for another DRM, or linked against another client library than the DRM's commands on this host run with is an error
    that says so. So is TORQUE's own libdrmaa, which crashes and drops native options.
  - The library is loaded in a process of its own, with a time limit, and asked by C(drmaa_get_DRM_system), C(drmaa_get_DRMAA_implementation) and
    C(drmaa_version). That opens no session; slurm-drmaa asks the controller for its version nonetheless.
  - With O(python) a session is opened as well, by that Python and its package C(drmaa), as Galaxy does.
  - A library's code runs with the rights of whoever asks. Set C(become_user) to the account that is going to use it.
attributes:
  check_mode:
    description: It only reads.
    support: full
  diff_mode:
    description: It changes nothing.
    support: none
options:
  drm:
    description: The DRM that the library is to be for.
    type: str
    choices: [gridengine, htcondor, lsf, pbspro, slurm, torque]
    required: true
  path:
    description: The library. Without it only RV(client) is told.
    type: path
  python:
    description: A Python with the package C(drmaa), such as that of Galaxy's virtual environment, which opens a session.
    type: path
  command_timeout:
    description: Time limit of each command and each question, in seconds.
    type: int
    default: 60
notes:
  - The DRM's commands are looked for on the PATH of the account. Where they are elsewhere, or the library needs variables such as C(SGE_ROOT), set the task
    keyword C(environment).
seealso:
  - module: clusterjobs.drm.job
"""

EXAMPLES = r"""
- name: Is this library for the Slurm that is installed here?
  clusterjobs.drm.drmaa_info:
    drm: slurm
    path: /usr/lib/slurm-drmaa/lib/libdrmaa.so.1
  become: true
  become_user: galaxy

- name: Can Galaxy open a session?
  clusterjobs.drm.drmaa_info:
    drm: gridengine
    path: /usr/lib/gridengine-drmaa/lib/libdrmaa.so.1.0
    python: /srv/galaxy/venv/bin/python
  become: true
  become_user: galaxy
"""

RETURN = r"""
system:
  description: What C(drmaa_get_DRM_system) answers; in an open session, where O(python) was given.
  returned: success, with O(path)
  type: str
  sample: SGE 8.1.9
implementation:
  description: What C(drmaa_get_DRMAA_implementation) answers.
  returned: success, with O(path)
  type: str
  sample: SGE 8.1.9
version:
  description: What C(drmaa_version) answers.
  returned: success, with O(path)
  type: str
  sample: "1.0"
architecture:
  description: What the library is made for.
  returned: success, with O(path)
  type: str
  sample: x86_64, 64 bits, little-endian
linked:
  description: The DRM's client library, as the library is linked against it; null where it is not.
  returned: success, with O(path)
  type: dict
  sample: {"by": "/opt/drmaa/slurm/lib/libdrmaa.so", "interface": "38", "name": "libslurm.so.38", "path": "/usr/lib/x86_64-linux-gnu/libslurm.so.38.0.0"}
client:
  description: The DRM's client library that its commands on this host run with; null where that cannot be told.
  returned: success
  type: dict
  sample: {"by": "/usr/bin/sbatch", "interface": "38", "name": "libslurmfull.so", "path": "/usr/lib/x86_64-linux-gnu/slurm-wlm/libslurmfull.so"}
commands:
  description: The commands that were run, as lists, each once.
  returned: always
  type: list
  elements: list
  sample: [["ldd", "/opt/drmaa/slurm/lib/libdrmaa.so"]]
"""

import shutil
from dataclasses import asdict
from typing import Any, Dict

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.drmaa_library import (
    DRM_NAMES,
    examine,
    host_client,
    open_session,
)
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.errors import DrmError
from ansible_collections.clusterjobs.drm.plugins.module_utils._runner import Runner

SPEC: Dict[str, Any] = {
    "drm": {"type": "str", "choices": list(DRM_NAMES), "required": True},
    "path": {"type": "path"},
    "python": {"type": "path"},
    "command_timeout": {"type": "int", "default": 60},
}


def main() -> None:
    module = AnsibleModule(SPEC, supports_check_mode=True, required_by={"python": "path"})
    params = module.params
    runner = Runner(params["command_timeout"])
    result: Dict[str, Any] = {"changed": False, "commands": runner.commands}
    try:
        if params["path"]:
            result.update(examine(params["path"], params["drm"], runner.run, shutil.which))
        else:
            client = host_client(params["drm"], runner.run, shutil.which)
            result["client"] = asdict(client) if client else None
        if params["python"]:
            result["system"] = open_session(params["path"], params["python"], runner.run)["system"]
    except DrmError as error:
        module.fail_json(**dict(result, **error.fail_arguments()))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
