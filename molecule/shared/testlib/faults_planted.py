"""The faults that do not depend on the DRM. Those of one round do not hide each other."""

from __future__ import annotations

from .hosts import TestCluster
from .sabotage import Fault

ROOT = "/srv/galaxy"
TOOL_DATA = f"{ROOT}/tool-data"
NEW_FILES = f"{ROOT}/var/tmp"
PYTHON = "/opt/galaxy-python/bin/python3"
# Another version of Python than it is, and a clock of its own: what a process reads at its start.
_FAKE_PYTHON = r"""mkdir -p /opt/fake && printf 'import sys\nsys.version_info = (3, 9, 1, "final", 0)\n' > /opt/fake/sitecustomize.py
rm %(python)s && printf '#!/bin/sh\nPYTHONPATH=/opt/fake exec /usr/bin/python3 "$@"\n' > %(python)s && chmod 755 %(python)s"""
_CLOCK = "/usr/lib/python3/dist-packages/usercustomize.py"
_FAKE_CLOCK = r"""printf 'import time\nreal = time.time\ntime.time = lambda: real() + 90\n' > %s""" % _CLOCK
SUDOERS = "/etc/sudoers.d/clusterjobs-real-user"
NOT_PLANTED = "not planted: "

#: Planted by the line above it.
ABOVE = "true"


def passwd(old: str, new: str) -> str:
    """Not usermod, which would also give the home directory, and so the server's, to another owner."""
    return f"sed -i '/^galaxy:/s|{old}|{new}|' /etc/passwd"


def full(path: str) -> str:
    # dd fails where the file system is full, which is what it is for.
    return f"mount -t tmpfs -o size=64k,mode=1777 none {path}; dd if=/dev/zero of={path}/full bs=1k count=200 2>/dev/null || true"


def set_up(cluster: TestCluster) -> None:
    """What a site has and the test hosts have not: tool data, and a virtual environment whose Python is each host's own."""
    link = f"mkdir -p /opt/galaxy-python/bin && ln -sf /usr/bin/python3 {PYTHON}"
    for host in (cluster.node, cluster.submit_host):
        host.check_output("sh -ec %s", link)
    lines = (
        f"mkdir -p {TOOL_DATA} {ROOT}/venv/bin",
        f"echo hg38 > {TOOL_DATA}/all_fasta.loc",
        f"ln -sf {PYTHON} {ROOT}/venv/bin/python",
    )
    cluster.submit_host.check_output("sh -ec %s", "\n".join(lines))
    cluster.submit_host.check_output(
        "sh -ec %s",
        "command -v bindfs || apt-get -q -y install bindfs || { apt-get -q update && apt-get -q -y install bindfs; }",
    )


#: What does not depend on the DRM.
EVERYWHERE: tuple[Fault, ...] = (
    Fault(
        "a shell that is none",
        "real_shell",
        plant=passwd("/bin/bash$", "/bin/false"),
        mend=passwd("/bin/false$", "/bin/bash"),
    ),
    Fault(
        "another Python",
        "same_python",
        plant=_FAKE_PYTHON % {"python": PYTHON},
        mend=f"ln -sf /usr/bin/python3 {PYTHON}; rm -r /opt/fake",
    ),
    Fault("a full disk for temporary files", "scratch", plant=full("/tmp"), mend="umount /tmp"),
    Fault("a clock that is 90 s fast (Python's, by a fake)", "clock", plant=_FAKE_CLOCK, mend=f"rm -f {_CLOCK}"),
    Fault(
        "a lag of 10 s (bindfs on the Galaxy server)",
        "attribute_cache",
        "galaxy",
        f"bindfs -o attr_timeout=10,entry_timeout=10,negative_timeout=10 {ROOT}/jobs {ROOT}/jobs",
        f"umount {ROOT}/jobs",
        f"{ROOT}/jobs",
    ),
    Fault("locks that do not hold (the same bindfs)", "locks", plant=ABOVE, mend=ABOVE, status="warning"),
    Fault(
        "a missing mount: another directory of the same name",
        "same_path",
        plant=f"mount -t tmpfs none {ROOT}/datasets",
        mend=f"umount {ROOT}/datasets",
        item=f"{ROOT}/datasets",
    ),
    Fault(
        "other tool data",
        "same_files",
        plant=f"mount --bind /etc/hostname {TOOL_DATA}/all_fasta.loc",
        mend=f"umount {TOOL_DATA}/all_fasta.loc",
    ),
    Fault(
        "new_file_path not for all",
        "temporary_mode",
        "galaxy",
        f"chmod 0755 {NEW_FILES}",
        f"chmod 1777 {NEW_FILES}",
    ),
    Fault(
        "nobody cleans new_file_path",
        "temporary_cleaned",
        "galaxy",
        "mv /etc/tmpfiles.d/galaxy-new-file-path.conf /root/",
        "mv /root/galaxy-new-file-path.conf /etc/tmpfiles.d/",
        status="warning",
    ),
    Fault(
        "another uid",
        "same_uid",
        plant=passwd("galaxy:x:1450:", "galaxy:x:1999:"),
        mend=passwd("galaxy:x:1999:", "galaxy:x:1450:"),
        round=2,
    ),
    Fault(
        "a Python that does not start",
        "python_starts",
        plant=f"mv {PYTHON} {PYTHON}.away",
        mend=f"mv {PYTHON}.away {PYTHON}",
        round=2,
    ),
    Fault(
        "a full file system",
        "space",
        plant=f"mount -t tmpfs -o size=1m none {ROOT}/datasets",
        mend=f"umount {ROOT}/datasets",
        round=2,
    ),
    Fault(
        "no shared file system at all",
        "answered",
        plant=f"mount -t tmpfs none {ROOT}",
        mend=f"umount {ROOT}",
        round=3,
    ),
    Fault(
        "sudoers of the real users' scripts removed",
        "real_user_helpers",
        "galaxy",
        f"mv {SUDOERS} /root/",
        f"mv /root/{SUDOERS.rpartition('/')[2]} {SUDOERS}",
    ),
    # Where nothing else keeps Galaxy from the node.
    Fault(
        "a host key that changed",
        "shells",
        plant="cp -a /etc/ssh /root/ssh.kept && rm /etc/ssh/ssh_host_* && ssh-keygen -q -A && systemctl restart ssh",
        mend="rm -f /etc/ssh/ssh_host_*; cp -a /root/ssh.kept/ssh_host_* /etc/ssh/ && rm -r /root/ssh.kept; systemctl restart ssh",
        round=4,
    ),
    Fault(
        "a real user with another uid",
        "real_users",
        plant="sed -i 's/^alice:x:2001:/alice:x:2999:/' /etc/passwd",
        mend="sed -i 's/^alice:x:2999:/alice:x:2001:/' /etc/passwd",
        item="alice",
        round=2,
    ),
    Fault(
        "a real user with a shell that is none",
        "real_users",
        plant="sed -i '/^bob:/s|/bin/bash$|/bin/false|' /etc/passwd",
        mend="sed -i '/^bob:/s|/bin/false$|/bin/bash|' /etc/passwd",
        item="bob",
        round=2,
    ),
)
