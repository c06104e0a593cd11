"""What came of each case: what is denied changes nothing and is logged, what is obeyed does what it should and no more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from judging import ALICE, GALAXY, LOG, SURROUNDINGS, Results, said
from neighbours import NEIGHBOURS

JOBS = "/srv/galaxy/jobs/000"
PROGRAMS = "/usr/local/libexec/clusterjobs-real-user"

# Every case that is denied by the programs (exit code 2), with a word of the reason.
DENIED = {
    "chown system file": "not below a root",
    "chown system directory": "not below a root",
    "chown victim": "not below a root",
    "chown symlinked parent": "cannot be opened",
    "chown final symlink": "cannot be opened",
    "chown dotdot": "an empty component, . or ..",
    "chown dot": "an empty component, . or ..",
    "chown double slash": "an empty component",
    "chown trailing slash": "an empty component",
    "chown relative": "is not absolute",
    "chown sibling by name": "not below a root",
    "chown root": "not below a root",
    "chown other root": "not below a root",
    "chown nothing": "No such file",
    "chown newline": "control character",
    "chown option": "is not absolute",
    "chown file": "Not a directory",
    "chown magic link": "not below a root",
    "chown empty": "is not absolute",
    "chown into other file system": "cannot be opened",
    "chown too deep": "levels",
    "chown to root": "outside uid",
    "chown to 0": "is a number",
    "chown to daemon": "outside uid",
    "chown to nologin": "no real shell",
    "chown to denied": "denied_users",
    "chown to far": "outside uid",
    "chown to stranger": "not in the group scientists",
    "chown to nobody": "outside uid",
    "chown to absent": "there is no user",
    **{f"chown to {user!r}": "is not a user" for user in ("alice:root", "--reference=/etc/passwd", "alice\nroot", "")},
    **{f"chown to {user!r}": "is not a user" for user in ("-R", "alice bob", "../alice", "user name")},
    **{f"chown to {user!r}": "there is no user" for user in ("root.", "0x7d1")},
    "chown to '2002'": "is a number",
    "chown to '2002' of its group": "is a number",
    "chown to a second name": "has the uid of denied",
    **{f"chown gid {gid!r}": "neither the primary group" for gid in ("0", "3001", "2002", "1450", "-1", "2001x", "")},
    **{f"chown gid {gid!r}": "neither the primary group" for gid in (" 2001", "4294967296", "galaxyjobs")},
    "chown too few words": "takes PATH",
    "chown too many words": "takes PATH",
    "chown back to a foreign gid": "neither the primary group",
    "chown bytes": "\\udcff\\udcfe cannot be opened",
    "run template only root can read": "Permission denied",
    "run template is a symlink": "cannot be opened",
    "run template is a hard link": "2 hard links",
    "run template of a third user": "neither Galaxy's nor the user's",
    "run directory of a third user": "neither Galaxy's nor the user's",
    "run template too large": "is not a file of at most",
    "run template broken": "is not JSON",
    "run template not UTF-8": "is not JSON",
    "run template nested": "is not JSON",
    "run template a list": "has to have the keys",
    "run template empty": "is not JSON",
    "run template is a FIFO": "is not a file",
    "run template is a directory": "is not a file",
    "run template in the root": "not below a root",
    "run template outside": "not below a root",
    "run template absent": "No such file",
    "run too many words": "takes UID",
    "run command outside": "not inside the job's directory",
    "run command of a neighbour": "not inside the job's directory",
    "run command by dotdot": "not a plain absolute path",
    "run command is the directory": "not inside the job's directory",
    "run command absent": "is not a file",
    "run command by a symlink": "by a symbolic link",
    "run output outside": "not inside the job's directory",
    "run error outside": "not inside the job's directory",
    "run output on a host": "not a plain absolute path",
    "run output by a symlink": "by a symbolic link",
    "run output with a comma": "not a plain absolute path",
    "run output with a percent": "not a plain absolute path",
    "run working directory outside": "not inside the job's directory",
    "run name an option": "is not a name",
    "run name with a newline": "control characters",
    "run native newline": "control characters",
    "run native uid": "--uid",
    "run native abbreviated": "--ui",
    "run native directory": "-D",
    "run native output": "--output",
    "run native positional": "/bin/sh",
    "run native value is an option": "is no value",
    "run native flag with a value": "takes 0 values",
    "run native without its value": "takes 1 values",
    "run native quotes": "is no value",
    "run native wrap": "--wrap",
    "run unknown key": "nothing else",
    "run wrong type": "has to be a text",
    "run number": "has to be a text",
    "run null": "has to be a text",
    "run key missing": "has to have the keys",
    **{f"run as {uid!r}": "outside uid" for uid in ("0", "1", "65534", "70000")},
    "run as '2008'": "a number for a name",
    "run as '2003'": "no real shell",
    "run as '2004'": "denied_users",
    "run as '2005'": "not in the group",
    "run as '1450'": "Galaxy's own",
    "run as '99999'": "no user with uid",
    **{f"run as {uid!r}": "is not a uid" for uid in ("-1", "", "2001;id", "2001 ", "--help", "root", "alice")},
    "kill unknown job": "was not submitted here",
    **{
        f"kill id {job_id!r}": "takes JOBID"
        for job_id in ("--all", "-1", "../1", "1 2", "", "1/../2", "1\n2", "*", "stand,1")
    },
    "kill job of another cluster": "was not submitted here",
    "kill forgotten job": "too old",
    "kill ledger says root": "outside uid",
    "kill too many words": "takes JOBID",
    "kill ledger that others read": "root's alone",
    "caller another user": "is for galaxy alone",
    "caller root without sudo": "is for galaxy alone",
    "caller root by sudo": "is for galaxy alone",
    "caller a copy": "has to be called as",
    "caller a symlink": "has to be called as",
    "caller a copied directory": "is not root's alone",
    "config broken": "is not JSON",
    "config empty": "is not JSON",
    "config a list": "exactly these keys",
    "config without a key": "max_uid",
    "config with an odd key": "root",
    "config of a wrong type": "min_uid",
    "config with uid 0": "min_uid",
    "config with a root of dots": "an empty component, . or ..",
    "config writable by others": "is not root's alone",
    "config writable by its group": "is not root's alone",
    "config of Galaxys": "is not root's alone",
    "config missing": "No such file",
    "config a symlink": "config.json",
    "config in a directory that others write": "is not root's alone",
    "config below a directory that others write": "is not root's alone",
}
# Entries that may not change their owner (exit code 3).
REFUSED = {
    "chown hard link to roots file": "uid 0",
    "chown hard link to the users file": "2 hard links",
    "chown third user": "uid 2002",
    "chown top of third user": "uid 2002",
    "chown device": "is a device",
    "chown other file system": "another file system",
    "chown immutable file": "chattr +i",
    "chown append-only directory": "chattr +i or +a",
    "chown name of an entry": "uid 2002",
    "chown back users own hard link": "2 hard links",
    "chown back third user": "uid 2002",
    "chown back what is roots": "uid 0",
}
# What sudo itself refuses (exit code 1), with what it logs. Where it would have to ask for a password, sudo -n logs nothing.
BY_SUDO = {
    "run sudo -E": "not allowed to preserve the environment",
    "run sudo VAR=": "not allowed to set the following environment variables",
    "caller without a rule": "",
    "caller any other program": "",
    "caller check": "",
    "caller as another user": "",
    **{
        f"run with a library beside Defaults{defaults}": "not allowed to set the following environment variables"
        for defaults in NEIGHBOURS
        if "env" in defaults
    },
}


def named(results: Results, name: str) -> Mapping[str, Any]:
    """chown's own helper puts its name before that of a configuration."""
    return results[name] if name in results else results[f"chown {name}"]


