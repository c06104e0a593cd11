"""What the roles refuse on a real host: with what is wrong, what to do, and nothing changed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from testlib.roles import apply, changed, refusal
from testlib.slurm import SlurmCluster

EVERY_HOST = "galaxyservers:cluster_nodes:cluster_controllers"
ROOT = "/srv/galaxy"


@pytest.fixture(scope="module")
def one(clusters: list[SlurmCluster]) -> SlurmCluster:
    """What Slurm's version does not matter for needs one cluster alone."""
    return clusters[0]


@pytest.fixture(scope="module")
def directory(one: SlurmCluster) -> Iterator[SlurmCluster]:
    """A directory service, as far as the name service can tell: accounts that are in no local file."""
    host = one.submit_host
    host.check_output("DEBIAN_FRONTEND=noninteractive apt-get install -q -y libnss-extrausers")
    host.check_output("sed -i 's/^passwd: .*/& extrausers/; s/^group: .*/& extrausers/' /etc/nsswitch.conf")
    accounts = (
        "scholar:x:4100:4100:LDAP:/home/scholar:/bin/bash\nlocked:x:4101:4100:LDAP:/home/locked:/usr/sbin/nologin\n"
    )
    host.check_output("printf %%s %s > /var/lib/extrausers/passwd", accounts)
    host.check_output("echo scholars:x:4100: > /var/lib/extrausers/group")
    yield one
    host.check_output("sed -i 's/ extrausers//' /etc/nsswitch.conf")


def account(name: str, **more: Any) -> dict[str, Any]:
    return {"galaxy_user": {"name": name, **more}, "galaxy_group": "", "galaxy_account_gid": 0}


def test_an_account_of_a_directory_is_used_and_never_hidden_by_a_local_one(directory: SlurmCluster) -> None:
    finished = apply(directory, "galaxy_account", variables=account("scholar", uid=4100))
    assert finished.rc == 0, finished.output
    assert changed(finished) == []
    assert "scholar" not in directory.submit_host.file("/etc/passwd").content_string


def test_an_account_of_a_directory_without_a_shell_is_refused_with_the_remedy(directory: SlurmCluster) -> None:
    said = refusal(apply(directory, "galaxy_account", variables=account("locked")), directory.galaxy)
    assert f"locked on {directory.galaxy} has the shell /usr/sbin/nologin" in said
    assert "comes from a directory" in said
    assert "sss_override user-add locked --shell=/bin/bash" in said
    assert "locked" not in directory.submit_host.file("/etc/passwd").content_string


def test_a_local_account_without_a_shell_is_refused_with_another_remedy(one: SlurmCluster) -> None:
    said = refusal(apply(one, "galaxy_account", variables=account("games")), one.galaxy)
    assert 'Run "usermod --shell /bin/bash games" there.' in said


def test_every_difference_is_told_at_once(one: SlurmCluster) -> None:
    wanted = {
        "galaxy_user": {"name": "galaxy", "uid": 999, "home": "/home/other"},
        "galaxy_group": {"name": "users", "gid": 7},
    }
    said = refusal(apply(one, "galaxy_account", variables=wanted), one.galaxy)
    assert "has uid 1450, but galaxy_account_uid is 999" in said
    assert "has the primary gid 1450, but galaxy_account_gid is 7" in said
    assert "not that of the group users (100)" in said
    assert "has the home directory /srv/galaxy/home, but galaxy_account_home is /home/other" in said


def test_a_missing_account_is_only_reported_where_accounts_are_not_managed(one: SlurmCluster) -> None:
    wanted = {**account("nobody-knows"), "galaxy_account_manage": False}
    said = refusal(apply(one, "galaxy_account", variables=wanted), one.galaxy)
    assert '"getent passwd nobody-knows" finds none' in said


def test_hosts_that_number_the_account_differently_are_refused(one: SlurmCluster) -> None:
    one.submit_host.check_output("useradd --uid 5001 twin")
    one.node.check_output("useradd --uid 5002 twin")
    said = refusal(apply(one, "galaxy_account", EVERY_HOST, variables=account("twin")), one.cluster.host("node").name)
    one.submit_host.check_output("userdel twin")
    one.node.check_output("userdel twin")
    one.controller.run("userdel twin")
    assert f"uid:gid 5002:5002 on {one.cluster.host('node').name}" in said
    assert "5001:5001" in said


def test_a_new_account_needs_a_uid_and_takes_that_of_another_host(one: SlurmCluster) -> None:
    said = refusal(apply(one, "galaxy_account", EVERY_HOST, variables=account("late")), one.galaxy)
    assert "Set galaxy_account_uid" in said
    assert one.node.run("getent passwd late").rc != 0
    one.node.check_output("useradd --uid 5005 late")
    assert apply(one, "galaxy_account", EVERY_HOST, variables=account("late")).rc == 0
    for host in (one.submit_host, one.controller, one.node):
        assert host.check_output("getent passwd late").split(":")[2:4] == ["5005", "5005"]
        host.check_output("userdel late")


