"""cluster_info and the inventory plugin, on a real Grid Engine."""

from __future__ import annotations

from testlib.cluster_facts import groups_of_node, listed, node_of, queues_of, told
from testlib.gridengine import GridEngineCluster


def test_queues_and_nodes(cluster: GridEngineCluster) -> None:
    facts = told(cluster)
    node, queues = node_of(cluster, facts), queues_of(facts)
    assert set(queues) == set(node["queues"]) == {"main.q", "short.q", "staff.q", "closed.q"}
    assert {name: queue["state"] for name, queue in queues.items() if queue["state"] != "OPEN"} == {
        "closed.q": "STOPPED"
    }
    assert (queues["main.q"]["walltime_seconds"], queues["short.q"]["walltime_seconds"]) == (None, 20)
    assert queues["main.q"]["slots"] == 16


def test_a_node_that_takes_no_jobs_is_in_the_inventorys_group_for_it(cluster: GridEngineCluster) -> None:
    cluster.close_node()
    try:
        groups = groups_of_node(cluster, listed(cluster))
    finally:
        cluster.open_node()
    assert groups == {
        "cluster_nodes",
        "state_closed",
        "queue_main_q",
        "queue_short_q",
        "queue_staff_q",
        "queue_closed_q",
    }
