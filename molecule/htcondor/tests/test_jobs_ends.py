"""Every way in which a job can end, and every option that a job can have, judged by hand (testlib/htcondor_herd.py)."""

from __future__ import annotations

import pytest
from testlib.htcondor import HTCondorCluster
from testlib.htcondor_herd import JOBS, Herd
from testlib.waiting import wait_until
from testlib.zoo import SECRET


def test_secret_is_nowhere_but_in_its_file(herd: Herd, pool: HTCondorCluster) -> None:
    job_id = herd.job_id("secret")
    pool.wait_for_state(job_id, "Running")
    files = pool.as_galaxy("stat -c '%a %U' state/secrets/*.sh").splitlines()
    assert files == ["600 galaxy"]
    assert "battery" not in pool.submit_host.check_output(f"condor_q -long {job_id}")
    for host in (pool.submit_host, pool.node):
        assert "battery" not in host.check_output("cat /proc/[0-9]*/cmdline | tr '\\0' ' '")
    pool.as_galaxy("touch secret-seen")
    herd.ended()
    wait_until("the secrets' file is removed", lambda: not list(pool.shared.glob("state/secrets/*")))
    log = herd.submission.output + herd.ended().output
    assert "battery" not in log
    assert SECRET not in log


@pytest.mark.parametrize("name", JOBS)
def test_end(herd: Herd, name: str) -> None:
    wanted = JOBS[name][1]
    ended = herd.of(herd.ended(), name)
    assert {field: ended[field] for field in wanted} == wanted, ended
    assert ended["job_id"] == herd.job_id(name)
    assert ended["owner"] == "galaxy"


def test_an_arrays_elements(herd: Herd, pool: HTCondorCluster) -> None:
    array = herd.of(herd.ended(), "array")
    assert [(task["job_id"], task["exit_code"]) for task in array["tasks"]] == [
        (f"{array['job_id']}.{process}", code) for process, code in enumerate((0, 4, 0))
    ]
    name = f"{herd.run}-array.{array['job_id']}"
    assert [(pool.shared / f"{name}.{process}.out").read_text() for process in range(3)] == ["1\n", "3\n", "5\n"]


def test_what_only_the_history_knows(herd: Herd, pool: HTCondorCluster) -> None:
    """All of them have left the queue, and job_info says the same of each."""
    ended = herd.ended()
    assert pool.queue(herd.job_id("exit 3")) == ""
    info = {entry["job_id"]: entry for entry in ended.of(pool.galaxy, "info")["jobs"]}
    for name in JOBS:
        entry = herd.of(ended, name)
        seen = info[entry["job_id"]]
        assert [seen[field] for field in ("state", "end_reason", "exit_code", "signal")] == [
            entry[field] for field in ("state", "end_reason", "exit_code", "signal")
        ]


def test_one_job_each(herd: Herd, pool: HTCondorCluster) -> None:
    herd.ended()
    rows = [row for row in pool.accounting(f"{herd.run}-") if not row.name.startswith(f"{herd.run}-array-")]
    names = [f"{herd.run}-{name.replace(' ', '_')}" for name in JOBS if name != "array"]
    assert sorted(row.name.rpartition("-")[0] for row in rows) == sorted(names)


def test_a_scratch_directory_gives_nothing_back_but_the_output(herd: Herd, pool: HTCondorCluster) -> None:
    herd.ended()
    assert not list(pool.shared.glob("clusterjobs.*"))
