"""No test sleeps: it asks until it has its answer."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")


def wait_until(what: str, condition: Callable[[], Found | None], seconds: float = 60, interval: float = 0.2) -> Found:
    """The first true answer of ``condition``; an error that names ``what`` where there is none in time."""
    deadline = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < deadline, f"{what}: not within {seconds} s"
        time.sleep(interval)
