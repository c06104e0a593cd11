"""Make the virtual environments from the pins in requirements/, and the path under which Ansible finds the collection.

Standard library alone: this runs before anything is installed.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import debian

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS = ROOT / "requirements"
COLLECTIONS_PATH = ROOT / ".cache" / "collections"
OLDEST_CONTROLLER_PYTHON = (3, 11)
TARGET_PYTHON = "python3.8"
# Each environment is named after its file of pins.
VENVS = {
    "controller": ROOT / ".venv",
    "core217": ROOT / ".venv-core217",
    "target38": ROOT / ".venv-target38",
    "galaxy": ROOT / ".venv-galaxy",
    "galaxy241": ROOT / ".venv-galaxy241",
}


def interpreter(name: str) -> str | None:
    """Return the Python that environment `name` is made with, or None where this machine has none."""
    if name != "target38":
        # Not sys.executable: that may be the very environment that is made anew.
        return str(Path(sys.base_prefix, "bin", f"python{sys.version_info.major}.{sys.version_info.minor}"))
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    candidates = [shutil.which(TARGET_PYTHON), *map(str, pyenv.glob(f"versions/*/bin/{TARGET_PYTHON}"))]
    # A version manager's launcher may be on the PATH without the version behind it: try each.
    return next((candidate for candidate in candidates if candidate and _can_make_venvs(candidate)), None)


def _can_make_venvs(python: str) -> bool:
    return subprocess.run([python, "-c", "import ensurepip"], capture_output=True, check=False).returncode == 0


def stamp(name: str, python: str) -> str:
    """Return what an up-to-date environment was made from."""
    pins = (REQUIREMENTS / f"{name}.txt").read_bytes()
    return f"{hashlib.sha256(pins).hexdigest()} {python}\n"


def make_venv(name: str) -> Path | None:
    """Make environment `name` anew unless it was made from the same pins. None: no such Python here."""
    python = interpreter(name)
    if python is None:
        return None
    venv = VENVS[name]
    marker = venv / "pins.sha256"
    wanted = stamp(name, python)
    if marker.is_file() and marker.read_text() == wanted:
        return venv
    print(f"Making {venv.name} from requirements/{name}.txt ...", flush=True)
    subprocess.run([python, "-m", "venv", "--clear", venv], check=True)
    # Compiling every module of every collection in Ansible's package takes ten times as long as installing them.
    install = [
        str(venv / "bin" / "python"),
        "-m",
        "pip",
        "-qq",
        "--disable-pip-version-check",
        "install",
        "--no-compile",
    ]
    subprocess.run([*install, "--requirement", str(REQUIREMENTS / f"{name}.txt")], check=True)
    if name == "galaxy":
        compile_galaxy(venv)
    marker.write_text(wanted)
    return venv


def compile_galaxy(venv: Path) -> None:
    """Compile what Galaxy imports: the test hosts cannot write beside it, and each of their jobs would compile it again."""
    python = str(venv / "bin" / "python")
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    (galaxy,) = venv.glob("lib/python*/site-packages/galaxy")
    # Galaxy as a whole, as it imports much of itself by name, and of all that it requires only what it uses.
    subprocess.run([python, "-m", "compileall", "-q", "-j", "0", galaxy], env=environ, check=True)
    imports = "import galaxy.webapps.galaxy.fast_app, galaxy.webapps.galaxy.buildapp, fs, kombu, paramiko, uvicorn, whoosh.index"
    subprocess.run([python, "-W", "ignore", "-c", imports], env=environ, check=True)


def link_collection() -> None:
    """Let Ansible find this work tree as clusterjobs.drm."""
    link = COLLECTIONS_PATH / "ansible_collections" / "clusterjobs" / "drm"
    link.parent.mkdir(parents=True, exist_ok=True)
    if not link.is_symlink():
        link.symlink_to(os.path.relpath(ROOT, link.parent))


def ensure_python() -> None:
    """Refuse a Python that is too old; get the module `venv` where Debian left it out."""
    if sys.version_info < OLDEST_CONTROLLER_PYTHON:
        raise SystemExit(f"Python 3.11 or newer is needed, {sys.executable} is {sys.version.split()[0]}.")
    if importlib.util.find_spec("ensurepip") is not None:
        return
    packages = ["python3-venv"]
    if shutil.which("apt-get") is None or not debian.consent(packages, "Making a virtual environment"):
        raise SystemExit(
            "This Python cannot make virtual environments. On Debian, as root: apt-get install python3-venv"
        )
    debian.install(packages)


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Two `make` calls in one work tree must not build the same environment at once."""
    (ROOT / ".cache").mkdir(exist_ok=True)
    with (ROOT / ".cache" / "bootstrap.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def pin(name: str) -> None:
    """Write requirements/<name>.txt: everything that pip resolves today for requirements/<name>.in."""
    python = interpreter(name)
    if python is None:
        print(f"requirements/{name}.txt stays as it is: no {TARGET_PYTHON} here")
        return
    with tempfile.TemporaryDirectory() as scratch:
        # A fresh environment, because older Pythons' own pip has no --report.
        subprocess.run([python, "-m", "venv", f"{scratch}/venv"], check=True)
        pip = [f"{scratch}/venv/bin/python", "-m", "pip", "-qq", "--disable-pip-version-check"]
        subprocess.run([*pip, "install", "--upgrade", "pip"], check=True)
        resolve = [*pip, "install", "--dry-run", "--ignore-installed", "--report", f"{scratch}/report.json"]
        subprocess.run([*resolve, "--requirement", str(REQUIREMENTS / f"{name}.in")], check=True)
        report = json.loads(Path(scratch, "report.json").read_text())
    packages = (item["metadata"] for item in report["install"])
    pins = sorted(f"{package['name'].lower()}=={package['version']}" for package in packages)
    header = f"# Made by `make pins` from {name}.in: edit that.\n"
    (REQUIREMENTS / f"{name}.txt").write_text(header + "".join(f"{line}\n" for line in pins))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(VENVS)} (default: controller)")
    parser.add_argument("--pin", action="store_true", help="resolve requirements/NAME.in into NAME.txt and stop")
    options = parser.parse_args()
    unknown = set(options.names) - set(VENVS)
    if unknown:
        parser.error(f"unknown environment {', '.join(sorted(unknown))}: one of {', '.join(VENVS)}")
    try:
        ensure_python()
        with one_at_a_time():
            link_collection()
            for name in options.names or ["controller"]:
                if options.pin:
                    pin(name)
                elif make_venv(name) is None:
                    raise SystemExit(f"No {TARGET_PYTHON} here: {VENVS[name].name} was not made.")
    except subprocess.CalledProcessError as error:
        # What was run has already said why.
        raise SystemExit(f"failed with exit code {error.returncode}: {' '.join(map(str, error.cmd))}") from None


if __name__ == "__main__":
    main()
