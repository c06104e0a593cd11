# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role real_user refuses, and the pure parts of its programs. The programs themselves: molecule/real_user."""

from __future__ import annotations

import importlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from ansible_collections.clusterjobs.drm.tests.unit.helpers.play import play

HELPERS = Path(__file__).resolve().parents[3] / "roles" / "real_user" / "files" / "helpers"
# Variables, and a word of the message; nothing where they are good.
CASES: dict[str, tuple[dict[str, Any], str]] = {
    "good": ({}, ""),
    "good with a library": ({"clusterjobs_drm": "lsf", "library": "/opt/lsf/lib/libdrmaa.so"}, ""),
    "user ALL": ({"galaxy_user": "ALL"}, "not the plain name of one account"),
    "path with a number sign": ({"dir": "/opt/a#b"}, "Not absolute paths"),
    "root of dots": ({"roots": ["/srv/.."]}, "Not absolute paths"),
    "a file that sudo ignores": ({"sudoers_file": "/etc/sudoers.d/galaxy.conf"}, "sudo ignores"),
    "user that is an option": ({"users": ["--all"]}, "Not names"),
    "user that is a number": ({"users": ["1000"]}, "no number alone"),
    "denied user that is a uid": ({"denied_users": [1000]}, "no number alone"),
    "user with a blank": ({"users": ["user name"]}, "Not names"),
    "no way to submit": ({"clusterjobs_drm": "lsf"}, "without a DRMAA library"),
    "uid 0": ({"min_uid": 0}, "has to be 1 or more"),
    "any mail domain": ({"real_user_required_group": ""}, "NAME@anything"),
    "option with a blank": ({"native_options": {"-p x": 1}}, "Not options"),
}


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    scratch = tmp_path_factory.mktemp("play")
    cases = scratch / "cases.json"
    cases.write_text(json.dumps({name: variables for name, (variables, _text) in CASES.items()}))
    return play(Path(__file__).with_name("real_user.yml"), scratch, cases=str(cases)).results


@pytest.mark.parametrize("name", CASES)
def test_what_must_not_come_near_sudo_is_refused(said: dict[str, str], name: str) -> None:
    text = CASES[name][1]
    assert text in said[name]
    assert bool(said[name]) == bool(text)


def pattern(name: str) -> str:
    text = (HELPERS.parents[1] / "vars" / "main.yml").read_text(encoding="utf-8")
    found = yaml.safe_load(text)[name]
    assert isinstance(found, str)
    return found


@pytest.mark.parametrize(
    "name", ["ALL", "%g", "a,b", "!x", "a b", "galaxy\n", "#1450", "+net", "GALAXY_2", "a=b", "", "-x", "a\\b", "1450"]
)
def test_what_is_no_plain_name_to_sudoers(name: str) -> None:
    """Jinja's `match` is re.match."""
    assert not re.match(pattern("__real_user_name"), name)
    assert re.match(pattern("__real_user_name"), "galaxy-2.test")


@pytest.mark.parametrize(
    "path",
    [
        "/opt/a#b",
        "/opt/a, /bin/sh",
        "/opt/*",
        "/opt/a b",
        "/opt/a/",
        "opt/a",
        "/opt/../a",
        "/opt//a",
        "/opt/a\n",
        "/opt/a\\",
        "/",
        "",
        "/a/.",
        "/a:b",
    ],
)
def test_what_is_no_plain_path_to_sudoers(path: str) -> None:
    assert not re.match(pattern("__real_user_path"), path) or re.search(pattern("__real_user_dots"), path)
    assert re.match(pattern("__real_user_path"), "/opt/real_user-2.0/x")
    assert not re.search(pattern("__real_user_dots"), "/opt/..a/b.")


