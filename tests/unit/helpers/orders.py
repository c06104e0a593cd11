# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Orders, and submitters over the fake batch system."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.client import Client
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.journal import Journal
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.model import JobRequest
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.order import Order
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.submission import Submitter

from .fake_drm import FakeCluster, FakeDrm

SCRIPT = "#!/bin/bash\n#SBATCH --mem=1\n\ntrue\n"


def order(
    key: str = "index", generated: bool = False, resubmit: str = "never", secrets: Any = None, **fields: Any
) -> Order:
    request = JobRequest(**dict({"script": SCRIPT, "name": "work", "chdir": "/work"}, **fields))
    return Order(request, key, generated, resubmit, secrets or {})


def submitter(
    cluster: FakeCluster, directory: Path, task: str = "task-1", sleep: Any = lambda seconds: None
) -> Submitter:
    """A new start of the module: it shares nothing with an earlier one but the batch system and the journal on disk."""
    journal = Journal(str(directory), "fake", "", 0.2)
    return Submitter(Client(FakeDrm(), cluster), journal, task, sleep)
