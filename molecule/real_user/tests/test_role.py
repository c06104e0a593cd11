"""What the role has left on each host, and what it refuses, with sudo as it was."""

from __future__ import annotations

import json
from typing import Any

import pytest
import testinfra
from hosts import NAMES
from testbed.settings import CACHE, ROOT
from testinfra.host import Host
from testlib.plays import Finished, Play

PROGRAMS = "/usr/local/libexec/clusterjobs-real-user"
RULE = "/etc/sudoers.d/clusterjobs-real-user"
INVENTORIES = [CACHE / "realuser" / "inventory.yml", ROOT / "molecule" / "real_user" / "inventory" / "hosts.yml"]
NEW_FILES = "/srv/galaxy/var/tmp"
HAVE_BINDFS = (
    "command -v bindfs || apt-get -q -y install bindfs || { apt-get -q update && apt-get -q -y install bindfs; }"
)
WIDER = 'galaxy ALL = (ALL) NOPASSWD: ALL\nDefaults!ALL env_keep += "LD_PRELOAD"\nDefaults!/usr/bin/su noexec\n'
# As Galaxy's script has it.
GALAXYS_CHOWN = "#!/usr/bin/env python\nimport os\n\nALLOWED_PATHS = None\nprint(ALLOWED_PATHS)\n"


@pytest.fixture(params=NAMES)
def host(request: pytest.FixtureRequest) -> Host:
    return testinfra.get_host(f"podman://{request.param}")


def command(title: str, *argv: str) -> dict[str, Any]:
    return {"name": title, "ansible.builtin.command": {"argv": list(argv)}}


def written(title: str, path: str, text: str, mode: str = "0644") -> dict[str, Any]:
    return {"name": title, "ansible.builtin.copy": {"dest": path, "content": text, "mode": mode}}


def refused(title: str, part: str, **variables: Any) -> dict[str, Any]:
    """Apply this part of the role, and keep what it said."""
    role = {"name": "clusterjobs.drm.real_user", "tasks_from": f"{part}.yml"}
    applied = {"name": "Apply", "ansible.builtin.include_role": role, "vars": variables}
    kept = {"name": title, "ansible.builtin.debug": {"msg": "{{ ansible_failed_result.msg }}"}}
    return {"block": [applied], "rescue": [kept]}


def own_scripts() -> list[dict[str, Any]]:
    names = ("drmaa_external_runner.py", "drmaa_external_killer.py", "external_chown_script.py")
    role = {"name": "clusterjobs.drm.real_user", "tasks_from": "install_galaxy.yml"}
    where = {"real_user_dir": "/opt/own", "real_user_galaxy_scripts_dir": "/opt/scripts"}
    return [
        command("make directories", "mkdir", "-p", "/opt/own", "/opt/scripts"),
        *[written(name, f"/opt/scripts/{name}", GALAXYS_CHOWN) for name in names],
        {"name": "Copy Galaxy's own", "ansible.builtin.include_role": role, "vars": where},
    ]


@pytest.fixture(scope="module")
def played() -> Finished:
    """All of it in one play; what is spoiled for a case is mended after it."""
    tasks = [
        command("make a directory of Galaxy's", "install", "-d", "-o", "galaxy", "/srv/galaxy/programs"),
        refused("others may write", "look", real_user_dir="/srv/galaxy/programs"),
        command(
            "let bob be another", "usermod", "--uid", "{{ 2102 if 'trixie' in inventory_hostname else 2002 }}", "bob"
        ),
        refused("other uid", "verify"),
        command("let bob be himself", "usermod", "--uid", "2002", "bob"),
        # A file system where nobody changes owners, root neither.
        command("have bindfs", "sh", "-ec", HAVE_BINDFS),
        command("squash root", "bindfs", "--chown-deny", "--chgrp-deny", NEW_FILES, NEW_FILES),
        refused("squashed", "verify"),
        command("squash nobody", "umount", NEW_FILES),
        command("let alice enter", "usermod", "--append", "--groups", "galaxy", "alice"),
        refused("shut out", "verify", galaxy_service_umask="027"),
        command("let bob enter the service's", "usermod", "--append", "--groups", "lab", "bob"),
        # Both are in it now.
        refused("let in", "verify", galaxy_service_umask="027", galaxy_service_group="lab"),
        command("let them be as before", "sh", "-ec", "gpasswd --delete alice galaxy && gpasswd --delete bob lab"),
        # The alias is in the first one.
        refused("alias", "sudo", real_user_sudoers_file="/etc/sudoers.d/second"),
        written("have a neighbour with everything", "/etc/sudoers.d/zz-neighbour", WIDER, "0440"),
        {"name": "have a former rule", "ansible.builtin.lineinfile": {"path": RULE, "line": "# the former one"}},
        refused("wider", "sudo"),
        command("have no neighbour", "rm", "/etc/sudoers.d/zz-neighbour"),
        *own_scripts(),
    ]
    play = {"hosts": "galaxyservers", "gather_facts": False, "become": True, "tasks": tasks}
    done = Play("refusals", play, inventories=INVENTORIES).finish(300)
    assert done.rc == 0, done.output[-3000:]
    return done


