# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Submissions that are to be made now, one or many by one command: written down before and after it, and looked for where it gave no answer."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Dict, List, Mapping, Optional, Sequence, Union

from .client import Client, Search
from .errors import CommandError, DrmError, DrmUnavailableError, ParseError
from .journal import Entry, JournalError, append_all
from .model import Answer, CommandResult, JobRequest, Outcome
from .order import Order, Submitted, UnrecordedJobError, identity
from .secret_files import SecretFiles

# How far back a job is looked for by its name. Another submit host may have used the key days ago, and clocks differ.
LOOK_BACK_SECONDS = 7 * 24 * 3600

#: The job of an order, or why there is none.
Result = Union[Submitted, DrmError]
#: The id of a job that was looked for; None where there is none, an error where nothing can tell.
Found = Union[str, DrmError, None]


@dataclass(frozen=True)
class Attempt:
    """One submission: the order, its key's locked entry, and the request with the token of this attempt."""

    order: Order
    entry: Entry
    request: JobRequest
    number: int


class Sender:
    """Makes attempts. ``task`` marks them as this task's in the journal."""

    def __init__(self, client: Client, secrets: SecretFiles, task: str) -> None:
        self.client = client
        self.secrets = secrets
        self.task = task

    def send(self, attempts: Sequence[Attempt]) -> List[Result]:
        """Submit all of these by one command; what became of each, in their sequence."""
        requests = [self.secrets.request(attempt.order, attempt.request) for attempt in attempts]
        command = self.client.drm.build_submit_many(requests)
        try:
            self._intend(attempts)
            result = self.client.ask(command, inherit_fds=[attempt.entry.fd for attempt in attempts])
        except DrmError as error:
            # It could not even be started.
            return self._refused(attempts, error)
        outcome = self.client.drm.classify(result)
        if result.timed_out or result.rc < 0:
            # Whatever it printed before it was killed, the server may have heard it.
            outcome = Outcome.UNREACHABLE
        if outcome in (Outcome.OK, Outcome.UNREACHABLE):
            return self._settle(attempts, self._answers(outcome, result, requests), result)
        return self._refused(attempts, self._refusal(attempts, result))

    def _intend(self, attempts: Sequence[Attempt]) -> None:
        """All intents are on disk when this returns. Raises DrmError where one is not, and then none is to be sent."""
        for attempt in attempts:
            self.secrets.write(attempt.order, attempt.request.token)
        failures = append_all([(attempt.entry, self._intent(attempt)) for attempt in attempts])
        for failure in filter(None, failures):
            raise failure

    def _intent(self, attempt: Attempt) -> Dict[str, Any]:
        return {
            "event": "intent",
            "key": attempt.order.key,
            "task": self.task,
            "attempt": attempt.number,
            "token": attempt.request.token,
            "request": identity(attempt.order),
        }

    def adopt(self, attempt: Attempt, job_id: str) -> None:
        """Note a job of another host's, which is not this task's work. Raises JournalError."""
        attempt.entry.append(**dict(self._intent(attempt), task=""))
        attempt.entry.append("submitted", job_id=job_id, task="")

    def _answers(self, outcome: Outcome, result: CommandResult, requests: Sequence[JobRequest]) -> List[Answer]:
        if outcome is Outcome.OK:
            with suppress(ParseError):
                return self.client.drm.parse_submit_many(result, requests)
        return [Answer() for _request in requests]

    def _settle(self, attempts: Sequence[Attempt], answers: Sequence[Answer], result: CommandResult) -> List[Result]:
        """Note what was submitted and what was refused. What has no answer is asked for once; what remains unknown stays in the journal."""
        silent = [attempt for attempt, answer in zip(attempts, answers) if answer == Answer()]
        found: Mapping[str, Found] = {}
        with suppress(DrmError):
            found = self.look(silent)
        settled: List[Union[str, DrmError]] = []
        for attempt, answer in zip(attempts, answers):
            job_id = answer.job_id or found.get(attempt.request.token)
            settled.append(job_id if isinstance(job_id, str) else self._no_job(attempt, answer, result))
        return self.note(attempts, settled)

    def _no_job(self, attempt: Attempt, answer: Answer, result: CommandResult) -> DrmError:
        said = "submission of job %s" % attempt.request.job_name
        if not answer.refusal:
            return unsure(DrmUnavailableError(said, result), attempt)
        error = DrmError("%s was refused, it was not submitted: %s" % (said, answer.refusal))
        self._refused([attempt], error)
        return error

    def note(self, attempts: Sequence[Attempt], settled: Sequence[Union[str, DrmError]]) -> List[Result]:
        """Write down the ids of these jobs; they are on disk when this returns. An error in the place of an id stays what it is."""
        records = [
            (attempt.entry, {"event": "submitted", "job_id": job_id, "task": self.task})
            for attempt, job_id in zip(attempts, settled)
            if isinstance(job_id, str)
        ]
        failures = iter(append_all(records))
        return [
            _noted(attempt, job_id, next(failures)) if isinstance(job_id, str) else job_id
            for attempt, job_id in zip(attempts, settled)
        ]

    def _refused(self, attempts: Sequence[Attempt], error: DrmError) -> List[Result]:
        """Nothing came of these. Where that cannot be written down, the next run looks for them."""
        for attempt in attempts:
            self.secrets.remove(attempt.request.token)
        append_all([(attempt.entry, {"event": "refused"}) for attempt in attempts])
        return [error for _attempt in attempts]

    def _refusal(self, attempts: Sequence[Attempt], result: CommandResult) -> DrmError:
        """Of many it is said which one the DRM does not take, where its dry run tells."""
        if len(attempts) == 1:
            said = "submission of job %s was refused, nothing was submitted" % attempts[0].request.name
            return self.client.refusal(said, result)
        said = "submission of %d jobs in one command was refused, and none of them was submitted" % len(attempts)
        for attempt in attempts:
            try:
                self.client.dry_run(self.secrets.request(attempt.order, attempt.request))
            except CommandError:
                return self.client.refusal("%s, because of job %s" % (said, attempt.request.job_name), result)
        return self.client.refusal(said, result)

    def look(self, attempts: Sequence[Attempt]) -> Dict[str, Found]:
        """The jobs of submissions that were begun, by their tokens. Raises DrmUnavailableError."""
        if not attempts:
            return {}
        names = [self.client.drm.job_name(attempt.request) for attempt in attempts]
        intents = [attempt.entry.last("intent") for attempt in attempts]
        since = min(intent["time"] for intent in intents if intent)
        searches = self.client.find(names, since - LOOK_BACK_SECONDS)
        return {attempt.request.token: _found(attempt, searches[name]) for attempt, name in zip(attempts, names)}


