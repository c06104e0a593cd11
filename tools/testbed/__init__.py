"""Containers with systemd that stand for the hosts of a cluster: images, networks, keys, inventories."""
