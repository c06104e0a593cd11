# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many orders in one task: all are looked at before the first is submitted, then several go to the DRM side by side."""

from __future__ import annotations

from threading import Event
from typing import Any, Callable, Dict, List, Optional, Sequence

from .errors import DrmError
from .order import Order, Submitted
from .sending import Result
from .submission import Submitter

# Each has a file that is open and locked meanwhile: a process may often have no more than 1024.
MOST_AT_ONCE = 200
_MOST_TOLD = 5


class SeveralErrors(DrmError):
    """Submissions that failed side by side: the first one's arguments, and what each of them says."""

    def __init__(self, errors: Sequence[DrmError]) -> None:
        more = ["And %d more." % (len(errors) - _MOST_TOLD)] if len(errors) > _MOST_TOLD else []
        super().__init__(" ".join(["%d submissions failed." % len(errors), *map(str, errors[:_MOST_TOLD]), *more]))
        self.first = errors[0]

    def fail_arguments(self) -> Dict[str, Any]:
        return dict(self.first.fail_arguments(), msg=str(self))


class _Parts:
    """The orders of each command, submitted side by side; ``results`` has what became of each order, by its place."""

    def __init__(self, submitter: Submitter, orders: Sequence[Order]) -> None:
        self.submitter = submitter
        self.orders = orders
        self.results: Dict[int, Optional[Result]] = {}
        self._failed = Event()

    def submit(self, part: Sequence[int]) -> None:
        if self._failed.is_set():
            return
        results: List[Optional[Result]] = [None]
        try:
            results = self.submitter.submit_together([self.orders[place] for place in part])
        except DrmError as error:
            results = [error]
        finally:
            if not all(isinstance(result, Submitted) for result in results):
                self._failed.set()
        self.results.update(zip(part, results))


def submit_all(submitter: Submitter, orders: Sequence[Order], take: Callable[[Order, Submitted], None]) -> None:
    """Submit these orders and ``take`` the job of each, in their sequence. After a failure no other submission is begun.

    Raises DrmError; the jobs of the orders that did not fail have been taken by then.
    """
    for order in orders:
        submitter.check(order)
    submitter.look_elsewhere(orders)
    parts = _Parts(submitter, orders)
    split = _split(submitter, orders)
    if len(split) == 1:
        parts.submit(split[0])
    else:
        _side_by_side(parts.submit, split, submitter.client.drm.submissions_at_once)
    errors: List[DrmError] = []
    for place, order in enumerate(orders):
        result = parts.results.get(place)
        if isinstance(result, Submitted):
            take(order, result)
        elif result is not None and result not in errors:
            # One refusal may be many jobs'.
            errors.append(result)
    if errors:
        raise errors[0] if len(errors) == 1 else SeveralErrors(errors)


def _side_by_side(submit: Callable[[Sequence[int]], None], split: Sequence[Sequence[int]], at_once: int) -> None:
    # Its import takes longer than a submission, and most tasks have one.
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(at_once) as pool:
        for begun in [pool.submit(submit, part) for part in split]:
            begun.result()


def _split(submitter: Submitter, orders: Sequence[Order]) -> List[List[int]]:
    """The places of the orders that one command submits: those of one group, as many as it may be."""
    groups: Dict[Any, List[int]] = {}
    for place, order in enumerate(orders):
        group = submitter.client.drm.submission_group(order.request)
        groups.setdefault(("alone", place) if group is None else group, []).append(place)
    return sorted(
        places[start : start + MOST_AT_ONCE]
        for places in groups.values()
        for start in range(0, len(places), MOST_AT_ONCE)
    )
