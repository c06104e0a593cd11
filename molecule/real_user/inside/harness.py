"""What a case is made of: directories, calls by real sudo, and what changed meanwhile. Runs inside a host, as root."""

from __future__ import annotations

import json
import os
import pwd
import stat
import subprocess
import time
from pathlib import Path

PROGRAMS = Path("/usr/local/libexec/clusterjobs-real-user")
JOBS = Path("/srv/galaxy/jobs")
NEW_FILES = Path("/srv/galaxy/var/tmp")
LEDGER = Path("/var/lib/clusterjobs-real-user")
VICTIM = Path("/srv/victim")
WATCHED = (Path("/srv"), Path("/home"), Path("/etc/passwd"), Path("/etc/shadow"), Path("/etc/sudoers.d"), PROGRAMS)
GALAXY, ALICE, BOB, SHARED = 1450, 2001, 2002, "galaxyjobs"

results: list[dict] = []
CASES = []


def case(function):
    CASES.append(function)
    return function


def owned(path: Path, uid: int, gid: int | None = None, mode: int | None = None) -> Path:
    os.chown(path, uid, uid if gid is None else gid, follow_symlinks=False)
    if mode is not None:
        path.chmod(mode)
    return path


def tree(name: str, owner: int) -> Path:
    """A job's directory."""
    top = JOBS / "000" / name
    (top / "working" / "deep").mkdir(parents=True)
    for parent in (JOBS / "000", top, top / "working", top / "working" / "deep"):
        owned(parent, GALAXY if parent == JOBS / "000" else owner, mode=0o755)
    for file in (top / "galaxy_1.sh", top / "working" / "out.txt", top / "working" / "deep" / "more.txt"):
        file.write_text("#!/bin/sh\n")
        owned(file, owner, mode=0o755)
    (top / "working" / "link").symlink_to("/etc/passwd")
    owned(top / "working" / "link", owner)
    return top


def snapshot() -> dict[str, list[int]]:
    paths = [str(path) for path in WATCHED]
    for root in WATCHED:
        for directory, directories, files in os.walk(root):
            paths += [f"{directory}/{name}" for name in (*directories, *files)]
    seen = {}
    for path in paths:
        status = os.lstat(path)
        seen[path] = [status.st_uid, status.st_gid, status.st_mode, status.st_ino, status.st_size]
    return seen


def call(
    name: str, argv: list, user: str = "galaxy", sudo: tuple = ("-n",), env: dict | None = None, before=None, **notes
) -> str:
    """One call of Galaxy's; ``sudo=None`` makes it without, as that user. ``before`` is done as that user in sudo's process."""
    seen, begin = snapshot(), time.time()
    whole = [*(["sudo", *sudo] if sudo is not None else []), *map(str, argv)]
    account = pwd.getpwnam(user)
    groups = os.getgrouplist(user, account.pw_gid)
    done = subprocess.run(
        whole,
        user=account.pw_uid,
        group=account.pw_gid,
        extra_groups=groups,
        env={"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", **(env or {})},
        cwd="/",
        preexec_fn=before,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=60,
        check=False,
    )
    after = snapshot()
    changed = sorted(path for path in seen.keys() | after.keys() if seen.get(path) != after.get(path))
    result = {"case": name, "rc": done.returncode, "out": done.stdout, "err": done.stderr, "changed": changed}
    results.append({**result, "begin": begin, "ledger": sorted(os.listdir(LEDGER)), **notes})
    return done.stdout.strip()


def owners(top: Path) -> dict[str, list[int]]:
    return {
        str(path.relative_to(top)): [path.lstat().st_uid, path.lstat().st_gid, stat.S_IMODE(path.lstat().st_mode)]
        for path in [top, *top.rglob("*")]
    }


def log_of_all(begin: float) -> None:
    """The log's lines, each with the last call that had begun before it."""
    subprocess.run(["journalctl", "--sync"], check=True)
    argv = ["journalctl", "-o", "json", f"--since=@{int(begin)}", "-t", "clusterjobs-real-user", "-t", "sudo"]
    lines = subprocess.run(argv, capture_output=True, text=True, check=True).stdout.splitlines()
    calls = [result for result in results if "begin" in result]
    for line in map(json.loads, lines):
        # When it was sent; the journal may have been late.
        at = int(line["_SOURCE_REALTIME_TIMESTAMP"]) / 1e6
        mine = [result for result in calls if result["begin"] <= at]
        if mine:
            text = (
                line["MESSAGE"] if isinstance(line["MESSAGE"], str) else bytes(line["MESSAGE"]).decode(errors="replace")
            )
            mine[-1].setdefault("log", []).append([line["SYSLOG_IDENTIFIER"], line.get("SYSLOG_FACILITY"), text])
