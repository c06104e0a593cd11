# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory plugin as Ansible loads it: from a saved file, from this host, and over an ssh that runs its words here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible import constants
from ansible.inventory.data import InventoryData
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.doc_fragments import constructed, inventory_cache
from ansible.template import Templar

from ansible_collections.clusterjobs.drm.plugins.doc_fragments import drm as drm_fragment
from ansible_collections.clusterjobs.drm.plugins.inventory import nodes as plugin_module
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.cluster import NodeStatus

SSH = """#!/bin/sh
echo "$@" >> {log}
while [ "$1" != "--" ]; do shift; done
[ "$2" = down ] && {{ echo "ssh: connect to host down port 22: No route to host" >&2; exit 255; }}
shift 2
echo "Welcome to the login node"
exec sh -c "$*"
"""
SCONTROL = r"""#!/bin/sh
case "$*" in
*config) printf 'ClusterName = far\nSLURM_VERSION = 24.11.5\n' ;;
*partition) printf 'PartitionName=main.q Default=YES MaxTime=UNLIMITED Nodes=n[1-2] State=UP TotalCPUs=8\n' ;;
*node) for n in n1 n2; do printf 'NodeName=%s CPUAlloc=0 CPUTot=4 RealMemory=100 State=IDLE Partitions=main.q Reason={{ 7 * 6 }} $HOME [root@now]\n' $n; done ;;
esac
"""


def node(name: str, state: str = "IDLE", queues: tuple[str, ...] = ("main",), **values: Any) -> dict[str, Any]:
    empty = {
        "native_state": state,
        "slots": 4,
        "slots_used": 0,
        "memory_mb": 100,
        "gpus": 0,
        "features": [],
        "message": "",
    }
    return dict(empty, name=name, state=state, queues=list(queues), **values)


def saved(*nodes: dict[str, Any], queues: tuple[str, ...] = ("main",)) -> dict[str, Any]:
    return {
        "drm": "slurm",
        "version": "1",
        "name": "c",
        "queues": [{"name": name} for name in queues],
        "nodes": list(nodes),
    }


def loaded() -> plugin_module.InventoryModule:
    """As Ansible's loader makes it, which finds collections only in a process of its own."""
    name, options = "clusterjobs.drm.nodes", {}
    texts = [source.ModuleDocFragment.DOCUMENTATION for source in (drm_fragment, constructed, inventory_cache)]
    for text in (*texts, plugin_module.DOCUMENTATION):
        options.update(yaml.safe_load(text)["options"])
    constants.config.initialize_plugin_configuration_definitions("inventory", name, options)
    plugin = plugin_module.InventoryModule()
    plugin._load_name = plugin.ansible_name = name
    plugin._redirected_names = [name]
    return plugin


class Inventory:
    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.path = directory / "hpc.clusterjobs.yml"

    def load(self, **options: Any) -> InventoryData:
        self.path.write_text(yaml.safe_dump(dict({"plugin": "clusterjobs.drm.nodes"}, **options)))
        data = InventoryData()
        plugin = loaded()
        assert plugin.verify_file(str(self.path))
        plugin.parse(data, DataLoader(), str(self.path))
        if options.get("cache"):
            plugin.update_cache_if_changed()
        data.reconcile_inventory()
        return data

    def saved(self, facts: Any, **options: Any) -> InventoryData:
        (self.directory / "c.json").write_text(facts if isinstance(facts, str) else json.dumps(facts))
        return self.load(path="c.json", **options)

    def refused(self, facts: Any, **options: Any) -> str:
        with pytest.raises(Exception, match=r"clusterjobs\.yml") as caught:
            self.saved(facts, **options)
        assert type(caught.value).__name__ == "AnsibleParserError"
        return str(caught.value)


@pytest.fixture
def inventory(tmp_path: Path) -> Inventory:
    return Inventory(tmp_path)


