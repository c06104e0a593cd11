"""The faults, in the words of each DRM's hosts. Those of one round do not hide each other."""

from __future__ import annotations

from dataclasses import replace

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
_HERE = "not planted: "


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


def everywhere() -> list[Fault]:
    """What does not depend on the DRM."""
    return [
        Fault(
            "a shell that is none",
            "real_shell",
            plant=_passwd("/bin/bash$", "/bin/false"),
            mend=_passwd("/bin/false$", "/bin/bash"),
        ),
        Fault(
            "another Python",
            "same_python",
            plant=_FAKE_PYTHON % {"python": PYTHON},
            mend=f"ln -sf /usr/bin/python3 {PYTHON}; rm -r /opt/fake",
        ),
        Fault("a full disk for temporary files", "scratch", plant=_full("/tmp"), mend="umount /tmp"),
        Fault("a clock that is 90 s fast (Python's, by a fake)", "clock", plant=_FAKE_CLOCK, mend=f"rm -f {_CLOCK}"),
        Fault(
            "a lag of 10 s (bindfs on the Galaxy server)",
            "attribute_cache",
            "galaxy",
            f"bindfs -o attr_timeout=10,entry_timeout=10,negative_timeout=10 {ROOT}/jobs {ROOT}/jobs",
            f"umount {ROOT}/jobs",
            f"{ROOT}/jobs",
        ),
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
            plant=_passwd("galaxy:x:1450:", "galaxy:x:1999:"),
            mend=_passwd("galaxy:x:1999:", "galaxy:x:1450:"),
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
            "no shared file system at all",
            "answered",
            plant=f"mount -t tmpfs none {ROOT}",
            mend=f"umount {ROOT}",
            round=3,
        ),
    ]


def _passwd(old: str, new: str) -> str:
    """Not usermod, which would also give the home directory, and so the server's, to another owner."""
    return f"sed -i '/^galaxy:/s|{old}|{new}|' /etc/passwd"


def _full(path: str) -> str:
    return f"mount -t tmpfs -o size=64k,mode=1777 none {path}; dd if=/dev/zero of={path}/full bs=1k count=200 2>/dev/null || true"


def elsewhere() -> list[Fault]:
    """What other parts of the collection answer for, and their tests show."""
    return [
        Fault(
            "sudoers of the real users' scripts removed", "", reason=_HERE + "cluster_verify does not ask the scripts"
        ),
        Fault("a host key that changed", "", reason=_HERE + "cluster_verify does not use the cli runner's shells"),
    ]


_PROLOG = "/etc/slurm/task_prolog.sh"


def slurm() -> list[Fault]:
    sudoers = "/etc/sudoers.d/umask"
    limits = "/etc/security/limits.d/galaxy.conf"
    partition = "scontrol update partitionname=main"
    prolog = f"printf '#!/bin/sh\\necho export SLURM_CPUS_ON_NODE=7\\necho export LC_ALL=xx_XX.UTF-8\\n' > {_PROLOG} && chmod 755 {_PROLOG}"
    use = "echo TaskProlog=%s >> /etc/slurm/slurm.conf && systemctl restart slurmd" % _PROLOG
    forget = "sed -i /^TaskProlog=/d /etc/slurm/slurm.conf; systemctl restart slurmd"
    return [
        Fault(
            "a umask that shuts others out",
            "umask",
            "galaxy",
            f"echo 'Defaults umask=0077, umask_override' > {sudoers} && chmod 440 {sudoers}",
            f"rm -f {sudoers}",
        ),
        Fault(
            "few open files",
            "limits",
            "galaxy",
            f"echo 'galaxy soft nofile 256' > {limits}",
            f"rm -f {limits}",
            status="warning",
        ),
        Fault(
            "other slots than asked for", "galaxy_slots", plant=f"{prolog} && {use}", mend=f"{forget}; rm -f {_PROLOG}"
        ),
        Fault("a locale that is not there", "locale", plant="true", mend="true", status="warning"),
        Fault(
            "no scontrol on the node",
            "galaxy_memory",
            plant="mv /usr/bin/scontrol /usr/bin/scontrol.away",
            mend="mv /usr/bin/scontrol.away /usr/bin/scontrol",
        ),
        Fault(
            "a node that is down",
            "node_up",
            "controller",
            "scontrol update nodename=$(scontrol show hostnames $(sinfo -h -o %%N -p main)) state=down reason=sabotage",
            "scontrol update nodename=$(scontrol show hostnames $(sinfo -h -o %%N -p main)) state=resume",
            round=4,
        ),
        Fault(
            "a closed queue", "queue_open", "controller", f"{partition} state=down", f"{partition} state=up", round=4
        ),
        Fault(
            "an account that may not submit",
            "submits",
            "controller",
            f"{partition} allowgroups=root",
            f"{partition} allowgroups=all",
            "submit",
            round=4,
        ),
        Fault(
            "a DRMAA library that is missing", "drmaa_library", reason=_HERE + "Debian has no DRMAA library for Slurm"
        ),
    ]