def place(path: str, **more: Any) -> dict[str, Any]:
    return {"shared_filesystem_job_working_directory": path, "shared_filesystem_wait_seconds": 5, **more}


@pytest.mark.parametrize("below", ["", "/below"])
def test_root_follows_no_link_of_the_accounts(one: SlurmCluster, below: str) -> None:
    host = one.submit_host
    before = host.check_output("stat --format='%%U %%a %%Z' /etc")
    one.as_galaxy(f"ln -sfn /etc {ROOT}/var/evil")
    said = refusal(apply(one, "shared_filesystem", variables=place(f"{ROOT}/var/evil{below}")), one.galaxy)
    host.check_output("rm %s/var/evil", ROOT)
    assert f"{ROOT}/var/evil on {one.galaxy} is a symbolic link" in said
    assert host.check_output("stat --format='%%U %%a %%Z' /etc") == before
    assert not host.file("/etc/below").exists


def test_a_directory_of_the_same_name_is_not_the_same_directory(one: SlurmCluster) -> None:
    wanted = place("/opt/jobs", shared_filesystem_extra_directories=[])
    one.node.check_output("install -d -o galaxy -g galaxy -m 0755 /opt/jobs")
    said = refusal(
        apply(one, "shared_filesystem", "galaxyservers:cluster_nodes", variables=wanted), one.cluster.host("node").name
    )
    one.node.check_output("rmdir /opt/jobs")
    assert "Another inode is another directory" in said
    assert "/opt/jobs" in said
    assert f"{ROOT}/jobs" not in said

    missing = refusal(
        apply(one, "shared_filesystem", "galaxyservers:cluster_nodes", variables=wanted), one.cluster.host("node").name
    )
    one.submit_host.check_output("rmdir /opt/jobs")
    assert "/opt/jobs" in missing
    assert "mount the shared file system here" in missing


def test_a_node_that_is_added_alone_makes_nothing(one: SlurmCluster) -> None:
    """As with --limit: the Galaxy server is not in the play, and the node still is not the one that makes directories."""
    wanted = place(f"{ROOT}/not-made", clusterjobs_galaxyservers=[one.galaxy])
    said = refusal(apply(one, "shared_filesystem", "cluster_nodes", variables=wanted), one.cluster.host("node").name)
    assert f"{ROOT}/not-made" in said
    assert f"{one.galaxy} makes the directories for all" in said
    assert not one.node.file("/etc/tmpfiles.d/galaxy-new-file-path.conf").exists
    wanted = {"clusterjobs_galaxyservers": [one.galaxy]}
    assert changed(apply(one, "shared_filesystem", "cluster_nodes", variables=wanted)) == []


def test_nothing_is_made_where_a_mount_is_missing(one: SlurmCluster) -> None:
    said = refusal(apply(one, "shared_filesystem", variables=place("/mnt/missing/jobs")), one.galaxy)
    assert "/mnt/missing is not there" in said
    unmounted = {"shared_filesystem_mounts": [{"path": "/mnt"}]}
    assert f"Not mounted on {one.galaxy}: /mnt" in refusal(
        apply(one, "shared_filesystem", variables=unmounted), one.galaxy
    )


def test_what_root_may_not_change_is_explained(one: SlurmCluster) -> None:
    """The account works in its own directories, so there it meets what an export with root_squash shows to root."""
    one.submit_host.check_output("install -d -o root -m 0700 %s/var/roots", ROOT)
    said = refusal(apply(one, "shared_filesystem", variables=place(f"{ROOT}/var/roots")), one.galaxy)
    one.submit_host.check_output("rmdir %s/var/roots", ROOT)
    assert f"{ROOT}/var/roots on {one.galaxy}: chown failed" in said
    assert "root_squash" in said
    assert "install -d -o galaxy" in said


def test_nfs_is_mounted_without_noac(one: SlurmCluster) -> None:
    """As far as fstab: the kernel under the test hosts has no NFS client."""
    reference = {"path": "/srv/reference", "src": "nfs.example.org:/reference", "state": "present"}
    finished = apply(one, "shared_filesystem", variables={"shared_filesystem_mounts": [reference]})
    assert finished.rc == 0, finished.output
    fstab = one.submit_host.file("/etc/fstab").content_string
    (line,) = [line.split() for line in fstab.splitlines() if "/srv/reference" in line]
    assert line[:3] == ["nfs.example.org:/reference", "/srv/reference", "nfs4"]
    assert "noac" not in line[3]
    assert "actimeo" not in line[3]
    assert {"hard", "_netdev"} <= set(line[3].split(","))
    assert one.submit_host.package("nfs-common").is_installed
    one.submit_host.check_output("sed -i '\\:/srv/reference:d' /etc/fstab")
