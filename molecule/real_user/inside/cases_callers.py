"""Who calls, and by which configuration."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from cases_chown import chown
from harness import ALICE, GALAXY, PROGRAMS, call, case, owned, tree


@case
def callers() -> None:
    top = tree("callers", GALAXY)
    words = [PROGRAMS / "chown", top, "alice", ALICE]
    call("caller without a rule", words, user="mallory")
    rule = Path("/etc/sudoers.d/mallory")
    rule.write_text(f"mallory ALL = (root) NOPASSWD: {PROGRAMS}/chown\n")
    call("caller another user", words, user="mallory")
    rule.unlink()
    call("caller root without sudo", words, user="root", sudo=None)
    call("caller root by sudo", words, user="root")
    call("caller galaxy without sudo", words, sudo=None)
    call("caller any other program", ["/usr/bin/id"])
    call("caller check", [PROGRAMS / "check"])
    call("caller as another user", words, sudo=("-n", "-u", "alice"))
    shutil.copy(PROGRAMS / "chown", PROGRAMS / "chown2")
    pretended = {"SUDO_UID": str(GALAXY)}
    call("caller a copy", [PROGRAMS / "chown2", *words[1:]], user="root", sudo=None, env=pretended)
    (PROGRAMS / "chown2").unlink()
    Path("/tmp/chown").symlink_to(PROGRAMS / "chown")
    call("caller a symlink", ["/tmp/chown", *words[1:]], user="root", sudo=None, env=pretended)
    copied = Path("/tmp/copied")
    shutil.copytree(PROGRAMS, copied)
    call("caller a copied directory", [copied / "chown", *words[1:]], user="root", sudo=None, env=pretended)


@case
def configurations() -> None:
    top = tree("configurations", GALAXY)
    config = PROGRAMS / "config.json"
    good = config.read_text()

    def spoil(name: str, text: str) -> None:
        config.write_text(text)
        chown(f"config {name}", top)

    values = json.loads(good)
    spoil("broken", good[:-20])
    spoil("empty", "")
    spoil("a list", "[]")
    spoil("without a key", json.dumps({key: value for key, value in values.items() if key != "max_uid"}))
    spoil("with an odd key", json.dumps({**values, "root": ["/"]}))
    spoil("of a wrong type", json.dumps({**values, "min_uid": "1000"}))
    spoil("with uid 0", json.dumps({**values, "min_uid": 0}))
    spoil("with a root of dots", json.dumps({**values, "roots": {"/srv/..": "/srv/.."}}))
    config.write_text(good)
    config.chmod(0o666)
    chown("config writable by others", top)
    config.chmod(0o664)
    chown("config writable by its group", top)
    owned(config, GALAXY, 0, 0o644)
    chown("config of Galaxys", top)
    owned(config, 0, 0, 0o644)
    config.rename(PROGRAMS / "aside.json")
    chown("config missing", top)
    config.symlink_to(PROGRAMS / "aside.json")
    chown("config a symlink", top)
    config.unlink()
    (PROGRAMS / "aside.json").rename(config)
    PROGRAMS.chmod(0o777)
    chown("config in a directory that others write", top)
    PROGRAMS.chmod(0o755)
    PROGRAMS.parent.chmod(0o775)
    chown("config below a directory that others write", top)
    PROGRAMS.parent.chmod(0o755)
    chown("config as it was", top)
