"""cluster_info and the inventory plugin, on a real HTCondor pool."""

from __future__ import annotations

from testlib.cluster_facts import groups_of_node, listed, node_of, told
from testlib.htcondor import HTCondorCluster


def test_nodes_without_queues(pool: HTCondorCluster) -> None:
    facts = told(pool)
    node = node_of(pool, facts)
    assert facts["queues"] == node["queues"] == []
    assert node["memory_mb"] == 8000


def test_a_node_that_is_drained_is_in_the_inventorys_group_for_it(pool: HTCondorCluster) -> None:
    pool.close_node()
    try:
        groups = groups_of_node(pool, listed(pool))
    finally:
        pool.open_node()
    assert groups == {"cluster_nodes", "state_closed"}
