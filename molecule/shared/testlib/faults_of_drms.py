"""The faults in the words of each DRM's hosts."""

from __future__ import annotations

from dataclasses import replace

from .faults_planted import ABOVE, EVERYWHERE, NOT_PLANTED, ROOT, full
from .hosts import TestCluster
from .sabotage import Fault

_JOB_CONF = f"{ROOT}/config/job_conf.yml"
_PROLOG = "/etc/slurm/task_prolog.sh"


def _without_drmaa(drm: str) -> tuple[Fault, ...]:
    reason = NOT_PLANTED + f"Debian has no DRMAA library for {drm}"
    return (
        Fault("a DRMAA library that is missing", "drmaa_library", reason=reason),
        Fault("a service that looks for its DRM elsewhere", "drmaa_jobs", reason=reason),
        Fault("Galaxy's Python without the package drmaa", "drmaa_jobs", reason=reason),
    )


_SLURM_SUDOERS = "/etc/sudoers.d/umask"
_SLURM_LIMITS = "/etc/security/limits.d/galaxy.conf"
_SLURM_PARTITION = "scontrol update partitionname=main"
_SLURM_NODE = "scontrol update nodename=$(sinfo -h -o %N -p main)"
_SLURM_PROLOG = f"printf '#!/bin/sh\\necho export SLURM_CPUS_ON_NODE=7\\necho export LC_ALL=xx_XX.UTF-8\\n' > {_PROLOG} && chmod 755 {_PROLOG}"
_SLURM_USE = "echo TaskProlog=%s >> /etc/slurm/slurm.conf && systemctl restart slurmd" % _PROLOG
_SLURM_FORGET = "sed -i /^TaskProlog=/d /etc/slurm/slurm.conf; systemctl restart slurmd"
SLURM: tuple[Fault, ...] = (
    Fault(
        "a umask that shuts others out",
        "umask",
        "galaxy",
        f"echo 'Defaults umask=0077, umask_override' > {_SLURM_SUDOERS} && chmod 440 {_SLURM_SUDOERS}",
        f"rm -f {_SLURM_SUDOERS}",
    ),
    Fault(
        "few open files",
        "limits",
        "galaxy",
        f"echo 'galaxy soft nofile 256' > {_SLURM_LIMITS}",
        f"rm -f {_SLURM_LIMITS}",
        status="warning",
    ),
    Fault(
        "other slots than asked for",
        "galaxy_slots",
        plant=f"{_SLURM_PROLOG} && {_SLURM_USE}",
        mend=f"{_SLURM_FORGET}; rm -f {_PROLOG}",
    ),
    Fault("a locale that is not there", "locale", plant=ABOVE, mend=ABOVE, status="warning"),
    Fault(
        "no scontrol on the node",
        "galaxy_memory",
        plant="mv /usr/bin/scontrol /usr/bin/scontrol.away",
        mend="mv /usr/bin/scontrol.away /usr/bin/scontrol",
    ),
    Fault(
        "an environment that names a queue that is none",
        "job_conf",
        "galaxy",
        f"cp -p {_JOB_CONF} {_JOB_CONF}.kept && sed -Ei 's/^( *)job_plugin: Slurm$/&\\n\\1job_partition: nowhere/' {_JOB_CONF}",
        f"mv {_JOB_CONF}.kept {_JOB_CONF}",
        round=3,
    ),
    Fault("an environment whose queue the DRM refuses", "environments", plant=ABOVE, mend=ABOVE, item="slurm", round=3),
    Fault(
        "a node that is down",
        "node_up",
        "controller",
        f"{_SLURM_NODE} state=down reason=sabotage",
        f"{_SLURM_NODE} state=resume",
        round=4,
    ),
    Fault(
        "a closed queue",
        "queue_open",
        "controller",
        f"{_SLURM_PARTITION} state=down",
        f"{_SLURM_PARTITION} state=up",
        round=4,
    ),
    Fault(
        "an account that may not submit",
        "submits",
        "controller",
        f"{_SLURM_PARTITION} allowgroups=root",
        f"{_SLURM_PARTITION} allowgroups=all",
        "submit",
        round=4,
    ),
    Fault(
        "a node that is closed",
        "node_up",
        "controller",
        f"{_SLURM_NODE} state=drain reason=sabotage",
        f"{_SLURM_NODE} state=resume",
        status="warning",
        round=5,
    ),
    *_without_drmaa("Slurm"),
)


