"""Jobs are submitted and ended."""

from __future__ import annotations

import json
import os
import shutil
import stat
from pathlib import Path

from harness import ALICE, BOB, GALAXY, JOBS, LEDGER, PROGRAMS, call, case, owned, results, tree


def job(name: str, change=None, raw: bytes | None = None) -> Path:
    """A job's directory as it is when Galaxy calls run, and its template."""
    top = tree(name, ALICE)
    found = {
        "remoteCommand": f"{top}/galaxy_1.sh",
        "jobName": "g1_cat1",
        "workingDirectory": f"{top}",
        "outputPath": f":{top}/galaxy_1.o",
        "errorPath": f":{top}/galaxy_1.e",
    }
    if change:
        change(found, top)
    template = top / "1.jt_json"
    template.write_bytes(json.dumps(found).encode() if raw is None else raw)
    return owned(template, GALAXY, mode=0o644)


def run(name: str, template, uid=ALICE, **keywords) -> str:
    return call(f"run {name}", [PROGRAMS / "run", "--assign_all_groups", uid, template], **keywords)


def recorded(name: str) -> dict:
    return json.loads(Path(f"/tmp/stand-in.{name}").read_text())


@case
def run_submits() -> None:
    job_id = run("submits", job("submits"))
    results[-1]["record"] = recorded(job_id)
    job_id = call("run without the option", [PROGRAMS / "run", ALICE, job("without")])
    results[-1]["record"] = recorded(job_id)
    evil = Path("/tmp/evil")
    evil.mkdir()
    (evil / "drmaa.py").write_text("open('/srv/victim/hit', 'w')\nraise SystemExit(0)\n")
    env = {
        "PYTHONPATH": str(evil),
        "DRMAA_LIBRARY_PATH": "/tmp/evil/lib.so",
        "LD_PRELOAD": "/tmp/evil/lib.so",
        "PYTHONHOME": "/tmp",
    }
    job_id = run("with an environment of the callers", job("environment"), env=env)
    results[-1]["record"] = recorded(job_id)
    run("sudo -E", job("preserve"), sudo=("-n", "-E"), env=env)
    run("sudo VAR=", job("setenv"), sudo=("-n", "PYTHONPATH=/tmp/evil"))
    native = job(
        "native", lambda found, top: found.update(nativeSpecification="-p main --time=10 -n4  --mem=100M --exclusive")
    )
    results[-1]["record"] = recorded(run("native", native)) if run("native twice", native) else {}
    refused = job("drm-error", lambda found, top: found.update(nativeSpecification="-p none"))
    run("the DRM says no", refused)


@case
def run_templates() -> None:
    secret = owned(job("secret"), 0, mode=0o600)
    run("template only root can read", secret)
    linked = job("linked")
    (linked.parent / "2.jt_json").symlink_to(linked)
    run("template is a symlink", linked.parent / "2.jt_json")
    secret_of_galaxy = JOBS.parent / "datasets" / "secret.yml"
    hard = job("hard-linked")
    hard.unlink()
    os.link(secret_of_galaxy, hard)
    run("template is a hard link", hard)
    hard.unlink()
    run("template of a third user", owned(job("third"), BOB, mode=0o644))
    owned(job("third-directory").parent, BOB, mode=0o755)
    run("directory of a third user", JOBS / "000" / "third-directory" / "1.jt_json")
    run("template too large", job("large", raw=b'{"a": "' + b"x" * (1 << 20) + b'"}'))
    run("template broken", job("broken", raw=b'{"remoteCommand": '))
    run("template not UTF-8", job("bytes", raw=b"\xff\xfe{}"))
    run("template nested", job("nested", raw=b"[" * 100000))
    run("template a list", job("list", raw=b"[]"))
    run("template empty", job("empty", raw=b""))
    fifo = job("fifo").parent / "2.jt_json"
    os.mkfifo(fifo)
    run("template is a FIFO", owned(fifo, GALAXY, mode=0o644))
    run("template is a directory", job("directory").parent / "working")
    at_root = owned(Path(shutil.copy(job("at-root"), JOBS / "1.jt_json")), GALAXY)
    run("template in the root", at_root)
    at_root.unlink()
    run("template outside", "/etc/passwd")
    run("template absent", JOBS / "000" / "absent" / "1.jt_json")
    call("run too many words", [PROGRAMS / "run", ALICE, job("many"), "more"])


