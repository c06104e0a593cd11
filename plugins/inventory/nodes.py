# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: nodes
short_description: A cluster's nodes as inventory
version_added: 0.1.0
author: clusterjobs contributors (@clusterjobs)
description:
  - Every node of a cluster is a host, in a group for each of its queues and one for its state.
  - The DRM is asked by its own commands, here or over ssh on a host that has them, or a saved result of M(clusterjobs.drm.cluster_info) is read.
  - The inventory file's name ends with V(clusterjobs.yml) or V(clusterjobs.yaml).
extends_documentation_fragment:
  - clusterjobs.drm.drm
  - constructed
  - inventory_cache
options:
  plugin:
    description: The name of this plugin.
    type: str
    required: true
    choices: [clusterjobs.drm.nodes]
  ssh_host:
    description:
      - Ask the DRM on this host, by ssh; it needs Python 3.8 there, and no password. Without it the commands are run here.
    type: str
    default: ""
  ssh_options:
    description: Options of ssh, one word an item.
    type: list
    elements: str
    default: []
  path:
    description:
      - A file with what M(clusterjobs.drm.cluster_info) returned, as JSON, relative to the inventory file. Nothing is asked then, and nothing cached.
    type: str
    default: ""
  nodes_group:
    description: The group of all nodes.
    type: str
    default: cluster_nodes
  queue_prefix:
    description: What stands before a queue's name in its group's. What a group's name cannot hold becomes V(_).
    type: str
    default: queue_
  state_prefix:
    description: What stands before a state, in small letters, in its group's name (V(state_idle), V(state_down)).
    type: str
    default: state_
notes:
  - Each node has the variables C(clusterjobs_state), C(clusterjobs_native_state), C(clusterjobs_slots), C(clusterjobs_slots_used), C(clusterjobs_memory_mb),
    C(clusterjobs_gpus), C(clusterjobs_features), C(clusterjobs_queues) and C(clusterjobs_message), as M(clusterjobs.drm.cluster_info) describes them.
    They are never taken for templates.
seealso:
  - module: clusterjobs.drm.cluster_info
"""

EXAMPLES = r"""
# hpc.clusterjobs.yml: asked on the login node, and kept for an hour
plugin: clusterjobs.drm.nodes
drm: slurm
ssh_host: login1.example.org
cache: true
cache_plugin: ansible.builtin.jsonfile
cache_connection: ~/.cache/ansible-inventory
cache_timeout: 3600