@pytest.mark.parametrize("name", DENIED)
def test_denied_and_nothing_changed_and_logged(results: Results, name: str) -> None:
    result = named(results, name)
    assert (result["rc"], result["out"], result["changed"]) == (2, "", [])
    assert "denied" in said(result, LOG)
    assert DENIED[name] in said(result, LOG)


@pytest.mark.parametrize("name", REFUSED)
def test_one_bad_entry_keeps_all_from_changing_and_is_logged(results: Results, name: str) -> None:
    result = results[name]
    assert (result["rc"], result["out"], result["changed"]) == (3, "", [])
    assert REFUSED[name] in result["err"]
    assert REFUSED[name] in said(result, LOG)


@pytest.mark.parametrize("name", BY_SUDO)
def test_refused_by_sudo_and_logged(results: Results, name: str) -> None:
    result = results[name]
    assert (result["rc"], result["out"], result["changed"]) == (1, "", [])
    assert said(result, LOG) == ""
    assert BY_SUDO[name] in said(result, "sudo")


def test_galaxy_without_sudo_is_nobody(results: Results) -> None:
    result = results["caller galaxy without sudo"]
    assert (result["rc"], result["changed"]) == (2, [])
    assert "has to run as root" in result["err"]


def test_every_case_is_judged(results: Results) -> None:
    done = {"caller galaxy without sudo", *GOOD, *REFUSED, *BY_SUDO, *DENIED}
    assert {name for name in results if name not in done and name.removeprefix("chown ") not in done} == set()


GOOD = (
    "chown gives",
    "chown gives what is given",
    "chown takes back",
    "chown gives with the shared gid",
    "chown config as it was",
    "run submits",
    "run without the option",
    "run with an environment of the callers",
    "run native",
    "run native twice",
    "run the DRM says no",
    "run sweeps the ledger",
    *[f"{what} {name}" for name in ("own", "wrong uid", "uid 0", "uid None") for what in ("run for kill", "kill")],
    "race of the top with a symlink",
    "race of an inner directory with a symlink",
    "race of a hard link that comes and goes",
    # test_surroundings.py
    *[f"{what} with {name}" for what in ("chown", "run") for name in SURROUNDINGS],
    *[f"run beside Defaults{defaults}" for defaults in NEIGHBOURS],
    # test_access.py
    "chown gives what has an ACL of Galaxys",
    "chown access before",
    "chown takes back what had ACLs",
    "race for a template",
)


