# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: job_conf
short_description: Render Galaxy's job configuration into a file
version_added: 0.1.0
author: clusterjobs contributors (@clusterjobs)
description:
  - Takes Galaxy's job configuration in its native structure, the one of C(job_conf.yml), and writes it as YAML or XML.
  - An environment may ask for resources in the words of M(clusterjobs.drm.job); they are translated into those of its runner.
  - What Galaxy would refuse at its start, fail at when a job comes, or silently ignore, is an error before anything is written.
  - Rendering and checks happen on the controller. M(ansible.builtin.copy) puts the finished text into its place, in one step.
options:
  path:
    description:
      - The file, an absolute path. Like Galaxy itself, the module takes it for XML where C(.xml) is anywhere in the path, else for YAML.
    type: path
    required: true
    aliases: [dest]
  job_config:
    description:
      - The job configuration, C(runners), C(execution), C(tools) and so on, as Galaxy documents it.
      - Beside its own keys an environment takes C(slots), C(memory_mb), C(walltime), C(queue), C(account), C(gpus) and C(native_options),
        which mean what they mean at M(clusterjobs.drm.job), where its runner is C(local), C(slurm), C(drmaa), or C(cli) with the job
        plugin C(Slurm). A resource that the runner cannot ask for is an error. Under an explicit C(params) these names are the runner's own.
      - With C(galaxy_variables=true) an environment sets C(GALAXY_SLOTS) and C(GALAXY_MEMORY_MB) from C(slots) and C(memory_mb).
    type: dict
    required: true
  galaxy_config:
    description:
      - The settings that Galaxy is going to have, C(galaxy) and so on, as they will stand in its C(galaxy.yml).
      - A C(job_config) in them is an error, because Galaxy would never read the file.
    type: dict
  galaxy_config_file:
    description:
      - The C(galaxy.yml) on the host, looked at for the same reason where O(galaxy_config) is not given. It may be missing.
    type: path
  drm:
    description:
      - The DRM behind environments whose runner does not tell, that is C(drmaa).
    type: str
    choices: [auto, slurm, local]
    default: auto
  backup:
    description: Keep what was there under another name in the same directory.
    type: bool
    default: false
extends_documentation_fragment:
  - ansible.builtin.files
  - ansible.builtin.validate
attributes:
  check_mode:
    description: Writes nothing, and finds what is wrong all the same.
    support: full
  diff_mode:
    description: Shows the job configuration before and after as Galaxy understands it, without secrets, and so without a file's comments.
    support: full
  async:
    description: There is nothing to wait for.
    support: none
notes:
  - Vaulted values are written as plain text. Give the file a O(mode) that keeps others out.
  - Galaxy reads the file at its start. Notify a handler that restarts it, like C(restart galaxy) of the role P(clusterjobs.drm.galaxy_service#role).
seealso:
  - module: clusterjobs.drm.job
  - plugin: clusterjobs.drm.to_job_conf
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Galaxy's jobs go to Slurm
  clusterjobs.drm.job_conf:
    path: /srv/galaxy/config/job_conf.yml
    owner: galaxy
    mode: "0640"
    backup: true
    job_config:
      runners:
        local:
          load: galaxy.jobs.runners.local:LocalJobRunner
        cli:
          load: galaxy.jobs.runners.cli:ShellJobRunner
      execution:
        default: slurm
        environments:
          local:
            runner: local
          slurm:
            runner: cli
            shell_plugin: LocalShell
            job_plugin: Slurm
            queue: main
            slots: 4
            memory_mb: 8000
            walltime: "4:00:00"
      tools:
        - class: local
          environment: local
  notify: restart galaxy

- name: The same for a Galaxy that has slurm-drmaa, as XML
  clusterjobs.drm.job_conf:
    path: /srv/galaxy/config/job_conf.xml
    job_config: "{{ galaxy_job_config }}"
    galaxy_config_file: /srv/galaxy/config/galaxy.yml
"""

RETURN = r"""
findings:
  description: What is wrong with the job configuration. On success there are warnings alone.
  returned: always
  type: list
  elements: dict
  contains:
    code:
      description: What kind of finding it is.
      type: str
      sample: unknown-runner-parameter
    level:
      description: C(error) or C(warning).
      type: str
    place:
      description: The path of keys to it.
      type: str
      sample: runners.cli.recheck_missing_job_retries
    message:
      description: What is wrong.
      type: str
    mend:
      description: What to do about it.
      type: str
dest:
  description: The file.
  returned: success
  type: str
backup_file:
  description: Where the former file was kept.
  returned: changed and O(backup=true)
  type: str
"""