def test_where_a_file_of_roots_is_not_roots() -> None:
    """As on an export with root_squash: whoever makes the file is nobody."""
    program = HELPERS.parent / "root_squashed.py"
    place = Path(tempfile.mkdtemp(prefix="squashed-"))
    place.chmod(0o755)
    try:
        for name, mode in (("open", 0o1777), ("closed", 0o555)):
            (place / name).mkdir()
            (place / name).chmod(mode)
        paths = [str(place / name) for name in ("open", "closed", "absent")]
        argv = ["/usr/bin/python3", "-IS", "-c", program.read_text(encoding="utf-8"), *paths]
        nobody = 65534 if os.geteuid() == 0 else os.geteuid()
        told = subprocess.run(
            argv, capture_output=True, text=True, check=True, user=nobody if nobody == 65534 else None
        )
        assert told.stdout.splitlines() == [
            f"{paths[0]}: a file that root makes there belongs to uid {nobody}",
            f"{paths[1]}: root may not write there: Permission denied",
        ]
        if os.geteuid() == 0:
            assert subprocess.run(argv, capture_output=True, text=True, check=True).stdout == ""
        assert list((place / "open").iterdir()) == []
    finally:
        shutil.rmtree(place)


@pytest.fixture
def helper(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Imports one of the programs' modules, which lie beside each other."""
    monkeypatch.syspath_prepend(str(HELPERS))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    before = set(sys.modules)

    def imported(name: str) -> ModuleType:
        return importlib.import_module(name)

    yield imported
    for name in {"surroundings", "paths", "guard", "job", "run", "as_user"} - before:
        sys.modules.pop(name, None)


ALLOWED = {"-p": 1, "-l": 1, "-pe": 2, "-n": 1, "--time": 1, "--exclusive": 0, "-soft": 0}


@pytest.mark.parametrize(
    ("native", "words"),
    [
        ("", []),
        ("-p main --time=1:00:00 -n4", ["-p", "main", "--time=1:00:00", "-n4"]),
        ("  -pe  smp 4 -soft -l h_rt=10,mem=2G ", ["-pe", "smp", "4", "-soft", "-l", "h_rt=10,mem=2G"]),
        ("--time 10 --exclusive -p -10", ["--time", "10", "--exclusive", "-p", "-10"]),
    ],
)
def test_native_options_that_are_allowed(helper: Any, native: str, words: list[str]) -> None:
    assert helper("as_user").words(native, ALLOWED) == words


@pytest.mark.parametrize(
    "native",
    [
        *("--uid=0", "--tim=1", "-D /x", "main", "-p main /bin/sh", "-p", "-pe smp", "--exclusive=x", "-p a;b"),
        *("-p $HOME", "-p --uid=0", "-pmain", '-l "h_rt=1"', "-p a\\b", "-n4;id", "-", "--", "--=1", "-p\u00a0main"),
    ],
)
def test_native_options_that_are_not(helper: Any, native: str) -> None:
    as_user = helper("as_user")
    with pytest.raises(as_user.Refused):
        as_user.words(native, ALLOWED)


TEMPLATE = {
    "remoteCommand": "/jobs/7/galaxy_7.sh",
    "jobName": "g7_cat1",
    "workingDirectory": "/jobs/7",
    "outputPath": ":/jobs/7/galaxy_7.o",
    "errorPath": "/jobs/7/galaxy_7.e",
    "nativeSpecification": "-p main",
}


def test_galaxys_template(helper: Any) -> None:
    found = helper("as_user").parse(json.dumps(TEMPLATE).encode(), "/jobs/7", ALLOWED)
    assert found == (
        "/jobs/7/galaxy_7.sh",
        "g7_cat1",
        "/jobs/7",
        "/jobs/7/galaxy_7.o",
        "/jobs/7/galaxy_7.e",
        ["-p", "main"],
    )


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("remoteCommand", "/jobs/77/galaxy_7.sh"),
        ("remoteCommand", "/jobs/7/../8/x"),
        ("remoteCommand", "/jobs/7"),
        ("outputPath", "host:/jobs/7/o"),
        ("outputPath", "::/jobs/7/o"),
        ("errorPath", "/jobs/7/a b"),
        ("jobName", "a/b"),
        ("jobName", ""),
        ("workingDirectory", "/jobs"),
        ("args", []),
    ],
)
def test_a_template_stays_in_its_directory(helper: Any, key: str, value: Any) -> None:
    as_user = helper("as_user")
    with pytest.raises(as_user.Refused):
        as_user.parse(json.dumps({**TEMPLATE, key: value}).encode(), "/jobs/7", ALLOWED)


