"""Grid Engine's cell and configuration, and whether a cluster of it works."""

from __future__ import annotations

from string import Template

from .process import ask
from .settings import SHARED, Cluster, Host

LOG_DIRECTORY = "/var/spool/gridengine"
_TEMPLATES = SHARED / "gridengine"
_LAST_STEP = "/var/lib/gridengine/configured"


def create(cluster: Cluster) -> None:
    (cluster.directory / "common").mkdir()


def fill_host_directory(cluster: Cluster, host: Host) -> None:
    """The controller alone is told of the others; they find it in the cell."""
    if host.role != "controller":
        return
    values = {other.role: other.name for other in cluster.hosts}
    directory = cluster.host_directory(host) / "gridengine"
    directory.mkdir()
    for template in _TEMPLATES.iterdir():
        text = Template(template.read_text(encoding="utf-8")).substitute(values)
        (directory / template.name).write_text(text, encoding="utf-8")


def volumes(cluster: Cluster, host: Host) -> list[str]:
    """The cell's common directory. On the Galaxy server the client, which the role installs, is to find it elsewhere."""
    place = "/srv/gridengine/common" if host.role == "galaxy" else "/var/lib/gridengine/default/common"
    return [f"{cluster.directory / 'common'}:{place}"]


def problem(cluster: Cluster) -> str | None:
    controller = cluster.host("controller")
    if ask(controller, "ls", _LAST_STEP) != _LAST_STEP:
        return "the queues are not configured"
    node = cluster.host("node").name
    # Without a load value the execution daemon has not reported: its state is "au".
    rows = ask(controller, "qstat", "-f", "-q", f"main.q@{node}").splitlines()
    row = next((line.split() for line in rows if line.startswith(f"main.q@{node}")), [])
    return None if len(row) == 5 and row[3] != "-NA-" else f"the node does not report: {row}"
