"""What the jobs of converge.yml left on the host."""

from __future__ import annotations

import os

from testinfra.host import Host

testinfra_hosts = ["local://"]
SCRATCH = f"{os.environ['MOLECULE_EPHEMERAL_DIRECTORY']}/local"


def test_a_job_had_what_it_asked_for(host: Host) -> None:
    said = host.file(f"{SCRATCH}/work/genome.out").content_string
    assert said == f"slots=1 memory=100 build=hg38 arguments=one,two words in={SCRATCH}/work\n"
    assert host.file(f"{SCRATCH}/work/genome.err").content_string == "trouble\n"


def test_each_element_of_the_array_ran_after_what_it_depends_on(host: Host) -> None:
    assert host.file(f"{SCRATCH}/work/genome.fa").exists
    assert sorted(name for name in host.file(f"{SCRATCH}/work").listdir() if name.startswith("index.")) == [
        f"index.{index}" for index in (1, 2, 3, 4)
    ]


def test_two_converges_made_one_job_a_key(host: Host) -> None:
    assert sorted(host.file(f"{SCRATCH}/state/clusterjobs/local/jobs").listdir()) == ["1", "2", "3", "4"]
    assert len(host.file(f"{SCRATCH}/state/clusterjobs/journal/local").listdir()) == 4


def test_the_state_is_the_accounts_alone(host: Host) -> None:
    for path in ("clusterjobs", "clusterjobs/local", "clusterjobs/local/jobs/1", "clusterjobs/journal/local"):
        assert host.file(f"{SCRATCH}/state/{path}").mode == 0o700