def _found(attempt: Attempt, search: Search) -> Found:
    if search.jobs or search.certain:
        return search.jobs[0].job_id if search.jobs else None
    return DrmError(
        "key %r: an earlier submission of job %s was interrupted. The queue does not hold it, and without accounting nothing tells whether it ran."
        " Nothing was submitted now. If you know that it did not run, remove %s and run this again."
        % (attempt.order.key, attempt.request.job_name, attempt.entry.path)
    )


def _noted(attempt: Attempt, job_id: str, failure: Optional[JournalError]) -> Result:
    if failure:
        return UnrecordedJobError(attempt.request, job_id, failure)
    return Submitted(attempt.order.key, job_id, attempt.request, True)


def unsure(error: DrmUnavailableError, attempt: Attempt) -> DrmUnavailableError:
    """What is known when the DRM leaves a submission without an answer."""
    if attempt.order.generated:
        advice = (
            "Look for a job named %s before you run this again: without a key a new run submits a new job."
            % attempt.request.job_name
        )
    else:
        advice = "Run this again when the DRM answers: the key %r makes sure that there is one job." % attempt.order.key
    return DrmUnavailableError(
        "it is not known whether job %s was submitted, because the DRM did not answer. %s"
        % (attempt.request.job_name, advice),
        error.result,
    )
