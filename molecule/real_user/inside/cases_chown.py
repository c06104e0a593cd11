"""Directories go to a user and come back."""

from __future__ import annotations

import fcntl
import grp
import os
import pwd
import re
import stat
import struct
import subprocess
from pathlib import Path

from harness import (
    ALICE,
    BOB,
    GALAXY,
    JOBS,
    NEW_FILES,
    PROGRAMS,
    SHARED,
    VICTIM,
    call,
    case,
    owned,
    owners,
    results,
    tree,
)


def chown(name: str, path, user="alice", gid=ALICE, **keywords) -> None:
    call(f"chown {name}", [PROGRAMS / "chown", path, user, gid], **keywords)


@case
def chown_both_ways() -> None:
    top = tree("normal", GALAXY)
    owned(top / "working", GALAXY, mode=0o2775)
    for name, mode in (("suid", 0o4755), ("sgid", 0o2755), ("lock", 0o2644)):
        (top / name).touch()
        owned(top / name, GALAXY, mode=mode)
    os.mkfifo(top / "fifo")
    owned(top / "fifo", GALAXY)
    chown("gives", top)
    results[-1]["owners"] = owners(top)
    chown("gives what is given", top)
    (top / "working" / "new.txt").touch()
    owned(top / "working" / "new.txt", ALICE, mode=0o4755)
    chown("takes back", top, "galaxy", GALAXY)
    results[-1]["owners"] = owners(top)


@case
def chown_shared_group_as_argument() -> None:
    chown("gives with the shared gid", tree("shared", GALAXY), gid=grp.getgrnam(SHARED).gr_gid)


@case
def chown_paths() -> None:
    top = tree("paths", GALAXY)
    (top / "parent").symlink_to(VICTIM)
    (top / "final").symlink_to(VICTIM / "directory")
    (JOBS.parent / "jobs-x" / "evil").mkdir()
    owned(JOBS.parent / "jobs-x" / "evil", GALAXY)
    paths = {
        "system file": "/etc/passwd",
        "system directory": "/etc",
        "victim": VICTIM,
        "symlinked parent": top / "parent" / "directory",
        "final symlink": top / "final",
        "dotdot": f"{top}/../../../victim",
        "dot": f"{top}/./working",
        "double slash": f"{JOBS}//000/paths",
        "trailing slash": f"{top}/",
        "relative": "srv/galaxy/jobs/000/paths",
        "sibling by name": JOBS.parent / "jobs-x" / "evil",
        "root": JOBS,
        "other root": NEW_FILES,
        "nothing": JOBS / "000" / "absent",
        "newline": f"{top}\n/etc",
        "option": "--reference=/etc/passwd",
        "file": top / "galaxy_1.sh",
        "magic link": "/proc/self/root/srv/galaxy/jobs/000/paths",
        "empty": "",
    }
    for name, path in paths.items():
        chown(name, path)


@case
def chown_entries() -> None:
    def spoil(name: str):
        return tree(name.replace(" ", "-"), GALAXY)

    top = spoil("hard link to roots file")
    os.link(VICTIM / "secret", top / "working" / "deep" / "linked")
    chown("hard link to roots file", top)
    (top / "working" / "deep" / "linked").unlink()
    top = spoil("hard link to the users file")
    os.link("/home/alice/own", top / "working" / "linked")
    chown("hard link to the users file", top)
    (top / "working" / "linked").unlink()
    top = spoil("third user")
    owned(top / "working" / "deep" / "more.txt", BOB)
    chown("third user", top)
    top = spoil("top of third user")
    owned(top, BOB)
    chown("top of third user", top)
    top = spoil("device")
    os.mknod(top / "working" / "null", 0o666 | stat.S_IFCHR, os.makedev(1, 3))
    owned(top / "working" / "null", GALAXY)
    chown("device", top)
    top = spoil("other file system")
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"uid={GALAXY},gid={GALAXY}", "tmpfs", top / "working" / "deep"], check=True
    )
    chown("other file system", top)
    chown("into other file system", top / "working" / "deep")
    subprocess.run(["umount", top / "working" / "deep"], check=True)
    top = spoil("too deep")
    at = top
    for _level in range(70):
        at = at / "d"
        at.mkdir()
        owned(at, GALAXY)
    chown("too deep", top)


@case
def chown_users() -> None:
    top = tree("users", GALAXY)
    for user in ("root", "0", "daemon", "nologin", "denied", "far", "stranger", "nobody", "absent"):
        known = pwd.getpwnam(user) if user not in ("0", "absent") else None
        chown(f"to {user}", top, user, known.pw_gid if known else 0)
    for user in ("alice:root", "--reference=/etc/passwd", "alice\nroot", "", "-R", "alice bob", "../alice"):
        chown(f"to {user!r}", top, user, ALICE)
    for user in ("root.", "user name", "0x7d1"):
        chown(f"to {user!r}", top, user, ALICE)
    for gid in ("0", "3001", "2002", "1450", "-1", "2001x", "", " 2001", "4294967296", "galaxyjobs"):
        chown(f"gid {gid!r}", top, "alice", gid)
    call("chown too few words", [PROGRAMS / "chown", top, "alice"])
    call("chown too many words", [PROGRAMS / "chown", top, "alice", ALICE, top])