_STARTER = "/usr/local/bin/sabotaged-start"


def _starter(*lines: str) -> str:
    """What the DRM's daemon starts a job by."""
    text = "\\n".join(["#!/bin/sh", *lines, 'exec "$@"', ""])
    return f"printf '{text}' > {_STARTER} && chmod 755 {_STARTER}"


_GRIDENGINE_USE = f"qconf -mattr queue starter_method {_STARTER} main.q"
_GRIDENGINE_LINES = ("umask 077", "ulimit -n 256", "export NSLOTS=7 LC_ALL=xx_XX.UTF-8")
_GRIDENGINE_LIBRARY = "/usr/lib/gridengine-drmaa/lib/libdrmaa.so.1.0"
_GRIDENGINE_SERVICE = "/etc/systemd/system/galaxy.service.d/clusterjobs.conf"
_GRIDENGINE_PACKAGE = "/usr/lib/python3/dist-packages/drmaa"
_GRIDENGINE_QUEUE = "sed -i 's/-q %s/-q %s/' " + _JOB_CONF
# A queue without a load value is one whose daemon does not report.
# At once when the daemon says goodbye; else after max_unheard, five minutes (sge_conf(5)).
_GRIDENGINE_UNTIL = "timeout 400 sh -c 'until qstat -f -q main.q | grep %s -e -NA-; do sleep 0.5; done'"
_GRIDENGINE_USERS = "sed -i '/^xuser_lists/s/.*/xuser_lists %s/' global"
GRIDENGINE: tuple[Fault, ...] = (
    Fault("a umask that shuts others out", "umask", plant=_starter(*_GRIDENGINE_LINES), mend=f"rm -f {_STARTER}"),
    Fault(
        "few open files",
        "limits",
        "controller",
        _GRIDENGINE_USE,
        "qconf -mattr queue starter_method NONE main.q",
        status="warning",
    ),
    Fault("other slots than asked for", "galaxy_slots", plant=ABOVE, mend=ABOVE),
    Fault("a locale that is not there", "locale", plant=ABOVE, mend=ABOVE, status="warning"),
    Fault(
        "no scontrol on the node",
        "galaxy_memory",
        reason=NOT_PLANTED + "Grid Engine 8.1.9 tells jobs nothing of their memory",
    ),
    Fault(
        "an environment that names a queue that is none",
        "job_conf",
        "galaxy",
        _GRIDENGINE_QUEUE % ("main.q", "nowhere.q"),
        _GRIDENGINE_QUEUE % ("nowhere.q", "main.q"),
        round=3,
    ),
    Fault("an environment whose queue the DRM refuses", "environments", plant=ABOVE, mend=ABOVE, item="drmaa", round=3),
    Fault(
        "a node that is closed",
        "node_up",
        "controller",
        "qmod -d '*'",
        "qmod -e main.q short.q staff.q",
        status="warning",
        round=4,
    ),
    Fault("a closed queue", "queue_open", "controller", ABOVE, ABOVE, round=4),
    Fault(
        "a node that is down",
        "node_up",
        plant=f"systemctl stop gridengine-exec && {_GRIDENGINE_UNTIL % '-q'}",
        mend=f"systemctl start gridengine-exec; {_GRIDENGINE_UNTIL % '-v -q'}",
        round=6,
    ),
    Fault(
        "an account that may not submit",
        "submits",
        "controller",
        f"cd /root && qconf -sconf global > global && {_GRIDENGINE_USERS % 'sabotage'} && qconf -au galaxy sabotage && qconf -Mconf global",
        f"cd /root && {_GRIDENGINE_USERS % 'NONE'} && qconf -Mconf global; qconf -dul sabotage",
        "submit",
        round=4,
    ),
    Fault(
        "a DRMAA library that is missing",
        "drmaa_library",
        "galaxy",
        f"mv {_GRIDENGINE_LIBRARY} {_GRIDENGINE_LIBRARY}.away",
        f"mv {_GRIDENGINE_LIBRARY}.away {_GRIDENGINE_LIBRARY}",
    ),
    Fault(
        "a service that looks for its DRM elsewhere",
        "drmaa_jobs",
        "galaxy",
        f"cp {_GRIDENGINE_SERVICE} /root/ && sed -i 's|SGE_ROOT=[^\"]*|SGE_ROOT=/nowhere|' {_GRIDENGINE_SERVICE} && systemctl daemon-reload",
        f"mv /root/clusterjobs.conf {_GRIDENGINE_SERVICE} && systemctl daemon-reload",
        round=3,
    ),
    Fault(
        "Galaxy's Python without the package drmaa",
        "drmaa_jobs",
        "galaxy",
        f"mv {_GRIDENGINE_PACKAGE} {_GRIDENGINE_PACKAGE}.away",
        f"mv {_GRIDENGINE_PACKAGE}.away {_GRIDENGINE_PACKAGE}",
        round=2,
    ),
)


