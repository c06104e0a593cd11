# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: verify_report
short_description: Write the report of a cluster's verification
version_added: 0.1.0
author: clusterjobs contributors (@clusterjobs)
description:
  - Takes what the role P(clusterjobs.drm.cluster_verify#role) measured, and writes it on the controller as one page of HTML that needs no other file,
    as JUnit XML, as JSON and as a short text, which is printed, too.
  - Compares with the report that is in the directory already, if that is of the same server and DRM.
  - It does not fail for what was measured. Look at RV(ready) or RV(failed_checks).
options:
  measured:
    description:
      - What was measured, with C(schema), C(run) and C(checks). C(docs/verify-report.md) of the collection has the shape.
      - Its texts may come from a node. They are cut to a length, and can neither steer a terminal nor become a part of the page.
    type: dict
    required: true
  waived:
    description:
      - Reasons by the name of a check, for what is known and accepted. Warnings and errors of that check count as waived, and the reason is shown.
      - A name that no check has is an error, and so is an empty reason.
    type: dict
    default: {}
  dest:
    description:
      - A directory on the controller, made where it is missing. It gets C(verify.html), C(verify.xml), C(verify.json) and C(verify.txt), each as a whole
        or not at all.
      - A server has a directory of its own, or else there is nothing to compare with.
    type: path
    required: true
attributes:
  check_mode:
    description: Writes and prints nothing, and returns the same.
    support: full
  diff_mode:
    description: There is no diff. RV(compared) tells what has changed.
    support: none
  async:
    description: There is nothing to wait for.
    support: none
notes:
  - The files get the modes that the umask of Ansible's own user leaves.
"""

EXAMPLES = r"""
- name: Write the report
  clusterjobs.drm.verify_report:
    measured: "{{ measured }}"
    waived:
      data_source_url: The nodes have no way out by design, ticket 4711.
    dest: "{{ playbook_dir }}/reports/{{ inventory_hostname }}"
  register: report

- name: Fail for errors
  ansible.builtin.assert:
    that: report.ready
    fail_msg: "{{ report.failed_checks | join(', ') }}: see {{ report.files.html }}"
"""

RETURN = r"""
ready:
  description: Whether the run came to its end without an error, with something that is in order.
  returned: always
  type: bool
counts:
  description: How many results there are of each status, V(ok), V(warning), V(error), V(skipped) and V(waived).
  returned: always
  type: dict
failed_checks:
  description: Names of the checks with an error that is not waived.
  returned: always
  type: list
  elements: str
summary:
  description: The report in some lines, as they were printed.
  returned: always
  type: str
files:
  description: Paths of the files on the controller, C(html), C(junit), C(json) and C(summary).
  returned: always
  type: dict
compared:
  description:
    - What got C(better), what got C(worse), what is C(new) and what is C(gone) since the C(previous) report, by what was measured. Waivers mend nothing.
    - Null where there is no such report.
  returned: always
  type: dict
"""
