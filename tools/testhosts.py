"""Test hosts: real clusters of three containers each (docs/test-hosts.md)."""

from __future__ import annotations

import argparse
import fcntl
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from subprocess import CalledProcessError

from testbed import clusters, images, materials, packages, process, settings

_EXIT_FAILED = 1
_EXIT_PACKAGES_MISSING = 3
_ERRORS = (settings.UsageError, CalledProcessError, process.CommandFailed, clusters.Unhealthy)


def _parser(cluster_names: list[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("packages", help="print the Debian packages that are missing here (exit code 3 if any)")
    commands.add_parser("install", help="install them with apt-get (as root)")
    command = commands.add_parser("images", help="make the images of all clusters with these Debian releases")
    command.add_argument("suites", nargs="+", metavar="SUITE", choices=settings.SUITES)
    for name, text in (("up", "bring clusters up and wait until they are healthy"), ("down", "remove clusters")):
        command = commands.add_parser(name, help=text)
        command.add_argument("clusters", nargs="+", metavar="CLUSTER", choices=cluster_names)
    commands.add_parser("clean", help="remove all clusters, images and cached files")
    command = commands.add_parser("inventory", help="print a cluster's Ansible inventory")
    command.add_argument("cluster", metavar="CLUSTER", choices=cluster_names)
    return parser


def main() -> int:
    known = settings.load_clusters()
    arguments = _parser(list(known)).parse_args()
    try:
        return _dispatch(arguments, known)
    except _ERRORS as error:
        print(f"testhosts.py {arguments.command}: {error}", file=sys.stderr)
        return _EXIT_FAILED


def _dispatch(arguments: argparse.Namespace, known: dict[str, settings.Cluster]) -> int:
    if arguments.command == "packages":
        absent = packages.missing()
        if absent:
            print(*absent, sep="\n")
        return _EXIT_PACKAGES_MISSING if absent else 0
    if arguments.command == "install":
        packages.install()
        return 0
    if arguments.command == "inventory":
        print(materials.inventory(known[arguments.cluster]), end="")
        return 0
    packages.require()
    with _alone():
        process.configure_podman()
        if arguments.command == "images":
            images.build(cluster for cluster in known.values() if cluster.suite in arguments.suites)
        elif arguments.command == "clean":
            clusters.clean()
        elif arguments.command == "up":
            clusters.up([known[name] for name in dict.fromkeys(arguments.clusters)])
        else:
            clusters.down(known[name] for name in arguments.clusters)
    return 0


@contextmanager
def _alone() -> Iterator[None]:
    """Two runs at once would make the same images and networks."""
    settings.CACHE.mkdir(parents=True, exist_ok=True)
    with (settings.CACHE / ".lock").open("w", encoding="utf-8") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    sys.exit(main())
