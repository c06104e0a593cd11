"""cluster_info and the inventory plugin, on real Slurm clusters of both releases."""

from __future__ import annotations

from testlib.cluster_facts import groups_of_node, listed, node_of, queues_of, told
from testlib.slurm import SlurmCluster


def test_queues_and_nodes(cluster: SlurmCluster) -> None:
    facts = told(cluster)
    node, queues = node_of(cluster, facts), queues_of(facts)
    assert node["memory_mb"] == 8000
    assert set(queues) == set(node["queues"]) == {"main", "short", "closed", "staff"}
    assert {name: queue["state"] for name, queue in queues.items() if queue["state"] != "OPEN"} == {"closed": "STOPPED"}
    assert [name for name, queue in queues.items() if queue["default"]] == ["main"]
    assert (queues["main"]["walltime_seconds"], queues["short"]["walltime_seconds"]) == (86400, 300)
    assert queues["closed"]["walltime_seconds"] is None


def test_a_node_that_takes_no_jobs_is_in_the_inventorys_group_for_it(cluster: SlurmCluster) -> None:
    cluster.close_node()
    try:
        inventory = listed(cluster)
    finally:
        cluster.open_node()
    groups = groups_of_node(cluster, inventory)
    assert groups == {"cluster_nodes", "state_closed", "queue_main", "queue_short", "queue_closed", "queue_staff"}
    variables = inventory["_meta"]["hostvars"][cluster.cluster.host("node").name]
    assert "fan [2] broken" in str(variables["clusterjobs_message"])