_HTCONDOR_WRAPPER = "/etc/condor/config.d/99-sabotage"
_HTCONDOR_LINES = ("umask 077", "ulimit -n 256", "export LC_ALL=xx_XX.UTF-8 TMPDIR=/srv/full")
_HTCONDOR_USE = f"echo USER_JOB_WRAPPER = {_STARTER} > {_HTCONDOR_WRAPPER} && condor_reconfig"
_HTCONDOR_FORGET = f"rm -f {_HTCONDOR_WRAPPER} {_STARTER}; condor_reconfig"
# condor_drain takes a slot's name, and is done before the collector knows.
_HTCONDOR_SLOT = "slot1@$(condor_status -af Machine | head -n 1)"
_HTCONDOR_UNTIL = "timeout 60 sh -c 'until condor_status -af State | grep -q %s; do sleep 0.5; done'"
_HTCONDOR_KNOWN = "timeout 60 sh -c 'until %s condor_status -af Machine | grep -q .; do sleep 0.5; done'"
_HTCONDOR_REFUSE = "SUBMIT_REQUIREMENT_NAMES = Sabotage\\nSUBMIT_REQUIREMENT_Sabotage = false\\n"
HTCONDOR: tuple[Fault, ...] = (
    Fault(
        "a umask that shuts others out",
        "umask",
        plant=f"{_starter(*_HTCONDOR_LINES)} && {_HTCONDOR_USE}",
        mend=_HTCONDOR_FORGET,
    ),
    Fault("few open files", "limits", plant=ABOVE, mend=ABOVE, status="warning"),
    Fault(
        "other slots than asked for",
        "galaxy_slots",
        reason=NOT_PLANTED + "Galaxy's runner writes them into the job script",
    ),
    Fault("a locale that is not there", "locale", plant=ABOVE, mend=ABOVE, status="warning"),
    Fault(
        "no scontrol on the node", "galaxy_memory", reason=NOT_PLANTED + "HTCondor tells jobs nothing that Galaxy reads"
    ),
    Fault(
        "a node that is closed",
        "node_up",
        "controller",
        f"condor_drain {_HTCONDOR_SLOT} && {_HTCONDOR_UNTIL % 'Drained'}",
        f"condor_drain -cancel {_HTCONDOR_SLOT} && {_HTCONDOR_UNTIL % 'Unclaimed'}",
        status="warning",
        round=4,
    ),
    Fault(
        "a node that is down",
        "node_up",
        reason=NOT_PLANTED
        + "HTCondor forgets it: see the pool that has lost its only node, and `cluster_verify_nodes`",
    ),
    Fault(
        "a pool that has lost its only node",
        "drm",
        plant=f"systemctl stop condor && {_HTCONDOR_KNOWN % '!'}",
        mend=f"systemctl start condor; {_HTCONDOR_KNOWN % ''}",
        round=6,
    ),
    Fault("a closed queue", "queue_open", reason=NOT_PLANTED + "HTCondor has no queues"),
    Fault("an environment that names a queue that is none", "job_conf", reason=NOT_PLANTED + "HTCondor has no queues"),
    Fault(
        "an environment whose runner is none",
        "job_conf",
        "galaxy",
        f"cp -p {_JOB_CONF} {_JOB_CONF}.before && sed -Ei 's/^( *)htcondor:$/\\1sabotage:\\n\\1  runner: nowhere\\n&/' {_JOB_CONF}",
        f"mv {_JOB_CONF}.before {_JOB_CONF}",
        round=2,
    ),
    Fault(
        "an account that may not submit",
        "submits",
        "galaxy",
        f"printf '{_HTCONDOR_REFUSE}' > {_HTCONDOR_WRAPPER} && condor_reconfig && sleep 2",
        f"rm -f {_HTCONDOR_WRAPPER}; condor_reconfig",
        "submit",
        round=4,
    ),
    *_without_drmaa("HTCondor"),
    Fault("an environment whose queue the DRM refuses", "environments", reason=NOT_PLANTED + "HTCondor has no queues"),
    Fault(
        "an environment that no machine is for",
        "environments",
        "galaxy",
        f"cp -p {_JOB_CONF} {_JOB_CONF}.kept && sed -Ei 's/^( *)request_memory: .*$/\\1request_memory: \"99999999\"/' {_JOB_CONF}",
        f"mv {_JOB_CONF}.kept {_JOB_CONF}",
        item="htcondor",
        round=3,
    ),
    Fault(
        "an environment that asks for more than any node has",
        "job_conf",
        "galaxy",
        ABOVE,
        ABOVE,
        status="warning",
        round=3,
    ),
)


