"""Jobs through the programs of the role real_user on a real cluster, as Galaxy calls them."""

from __future__ import annotations

import json

from .hosts import TestCluster
from .roles import apply
from .waiting import wait_until

PROGRAMS = "/usr/local/libexec/clusterjobs-real-user"
JOBS = "/srv/galaxy/jobs/000"
USER, UID, GROUPS = "alice", 2001, (2001, 3001, 3002)
SCRIPT = "#!/bin/sh\nid -u; id -G; echo made > made.txt; umask; exec sleep %d\n"


class RealUserJobs:
    """A user on all hosts, the role on the Galaxy server, and jobs of hers."""

    def __init__(self, cluster: TestCluster, run: str) -> None:
        self.cluster = cluster
        self.run = run

    def prepare(self, more_groups: str = "", **variables: object) -> None:
        for host in (self.cluster.submit_host, self.cluster.node, self.cluster.controller):
            host.check_output("groupadd --force --gid 3001 lab && groupadd --force --gid 3002 scientists")
            options = f"--uid 2001 --user-group --create-home --shell /bin/bash --groups lab,scientists{more_groups}"
            host.check_output(f"id {USER} || useradd {options} {USER}")
        site = {
            "clusterjobs_real_user": True,
            "clusterjobs_nodes": [self.cluster.cluster.host("node").name],
            "real_user_required_group": "scientists",
            **variables,
        }
        done = apply(self.cluster, "real_user", variables=site)
        assert done.rc == 0, done.output[-3000:]

    def submit(self, name: str, seconds: int = 0) -> str:
        """As Galaxy does: its own directory and template; the user's; then the job."""
        directory = f"{JOBS}/{self.run}{name}"
        template = {
            "remoteCommand": f"{directory}/galaxy_1.sh",
            "jobName": f"g1_{name}",
            "workingDirectory": directory,
            "outputPath": f":{directory}/galaxy_1.o",
            "errorPath": f":{directory}/galaxy_1.e",
        }
        galaxy = self.cluster.as_galaxy
        galaxy(f"mkdir -p {directory}")
        host = self.cluster.submit_host
        for file, text in (("galaxy_1.sh", SCRIPT % seconds), ("1.jt_json", json.dumps(template))):
            host.check_output("printf %%s %s | sudo -n -u galaxy tee %s", text, f"{directory}/{file}")
        galaxy(f"chmod 0755 {directory}/galaxy_1.sh")
        self.chown(directory, f"{USER} {UID}")
        assert host.file(directory).user == USER
        job_id = galaxy(f"sudo -n {PROGRAMS}/run --assign_all_groups {UID} {directory}/1.jt_json")
        assert job_id.isdigit()
        return job_id

    def chown(self, directory: str, whom: str) -> None:
        self.cluster.as_galaxy(f"sudo -n {PROGRAMS}/chown {directory} {whom}")

    def kill(self, job_id: str, uid: str) -> None:
        self.cluster.as_galaxy(f"sudo -n {PROGRAMS}/kill {job_id} {uid}")

    def collect(self, name: str) -> list[str]:
        """Once it is over: the directory is Galaxy's again, who reads the output."""
        directory = f"{JOBS}/{self.run}{name}"
        made = f"{directory}/made.txt"
        wait_until(f"{made} is there", lambda: self.cluster.submit_host.file(made).exists)
        host = self.cluster.submit_host
        assert host.file(made).user == USER
        self.chown(directory, "galaxy 1450")
        owners = host.check_output("find %s -printf %s", directory, "%u\\n").split()
        assert set(owners) == {"galaxy"}
        assert len(owners) >= 6
        return self.cluster.as_galaxy(f"cat {directory}/galaxy_1.o").splitlines()