@pytest.fixture
def far(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A login node with Slurm's commands; the log of what ssh was given."""
    log = tmp_path / "ssh.log"
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, text in (
        ("ssh", SSH.format(log=log)),
        ("scontrol", SCONTROL),
        ("sbatch", ""),
        ("squeue", ""),
        ("scancel", ""),
    ):
        (programs / name).write_text(text or "#!/bin/sh\n")
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", "%s:/usr/bin:/bin" % programs)
    return log


def hosts(data: InventoryData, group: str) -> list[str]:
    return sorted(host.name for host in data.groups[group].get_hosts())


def test_groups_and_variables(inventory: Inventory) -> None:
    data = inventory.saved(
        saved(
            node("n1", features=["avx2"], message="fine"),
            node("n2", "DOWN", ("main", "long.q"), slots=None),
            node("n3", "UNKNOWN", (), native_state="SIDEWAYS"),
            queues=("main", "long.q", "empty"),
        )
    )
    assert hosts(data, "cluster_nodes") == ["n1", "n2", "n3"]
    assert hosts(data, "queue_main") == ["n1", "n2"]
    assert hosts(data, "queue_long_q") == ["n2"]
    assert hosts(data, "queue_empty") == []
    assert [hosts(data, "state_" + state) for state in ("idle", "down", "unknown")] == [["n1"], ["n2"], ["n3"]]
    variables = data.get_host("n1").get_vars()
    assert {name: variables["clusterjobs_" + name] for name in ("state", "slots", "features", "queues", "message")} == {
        "state": "IDLE", "slots": 4, "features": ["avx2"], "queues": ["main"], "message": "fine",
    }  # fmt: skip
    assert data.get_host("n3").get_vars()["clusterjobs_native_state"] == "SIDEWAYS"


def test_groups_of_the_users_own(inventory: Inventory) -> None:
    data = inventory.saved(
        saved(node("n1", features=["avx2"]), node("n2")),
        nodes_group="workers",
        queue_prefix="q-",
        state_prefix="is_",
        groups={"small": "clusterjobs_memory_mb < 200"},
        keyed_groups=[{"key": "clusterjobs_features", "prefix": "feature"}],
        compose={"ansible_host": "inventory_hostname ~ '.example.org'"},
        strict=True,
    )
    assert (
        hosts(data, "workers")
        == hosts(data, "q_main")
        == hosts(data, "is_idle")
        == hosts(data, "small")
        == ["n1", "n2"]
    )
    assert hosts(data, "feature_avx2") == ["n1"]
    assert data.get_host("n1").get_vars()["ansible_host"] == "n1.example.org"


def test_two_thousand_nodes(inventory: Inventory) -> None:
    data = inventory.saved(saved(*(node("node%04d" % number, queues=("main", "long")) for number in range(2000))))
    assert len(hosts(data, "queue_long")) == len(hosts(data, "state_idle")) == 2000


def test_this_host(inventory: Inventory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    assert len(hosts(inventory.load(drm="local"), "state_idle")) == 1


def test_over_ssh_the_words_go_as_data_and_texts_are_no_templates(inventory: Inventory, far: Path) -> None:
    data = inventory.load(ssh_host="galaxy@login1", ssh_options=["-p", "2222"], drm="auto")
    assert hosts(data, "queue_main_q") == ["n1", "n2"]
    message = data.get_host("n1").get_vars()["clusterjobs_message"]
    assert message == "{{ 7 * 6 }} $HOME"
    assert Templar(DataLoader(), {"text": message}).template(message) == message
    lines = far.read_text().splitlines()
    # Once for what is there, and once for each of the DRM's questions.
    assert lines == ["-p 2222 -o BatchMode=yes -o ConnectTimeout=20 -- galaxy@login1 python3 -I -S -"] * 4


def test_the_cache_is_asked_before_the_cluster(inventory: Inventory, far: Path, tmp_path: Path) -> None:
    cached = {"cache": True, "cache_plugin": "jsonfile", "cache_connection": str(tmp_path / "kept")}
    for _time in range(2):
        data = inventory.load(ssh_host="login1", drm="slurm", **cached)
        assert hosts(data, "cluster_nodes") == ["n1", "n2"]
        assert data.get_host("n1").get_vars()["clusterjobs_message"] == "{{ 7 * 6 }} $HOME"
    assert len(far.read_text().splitlines()) == 3


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"ssh_host": "down", "drm": "slurm"}, "No route to host"),
        ({"ssh_host": "-oProxyCommand=id"}, "'-oProxyCommand=id' is no host name"),
        ({"ssh_host": "a;id"}, "is no host name"),
        ({"ssh_host": "login1", "drm": "local"}, "leave ssh_host out"),
        ({"ssh_host": "login1", "drm": "lsf"}, "cannot start it"),
    ],
)
def test_a_cluster_that_cannot_be_asked(inventory: Inventory, far: Path, options: dict[str, Any], said: str) -> None:
    with pytest.raises(Exception, match=r"clusterjobs\.yml") as caught:
        inventory.load(**options)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    "facts",
    [
        "",
        "{",
        "[]",
        "null",
        "{}",
        '{"nodes": {}, "queues": []}',
        '{"nodes": [], "queues": [{}]}',
        '{"nodes": [{"name": "a"}], "queues": []}',
    ],
)
def test_a_file_that_is_no_cluster(inventory: Inventory, facts: str) -> None:
    assert "c.json is no result of cluster_info" in inventory.refused(facts)


def test_a_file_that_is_not_there(inventory: Inventory) -> None:
    with pytest.raises(Exception, match="No such file"):
        inventory.load(path="nowhere.json")


@pytest.mark.parametrize("name", ["", "-i", "a b", "all:!x", "../x", "n[1:3]", "{{ x }}", "@file"])
def test_a_forged_name_is_no_host(inventory: Inventory, name: str) -> None:
    assert "is no node's name" in inventory.refused(saved(node(name)))


def test_a_state_that_is_no_word_of_ours(inventory: Inventory) -> None:
    assert "SIDEWAYS" in inventory.refused(saved(node("n1", "SIDEWAYS")))


def test_two_queues_that_would_share_a_group(inventory: Inventory) -> None:
    said = inventory.refused(saved(node("n1"), queues=("main.q", "main-q")))
    assert "queues 'main.q' and 'main-q' would both be group queue_main_q" in said


def test_whose_files_they_are() -> None:
    plugin = plugin_module.InventoryModule()
    assert not plugin.verify_file("/nowhere/hpc.clusterjobs.yml")
    assert not plugin.verify_file(__file__)


def test_the_variables_are_the_nodes() -> None:
    fields = set(NodeStatus.__dataclass_fields__) - {"name"}
    assert set(plugin_module._VARIABLES) == fields
    assert all("C(clusterjobs_%s)" % field in plugin_module.DOCUMENTATION for field in fields)