FAULTS = {"slurm": SLURM, "gridengine": GRIDENGINE, "htcondor": HTCONDOR}


_NO_REAL_USERS = NOT_PLANTED + "Galaxy has no runner with real users for HTCondor"
#: What Galaxy cannot do on a DRM, by the check.
_CANNOT = {
    "slurm": {},
    "gridengine": {"shells": NOT_PLANTED + "Galaxy's cli runner does not know Grid Engine"},
    "htcondor": {
        "shells": NOT_PLANTED + "Galaxy's cli runner does not know HTCondor",
        "real_user_helpers": _NO_REAL_USERS,
        "real_users": _NO_REAL_USERS,
    },
}


def faults_of(cluster: TestCluster) -> list[Fault]:
    cannot = _CANNOT[cluster.cluster.drm]
    everybodys = [
        replace(fault, plant="", mend="", reason=cannot[fault.check]) if fault.check in cannot else fault
        for fault in EVERYWHERE
    ]
    if cluster.cluster.drm != "slurm":
        # A job of another uid answers nothing, since it is by the account's name that these find its uid on the node.
        everybodys = [replace(fault, round=5) if fault.check == "same_uid" else fault for fault in everybodys]
    if cluster.cluster.drm == "htcondor":
        # Its jobs have a scratch directory of their own, unless they are told otherwise.
        plant = "mkdir -p /srv/full && " + full("/srv/full")
        everybodys = [
            replace(fault, plant=plant, mend="umount /srv/full") if fault.check == "scratch" else fault
            for fault in everybodys
        ]
    return [*everybodys, *FAULTS[cluster.cluster.drm]]
