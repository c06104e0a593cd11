"""The test runner: nothing that fails, is missing or takes too long may pass."""

from __future__ import annotations

import sys

import parts
import pytest
import run_tests
import yaml


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


PASSES = [python("print('fine')")]
FAILS = [python("print('the reason'); raise SystemExit(3)")]


@pytest.fixture(autouse=True)
def logs(tmp_path, monkeypatch):
    monkeypatch.setattr(run_tests, "LOGS", tmp_path / "logs")
    return tmp_path / "logs"


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project with these parts and budgets; returns a call of the runner."""

    def make(known: dict[str, parts.Steps], budgets: dict[str, float]):
        (tmp_path / "budgets.yml").write_text(yaml.safe_dump(budgets))
        monkeypatch.setattr(run_tests, "BUDGETS", tmp_path / "budgets.yml")
        monkeypatch.setattr(parts, "all_parts", lambda: known)
        return run_tests.main

    return make


def test_all_pass(project, capsys):
    run = project({"lint": PASSES, "units": PASSES}, {"lint": 30, "units": 40})
    assert run([]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "2 passed, 0 failed"
    assert [(line.split()[0], line.split()[4], line.split()[-1]) for line in lines[-3:-1]] == [
        ("lint", "30", "passed"),
        ("units", "40", "passed"),
    ]


def test_a_failing_part_fails_the_run_and_the_others_still_run(project, capsys, logs):
    run = project({"lint": FAILS, "test-hosts": FAILS, "slurm": PASSES}, {"lint": 30, "test-hosts": 30, "slurm": 30})
    assert run([]) == 1
    printed = capsys.readouterr().out
    assert printed.splitlines()[-1] == "1 passed, 2 failed"
    assert "the reason" in printed, "the end of a failed part's log is shown"
    assert "fine" in (logs / "slurm.log").read_text()


def test_a_parts_later_commands_run_after_one_that_failed(logs):
    result = run_tests.run_part("demo", [*FAILS, *PASSES], 30)
    assert result.problems == (f"`{sys.executable.rsplit('/', 1)[1]} -c` exit code 3",)
    assert "fine" in (logs / "demo.log").read_text()


def test_a_slow_day_is_told_and_fails_nothing(project, capsys):
    run = project({"lint": [python("import time; time.sleep(2)")]}, {"lint": 1.9})
    assert run([]) == 0
    assert "passed, over budget" in capsys.readouterr().out.splitlines()[-2]


def test_a_command_that_hangs_is_stopped(monkeypatch):
    monkeypatch.setattr(run_tests, "LEAST_TIMEOUT_SECONDS", 0.2)
    result = run_tests.run_part("slurm", [python("import time; time.sleep(60)")], 0.1)
    assert "stopped after" in result.problems[0]
    assert result.seconds < 30


def test_a_part_without_a_budget_fails(project, capsys):
    run = project({"lint": PASSES, "slurm": PASSES}, {"lint": 30})
    assert run([]) == 1
    assert "has no line in budgets.yml" in capsys.readouterr().out.splitlines()[-2]


def test_a_budget_without_its_part_fails(project, capsys):
    run = project({"lint": PASSES}, {"lint": 30, "slurm": 30})
    assert run([]) == 1
    assert "there is no such part" in capsys.readouterr().out.splitlines()[-2]


def test_only_the_named_parts_run(project, capfd, logs):
    run = project({"lint": FAILS, "units": PASSES}, {"lint": 30, "units": 30})
    assert run(["units"]) == 0
    assert "fine" in capfd.readouterr().out, "one part alone is seen as it runs"
    assert [path.name for path in logs.iterdir()] == ["units.log"]


def test_an_unknown_part_is_refused(project):
    run = project({"lint": PASSES}, {"lint": 30})
    with pytest.raises(SystemExit, match=r"No such part: lnt\. There are: lint\."):
        run(["lnt"])


def test_budgets_of_more_than_an_hour_are_refused(project):
    run = project({"lint": PASSES}, {"lint": 3601})
    with pytest.raises(SystemExit, match="more than the 3600 s"):
        run([])


def test_what_runs_side_by_side_is_not_added_up():
    budgets = {"lint": 100, "units": 500, "test-hosts": 300, "demo": 100, "local": 250, "slurm": 1000}
    assert run_tests.seconds_of_all(budgets) == 1550
    assert run_tests.seconds_of_all({**budgets, "test-hosts": 700}) == 1950
    assert run_tests.seconds_of_all({**budgets, "gridengine": 1000}) == 1650
    assert run_tests.seconds_of_all({**budgets, "new": 1200}) == 1750
    assert run_tests.seconds_of_all({"lint": 100, "slurm": 1000}) == 1100


def test_what_runs_on_request_alone_is_neither_added_up_nor_run(project, monkeypatch, capfd):
    monkeypatch.setattr(parts, "ON_REQUEST", ("rare",))
    run = project({"lint": PASSES, "rare": FAILS}, {"lint": 30, "rare": 3600})
    assert run([]) == 0
    assert capfd.readouterr().out.splitlines()[-1] == "1 passed, 0 failed"
    assert run(["rare"]) == 1
    assert "the reason" in capfd.readouterr().out


def test_only_scenarios_run_on_request():
    assert set(parts.ON_REQUEST) <= parts.scenarios().keys()


def test_no_part_is_left_out_of_the_lanes():
    names = list(parts.all_parts())
    placed = [name for stage in run_tests.stages_of(names) for lane in stage for name in lane]
    assert sorted(placed) == sorted(names)


def test_the_lanes_of_a_stage_run_at_the_same_time(project, tmp_path):
    """Each waits for a file that the other makes."""

    def meets(mine: str, other: str) -> parts.Steps:
        code = (
            f"import pathlib, time\npathlib.Path({str(tmp_path)!r}, {mine!r}).touch()\n"
            f"while not pathlib.Path({str(tmp_path)!r}, {other!r}).exists(): time.sleep(0.05)"
        )
        return [python(code)]

    run = project({"slurm": meets("a", "b"), "gridengine": meets("b", "a")}, {"slurm": 30, "gridengine": 30})
    assert run([]) == 0


def test_the_projects_own_parts_and_budgets_agree():
    assert run_tests.load_budgets(run_tests.BUDGETS).keys() == parts.all_parts().keys()


def test_every_scenario_is_a_part(tmp_path, monkeypatch):
    for name in ("molecule/slurm/molecule.yml", "molecule/local/molecule.yml", "molecule/shared/create.yml"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).touch()
    monkeypatch.setattr(parts.bootstrap, "ROOT", tmp_path)
    assert list(parts.scenarios()) == ["local", "slurm"]


@pytest.mark.parametrize(("ci", "first"), [("true", "install"), ("", "images")])
def test_packages_for_test_hosts_are_installed_in_ci_alone(monkeypatch, ci, first):
    monkeypatch.setenv("CI", ci)
    assert parts.test_hosts()[0][2] == first
