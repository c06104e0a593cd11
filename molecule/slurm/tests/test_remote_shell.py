"""remote_shell: from the Galaxy server to another submit host by real ssh, paramiko and rsh; a job's umask; what is refused, and leaves all as it was."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
import yaml
from testinfra.host import Host
from testlib.roles import apply, changed, refusal
from testlib.slurm import SlurmCluster
from testlib.waiting import wait_until

SSH = "/srv/galaxy/home/.ssh"
KEY = f"{SSH}/clusterjobs_ed25519"
PROOF = "clusterjobs.drm.remote_shell : Log in by the command line that Galaxy is going to use"
PARAMIKO = "clusterjobs.drm.remote_shell : Log in by paramiko, as ParamikoShell does"
INSTALL = "DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends"


@pytest.fixture(scope="module")
def one(clusters: Sequence[SlurmCluster]) -> SlurmCluster:
    return clusters[0]


@pytest.fixture(scope="module")
def there(one: SlurmCluster) -> str:
    """The node is a submit host, too."""
    return one.cluster.host("node").name


@pytest.fixture(scope="module")
def wanted(one: SlurmCluster, there: str) -> Iterator[dict[str, Any]]:
    address = one.node.check_output("getent hosts %s", one.galaxy).split()[0]
    yield {"remote_shell_host": there, "remote_shell_from": [address]}
    one.as_galaxy(f"rm -rf {SSH}")


@pytest.fixture(scope="module")
def way(one: SlurmCluster, wanted: dict[str, Any]) -> SlurmCluster:
    """The way is there, the key is made."""
    first = apply(one, "remote_shell", variables=wanted, arguments=("-vvv", "--diff"))
    assert first.rc == 0, first.output[-3000:]
    assert "PRIVATE KEY" not in first.output
    assert first.of(one.galaxy, PROOF)["stdout"] == "galaxy"
    return one


def lines(host: Host, path: str) -> list[str]:
    return [line for line in host.file(path).content_string.splitlines() if line]


def test_a_second_run_changes_nothing(way: SlurmCluster, wanted: dict[str, Any]) -> None:
    again = apply(way, "remote_shell", variables=wanted)
    assert (again.rc, changed(again)) == (0, [])


def test_the_key_is_the_accounts_and_restricted_and_the_host_known_by_its_own(
    way: SlurmCluster, wanted: dict[str, Any], there: str
) -> None:
    host = way.submit_host
    for path, mode in ((SSH, 0o700), (KEY, 0o600), (f"{SSH}/authorized_keys", 0o600)):
        assert (host.file(path).user, host.file(path).mode) == ("galaxy", mode)
    (let_in,) = lines(way.node, f"{SSH}/authorized_keys")
    assert let_in.startswith(f'restrict,from="{wanted["remote_shell_from"][0]}" ssh-ed25519 AAAA')
    key = way.node.check_output("cat /etc/ssh/ssh_host_ed25519_key.pub").split()[:2]
    assert [there, *key] in [line.split()[:3] for line in lines(host, f"{SSH}/known_hosts")]


def test_a_job_by_galaxys_command_line_has_the_umask_that_its_environment_sets(way: SlurmCluster, there: str) -> None:
    """One whose script has what job_conf renders, and one that has what sshd and Slurm make of it."""
    job_conf = yaml.safe_load(way.submit_host.file("/srv/galaxy/config/job_conf.yml").content_string)
    (line,) = job_conf["execution"]["environments"]["slurm"]["env"]
    work = "/srv/galaxy/jobs/umask"
    way.as_galaxy(f"mkdir {work}")
    for name, setup in (("set", line["execute"]), ("unset", ":")):
        text = f"#!/bin/sh\n{setup}\ncd {work}\nmkdir {name}\ntouch {name}/data\ntouch {name}.done\n"
        way.submit_host.check_output("printf %%b %s > %s/%s.sh", text, work, name)
        sbatch = f"sbatch --partition=main --output=/dev/null {work}/{name}.sh"
        assert way.as_galaxy(f"ssh -o ConnectTimeout=60 -i {KEY} -l galaxy {there} '{sbatch}'").split()[-1].isdigit()
    wait_until("both jobs are done", lambda: way.as_galaxy(f"ls {work}").count(".done") == 2)
    modes = {
        name: [way.submit_host.file(f"{work}/{name}{part}").mode for part in ("", "/data")] for name in ("set", "unset")
    }
    way.as_galaxy(f"rm -r {work}")
    assert modes == {"set": [0o750, 0o640], "unset": [0o755, 0o644]}


def test_paramiko_gets_in_and_a_wrong_password_is_told_and_shown_nowhere(
    way: SlurmCluster, wanted: dict[str, Any]
) -> None:
    way.submit_host.check_output(f"{INSTALL} python3-paramiko")
    by_paramiko = {**wanted, "remote_shell_plugin": "ParamikoShell", "remote_shell_python": "/usr/bin/python3"}
    good = apply(way, "remote_shell", variables=by_paramiko)
    assert (good.rc, changed(good)) == (0, []), good.output[-3000:]
    assert good.of(way.galaxy, PARAMIKO)["outcome"] == "ok"
    assert "was not tried" not in good.output
    password = {**by_paramiko, "remote_shell_password": "open-sesame"}
    bad = apply(way, "remote_shell", variables=password, arguments=("-vvv", "--diff"))
    assert "paramiko of /usr/bin/python3 ended with 1" in refusal(bad, way.galaxy)
    assert "BadAuthenticationType" in refusal(bad, way.galaxy)
    # The command line is not the role's: it is printed once, by ansible-playbook -vvv.
    assert "open-sesame" not in bad.output.split("PLAY [", 1)[1]


def test_a_changed_host_key_is_an_error_and_stays(way: SlurmCluster, wanted: dict[str, Any], there: str) -> None:
    known = way.submit_host.check_output("cat %s/known_hosts", SSH)
    way.as_galaxy(f"ssh-keygen -q -t ed25519 -N '' -f {SSH}/another")
    another = way.submit_host.check_output("cut -d' ' -f1,2 %s/another.pub", SSH)
    way.as_galaxy(f"cp -p {SSH}/known_hosts {SSH}/kept && echo {there} {another} > {SSH}/known_hosts")
    said = refusal(apply(way, "remote_shell", variables=wanted), way.galaxy)
    left = way.submit_host.check_output("cat %s/known_hosts", SSH)
    way.as_galaxy(f"mv {SSH}/kept {SSH}/known_hosts && rm {SSH}/another {SSH}/another.pub")
    assert f"The host key of {there} has CHANGED" in said
    assert another in said
    assert f"ssh-keygen -R '{there}'" in said
    assert left == f"{there} {another}"
    assert known == way.submit_host.check_output("cat %s/known_hosts", SSH)


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ({"remote_shell_port": 2200}, "does not reach port 2200 of"),
        (
            {"remote_shell_host": "nowhere.invalid", "remote_shell_manage_remote": True},
            "Ansible does not reach nowhere.invalid",
        ),
        ({"remote_shell_username": "nobody-knows"}, "no account nobody-knows"),
    ],
    ids=["port", "host", "account"],
)
def test_what_cannot_be_reached_leaves_everything_as_it_was(
    way: SlurmCluster, wanted: dict[str, Any], more: dict[str, Any], text: str
) -> None:
    files = "cd %s && sha256sum *"
    before = way.submit_host.check_output(files, SSH)
    finished = apply(way, "remote_shell", variables={**wanted, "remote_shell_key_file": f"{SSH}/new", **more})
    assert text in refusal(finished, way.galaxy)
    assert "Nothing was changed." in refusal(finished, way.galaxy)
    assert changed(finished) == []
    assert way.submit_host.check_output(files, SSH) == before


def test_a_greeting_would_be_taken_for_a_job(way: SlurmCluster, wanted: dict[str, Any]) -> None:
    way.as_galaxy("echo echo Welcome > /srv/galaxy/home/.bashrc")
    said = refusal(apply(way, "remote_shell", variables=wanted), way.galaxy)
    way.as_galaxy("rm /srv/galaxy/home/.bashrc")
    assert r'printed "Welcome\ngalaxy"' in said
    assert "take its last word for the id of a job" in said


def test_rsh_with_debians_client_and_server(way: SlurmCluster, wanted: dict[str, Any]) -> None:
    """Debian 12's; Debian 13 has neither."""
    way.node.check_output(f"{INSTALL} rsh-redone-server openbsd-inetd && systemctl restart inetd")
    by_rsh = {**wanted, "remote_shell_plugin": "RemoteShell", "remote_shell_allow_rsh": True}
    finished = apply(way, "remote_shell", variables=by_rsh)
    way.node.check_output("systemctl stop inetd && rm /srv/galaxy/home/.rhosts")
    assert finished.rc == 0, finished.output[-3000:]
    assert finished.of(way.galaxy, PROOF)["cmd"][0] == "rsh"
    assert finished.of(way.galaxy, PROOF)["stdout"] == "galaxy"
