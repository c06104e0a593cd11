# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many orders in one task: all are looked at before the first is submitted, then several go to the DRM side by side."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any, Callable, Dict, List, Optional, Sequence

from .errors import DrmError
from .order import Order, Submitted
from .submission import Submitter


class SeveralErrors(DrmError):
    """Submissions that failed side by side: the first one's arguments, and what each of them says."""

    def __init__(self, errors: Sequence[DrmError]) -> None:
        super().__init__(" ".join(["%d submissions failed." % len(errors), *map(str, errors)]))
        self.first = errors[0]

    def fail_arguments(self) -> Dict[str, Any]:
        return dict(self.first.fail_arguments(), msg=str(self))


def submit_all(submitter: Submitter, orders: Sequence[Order], take: Callable[[Order, Submitted], None]) -> None:
    """Submit these orders and ``take`` the job of each, in their sequence. After a failure no other one is begun.

    Raises DrmError; the jobs of the orders that did not fail have been taken by then.
    """
    for order in orders:
        submitter.check(order)
    submitter.look_elsewhere(orders)
    failed = Event()

    def submit(order: Order) -> Optional[Submitted]:
        if failed.is_set():
            return None
        try:
            return submitter.submit(order)
        except BaseException:
            failed.set()
            raise

    errors: List[DrmError] = []
    with ThreadPoolExecutor(submitter.client.drm.submissions_at_once) as pool:
        begun = [(order, pool.submit(submit, order)) for order in orders]
        for order, future in begun:
            try:
                job = future.result()
            except DrmError as error:
                errors.append(error)
                continue
            if job is not None:
                take(order, job)
    if errors:
        raise errors[0] if len(errors) == 1 else SeveralErrors(errors)