CONFIG = {
    "galaxy_user": "galaxy",
    "roots": {"/srv/jobs": "/export/jobs"},
    "min_uid": 1000,
    "max_uid": 60000,
    "denied_users": [],
    "required_group": "",
    "shared_group": "",
    "cluster": "slurm",
    "ledger": "/var/lib/x",
    "ledger_days": 90,
    "time_limit": 60,
    "back_end": "slurm",
    "drmaa_library": "",
    "python_path": "",
    "environment": {},
    "native_options": {"-p": 1},
}


def test_a_configuration_is_whole_or_none(helper: Any) -> None:
    problem = helper("guard").config_problem
    assert problem(CONFIG) == ""
    for key in CONFIG:
        assert key in problem({name: value for name, value in CONFIG.items() if name != key})
    bad = {
        "roots": [{}, {"relative": "/x"}, {"/a": "/a/.."}, {"/a": "/a", "/a/b": "/a/b"}, {"/a": 1}, []],
        "min_uid": [0, -1, 70000, "1000", True],
        "denied_users": [[1], "root"],
        "environment": [{"A": 1}],
        "native_options": [{"-p": "1"}],
        "cluster": ["", "a/b", "../x", "a,b"],
        "ledger": ["var/lib"],
    }
    assert not [(key, value) for key, values in bad.items() for value in values if not problem({**CONFIG, key: value})]


@pytest.fixture
def jobs(tmp_path: Path) -> Path:
    (tmp_path / "jobs" / "7" / "working").mkdir(parents=True)
    (tmp_path / "jobs" / "link").symlink_to(tmp_path / "jobs" / "7")
    (tmp_path / "jobs" / "7" / "final").symlink_to("working")
    return tmp_path / "jobs"


@pytest.mark.parametrize("kernel", ["openat2", "none"])
def test_no_symbolic_link_is_followed(helper: Any, jobs: Path, monkeypatch: pytest.MonkeyPatch, kernel: str) -> None:
    """A kernel before 5.6 says ENOSYS, and the walk has to be as strict."""
    paths = helper("paths")
    if kernel == "none":
        monkeypatch.setattr(paths, "_OPENAT2", 100000)
    config = {"roots": {"/named": str(jobs)}}
    opened = paths.open_below_root(config, "/named/7/working", os.O_PATH | os.O_DIRECTORY)
    assert os.path.samestat(os.fstat(opened), (jobs / "7" / "working").stat())
    os.close(opened)
    for path in (
        "/named/link/working",
        "/named/7/final",
        "/named/absent",
        "/named",
        "/named/",
        "/named/../x",
        "/other/7",
    ):
        with pytest.raises(paths.Denied):
            paths.open_below_root(config, path, os.O_PATH | os.O_DIRECTORY)


def test_what_others_may_write_is_not_trusted(helper: Any, tmp_path: Path) -> None:
    paths = helper("paths")
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(paths.Denied, match="is not root's alone"):
        paths.open_trusted(str(tmp_path / "config.json"))


def test_the_log_has_no_line_but_its_own(helper: Any) -> None:
    assert helper("guard").escaped("a\nb\x1b[0m\udcff\u2028") == "a\\nb\\x1b[0m\\udcff\\u2028"