def test_a_directory_goes_to_the_user_with_all_in_it(results: Results) -> None:
    result = results["chown gives"]
    assert (result["rc"], result["out"], result["err"]) == (0, "", "")
    owners = result["owners"]
    assert {uid for uid, _gid, _mode in owners.values()} == {ALICE}
    # The shared group, of which Galaxy is a member and the user is not.
    (group,) = {gid for _uid, gid, _mode in owners.values()}
    assert group not in (ALICE, GALAXY)
    assert {path.removeprefix(JOBS) for path in result["changed"]} == {
        "/normal" if path == "." else f"/normal/{path}" for path in owners
    }
    assert [owners[name][2] for name in ("suid", "sgid", "lock")] == [0o755, 0o755, 0o644]
    assert owners["working"][2] == 0o2775


def test_a_directory_comes_back_and_no_bit_stays_with_it(results: Results) -> None:
    result = results["chown takes back"]
    assert (result["rc"], result["err"]) == (0, "")
    assert {(uid, gid) for uid, gid, _mode in result["owners"].values()} == {(GALAXY, GALAXY)}
    assert result["owners"]["working/new.txt"][2] == 0o755


def test_what_is_given_already_stays_so(results: Results) -> None:
    assert (results["chown gives what is given"]["rc"], results["chown gives what is given"]["changed"]) == (0, [])
    assert results["chown gives with the shared gid"]["rc"] == 0
    assert named(results, "config as it was")["rc"] == 0


@pytest.mark.parametrize("name", ["submits", "without the option", "with an environment of the callers", "native"])
def test_a_job_is_the_users_alone(results: Results, name: str) -> None:
    result = results[f"run {name}" if name != "native" else "run native twice"]
    record = results[f"run {name}"]["record"]
    assert (result["rc"], result["out"].strip().isdigit(), result["changed"]) == (0, True, [])
    assert "stand-in DRMAA library 1.0" in result["err"]
    assert (record["uids"], record["gids"]) == ([ALICE] * 3, [ALICE] * 3)
    assert record["groups"] == [2001, 3001, 3002]
    environment = record["environment"]
    assert environment.pop("PWD", "/") == "/"
    assert environment == {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "HOME": "/home/alice",
        "USER": "alice",
        "LOGNAME": "alice",
        "SHELL": "/bin/bash",
        "DRMAA_LIBRARY_PATH": "/opt/stand-in/libdrmaa.so",
        "STAND_IN": "1",
    }
    assert record["template"]["remoteCommand"].startswith(f"{JOBS}/")
    assert f"job {result['out'].strip()} of slurm is uid 2001's" in said(result, LOG)
    assert f"slurm,{result['out'].strip()}" in result["ledger"]


def test_allowed_options_arrive_as_they_are(results: Results) -> None:
    template = results["run native"]["record"]["template"]
    assert template["nativeSpecification"] == "-p main --time=10 -n4 --mem=100M --exclusive"


def test_what_the_drm_refuses_is_its_error_and_no_job(results: Results) -> None:
    result = results["run the DRM says no"]
    assert (result["rc"], result["out"], result["changed"]) == (1, "", [])
    assert "there is no partition none" in result["err"]
    assert "there is no partition none" in said(result, LOG)
    assert not [name for name in result["ledger"] if name.startswith(".")]


@pytest.mark.parametrize(
    ("name", "claimed"), [("own", ""), ("wrong uid", "2002"), ("uid 0", "0"), ("uid None", "None")]
)
def test_a_job_is_ended_as_its_owner_whoever_galaxy_says(results: Results, name: str, claimed: str) -> None:
    result = results[f"kill {name}"]
    assert (result["rc"], result["out"], result["changed"]) == (0, "", [])
    assert result["record"]["uids"] == [ALICE] * 3
    assert (f"uid 2001's, the caller said {claimed}" in said(result, LOG)) == bool(claimed)


def test_the_ledger_is_roots_and_forgets(results: Results) -> None:
    assert results["kill ledger that others read"]["ledger_mode"] == 0o700
    result = results["run sweeps the ledger"]
    assert result["rc"] == 0
    assert "slurm,778" not in result["ledger"]
    assert "slurm,779" in result["ledger"]


@pytest.mark.parametrize("name", [name for name in GOOD if name.startswith("race of")])
def test_whoever_swaps_what_is_being_changed_hits_nothing(results: Results, name: str) -> None:
    result = results[name]
    assert result["hit"] == []
    assert sum(result["codes"].values()) == result["attempts"] >= 100
    assert set(result["codes"]) <= {"0", "2", "3"}
    # The race was one: calls met both what is swapped and what is not. A link in the place of an inner directory is an entry like any other.
    assert result["swaps"] > result["attempts"]
    assert len(result["codes"]) > 1 or "inner" in name
