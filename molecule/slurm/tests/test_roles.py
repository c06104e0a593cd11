"""What connect_galaxy.yml has left on every host, looked at without Ansible."""

from __future__ import annotations

import hashlib

import pytest
from testinfra.host import Host
from testlib.roles import apply, changed
from testlib.slurm import SlurmCluster

ROOT = "/srv/galaxy"
NEW_FILES = f"{ROOT}/var/tmp"
DIRECTORIES = {f"{ROOT}/datasets": 0o755, f"{ROOT}/jobs": 0o755, f"{ROOT}/home": 0o750, NEW_FILES: 0o1777}


def hosts(cluster: SlurmCluster) -> list[Host]:
    return [cluster.submit_host, cluster.node, cluster.controller]


def sha256(path: str, host: Host) -> str:
    return str(host.file(path).sha256sum)


def test_the_account_has_the_same_numbers_and_a_real_shell(cluster: SlurmCluster) -> None:
    for host in hosts(cluster):
        user = host.user("galaxy")
        assert (user.uid, user.gid, user.group) == (1450, 1450, "galaxy")
        assert (user.home, user.shell) == (f"{ROOT}/home", "/bin/bash")
        assert host.check_output("sudo -n -u galaxy id -u") == "1450"


@pytest.mark.parametrize("path", DIRECTORIES)
def test_a_directory_is_one_and_the_same_on_server_and_node(cluster: SlurmCluster, path: str) -> None:
    for host in (cluster.submit_host, cluster.node):
        directory = host.file(path)
        assert directory.is_directory
        assert (directory.user, directory.group, directory.mode) == ("galaxy", "galaxy", DIRECTORIES[path])
    seen = {host.check_output("stat --format=%%i %s", path) for host in (cluster.submit_host, cluster.node)}
    assert len(seen) == 1
    cluster.submit_host.check_output("sudo -n -u galaxy touch %s/seen-by-the-node", path)
    assert cluster.node.file(f"{path}/seen-by-the-node").user == "galaxy"
    cluster.submit_host.check_output("rm %s/seen-by-the-node", path)


def test_everybody_may_write_to_new_file_path_and_nobody_delete_what_is_anothers(cluster: SlurmCluster) -> None:
    node = cluster.node
    node.check_output("sudo -n -u nobody touch %s/nobodys", NEW_FILES)
    assert node.run("sudo -n -u deploy rm -f %s/nobodys", NEW_FILES).rc != 0
    node.check_output("rm %s/nobodys", NEW_FILES)


def test_the_common_path_is_mounted_or_linked(cluster: SlurmCluster) -> None:
    for host in (cluster.submit_host, cluster.node):
        if cluster.name.endswith("24"):
            assert host.file(ROOT).is_symlink
            assert host.file(ROOT).linked_to == "/export"
            assert ROOT not in host.file("/etc/fstab").content_string
        else:
            assert host.mount_point(ROOT).exists
            assert host.file("/etc/fstab").contains(f"^/export {ROOT} none bind 0 0$")
    assert not cluster.controller.file(ROOT).exists


def test_munge_has_the_clusters_key_and_nobody_else_reads_it(cluster: SlurmCluster) -> None:
    key = cluster.submit_host.file("/etc/munge/munge.key")
    assert (key.user, key.group, key.mode) == ("munge", "munge", 0o400)
    given = hashlib.sha256((cluster.cluster.directory / "munge.key").read_bytes()).hexdigest()
    assert key.sha256sum == given == sha256("/etc/munge/munge.key", cluster.controller)
    munge = cluster.submit_host.service("munge")
    assert munge.is_running
    assert munge.is_enabled


def test_the_configuration_is_the_controllers(cluster: SlurmCluster) -> None:
    host = cluster.submit_host
    if cluster.cluster.options["configless"]:
        assert not host.file("/etc/slurm/slurm.conf").exists
        assert host.service("sackd").is_running
        assert host.service("sackd").is_enabled
        assert sha256("/run/slurm/conf/slurm.conf", host) == sha256("/etc/slurm/slurm.conf", cluster.controller)
    else:
        assert sha256("/etc/slurm/slurm.conf", host) == sha256("/etc/slurm/slurm.conf", cluster.controller)
        assert host.file("/etc/slurm/slurm.conf").mode == 0o644
    assert "main" in cluster.as_galaxy("sinfo --noheader --format=%R").split()


def test_the_account_may_submit(cluster: SlurmCluster) -> None:
    registered = cluster.controller.check_output(
        "sacctmgr --noheader --parsable2 show associations user=galaxy format=cluster,account,user"
    )
    assert registered == f"{cluster.name}|galaxy|galaxy"
    assert cluster.as_galaxy("srun --partition=main hostname") == cluster.node.check_output("hostname")


def test_the_service_finds_environment_and_umask(cluster: SlurmCluster) -> None:
    drop_in = cluster.submit_host.file("/etc/systemd/system/galaxy.service.d/clusterjobs.conf")
    assert (drop_in.user, drop_in.mode) == ("root", 0o644)
    assert f"UMask={'022' if cluster.name.endswith('24') else '027'}\n" in drop_in.content_string


def test_old_temporary_files_are_deleted_and_fresh_ones_stay(cluster: SlurmCluster) -> None:
    """With an age of seconds, because no file's ctime can be set back; in a directory of its own, so that nothing else reads it."""
    host = cluster.submit_host
    host.check_output("install -d /run/cleaning")
    finished = apply(
        cluster,
        "shared_filesystem",
        hosts="galaxyservers:cluster_nodes",
        variables={"shared_filesystem_cleaning_age": "8s", "shared_filesystem_tmpfiles_dir": "/run/cleaning"},
    )
    assert changed(finished) == ["clusterjobs.drm.shared_filesystem : Clean new_file_path regularly"]
    host.check_output(
        "sudo -n -u galaxy sh -c %s", f"mkdir {NEW_FILES}/old.d && touch {NEW_FILES}/old {NEW_FILES}/old.d/a"
    )
    host.check_output("sleep 9 && sudo -n -u galaxy touch %s/fresh", NEW_FILES)
    host.check_output("systemd-tmpfiles --clean /run/cleaning/galaxy-new-file-path.conf")
    assert not host.file(f"{NEW_FILES}/old").exists
    assert not host.file(f"{NEW_FILES}/old.d").exists
    assert host.file(f"{NEW_FILES}/fresh").exists
    assert host.file(NEW_FILES).mode == 0o1777
    host.check_output("rm -r %s/fresh /run/cleaning", NEW_FILES)


def test_cleaning_is_on_the_galaxy_server_alone(cluster: SlurmCluster) -> None:
    path = "/etc/tmpfiles.d/galaxy-new-file-path.conf"
    assert cluster.submit_host.file(path).contains(f"^e {NEW_FILES} - - - 30d$")
    assert not cluster.node.file(path).exists
    assert cluster.submit_host.service("systemd-tmpfiles-clean.timer").is_running