_STARTER = "/usr/local/bin/sabotaged-start"


def _starter(*lines: str) -> str:
    """What the DRM's daemon starts a job by."""
    text = "\\n".join(["#!/bin/sh", *lines, 'exec "$@"', ""])
    return f"printf '{text}' > {_STARTER} && chmod 755 {_STARTER}"


def gridengine() -> list[Fault]:
    use = f"qconf -mattr queue starter_method {_STARTER} main.q"
    lines = ("umask 077", "ulimit -n 256", "export NSLOTS=7 LC_ALL=xx_XX.UTF-8")
    library = "/usr/lib/gridengine-drmaa/lib/libdrmaa.so.1.0"
    host = "$(qconf -ss | grep galaxy)"
    return [
        Fault("a umask that shuts others out", "umask", plant=_starter(*lines), mend=f"rm -f {_STARTER}"),
        Fault(
            "few open files",
            "limits",
            "controller",
            use,
            "qconf -mattr queue starter_method NONE main.q",
            status="warning",
        ),
        Fault("other slots than asked for", "galaxy_slots", plant="true", mend="true"),
        Fault("a locale that is not there", "locale", plant="true", mend="true", status="warning"),
        Fault(
            "no scontrol on the node",
            "galaxy_memory",
            reason=_HERE + "Grid Engine 8.1.9 tells jobs nothing of their memory",
        ),
        Fault(
            "a node that is closed",
            "node_up",
            "controller",
            "qmod -d '*'",
            "qmod -e main.q short.q staff.q",
            status="warning",
            round=4,
        ),
        Fault("a closed queue", "queue_open", "controller", "true", "true", round=4),
        Fault(
            "an account that may not submit",
            "submits",
            "controller",
            f"echo {host} > /root/submits; qconf -ds {host}",
            "qconf -as $(cat /root/submits)",
            "submit",
            round=4,
        ),
        Fault(
            "a DRMAA library that is missing",
            "drmaa_library",
            "galaxy",
            f"mv {library} {library}.away",
            f"mv {library}.away {library}",
        ),
    ]


def htcondor() -> list[Fault]:
    wrapper = "/etc/condor/config.d/99-sabotage"
    lines = ("umask 077", "export LC_ALL=xx_XX.UTF-8 TMPDIR=/srv/full")
    use = f"echo USER_JOB_WRAPPER = {_STARTER} > {wrapper} && condor_reconfig"
    forget = f"rm -f {wrapper} {_STARTER}; condor_reconfig"
    refuse = "SUBMIT_REQUIREMENT_NAMES = Sabotage\\nSUBMIT_REQUIREMENT_Sabotage = false\\n"
    return [
        Fault("a umask that shuts others out", "umask", plant=f"{_starter(*lines)} && {use}", mend=forget),
        Fault("few open files", "limits", reason=_HERE + "as the umask, by the wrapper that starts a job: not tried"),
        Fault(
            "other slots than asked for",
            "galaxy_slots",
            reason=_HERE + "Galaxy's runner writes them into the job script",
        ),
        Fault("a locale that is not there", "locale", plant="true", mend="true", status="warning"),
        Fault(
            "no scontrol on the node", "galaxy_memory", reason=_HERE + "HTCondor tells jobs nothing that Galaxy reads"
        ),
        Fault(
            "a node that is closed",
            "node_up",
            "controller",
            "condor_drain $(condor_status -af Machine | head -n1)",
            "condor_drain -cancel $(condor_status -af Machine | head -n1)",
            status="warning",
            round=4,
        ),
        Fault("a closed queue", "queue_open", reason=_HERE + "HTCondor has no queues"),
        Fault(
            "an account that may not submit",
            "submits",
            "galaxy",
            f"printf '{refuse}' > {wrapper} && condor_reconfig && sleep 2",
            f"rm -f {wrapper}; condor_reconfig",
            "submit",
            round=4,
        ),
        Fault(
            "a DRMAA library that is missing",
            "drmaa_library",
            reason=_HERE + "Debian has no DRMAA library for HTCondor",
        ),
    ]


FAULTS = {"slurm": slurm, "gridengine": gridengine, "htcondor": htcondor}


def faults_of(cluster: TestCluster) -> list[Fault]:
    """The temporary files of HTCondor's jobs are in its own scratch directory, unless the job is told otherwise."""
    everybodys = everywhere()
    if cluster.cluster.drm == "htcondor":
        full = "mkdir -p /srv/full && " + _full("/srv/full")
        everybodys = [
            replace(fault, plant=full, mend="umount /srv/full") if fault.check == "scratch" else fault
            for fault in everybodys
        ]
    return [*everybodys, *FAULTS[cluster.cluster.drm](), *elsewhere()]
