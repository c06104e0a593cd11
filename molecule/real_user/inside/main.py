"""Inside a host, as root: every case, one after the other. What came of each is printed as JSON; ``main.py ATTEMPTS`` (of each race)."""

from __future__ import annotations

import importlib
import json
import shutil
import sys
import time
from pathlib import Path

from harness import ALICE, CASES, GALAXY, JOBS, LEDGER, VICTIM, log_of_all, owned, results

for cases in ("callers", "chown", "races", "run", "surroundings"):
    importlib.import_module(f"cases_{cases}")


def main() -> None:
    begin = time.time()
    for left in (
        JOBS / "000",
        VICTIM,
        JOBS.parent / "datasets",
        JOBS.parent / "jobs-x" / "evil",
        Path("/tmp/evil"),
        Path("/tmp/copied"),
    ):
        shutil.rmtree(left, ignore_errors=True)
    for left in [*Path("/tmp").glob("stand-in.*"), *LEDGER.iterdir(), Path("/tmp/chown"), Path("/home/alice/own")]:
        left.unlink(missing_ok=True)
    (VICTIM / "directory").mkdir(parents=True)
    for secret in (VICTIM / "secret", VICTIM / "directory" / "secret"):
        secret.write_text("secret")
        secret.chmod(0o600)
    (JOBS.parent / "datasets").mkdir()
    owned(JOBS.parent / "datasets", GALAXY)
    (JOBS.parent / "datasets" / "dataset.dat").write_text("data")
    owned(JOBS.parent / "datasets" / "dataset.dat", GALAXY, mode=0o644)
    (JOBS.parent / "datasets" / "secret.yml").write_text("database_connection: secret")
    owned(JOBS.parent / "datasets" / "secret.yml", GALAXY, mode=0o600)
    Path("/home/alice/own").write_text("mine")
    owned(Path("/home/alice/own"), ALICE, mode=0o600)
    for function in CASES:
        function()
        # Looking at everything before and after each call is the most of the work.
        shutil.rmtree(JOBS / "000")
    log_of_all(begin)
    json.dump(results, sys.stdout)


if __name__ == "__main__":
    main()
