"""Run `ansible-test sanity` on a copy of the files that git knows, at the path that ansible-test insists on."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import bootstrap

WORKPLACE = bootstrap.ROOT / ".cache" / "sanity"
COPY = WORKPLACE / "ansible_collections" / "clusterjobs" / "drm"
# Says which file ansible-test looks for before it downloads pip: its name changes with the pip that is pinned there.
DOWNLOAD_FAILED = re.compile(r"bootstrap script can be manually downloaded and saved to: (\S+)")
PIP_WITHOUT_DOWNLOAD = """\
import subprocess
import sys

subprocess.run([sys.executable, "-m", "ensurepip"], check=True)
"""


def copy_work_tree() -> None:
    """Copy tracked and new files, but nothing that git ignores."""
    shutil.rmtree(COPY, ignore_errors=True)
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listing, cwd=bootstrap.ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, names.split("\0")):
        source = bootstrap.ROOT / name
        if source.is_file():
            (COPY / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, COPY / name)
    # Otherwise ansible-test asks the surrounding repository, which ignores the copy.
    subprocess.run(["git", "init", "--quiet"], cwd=COPY, check=True)
    subprocess.run(["git", "add", "--all"], cwd=COPY, check=True)


def environment() -> dict[str, str]:
    """Give ansible-test a home of its own for its caches, and pip still its user's configuration."""
    home = Path.home()
    # A version manager's launchers answer to versions that are not there, and ansible-test gives up at those.
    path = [folder for folder in os.get_exec_path() if Path(folder).name != "shims"]
    oldest = bootstrap.interpreter("target38")
    if oldest:
        path.append(str(Path(oldest).parent))
    return {
        "XDG_CONFIG_HOME": str(home / ".config"),
        "XDG_CACHE_HOME": str(home / ".cache"),
        **os.environ,
        "HOME": str(WORKPLACE / "home"),
        "PATH": os.pathsep.join(path),
    }


def sanity(venv: Path) -> int:
    """Run the tests with one environment's ansible-core, once more where only pip's download was missing."""
    ansible_test = [str(venv / "bin" / "python"), str(venv / "bin" / "ansible-test")]
    command = [*ansible_test, "sanity", "--local", "--requirements", "--color", "no"]
    while True:
        with subprocess.Popen(
            command, cwd=COPY, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as process:
            assert process.stdout is not None
            output = ""
            for line in process.stdout:
                print(line, end="", flush=True)
                output += line
        failed_download = DOWNLOAD_FAILED.search(output)
        if not failed_download or Path(failed_download[1]).exists():
            return process.returncode
        print("Making pip from Python's own copy instead.", flush=True)
        Path(failed_download[1]).write_text(PIP_WITHOUT_DOWNLOAD)


def main() -> int:
    copy_work_tree()
    (WORKPLACE / "home").mkdir(exist_ok=True)
    return max([sanity(bootstrap.VENVS[name]) for name in sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
