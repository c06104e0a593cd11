"""galaxy_service: what a running service sees, and how it is restarted, or said not to be there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from testlib.roles import apply, changed
from testlib.slurm import SlurmCluster

UNIT = "galaxy-under-test.service"
RESTART = "clusterjobs.drm.galaxy_service : Restart the units that are there"
TRICKY = "a \"quoted\" \\ 100% $HOME 'x' %n"


@pytest.fixture
def unit(cluster: SlurmCluster) -> Iterator[str]:
    """A service that writes down what it sees."""
    host = cluster.submit_host
    text = '[Service]\nExecStart=/bin/sh -c "printenv TRICKY > /run/seen; umask >> /run/seen; exec sleep 1000"\n'
    host.check_output("printf %%s %s > /etc/systemd/system/%s", text, UNIT)
    host.check_output("systemctl daemon-reload && systemctl start %s", UNIT)
    yield UNIT
    host.check_output("systemctl stop %s", UNIT)
    host.check_output("rm -r /etc/systemd/system/%s /etc/systemd/system/%s.d", UNIT, UNIT)
    host.check_output("systemctl daemon-reload")


def variables(**more: Any) -> dict[str, Any]:
    return {"galaxy_service_units": [UNIT], **more}


def test_a_running_service_is_restarted_and_sees_what_was_set(cluster: SlurmCluster, unit: str) -> None:
    wanted = variables(galaxy_service_environment={"TRICKY": TRICKY}, galaxy_service_umask="027")
    first = apply(cluster, "galaxy_service", variables=wanted)
    assert RESTART in changed(first), first.output
    assert cluster.submit_host.file("/run/seen").content_string == f"{TRICKY}\n0027\n"
    started = cluster.submit_host.check_output("systemctl show --property=MainPID %s", unit)
    assert changed(apply(cluster, "galaxy_service", variables=wanted)) == []
    assert cluster.submit_host.check_output("systemctl show --property=MainPID %s", unit) == started


def test_a_service_that_is_not_there_yet_is_no_failure(cluster: SlurmCluster) -> None:
    unit = "not-there-yet.service"
    finished = apply(cluster, "galaxy_service", variables={"galaxy_service_units": [unit]})
    assert finished.rc == 0, finished.output
    assert f"{unit} is not there yet (not-found), so nothing was restarted" in finished.output
    assert RESTART not in changed(finished)
    cluster.submit_host.check_output("rm -r /etc/systemd/system/%s.d", unit)
