"""Each test has a directory and a state directory of its own."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "shared"))

from testlib.local_drm import Local


@pytest.fixture
def local(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Local]:
    yield Local(tmp_path, request.node.name)
    # A supervisor whose job's directory is gone ends the job.
    shutil.rmtree(tmp_path / "state", ignore_errors=True)
