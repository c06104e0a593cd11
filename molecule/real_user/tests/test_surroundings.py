"""Neither a caller's process nor a neighbour's file for sudo has a program end half way, or do anything else."""

from __future__ import annotations

import signal

import pytest
from judging import ALICE, GALAXY, LOG, SURROUNDINGS, Results, said
from neighbours import NEIGHBOURS

UNLIMITED = [-1, -1]
# Python itself ignores SIGPIPE and SIGXFSZ.
PYTHONS_OWN = {"SigBlk:": 0, "SigIgn:": 1 << signal.SIGPIPE - 1 | 1 << signal.SIGXFSZ - 1}
# 32 and 33 are the C library's own: it lets no program set them, so they are as the tests' caller was started (nptl(7)).
A_PROGRAMS = ~(1 << 32 - 1 | 1 << 33 - 1)


@pytest.mark.parametrize("name", [name for name in SURROUNDINGS if name != "a low hard limit"])
def test_a_caller_has_no_program_end_half_way(results: Results, name: str) -> None:
    given = results[f"chown with {name}"]
    assert (given["rc"], {uid for uid, _gid, _mode in given["owners"].values()}) == (0, {ALICE})
    run = results[f"run with {name}"]
    (record,) = run["records"]
    ((entry, content),) = run["entries"].items()
    assert content == f"{ALICE}\n"
    assert f"job {entry.partition(',')[2]} of slurm is uid {ALICE}'s" in said(run, LOG)
    assert (record["limits"]["CPU"], record["limits"]["FSIZE"]) == (UNLIMITED, UNLIMITED)
    assert record["limits"]["NOFILE"][0] >= 1024
    assert {name: int(mask, 16) & A_PROGRAMS for name, mask in record["signals"].items()} == PYTHONS_OWN
    # Without streams the id goes nowhere.
    assert run["rc"] == 0 or (name == "closed streams" and run["out"] == "")


def test_a_limit_that_cannot_be_raised_is_told_of_before_anything_is_done(results: Results) -> None:
    """Root can raise it, but in a container that lacks CAP_SYS_RESOURCE."""
    given, run = results["chown with a low hard limit"], results["run with a low hard limit"]
    assert given["rc"] == run["rc"]
    assert {uid for uid, _gid, _mode in given["owners"].values()} == {GALAXY if given["rc"] else ALICE}
    assert len(run["entries"]) == len(run["records"]) == (0 if run["rc"] else 1)
    if run["rc"]:
        assert (run["rc"], given["changed"], run["changed"]) == (2, [], [])
        assert "RLIMIT_FSIZE is too low (0)" in said(run, LOG)


@pytest.mark.parametrize("defaults", NEIGHBOURS)
def test_a_neighbours_defaults_change_nothing(results: Results, defaults: str) -> None:
    run = results[f"run beside Defaults{defaults}"]
    assert (run["rc"], run["err"]) == (0, "stand-in DRMAA library 1.0\n")
    record = run["record"]
    assert (record["uids"], record["groups"], record["umask"]) == ([ALICE] * 3, [2001, 3001, 3002], 0o022)
    assert not {"LD_PRELOAD", "PYTHONPATH", "SUDO_UID"} & set(record["environment"])
    assert record["limits"]["FSIZE"] == UNLIMITED
