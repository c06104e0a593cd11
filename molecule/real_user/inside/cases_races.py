"""An attacker swaps what is being changed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from cases_run import job
from harness import ALICE, GALAXY, PROGRAMS, VICTIM, case, owned, owners, results, tree


def attacker(code: str, undo: str) -> subprocess.Popen:
    """As the Galaxy user, as fast as it can; prints how often when it is stopped."""
    program = f"""
import os, signal, sys
hits = 0
def stop(*_rest):
    print(hits, flush=True)
    os._exit(0)
signal.signal(signal.SIGTERM, stop)
print("ready", flush=True)
while True:
    try:
{code}
        hits += 1
    except OSError:
        # Stopped half way: back to where it began.
        try:
{undo}
        except OSError:
            pass
"""
    argv = [sys.executable, "-c", program]
    process = subprocess.Popen(argv, user=GALAXY, group=GALAXY, extra_groups=[], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    assert process.stdout.readline() == "ready\n"
    return process


def race(name: str, top: Path, code: str, undo: str, attempts: int) -> None:
    """Root calls as sudo would: without sudo itself there are more attempts in the time."""
    secret = [VICTIM, *VICTIM.rglob("*"), Path("/srv/galaxy/datasets"), Path("/srv/galaxy/datasets/dataset.dat")]
    before = {str(path): owners(path)["."] for path in secret}
    hostile = attacker(code, undo)
    argv = [PROGRAMS / "chown", top, "alice", str(ALICE)]
    codes: dict[int, int] = {}
    hit = []
    for _attempt in range(attempts):
        done = subprocess.run(argv, env={"SUDO_UID": str(GALAXY)}, stderr=subprocess.DEVNULL, check=False)
        codes[done.returncode] = codes.get(done.returncode, 0) + 1
        hit += [path for path, was in before.items() if owners(Path(path))["."] != was]
        # It stands still while all becomes Galaxy's again, or root would follow its links here.
        hostile.send_signal(signal.SIGSTOP)
        os.waitpid(hostile.pid, os.WUNTRACED)
        for directory in top.parent.glob(f"{top.name}*"):
            for path in [directory, *([] if directory.is_symlink() else directory.rglob("*"))]:
                os.chown(path, GALAXY, GALAXY, follow_symlinks=False)
        hostile.send_signal(signal.SIGCONT)
    hostile.terminate()
    swaps = int(hostile.communicate()[0])
    results.append({"case": f"race {name}", "codes": codes, "hit": hit, "swaps": swaps, "attempts": attempts})


def swapped(path: Path, aside: Path) -> tuple[str, str]:
    """A directory is moved away, and a link to the victim stands there for a moment."""
    back = f"os.unlink({str(path)!r}); os.rename({str(aside)!r}, {str(path)!r})"
    undo = f"os.path.islink({str(path)!r}) and os.unlink({str(path)!r}); os.rename({str(aside)!r}, {str(path)!r})"
    there = f"os.rename({str(path)!r}, {str(aside)!r}); os.symlink({str(VICTIM)!r}, {str(path)!r})"
    return f"        {there}\n        {back}", f"            {undo}"


@case
def races() -> None:
    attempts = int(sys.argv[1])
    top = tree("race-top", GALAXY)
    race("of the top with a symlink", top, *swapped(top, top.with_name("race-top-aside")), attempts)
    top = tree("race-inner", GALAXY)
    race("of an inner directory with a symlink", top, *swapped(top / "working", top / "aside"), attempts)
    top = tree("race-link", GALAXY)
    linked = str(top / "working" / "linked")
    code = f"        os.link('/srv/galaxy/datasets/dataset.dat', {linked!r}); os.unlink({linked!r})"
    race("of a hard link that comes and goes", top, code, f"            os.unlink({linked!r})", attempts)


@case
def race_of_a_template() -> None:
    """For a moment it is a link to what only Galaxy may read. Whoever is shown it says that it is no template."""
    secret = Path("/srv/galaxy/datasets/secret.yml")
    template = job("race-template")
    owned(template.parent, GALAXY)
    template.unlink()
    code = f"        os.link({str(secret)!r}, {str(template)!r}); os.unlink({str(template)!r})"
    hostile = attacker(code, f"            os.unlink({str(template)!r})")
    reasons: dict[str, int] = {}
    for _attempt in range(int(sys.argv[1])):
        argv = [PROGRAMS / "run", str(ALICE), template]
        done = subprocess.run(argv, env={"SUDO_UID": str(GALAXY)}, capture_output=True, text=True, check=False)
        reason = done.stderr.strip().rpartition(str(template))[2]
        reasons[reason] = reasons.get(reason, 0) + 1
    hostile.terminate()
    swaps = int(hostile.communicate()[0])
    results.append({"case": "race for a template", "reasons": reasons, "swaps": swaps, "attempts": int(sys.argv[1])})