def test_a_name_is_no_uid_and_a_uid_no_name(helper: Any) -> None:
    guard, paths = helper("guard"), helper("paths")
    own = guard.look_up_uid("0")
    assert (own.name, own.uid) == ("root", 0)
    assert guard.look_up("root") == own
    for name, reason in {
        "0": "is a number",
        "1000": "is a number",
        "-x": "is not a user",
        "user name": "is not a user",
    }.items():
        with pytest.raises(paths.Denied, match=reason):
            guard.look_up(name)
    for uid in ("root", "-0", "+0", "0x0", " 0", "\u0660", "", "00000000000"):
        with pytest.raises(paths.Denied, match="is not a uid"):
            guard.look_up_uid(uid)
    with pytest.raises(paths.Denied, match="no user with uid"):
        guard.look_up_uid("4294967296")


@pytest.mark.parametrize(
    ("name", "first", "reason"),
    [("anna", "anna", ""), ("2001", "2001", "a number for a name"), ("anna2", "anna", "has the uid of anna")],
)
def test_one_account_has_one_name(
    helper: Any, monkeypatch: pytest.MonkeyPatch, name: str, first: str, reason: str
) -> None:
    """denied_users names accounts, and a second name of one of them is not there."""
    guard = helper("guard")
    entry = guard.pwd.struct_passwd((first, "x", 2001, 2001, "", "/", "/bin/sh"))
    monkeypatch.setattr(guard.pwd, "getpwuid", lambda _uid: entry)
    user = guard.Account(name, 2001, 2001, [2001], "/bin/sh", "/")
    config = {**CONFIG, "galaxy_user": "root"}
    assert reason in guard.uid_problem(config, user)
    assert bool(guard.uid_problem(config, user)) == bool(reason)


@pytest.fixture
def ledger(helper: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """In a directory that need not be root's."""
    directory = tmp_path / "ledger"
    directory.mkdir(mode=0o700)
    job = helper("job")
    monkeypatch.setattr(job.paths, "open_trusted", lambda path: os.open(path, os.O_RDONLY))
    return job.Ledger({**CONFIG, "ledger": str(directory)})


def test_runs_at_the_same_time_do_not_stop_each_other(
    ledger: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What another run has just renamed, or has forgotten, is still in this one's listing."""
    names = os.listdir
    monkeypatch.setattr(os, "listdir", lambda place: [*names(place), ".new-1"])
    ledger.keep(ledger.reserve(2001), "7")
    assert ledger.owner("7") == 2001
    assert names(tmp_path / "ledger") == ["slurm,7"]


SURROUNDINGS = """
import json, resource, signal, sys
sys.path.insert(0, sys.argv[1])
signal.setitimer(signal.ITIMER_REAL, 60)
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGUSR1})
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
low = (resource.RLIMIT_CPU, resource.RLIMIT_FSIZE, resource.RLIMIT_NOFILE)
for kind in low:
    resource.setrlimit(kind, (20, resource.getrlimit(kind)[1]))
import surroundings
surroundings.forget()
inside = [resource.getrlimit(kind)[0] for kind in low]
blocked = list(signal.pthread_sigmask(signal.SIG_BLOCK, ()))
ignored = [signal.getsignal(each) == signal.SIG_IGN for each in (signal.SIGTERM, signal.SIGALRM, signal.SIGTSTP)]
usual = signal.getsignal(signal.SIGCHLD) == signal.SIG_DFL
surroundings.signals_as_usual()
after = [int(each) for each in signal.valid_signals() - {9, 19} if signal.getsignal(each) != signal.SIG_DFL]
print(json.dumps([inside, blocked, ignored, usual, signal.getitimer(signal.ITIMER_REAL)[0], after]))
"""


def test_a_callers_limits_signals_and_timers_are_forgotten() -> None:
    """In a process of its own. A limit that is high enough stays."""
    argv = [sys.executable, "-B", "-c", SURROUNDINGS, str(HELPERS)]
    said = json.loads(subprocess.run(argv, capture_output=True, text=True, check=True).stdout)
    assert said == [[-1, -1, 1024], [], [True] * 3, True, 0, []]
