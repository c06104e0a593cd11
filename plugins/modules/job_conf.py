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
  state:
    description:
      - V(present) writes the file, after everything has been checked.
      - V(linted) writes nothing. It checks O(job_config), or the file that is at O(path) where that is not given, and fails if there is an error.
      - V(absent) removes the file.
    type: str
    choices: [present, linted, absent]
    default: present
  job_config:
    description:
      - The job configuration, C(runners), C(execution), C(tools) and so on, as Galaxy documents it. O(state=present) needs it.
      - The variable C(galaxy_jobconf) of the European servers' playbooks, with C(plugins), C(destinations) and C(limits), is taken too,
        and so is the text of a C(job_conf.xml) or C(job_conf.yml).
      - Beside its own keys an environment takes C(slots), C(memory_mb), C(walltime), C(queue), C(account), C(gpus) and C(native_options),
        which mean what they mean at M(clusterjobs.drm.job). They become the words of the environment's runner and, with O(drm) or
        the environment's own C(drm), those of the DRM. A resource that the runner cannot ask for is an error. Under an explicit C(params)
        these names are the runner's own.
      - C(GALAXY_SLOTS), C(GALAXY_MEMORY_MB) and C(GALAXY_MEMORY_MB_PER_SLOT) are set from C(slots) and C(memory_mb) where Galaxy cannot find
        them (LSF, PBS, HTCondor, memory of Grid Engine). C(galaxy_variables=true) sets them everywhere, V(false) nowhere.
    type: raw
  galaxy_config:
    description:
      - The settings that Galaxy is going to have, C(galaxy) and so on, as they will stand in its C(galaxy.yml).
      - A C(job_config) in them is an error, because Galaxy would never read the file. Jobs of real users and file staging are looked at too.
    type: dict
  galaxy_config_file:
    description:
      - The C(galaxy.yml) on the host, looked at for the same reason where O(galaxy_config) is not given. It may be missing.
    type: path
  drm:
    description:
      - The DRM behind environments whose runner does not tell, that is C(drmaa), C(univa) and C(pulsar). An environment's own C(drm) comes first.
    type: str
    choices: [auto, slurm, gridengine, pbspro, torque, lsf, htcondor, local]
    default: auto
  galaxy_release:
    description: Galaxy's release, which decides what runners and parameters there are. Releases before 20.05 read XML alone.
    type: str
    default: "26.1"
  cluster:
    description: What M(clusterjobs.drm.cluster_info) returned. With it requests above a queue's limits are errors.
    type: dict
  umask:
    description:
      - The umask of the jobs, as a quoted octal number such as V('027'). Each environment's C(env) gets C(umask 027) as its last command.
      - An environment that sets its umask itself keeps it, and those of a rule (C(dynamic), C(dynamic_tpv)) are left alone.
      - Without it a job has whatever umask the DRM's daemon or a remote login gives it, which need not be that of Galaxy's service.
    type: raw
  waive:
    description:
      - Codes of findings that are known and accepted. They are returned with the level V(waived), and stop nothing.
      - What cannot be read or written at all cannot be waived.
    type: list
    elements: str
    default: []
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
      description: C(error), C(warning), C(note) for what was mended in what is written, or C(waived).
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
  returned: O(state=present)
  type: str
backup_file:
  description: Where the former file was kept.
  returned: changed and O(backup=true)
  type: str
"""
