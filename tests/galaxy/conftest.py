"""The collection by its full name, as Ansible sees it; and Galaxy's own Python, made from the pins in requirements/galaxy.txt."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / ".cache" / "collections"))
GALAXY = ROOT / ".venv-galaxy" / "bin" / "python"
OLDER_GALAXY = ROOT / ".venv-galaxy241" / "bin" / "python"
LOADER = Path(__file__).with_name("loader.py")

Load = Callable[[list[dict[str, Any]]], dict[str, Any]]


@pytest.fixture(scope="session")
def load(tmp_path_factory: pytest.TempPathFactory) -> Load:
    return loader(GALAXY, tmp_path_factory)


@pytest.fixture(scope="session")
def load_older(tmp_path_factory: pytest.TempPathFactory) -> Load:
    return loader(OLDER_GALAXY, tmp_path_factory)


def loader(python: Path, tmp_path_factory: pytest.TempPathFactory) -> Load:
    """Load files with Galaxy, all of them by one process: it takes longer to import than to load."""

    def run(items: list[dict[str, Any]]) -> dict[str, Any]:
        manifest = tmp_path_factory.mktemp("manifest") / "files.json"
        manifest.write_text(json.dumps(items))
        answer = subprocess.run([str(python), str(LOADER), str(manifest)], capture_output=True, text=True, check=False)
        assert answer.returncode == 0, answer.stderr[-3000:]
        loaded: dict[str, Any] = json.loads(answer.stdout)
        return loaded

    return run
