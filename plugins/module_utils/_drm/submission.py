# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Exactly once: a submission is written down before and after it, and one without an answer is looked for before anything else is done."""

from __future__ import annotations

import hashlib
import os
import time
from contextlib import suppress
from dataclasses import replace
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence

from .client import Client, Search
from .errors import CommandError, DrmError, DrmUnavailableError, ParseError
from .journal import Entry, Journal, JournalError, key_hash
from .model import JobRequest, JobState, JobStatus, Outcome
from .order import (
    GENERATED_PREFIX,
    Order,
    RequestChangedError,
    Submitted,
    UnrecordedJobError,
    difference_between,
    ended_record,
    identity,
    request_of,
)
from .script import with_secrets, write_secrets

# How far back a job is looked for by its name. Another submit host may have used the key days ago, and clocks differ.
LOOK_BACK_SECONDS = 7 * 24 * 3600


class Submitter:
    """Submits orders under their keys. ``task`` marks what this task did itself, however often its module is started."""

    def __init__(
        self, client: Client, journal: Journal, task: str, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self.client = client
        self.journal = journal
        self.task = task
        self.sleep = sleep
        self._purged = False
        self._elsewhere: Dict[str, Search] = {}

    def check(self, order: Order) -> None:
        """Refuse what cannot be submitted. Raises DrmError."""
        self.client.drm.check_request(order.request)
        self.client.drm.check_job_ids(order.request.depends_on)
        self._with_secrets(order, order.request)

    def submit(self, order: Order) -> Submitted:
        """The job of this order: found where its key has one, else submitted. Raises DrmError with what is known."""
        self.check(order)
        with self.journal.locked(order.key) as entry:
            if order.generated and not entry.records and not self._purged:
                self._purged = True
                self.journal.purge_generated(GENERATED_PREFIX)
            return self._submit_locked(order, entry)

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

    def _submit_locked(self, order: Order, entry: Entry) -> Submitted:
        intent = entry.last("intent")
        if intent is None:
            return self._begin(order, entry, 1)
        job = self._recorded(order.key, entry)
        if job is None:
            job = self._interrupted(order.key, entry, intent)
        if job is None:
            return self._send(order, entry, self._named(order, intent["attempt"]), intent["attempt"])
        if self._try_again(order, job):
            # A job that failed may be mended before it is tried again, so its request may differ.
            return self._begin(order, entry, intent["attempt"] + 1)
        self._check_same(order, intent, job.job_id)
        return job

    def _begin(self, order: Order, entry: Entry, attempt: int) -> Submitted:
        """An attempt that this host knows nothing of: with a key of the user's own, another host may have made it."""
        request = self._named(order, attempt)
        if order.generated:
            return self._send(order, entry, request, attempt)
        try:
            elsewhere = self._find_elsewhere(self.client.drm.job_name(request))
        except DrmUnavailableError as error:
            said = (
                "key %r: it is not known whether another host has used it, because the DRM did not answer. Nothing was submitted"
                % order.key
            )
            raise DrmUnavailableError(said, error.result) from error
        if not elsewhere:
            return self._send(order, entry, request, attempt)
        entry.append("intent", **dict(self._intent(order, request, attempt), task=""))
        entry.append("submitted", job_id=elsewhere[0].job_id, task="")
        return self._submit_locked(order, entry)

    def look_elsewhere(self, orders: Sequence[Order]) -> None:
        """Ask in one question, not one an order, whether another host has used those of the user's keys that this one never has.

        Where the DRM does not answer, each order's own submission says so.
        """
        fresh = [order for order in orders if not order.generated and self.journal.read(order.key) is None]
        names = [self.client.drm.job_name(self._named(order, 1)) for order in fresh]
        if len(names) > 1:
            with suppress(DrmError):
                self._elsewhere = self.client.find(names, int(time.time()) - LOOK_BACK_SECONDS)

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
                intent = entry.last("intent")
                job = self._recorded(key, entry) or (self._interrupted(key, entry, intent) if intent else None)
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
        self.remove_secrets(job.request.token)
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

    def _interrupted(self, key: str, entry: Entry, intent: Mapping[str, Any]) -> Optional[Submitted]:
        """The job of a submission that was cut off, looked for twice; None where there is none."""
        order = Order(request_of(intent), key, key.startswith(GENERATED_PREFIX))
        found = self._look(order, order.request, entry, intent)
        if found is None:
            self.sleep(self.client.drm.settle_seconds)
            found = self._look(order, order.request, entry, intent)
        return None if found is None else self._note(order, entry, order.request, found)

    def _look(self, order: Order, request: JobRequest, entry: Entry, intent: Mapping[str, Any]) -> Optional[str]:
        try:
            name = self.client.drm.job_name(request)
            search = self.client.find([name], intent["time"] - LOOK_BACK_SECONDS)[name]
        except DrmUnavailableError as error:
            raise _unsure(error, order, request) from error
        if not search.jobs and not search.certain:
            raise DrmError(
                "key %r: an earlier submission of job %s was interrupted. The queue does not hold it, and without accounting nothing tells whether it ran."
                " Nothing was submitted now. If you know that it did not run, remove %s and run this again."
                % (order.key, request.job_name, entry.path)
            )
        return search.jobs[0].job_id if search.jobs else None

    def _send(self, order: Order, entry: Entry, request: JobRequest, attempt: int) -> Submitted:
        command = self.client.drm.build_submit(self._with_secrets(order, request))
        if order.secrets:
            write_secrets(self.secrets_path(request.token), order.secrets)
        intent = entry.append("intent", **self._intent(order, request, attempt))
        try:
            result = self.client.ask(command, inherit_fds=(entry.fd,))
        except DrmError:
            # It could not even be started.
            self._note_refusal(entry, request)
            raise
        outcome = self.client.drm.classify(result)
        if result.timed_out or result.rc < 0:
            # Whatever it printed before it was killed, the server may have heard it.
            outcome = Outcome.UNREACHABLE
        if outcome is Outcome.OK:
            try:
                job_id = self.client.drm.parse_submit(result)
            except ParseError:
                outcome = Outcome.UNREACHABLE
            else:
                return self._note(order, entry, request, job_id)
        if outcome is Outcome.UNREACHABLE:
            return self._unanswered(
                order, entry, intent, DrmUnavailableError("submission of job %s" % request.job_name, result)
            )
        self._note_refusal(entry, request)
        raise CommandError("submission of job %s was refused, nothing was submitted" % request.name, result)

    def _unanswered(
        self, order: Order, entry: Entry, intent: Mapping[str, Any], error: DrmUnavailableError
    ) -> Submitted:
        """The server may have it or not. It is asked once; what remains unknown stays in the journal for the next run."""
        request = self._named(order, intent["attempt"])
        try:
            found = self._look(order, request, entry, intent)
        except DrmError:
            found = None
        if found is None:
            raise _unsure(error, order, request) from error
        return self._note(order, entry, request, found)

    def _note(self, order: Order, entry: Entry, request: JobRequest, job_id: str) -> Submitted:
        try:
            entry.append("submitted", job_id=job_id, task=self.task)
        except JournalError as error:
            raise UnrecordedJobError(request, job_id, error) from error
        return Submitted(order.key, job_id, request, True)

    def _note_refusal(self, entry: Entry, request: JobRequest) -> None:
        self.remove_secrets(request.token)
        entry.append("refused")

    def _named(self, order: Order, attempt: int) -> JobRequest:
        """The request with its token: another attempt is another job, and must not be taken for the one before."""
        digest = hashlib.sha256(("%s/%d" % (self._key_hash(order.key), attempt)).encode("ascii")).hexdigest()
        return replace(order.request, token=digest[:10])

    def _key_hash(self, key: str) -> str:
        return key_hash(self.journal.drm, self.journal.cluster, key)

    def secrets_path(self, token: str) -> str:
        return os.path.join(os.path.dirname(os.path.dirname(self.journal.directory)), "secrets", token + ".sh")

    def remove_secrets(self, token: str) -> None:
        """A job that has ended needs them no more (a requeued one did)."""
        with suppress(FileNotFoundError):
            os.unlink(self.secrets_path(token))

    def _with_secrets(self, order: Order, request: JobRequest) -> JobRequest:
        if not order.secrets:
            return request
        return replace(request, script=with_secrets(request.script, self.secrets_path(request.token)))

    def _intent(self, order: Order, request: JobRequest, attempt: int) -> Dict[str, Any]:
        return {
            "key": order.key,
            "task": self.task,
            "attempt": attempt,
            "token": request.token,
            "request": identity(order),
        }

    def _check_same(self, order: Order, intent: Mapping[str, Any], job_id: str) -> None:
        difference = difference_between(intent["request"], identity(order))
        if difference:
            raise RequestChangedError(order.key, job_id, difference)


def _unsure(error: DrmUnavailableError, order: Order, request: JobRequest) -> DrmUnavailableError:
    """What is known when the DRM leaves a submission without an answer."""
    if order.generated:
        advice = (
            "Look for a job named %s before you run this again: without a key a new run submits a new job."
            % request.job_name
        )
    else:
        advice = "Run this again when the DRM answers: the key %r makes sure that there is one job." % order.key
    return DrmUnavailableError(
        "it is not known whether job %s was submitted, because the DRM did not answer. %s" % (request.job_name, advice),
        error.result,
    )