@case
def chown_names_of_digits() -> None:
    """An account whose name is bob's uid, and one that is the denied user by another name."""
    top = tree("digits", GALAXY)
    before = {path: path.read_text() for path in (Path("/etc/passwd"), Path("/etc/group"))}
    with Path("/etc/passwd").open("a") as passwd:
        passwd.write("2002:x:2008:2008::/home/bob:/bin/bash\ndenied2:x:2004:2004::/home/denied:/bin/bash\n")
    group = re.sub("(?m)^(scientists:.*)$", r"\1,2002,denied2", before[Path("/etc/group")])
    Path("/etc/group").write_text(group)
    chown("to '2002'", top, "2002", BOB)
    chown("to '2002' of its group", top, "2002", 2008)
    chown("to a second name", top, "denied2", 2004)
    call("run as '2008'", [PROGRAMS / "run", "2008", top / "1.jt_json"])
    call("run as 'alice'", [PROGRAMS / "run", "alice", top / "1.jt_json"])
    for path, text in before.items():
        path.write_text(text)


@case
def chown_takes_access_away() -> None:
    """The user leaves himself and others ways to change what becomes Galaxy's."""
    top = tree("access", GALAXY)
    subprocess.run(["setfacl", "-m", f"u:{GALAXY}:rwx", top / "working"], check=True)
    chown("gives what has an ACL of Galaxys", top)
    results[-1]["access"] = access(top)
    os.mkfifo(top / "fifo")
    owned(top / "fifo", ALICE)
    for path in (top, *top.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode & 0o777 | 0o066)
            subprocess.run(["setfacl", "-m", f"u:{ALICE}:rwx,u:{BOB}:rwx", path], check=True)
        if path.is_dir() and not path.is_symlink():
            subprocess.run(["setfacl", "-d", "-m", f"u:{ALICE}:rwx", path], check=True)
    # cap_setuid, permitted and effective.
    os.setxattr(top / "galaxy_1.sh", "security.capability", struct.pack("<5I", 0x02000001, 1 << 7, 0, 0, 0))
    results.append({"case": "chown access before", "access": access(top)})
    chown("takes back what had ACLs", top, "galaxy", GALAXY)
    results[-1]["access"] = access(top)
    results[-1]["owners"] = owners(top)


def access(top: Path) -> dict[str, list[str]]:
    paths = [path for path in (top, *top.rglob("*")) if not path.is_symlink()]
    return {str(path.relative_to(top)): sorted(os.listxattr(path)) for path in paths}


def attribute(path: Path, flag: int, given: bool) -> None:
    """As chattr does it, which not every host has: FS_IOC_GETFLAGS, and FS_IOC_SETFLAGS with all the others as they are.

    Without its extents' flag, ext4 would have to store a file anew, which it refuses at times.
    """
    opened = os.open(path, os.O_RDONLY)
    (flags,) = struct.unpack("l", fcntl.ioctl(opened, 0x80086601, struct.pack("l", 0)))
    fcntl.ioctl(opened, 0x40086602, struct.pack("l", flags | flag if given else flags & ~flag))
    os.close(opened)


@case
def chown_locked() -> None:
    top = tree("locked", GALAXY)
    for name, flag, path in (
        ("immutable file", 0x10, top / "working" / "out.txt"),
        ("append-only directory", 0x20, top / "working" / "deep"),
    ):
        attribute(path, flag, True)
        chown(name, top)
        attribute(path, flag, False)


@case
def chown_odd_bytes() -> None:
    """Neither a line of the log's nor a terminal's escape sequence."""
    top = tree("odd", GALAXY)
    chown("bytes", f"{top}/{os.fsdecode(bytes([0xFF, 0xFE]))}")
    odd = top / "working" / os.fsdecode(b"\n\x1b[2Jexit code 0: \xff")
    odd.touch()
    owned(odd, BOB)
    chown("name of an entry", top)


@case
def chown_reclaims() -> None:
    top = tree("back-own-link", ALICE)
    os.link("/home/alice/own", top / "working" / "deep" / "own")
    chown("back users own hard link", top, "galaxy", GALAXY)
    (top / "working" / "deep" / "own").unlink()
    top = tree("back-third", ALICE)
    owned(top / "working" / "deep" / "more.txt", BOB)
    chown("back third user", top, "galaxy", GALAXY)
    top = tree("back-roots", 0)
    chown("back what is roots", top, "galaxy", GALAXY)
    chown("back to a foreign gid", tree("back-gid", ALICE), "galaxy", 0)