@case
def run_values() -> None:
    tree("neighbour", ALICE)
    values = {
        "command outside": ("remoteCommand", "/bin/sh"),
        "command of a neighbour": ("remoteCommand", f"{JOBS}/000/neighbour/galaxy_1.sh"),
        "command by dotdot": ("remoteCommand", "{top}/../neighbour/galaxy_1.sh"),
        "command is the directory": ("remoteCommand", "{top}"),
        "command absent": ("remoteCommand", "{top}/absent.sh"),
        "command by a symlink": ("remoteCommand", "{top}/working/link"),
        "output outside": ("outputPath", ":/home/alice/.ssh/authorized_keys"),
        "error outside": ("errorPath", "/home/alice/.ssh/authorized_keys"),
        "output on a host": ("outputPath", "evil.example:{top}/galaxy_1.o"),
        "output by a symlink": ("outputPath", ":{top}/working/link"),
        "output with a comma": ("outputPath", ":{top}/a,/home/alice/b"),
        "output with a percent": ("outputPath", ":{top}/%x"),
        "working directory outside": ("workingDirectory", "/home/alice"),
        "name an option": ("jobName", "-o/home/alice/x"),
        "name with a newline": ("jobName", "a\nb"),
        "native newline": ("nativeSpecification", "-p main\n--uid=0"),
        "native uid": ("nativeSpecification", "--uid=0"),
        "native abbreviated": ("nativeSpecification", "--ui=0"),
        "native directory": ("nativeSpecification", "-p main -D /home/alice"),
        "native output": ("nativeSpecification", "--output=/home/alice/.ssh/authorized_keys"),
        "native positional": ("nativeSpecification", "-p main /bin/sh"),
        "native value is an option": ("nativeSpecification", "-p --uid=0"),
        "native flag with a value": ("nativeSpecification", "--exclusive=/bin/sh"),
        "native without its value": ("nativeSpecification", "-p"),
        "native quotes": ("nativeSpecification", "-p 'main --uid=0'"),
        "native wrap": ("nativeSpecification", "--wrap=id"),
        "unknown key": ("email", "alice@example.org"),
        "wrong type": ("jobName", ["g1"]),
        "number": ("workingDirectory", 1),
        "null": ("nativeSpecification", None),
    }
    for name, (key, value) in values.items():

        def change(found, top, key=key, value=value):
            found[key] = value.replace("{top}", str(top)) if isinstance(value, str) else value

        run(name, job(f"value-{name.replace(' ', '-')}", change))
    run("key missing", job("missing", lambda found, top: found.pop("errorPath")))


@case
def run_users() -> None:
    template = job("run-users")
    for uid in (
        "0",
        "1",
        "65534",
        "2003",
        "2004",
        "70000",
        "2005",
        "1450",
        "99999",
        "-1",
        "",
        "2001;id",
        "2001 ",
        "root",
        "--help",
    ):
        run(f"as {uid!r}", template, uid)


# --- kill ---


def kill(name: str, job_id, uid=ALICE, **keywords) -> None:
    call(f"kill {name}", [PROGRAMS / "kill", job_id, uid], **keywords)


@case
def kills() -> None:
    for name, uid in (("own", ALICE), ("wrong uid", BOB), ("uid 0", 0), ("uid None", "None")):
        job_id = run(f"for kill {name}", job(f"kill-{name.replace(' ', '-')}"))
        kill(name, job_id, uid)
        results[-1]["record"] = recorded(f"{job_id}.terminate")
    kill("unknown job", "99999")
    for job_id in ("--all", "-1", "../1", "1 2", "", "1/../2", "1\n2", "*", "stand,1"):
        kill(f"id {job_id!r}", job_id)
    (LEDGER / "othercluster,777").write_text(f"{ALICE}\n")
    kill("job of another cluster", "777")
    old = LEDGER / "slurm,778"
    old.write_text(f"{ALICE}\n")
    os.utime(old, (1, 1))
    kill("forgotten job", "778")
    (LEDGER / "slurm,779").write_text("0\n")
    kill("ledger says root", "779")
    call("kill too many words", [PROGRAMS / "kill", "1", ALICE, "2"])
    LEDGER.chmod(0o755)
    kill("ledger that others read", "1")
    LEDGER.chmod(0o700)
    results[-1]["ledger_mode"] = stat.S_IMODE(LEDGER.stat().st_mode)
    run("sweeps the ledger", job("sweep"))
