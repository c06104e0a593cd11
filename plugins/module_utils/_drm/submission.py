# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Exactly once: what a key stands for already, and what is to be submitted under it. The submission itself is made by sending.py."""

from __future__ import annotations

import hashlib
import time
from contextlib import suppress
from dataclasses import replace
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple, Union

from .client import Client, Search
from .errors import DrmError, DrmUnavailableError
from .journal import Entry, Journal, key_hash
from .model import JobRequest, JobState, JobStatus
from .order import (
    GENERATED_PREFIX,
    Order,
    RequestChangedError,
    Submitted,
    difference_between,
    ended_record,
    identity,
    request_of,
)
from .secret_files import SecretFiles
from .sending import LOOK_BACK_SECONDS, Attempt, Result, Sender, unsure


class Submitter:
    """Submits orders under their keys. ``task`` marks what this task did itself, however often its module is started."""

    def __init__(
        self, client: Client, journal: Journal, task: str, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self.client = client
        self.journal = journal
        self.task = task
        self.sleep = sleep
        self.secrets = SecretFiles(journal.directory)
        self._sender = Sender(client, self.secrets, task)
        self._purged = False
        self._elsewhere: Dict[str, Search] = {}

    def check(self, order: Order) -> None:
        """Refuse what cannot be submitted. Raises DrmError."""
        self.client.drm.check_request(order.request)
        self.client.drm.check_job_ids(order.request.depends_on)
        self.secrets.request(order, order.request)

    def submit(self, order: Order) -> Submitted:
        """The job of this order: found where its key has one, else submitted. Raises DrmError with what is known."""
        self.check(order)
        (result,) = self.submit_together([order])
        if isinstance(result, Submitted):
            return result
        # Only another order's error leaves one without a result, and there is none.
        raise result or DrmError("job %s was not submitted" % order.request.name)

    def submit_together(self, orders: Sequence[Order]) -> List[Optional[Result]]:
        """The same for several checked orders of one group, whose new jobs one command submits.

        Where one of them cannot be submitted, or it is not known whether it was, none is: then those are None.
        """
        with self.journal.locked_together([order.key for order in orders]) as entries:
            if any(order.generated and not entry.records for order, entry in zip(orders, entries)):
                self._purge()
            plans = self._plans(list(zip(orders, entries)))
            attempts = [plan for plan in plans if isinstance(plan, Attempt)]
            if any(isinstance(plan, DrmError) for plan in plans):
                return [None if isinstance(plan, Attempt) else plan for plan in plans]
            sent = iter(self._sender.send(attempts) if attempts else ())
            return [next(sent) if isinstance(plan, Attempt) else plan for plan in plans]

    def _purge(self) -> None:
        if not self._purged:
            self._purged = True
            self.journal.purge_generated(GENERATED_PREFIX)

    def _plans(self, pairs: Sequence[Tuple[Order, Entry]]) -> List[Union[Submitted, DrmError, Attempt]]:
        """For each order its job, the attempt that is to be made, or why neither."""
        troubles = self._recover([(order, entry) for order, entry in pairs if _cut_off(entry)])
        plans: List[Union[Submitted, DrmError, Attempt]] = []
        for order, entry in pairs:
            try:
                plans.append(troubles.get(order.key) or self._plan(order, entry))
            except DrmError as error:
                plans.append(error)
        return plans

    def foresee(self, order: Order) -> Optional[str]:
        """The job that ``submit`` would find; None where it would submit one. Nothing is looked for by its name, and nothing written."""
        self.check(order)
        entry = self.journal.read(order.key)
        intent = entry.last("intent") if entry else None
        if entry is None or intent is None:
            return None
        job = self._recorded(order.key, entry)
        if job is None or self._try_again(order, job):
            return None
        self._check_same(order, intent, job.job_id)
        return job.job_id

    def _plan(self, order: Order, entry: Entry) -> Union[Submitted, Attempt]:
        intent = entry.last("intent")
        if intent is None:
            return self._begin(order, entry, 1)
        job = self._recorded(order.key, entry)
        if job is None:
            return Attempt(order, entry, self._named(order, intent["attempt"]), intent["attempt"])
        if self._try_again(order, job):
            # A job that failed may be mended before it is tried again, so its request may differ.
            return self._begin(order, entry, intent["attempt"] + 1)
        self._check_same(order, intent, job.job_id)
        return job

    def _begin(self, order: Order, entry: Entry, number: int) -> Union[Submitted, Attempt]:
        """An attempt that this host knows nothing of: with a key of the user's own, another host may have made it."""
        attempt = Attempt(order, entry, self._named(order, number), number)
        if order.generated:
            return attempt
        try:
            elsewhere = self._find_elsewhere(self.client.drm.job_name(attempt.request))
        except DrmUnavailableError as error:
            said = (
                "key %r: it is not known whether another host has used it, because the DRM did not answer. Nothing was submitted"
                % order.key
            )
            raise DrmUnavailableError(said, error.result) from error
        if not elsewhere:
            return attempt
        self._sender.adopt(attempt, elsewhere[0].job_id)
        return self._plan(order, entry)

    def look_elsewhere(self, orders: Sequence[Order]) -> None:
        """Ask in one question, not one an order, whether another host has used those of the user's keys that this one never has.

        Where the DRM does not answer, each order's own submission says so.
        """
        fresh = [order for order in orders if not order.generated and self._unused(order.key)]
        names = [self.client.drm.job_name(self._named(order, 1)) for order in fresh]
        if len(names) > 1:
            with suppress(DrmError):
                self._elsewhere = self.client.find(names, int(time.time()) - LOOK_BACK_SECONDS)

    def _unused(self, key: str) -> bool:
        """True where this host has submitted nothing under the key; what was refused does not count."""
        entry = self.journal.read(key)
        return entry is None or entry.last() is None

    def _find_elsewhere(self, name: str) -> List[JobStatus]:
        # For once: what was asked before the submission does not hold after it.
        known = self._elsewhere.pop(name, None)
        return (known or self.client.find([name], int(time.time()) - LOOK_BACK_SECONDS)[name]).jobs

    def _try_again(self, order: Order, job: Submitted) -> bool:
        """True where the job has failed, may be submitted again, and was not submitted by this very task."""
        if order.resubmit != "on_failure" or job.new:
            return False
        return job.remembered(self.client.statuses([job.job_id]).jobs[job.job_id]).state in (
            JobState.FAILED,
            JobState.CANCELLED,
        )

    def known(self, key: str, required: bool) -> Optional[Submitted]:
        """The job that a key stands for; None, or DrmError where one is required, if it stands for none."""
        entry = self.journal.read(key)
        job = self._recorded(key, entry) if entry else None
        if job is None and entry is not None and entry.last():
            with self.journal.locked(key) as entry:
                job = self._found_again(key, entry)
        if job is None and required:
            raise DrmError(
                "key %r: no job was submitted under it from this host and account (%s)" % (key, self.journal.path(key))
            )
        return job

    def known_without_change(self, key: str) -> Optional[str]:
        """The job id in the journal, for check mode: nothing is looked for or written."""
        entry = self.journal.read(key)
        submitted = entry.last("submitted") if entry else None
        return submitted["job_id"] if submitted else None

    def note_end(self, job: Submitted, status: JobStatus) -> None:
        """The journal keeps how a job ended, as the DRM will forget it. The job's secrets have served."""
        if job.end_is_recorded(status):
            return
        self.secrets.remove(job.request.token)
        with self.journal.locked(job.key) as entry:
            current = self._recorded(job.key, entry)
            # Another play may have tried the key again since.
            if current is not None and current.job_id == job.job_id and not current.end_is_recorded(status):
                entry.append("ended", **ended_record(status))

    def _recorded(self, key: str, entry: Entry) -> Optional[Submitted]:
        """The job whose id the journal has; None where the last submission has no answer in it."""
        intent, submitted = entry.last("intent"), entry.last("submitted")
        if intent is None or submitted is None or entry.last() is intent:
            return None
        ended = entry.last("submitted", "ended")
        ended = None if ended is submitted else ended
        return Submitted(
            key, submitted["job_id"], request_of(intent), self.task in (intent["task"], submitted["task"]), ended
        )

    def _found_again(self, key: str, entry: Entry) -> Optional[Submitted]:
        """The job that a key stands for, looked for where its submission was cut off."""
        intent = entry.last("intent")
        if intent and _cut_off(entry):
            order = Order(request_of(intent), key, key.startswith(GENERATED_PREFIX))
            for trouble in self._recover([(order, entry)]).values():
                raise trouble
        return self._recorded(key, entry)

    def _recover(self, pairs: Sequence[Tuple[Order, Entry]]) -> Dict[str, DrmError]:
        """Look twice for the jobs of submissions that were cut off, and note what is found. What cannot be known is an error, by key."""
        attempts = [_begun(order, entry) for order, entry in pairs]
        troubles = self._look_once(attempts)
        left = [attempt for attempt in attempts if _cut_off(attempt.entry) and attempt.order.key not in troubles]
        if left:
            self.sleep(self.client.drm.settle_seconds)
            troubles.update(self._look_once(left))
        return troubles

    def _look_once(self, attempts: Sequence[Attempt]) -> Dict[str, DrmError]:
        try:
            found = self._sender.look(attempts)
        except DrmUnavailableError as error:
            return {attempt.order.key: unsure(error, attempt) for attempt in attempts}
        there = [(attempt, found[attempt.request.token]) for attempt in attempts]
        known = [(attempt, job) for attempt, job in there if job is not None]
        results = self._sender.note([attempt for attempt, _job in known], [job for _attempt, job in known])
        return {
            attempt.order.key: result for (attempt, _job), result in zip(known, results) if isinstance(result, DrmError)
        }

    def _named(self, order: Order, attempt: int) -> JobRequest:
        """The request with its token: another attempt is another job, and must not be taken for the one before."""
        digest = hashlib.sha256(("%s/%d" % (self._key_hash(order.key), attempt)).encode("ascii")).hexdigest()
        return replace(order.request, token=digest[:10])

    def _key_hash(self, key: str) -> str:
        return key_hash(self.journal.drm, self.journal.cluster, key)

    def _check_same(self, order: Order, intent: Mapping[str, Any], job_id: str) -> None:
        difference = difference_between(intent["request"], identity(order))
        if difference:
            raise RequestChangedError(order.key, job_id, difference)


def _cut_off(entry: Entry) -> bool:
    """True where the last submission has no answer."""
    last = entry.last()
    return last is not None and last["event"] == "intent"


def _begun(order: Order, entry: Entry) -> Attempt:
    """The attempt that was cut off, as the journal has it."""
    intent = entry.last("intent") or {}
    return Attempt(order, entry, request_of(intent), intent["attempt"])
