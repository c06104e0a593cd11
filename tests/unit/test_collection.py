"""The collection as its users get it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
PRIVATE = ("benchmarks", "molecule", "requirements", "tests", "tools", "Makefile", "pyproject.toml")


def ansible_galaxy(*words: object, collections: Path) -> None:
    program = Path(sys.executable).with_name("ansible-galaxy")
    # Not the path of the caller's environment, where this work tree is installed already.
    environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(collections)}
    subprocess.run([program, "collection", *map(str, words)], check=True, cwd=ROOT, env=environment, timeout=120)


def test_the_action_group_is_what_takes_the_options_of_a_drm():
    """A default for the whole group (``cluster: west``) must be an option of each module in it."""
    groups = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text())["action_groups"]
    texts = {path.stem: path.read_text() for path in (ROOT / "plugins" / "modules").glob("*.py")}
    modules = [name for name, text in texts.items() if "\n  - clusterjobs.drm.drm\n" in text]
    assert "job" in modules
    assert sorted(groups["drm"]) == sorted(modules)


def test_it_builds_and_installs_without_a_network_and_brings_only_what_users_need(tmp_path):
    collections = tmp_path / "installed"
    ansible_galaxy("build", "--output-path", tmp_path, collections=collections)
    (tarball,) = tmp_path.glob("clusterjobs-drm-*.tar.gz")
    # ansible.posix comes with the PyPI package; --offline refuses to ask a server for it.
    ansible_galaxy("install", tarball, "--offline", "--collections-path", collections, collections=collections)
    installed = collections / "ansible_collections" / "clusterjobs" / "drm"
    names = {path.name for path in installed.iterdir()}
    assert {"plugins", "roles", "playbooks", "meta", "docs", "README.md", "LICENSE", "CHANGELOG.md"} <= names
    assert not names.intersection(PRIVATE)
    assert not [name for name in names if name.startswith(".")]