def test_the_rule_is_in_force_and_the_only_one(host: Host) -> None:
    listed = host.check_output("sudo -l -U galaxy")
    rules = listed.partition("may run the following commands")[2].splitlines()[1:]
    programs = ", ".join(f"{PROGRAMS}/{name}" for name in ("run", "kill", "chown"))
    assert [rule.strip() for rule in rules] == [f"(root) NOSETENV: NOINTERCEPT: EXEC: NOPASSWD: {programs}"]
    rule = host.file(RULE)
    assert (rule.user, rule.group, rule.mode) == ("root", "root", 0o440)


def test_everything_is_roots(host: Host) -> None:
    modes = {name: host.file(f"{PROGRAMS}/{name}").mode for name in host.file(PROGRAMS).listdir()}
    assert modes == {
        **dict.fromkeys(("run", "kill", "chown", "check"), 0o755),
        **dict.fromkeys(("surroundings.py", "paths.py", "guard.py", "job.py", "as_user.py", "config.json"), 0o644),
        "sudoers": 0o440,
    }
    assert host.check_output("find %s ! -user root -o ! -group root", PROGRAMS) == ""
    assert host.file(f"{PROGRAMS}/run").content_string.startswith("#!/usr/bin/python3 -IS\n")
    assert host.file("/var/lib/clusterjobs-real-user").mode == 0o700
    config = json.loads(host.file(f"{PROGRAMS}/config.json").content_string)
    assert config["roots"] == {path: path for path in ("/srv/galaxy/jobs", "/srv/galaxy/var/tmp")}
    assert "galaxyjobs" in host.user("galaxy").groups


@pytest.mark.parametrize("name", NAMES)
def test_a_directory_that_others_may_write_is_refused(played: Finished, host: Host, name: str) -> None:
    assert "directory|1450|755|/srv/galaxy/programs" in played.of(name, "others may write")["msg"]
    assert host.file("/srv/galaxy/programs").listdir() == []


@pytest.mark.parametrize("name", NAMES)
def test_a_user_who_is_another_on_a_node_ends_the_play(played: Finished, name: str) -> None:
    here, there = (2002, 2102) if name.endswith("bookworm") else (2102, 2002)
    assert f"bob has uid {there} on" in played.of(name, "other uid")["msg"]
    assert f"but {here} on {name}" in played.of(name, "other uid")["msg"]


@pytest.mark.parametrize("name", NAMES)
def test_sudo_is_left_as_it_was(played: Finished, host: Host, name: str) -> None:
    assert "sudo is as it was before" in played.of(name, "alias")["msg"]
    assert "GALAXY_REAL_USER" in played.of(name, "alias")["msg"]
    assert "(ALL) NOPASSWD: ALL; Defaults!ALL env_keep+=LD_PRELOAD. Take them away" in played.of(name, "wider")["msg"]
    assert not host.file("/etc/sudoers.d/second").exists
    rule = host.file(RULE)
    assert rule.content_string == host.file(f"{PROGRAMS}/sudoers").content_string + "# the former one\n"
    assert (rule.user, rule.mode) == ("root", 0o440)
    assert host.check_output("sudo -n -u deploy sudo -n id -u") == "0"


def test_galaxys_own_scripts_are_copied_with_their_paths(played: Finished, host: Host) -> None:
    assert "WARNING" in played.output
    copied = host.file("/opt/own/chown")
    assert (copied.user, copied.mode) == ("root", 0o755)
    assert host.check_output("/opt/own/chown") == "['/srv/galaxy/jobs/', '/srv/galaxy/var/tmp/']"


@pytest.mark.parametrize("name", NAMES)
def test_users_whom_galaxys_umask_shuts_out_end_the_play(played: Finished, name: str) -> None:
    said = played.of(name, "shut out")["msg"]
    for root in ("/srv/galaxy/jobs", NEW_FILES):
        assert (
            f"{root}: bob cannot enter what Galaxy's service makes there (drwxr-x---, gid 1450: Permission denied)"
            in said
        )
    assert "alice" not in said
    assert "let in" not in played.results[name]


@pytest.mark.parametrize("name", NAMES)
def test_a_server_that_squashes_root_ends_the_play(played: Finished, host: Host, name: str) -> None:
    said = played.of(name, "squashed")["msg"]
    assert f"{NEW_FILES}: root may not change the owner of a file there" in said
    assert "squashes root: export it to this host with no_root_squash" in said
    # The other root is good.
    assert said.count("squashes root") == 1
    assert host.check_output(f"{PROGRAMS}/check alice") == json.dumps(
        {"problems": [], "users": [{"name": "alice", "uid": 2001}, {"name": "bob", "uid": 2002}]}
    )
    assert host.check_output("ls -A %s", NEW_FILES) == ""
