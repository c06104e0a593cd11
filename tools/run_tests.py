"""Run the parts of `make test`, or those that are named, each within its budget of molecule/budgets.yml.

A part that fails does not stop the others. The last lines say how each part fared.
"""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import bootstrap
import parts
import yaml

BUDGETS = bootstrap.ROOT / "molecule" / "budgets.yml"
LOGS = bootstrap.ROOT / ".logs"
MOST_SECONDS = 3600
TAIL_LINES = 60
# A machine has slow days, on which it takes up to twice the time: a budget is an aim that is told of when it is missed. A command
# that is still at it after this many budgets is taken to hang, and fails; a cleaning step gets at least a minute.
HANGS_AFTER_BUDGETS = 2
LEAST_TIMEOUT_SECONDS = 60
# One stage after the other, and the lanes of a stage side by side: jobs are mostly waited for, so lanes share the two cores
# well; what is all computing runs before the clusters whose times are measured. A part that no lane names comes in the last one.
STAGES = (
    (("lint", "sanity"), ("units",), ("test-hosts", "local", "galaxy-loader")),
    (("slurm",), ("demo", "gridengine", "real_user"), ("verify", "galaxy", "htcondor")),
)


@dataclass(frozen=True)
class Result:
    part: str
    seconds: float
    budget: float | None
    problems: tuple[str, ...]

    def line(self) -> str:
        passed = "passed, over budget" if self.budget is not None and self.seconds > self.budget else "passed"
        verdict = f"FAILED: {'; '.join(self.problems)}" if self.problems else passed
        budget = "-" if self.budget is None else f"{self.budget:g}"
        return f"{self.part:<14} {self.seconds:7.1f} s  of {budget:>5} s  {verdict}"


def load_budgets(path: Path) -> dict[str, float]:
    budgets = yaml.safe_load(path.read_text())
    if not isinstance(budgets, dict) or not all(isinstance(seconds, (int, float)) for seconds in budgets.values()):
        raise SystemExit(f"{path}: each line must be PART: SECONDS")
    total = seconds_of_all(budgets)
    if total > MOST_SECONDS:
        raise SystemExit(f"{path}: the budgets add up to {total:g} s, more than the {MOST_SECONDS} s there are")
    return budgets


def stages_of(names: list[str]) -> list[list[list[str]]]:
    """These parts in the lanes of STAGES."""
    stages = [[[name for name in lane if name in names] for lane in stage] for stage in STAGES]
    placed = {name for stage in stages for lane in stage for name in lane}
    stages[-1][-1] += [name for name in names if name not in placed]
    return stages


def seconds_of_all(budgets: dict[str, float]) -> float:
    """What `make test` may take."""
    stages = stages_of([name for name in budgets if name not in parts.ON_REQUEST])
    return sum(max(sum(budgets[name] for name in lane) for lane in stage) for stage in stages)


@contextmanager
def opened_log(part: str, stream: bool) -> Iterator[IO[bytes]]:
    """Open a part's log for its commands; with `stream` they are seen at the terminal too."""
    path = log_of(part)
    path.parent.mkdir(exist_ok=True)
    if not stream:
        with path.open("wb", buffering=0) as log:
            yield log
        return
    with subprocess.Popen(["tee", path], stdin=subprocess.PIPE, bufsize=0) as tee:
        assert tee.stdin is not None
        yield tee.stdin


def log_of(part: str) -> Path:
    return LOGS / f"{part}.log"


def run_step(argv: list[str], log: IO[bytes], timeout: float) -> str:
    """Run one command; return what was wrong with it, or nothing."""
    log.write(f"$ {shlex.join(argv)}\n".encode())
    environment = {
        # A thousand plays and modules start here: they must not compile Ansible each time.
        **{name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
        # Molecule and ansible-lint call Ansible's commands by name.
        "PATH": f"{bootstrap.VENVS['controller'] / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "ANSIBLE_COLLECTIONS_PATH": str(bootstrap.COLLECTIONS_PATH),
        "NO_COLOR": "1",
    }
    name = " ".join(Path(word).name for word in argv[:2])
    process = subprocess.Popen(
        argv, cwd=bootstrap.ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
    )
    try:
        code = process.wait(timeout)
    except subprocess.TimeoutExpired:
        stop(process)
        return f"`{name}` stopped after {timeout:.0f} s"
    return f"`{name}` exit code {code}" if code else ""


def stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def run_part(part: str, steps: parts.Steps, budget: float | None, stream: bool = False) -> Result:
    """Run all commands of a part, also after one that failed, and compare the time with the budget."""
    if budget is None:
        return Result(part, 0.0, None, (f"has no line in {BUDGETS.name}",))
    if not steps:
        return Result(part, 0.0, budget, (f"has a line in {BUDGETS.name}, but there is no such part",))
    print(f"==> {part} (log: {log_of(part)})", flush=True)
    started = time.monotonic()
    problems = []
    with opened_log(part, stream) as log:
        for argv in steps:
            left = HANGS_AFTER_BUDGETS * budget - (time.monotonic() - started)
            problems.append(run_step(argv, log, max(left, LEAST_TIMEOUT_SECONDS)))
    seconds = time.monotonic() - started
    result = Result(part, seconds, budget, tuple(filter(None, problems)))
    if result.problems and not stream:
        print_tail(part)
    print(f"<== {result.line()}", flush=True)
    return result


def print_tail(part: str) -> None:
    lines = log_of(part).read_text(errors="replace").splitlines()[-TAIL_LINES:]
    print("\n".join([f"--- the end of {log_of(part)}", *lines, "---"]), flush=True)


def run_parts(chosen: dict[str, parts.Steps], budgets: dict[str, float], stream: bool = False) -> list[Result]:
    """Run each part once, in its stage and lane."""

    def run_lane(names: list[str]) -> list[Result]:
        return [run_part(name, chosen[name], budgets.get(name), stream) for name in names]

    results = []
    for stage in stages_of(list(chosen)):
        with ThreadPoolExecutor() as pool:
            results += [result for lane in list(pool.map(run_lane, stage)) for result in lane]
    return results


def choose(wanted: list[str], budgets: dict[str, float]) -> dict[str, parts.Steps]:
    """Return the wanted parts, by default all but those on request, also those that only a budget speaks of."""
    known = parts.all_parts()
    if not wanted:
        everything = known | {name: [] for name in budgets if name not in known}
        return {name: steps for name, steps in everything.items() if name not in parts.ON_REQUEST}
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise SystemExit(f"No such part: {', '.join(unknown)}. There are: {', '.join(known)}.")
    return {name: known[name] for name in wanted}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help="default: all but those on request")
    wanted = parser.parse_args(arguments).parts
    budgets = load_budgets(BUDGETS)
    chosen = choose(wanted, budgets)
    results = run_parts(chosen, budgets, stream=len(chosen) == 1)
    failed = sum(bool(result.problems) for result in results)
    print("\n".join(["", *(result.line() for result in results)]))
    print(f"{len(results) - failed} passed, {failed} failed", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        # A lane's thread would go on with its next part.
        os._exit(130)