# saved.clusterjobs.yml: from a file, with groups and addresses of one's own
# plugin: clusterjobs.drm.nodes
# path: cluster.json
# keyed_groups:
#   - key: clusterjobs_features
#     prefix: feature
#   - key: clusterjobs_slots | string
#     prefix: slots
# groups:
#   big: clusterjobs_memory_mb >= 500000
# compose:
#   ansible_host: inventory_hostname ~ '.cluster.example.org'
"""

import json
import os
import re
import shutil
from typing import Any

from ansible.errors import AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable
from ansible.utils.unsafe_proxy import wrap_var

from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.client import Client
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.cluster import NodeState
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.errors import DrmError, InvalidRequestError
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.registry import DRMS, choose
from ansible_collections.clusterjobs.drm.plugins.module_utils._runner import Runner
from ansible_collections.clusterjobs.drm.plugins.plugin_utils.ssh_runner import SshRunner

_VARIABLES = (
    "state",
    "native_state",
    "slots",
    "slots_used",
    "memory_mb",
    "gpus",
    "features",
    "queues",
    "message",
)
# A node's name becomes a host's: no pattern, no option, no path.
_NODE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    NAME = "clusterjobs.drm.nodes"

    def verify_file(self, path: str) -> bool:
        return bool(super().verify_file(path)) and path.endswith(("clusterjobs.yml", "clusterjobs.yaml"))

    def parse(self, inventory: Any, loader: Any, path: str, cache: bool = True) -> None:
        super().parse(inventory, loader, path, cache)
        self._read_config_data(path)
        try:
            self._add(self._facts(path, cache))
        except DrmError as error:
            raise AnsibleParserError("%s: %s" % (path, error)) from error

    def _facts(self, path: str, cache: bool) -> dict[str, Any]:
        saved = self.get_option("path")
        if saved:
            return _read_saved(os.path.join(os.path.dirname(os.path.abspath(path)), saved))
        key = self.get_cache_key(path)
        kept = self.get_option("cache")
        if kept and cache and key in self._cache:
            facts: dict[str, Any] = self._cache[key]
            return facts
        facts = self._asked()
        if kept:
            self._cache[key] = facts
        return facts

    def _asked(self) -> dict[str, Any]:
        name, host = self.get_option("drm"), self.get_option("ssh_host")
        seconds = self.get_option("command_timeout")
        if not host:
            return (
                Client(choose(name, shutil.which), Runner(seconds), self.get_option("cluster"))
                .cluster_status()
                .as_dict()
            )
        if name == "local":
            raise InvalidRequestError("ssh_host", "drm local is the host itself: leave ssh_host out")
        runner = SshRunner(host, self.get_option("ssh_options"), seconds)
        found = (
            runner.which(program for drm in DRMS.values() for program in drm.executables) if name == "auto" else set()
        )
        drm = choose(name, lambda program: program if program in found else None)
        return Client(drm, runner, self.get_option("cluster")).cluster_status().as_dict()

    def _add(self, facts: dict[str, Any]) -> None:
        for node in facts["nodes"]:
            if not _NODE_NAME.fullmatch(node["name"]):
                raise InvalidRequestError("nodes", "%r is no node's name" % node["name"])
        groups = _queue_groups(facts, self.get_option("queue_prefix"))
        everyone = self.inventory.add_group(_group_name(self.get_option("nodes_group")))
        for group in groups.values():
            self.inventory.add_group(group)
        for node in facts["nodes"]:
            self._add_node(node, everyone, groups)

    def _add_node(self, node: dict[str, Any], everyone: str, groups: dict[str, str]) -> None:
        name = node["name"]
        state = self.inventory.add_group(_group_name(self.get_option("state_prefix") + node["state"].lower()))
        for group in (everyone, state, *(groups[queue] for queue in node["queues"])):
            self.inventory.add_host(name, group=group)
        for variable in _VARIABLES:
            # The DRM's and its administrators' text: a template in it would be run here.
            value = node[variable] if variable == "state" else wrap_var(node[variable])
            self.inventory.set_variable(name, "clusterjobs_" + variable, value)
        variables = self.inventory.get_host(name).get_vars()
        strict = self.get_option("strict")
        self._set_composite_vars(self.get_option("compose"), variables, name, strict=strict)
        self._add_host_to_composed_groups(self.get_option("groups"), variables, name, strict=strict)
        self._add_host_to_keyed_groups(self.get_option("keyed_groups"), variables, name, strict=strict)


def _group_name(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9_]", "_", text)


def _queue_groups(facts: dict[str, Any], prefix: str) -> dict[str, str]:
    """The group of each queue. Raises InvalidRequestError where two queues would share one."""
    names = [queue["name"] for queue in facts["queues"]]
    names += [queue for node in facts["nodes"] for queue in node["queues"]]
    groups: dict[str, str] = {}
    taken: dict[str, str] = {}
    for name in dict.fromkeys(names):
        groups[name] = _group_name(prefix + name)
        other = taken.setdefault(groups[name], name)
        if other != name:
            raise InvalidRequestError(
                "queue_prefix", "queues %r and %r would both be group %s" % (other, name, groups[name])
            )
    return groups


def _read_saved(path: str) -> dict[str, Any]:
    """A saved result of cluster_info. Raises InvalidRequestError where it is not one."""
    try:
        with open(path, encoding="utf-8") as stream:
            facts = json.load(stream)
        _check(facts)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InvalidRequestError("path", "%s is no result of cluster_info: %r" % (path, error)) from error
    return dict(facts)


def _check(facts: Any) -> None:
    if not isinstance(facts, dict) or not isinstance(facts["nodes"], list) or not isinstance(facts["queues"], list):
        raise TypeError("no nodes and queues in it")
    for queue in facts["queues"]:
        if not isinstance(queue["name"], str):
            raise TypeError("a queue without a name")
    for node in facts["nodes"]:
        NodeState(node["state"])
        if not all(isinstance(queue, str) for queue in node["queues"]):
            raise TypeError("a queue of node %r is no name" % node["name"])
        if not set(_VARIABLES) <= set(node):
            raise KeyError("node %r lacks %s" % (node["name"], ", ".join(sorted(set(_VARIABLES) - set(node)))))
