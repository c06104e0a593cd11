# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Exactly once: a submission is written down before and after it, and one without an answer is looked for before anything else is done."""

from __future__ import annotations

import hashlib
import os
import time
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Callable, Dict, List, Mapping, Optional

from .client import Client
from .errors import CommandError, DrmError, DrmUnavailableError, ParseError
from .journal import Entry, Journal, key_hash
from .model import JobRequest, JobState, JobStatus, Outcome
from .script import with_secrets, write_secrets

GENERATED_PREFIX = "task:"
# How far back a key without a journal entry is looked for: it may have been used from another submit host.
LOOK_BACK_SECONDS = 7 * 24 * 3600
# A submission that the server took in before it stalled may come up just after the server answers again.
SETTLE_SECONDS = 3.0
_KEPT_SCRIPT_CHARACTERS = 64 * 1024
_NOT_IDENTITY = ("token", "hold")


@dataclass(frozen=True)
class Order:
    """One job that the user wants: the request and what is not the DRM's business."""

    request: JobRequest
    key: str
    generated: bool
    resubmit: str = "never"
    secrets: Mapping[str, str] = field(default_factory=dict)


class RequestChangedError(DrmError):
    """The key stands for another request already."""

    def __init__(self, key: str, job_id: str, difference: Mapping[str, Any]) -> None:
        super().__init__(
            "key %r stands for job %s, whose request differs in %s. Nothing was submitted: use another key for another job, or state: absent for the old one first."
            % (key, job_id or "(being submitted)", ", ".join(sorted(difference)))
        )
        self.key = key
        self.job_id = job_id
        self.difference = difference

    def fail_arguments(self) -> Dict[str, Any]:
        return {"msg": str(self), "key": self.key, "job_id": self.job_id, "difference": dict(self.difference)}


@dataclass(frozen=True)
class Submitted:
    """A job under its key. ``new`` is True where this call submitted it, or found it unreported."""

    key: str
    job_id: str
    request: JobRequest
    new: bool


class Submitter:
    """Submits orders under their keys. ``task`` marks what this task did itself, however often its module is started."""

    def __init__(self, client: Client, journal: Journal, task: str, sleep: Callable[[float], None] = time.sleep) -> None:
        self.client = client
        self.journal = journal
        self.task = task
        self.sleep = sleep

    def submit(self, order: Order) -> Submitted:
        """The job of this order: found where its key has one, else submitted. Raises DrmError with what is known."""
        self.client.drm.check_request(order.request)
        self.client.drm.check_job_ids(order.request.depends_on)
        with self.journal.locked(order.key) as entry:
            if order.generated and not entry.records:
                self.journal.purge_generated(GENERATED_PREFIX)
            return self._submit_locked(order, entry)

    def _submit_locked(self, order: Order, entry: Entry) -> Submitted:
        intent = entry.last("intent")
        if intent is None:
            return self._first(order, entry)
        answer = entry.last()
        if answer is None or answer["event"] == "refused":
            return self._send(order, entry, intent["attempt"], look_first=False)
        if answer["event"] == "intent":
            self._check_same(order, intent, "")
            return self._recover(order, entry, intent)
        return self._existing(order, entry, intent)

    def _first(self, order: Order, entry: Entry) -> Submitted:
        """A key that this host has not seen: with a key of the user's own, another host may have used it."""
        if order.generated:
            return self._send(order, entry, 1, look_first=False)
        return self._send(order, entry, 1, look_first=True)

    def _existing(self, order: Order, entry: Entry, intent: Mapping[str, Any]) -> Submitted:
        job_id = (entry.last("submitted") or {})["job_id"]
        request = self._named(order, intent["attempt"])
        if order.resubmit == "on_failure" and intent["task"] != self.task:
            status = self.known_status(entry, job_id)
            if status.state in (JobState.FAILED, JobState.CANCELLED):
                # A job that failed may be mended before it is tried again, so its request may differ.
                return self._send(order, entry, intent["attempt"] + 1, look_first=False)
        self._check_same(order, intent, job_id)
        return Submitted(order.key, job_id, request, False)

    def known(self, key: str, required: bool) -> Optional[Submitted]:
        """The job that a key stands for; None, or DrmError where one is required, if it stands for none."""
        entry = self.journal.read(key)
        intent = entry.last("intent") if entry else None
        if entry is None or intent is None or entry.records[-1]["event"] == "refused":
            if required:
                raise DrmError("key %r: no job was submitted under it from this host and account (%s)" % (key, self.journal.path(key)))
            return None
        request = _request_of(intent)
        if entry.records[-1]["event"] != "intent":
            return Submitted(key, (entry.last("submitted") or {})["job_id"], request, False)
        with self.journal.locked(key) as entry:
            order = Order(request, key, False)
            found = self._look(order, request, intent["time"], entry)
            return None if found is None else self._note(order, entry, request, found)

    def known_without_change(self, key: str) -> Optional[str]:
        """The job id in the journal, for check mode: nothing is looked for or written."""
        entry = self.journal.read(key)
        submitted = entry.last("submitted") if entry else None
        return submitted["job_id"] if submitted else None

    def known_status(self, entry: Entry, job_id: str) -> JobStatus:
        """What the DRM says of a job, or what it said when the job ended, if it has forgotten since."""
        status = self.client.statuses([job_id]).jobs[job_id]
        ended = entry.last("ended")
        if status.state is JobState.UNKNOWN and ended is not None and ended.get("job_id") == job_id:
            return replace(status, **ended_fields(ended))
        return status

    def _recover(self, order: Order, entry: Entry, intent: Mapping[str, Any]) -> Submitted:
        """The last submission under this key was interrupted: look for it, twice, before it is sent again."""
        request = self._named(order, intent["attempt"])
        found = self._look(order, request, intent["time"], entry)
        if found is None:
            self.sleep(SETTLE_SECONDS)
            found = self._look(order, request, intent["time"], entry)
        if found is None:
            return self._send(order, entry, intent["attempt"], look_first=False)
        return self._note(order, entry, request, found)

    def _look(self, order: Order, request: JobRequest, since: int, entry: Entry) -> Optional[str]:
        try:
            search = self.client.find(request, since - 60)
        except DrmUnavailableError as error:
            raise _unsure(error, order, request) from error
        if not search.jobs and not search.certain:
            raise DrmError(
                "key %r: an earlier submission of job %s was interrupted. The queue does not hold it, and without accounting nothing tells whether it ran."
                " Nothing was submitted now. If you know that it did not run, remove %s and run this again." % (order.key, request.job_name, entry.path)
            )
        return search.jobs[0].job_id if search.jobs else None

    def _send(self, order: Order, entry: Entry, attempt: int, look_first: bool) -> Submitted:
        request = self._named(order, attempt)
        if look_first:
            found = self.client.find(request, int(time.time()) - LOOK_BACK_SECONDS).jobs
            if found:
                entry.append("intent", **self._intent(order, request, attempt))
                return self._note(order, entry, request, found[0].job_id)
        sent = self._with_secrets(order, request)
        entry.append("intent", **self._intent(order, request, attempt))
        result = self.client.runner.run(self.client.drm.build_submit(sent), inherit_fds=(entry.fd,))
        outcome = self.client.drm.classify(result)
        if outcome is Outcome.OK:
            try:
                job_id = self.client.drm.parse_submit(result)
            except ParseError:
                outcome = Outcome.UNREACHABLE
            else:
                return self._note(order, entry, request, job_id)
        if outcome is Outcome.UNREACHABLE:
            return self._unanswered(order, entry, request, DrmUnavailableError("submission of job %s" % request.job_name, result))
        entry.append("refused", rc=result.rc)
        raise CommandError("submission of job %s was refused, nothing was submitted" % request.name, result)

    def _unanswered(self, order: Order, entry: Entry, request: JobRequest, error: DrmUnavailableError) -> Submitted:
        """The server may have it or not. It is asked once; what remains unknown stays in the journal for the next run."""
        intent = entry.last("intent") or {}
        try:
            found = self._look(order, request, intent["time"], entry)
        except DrmError:
            found = None
        if found is None:
            raise _unsure(error, order, request) from error
        return self._note(order, entry, request, found)

    def _note(self, order: Order, entry: Entry, request: JobRequest, job_id: str) -> Submitted:
        entry.append("submitted", job_id=job_id)
        return Submitted(order.key, job_id, request, True)

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
        try:
            os.unlink(self.secrets_path(token))
        except FileNotFoundError:
            pass

    def _with_secrets(self, order: Order, request: JobRequest) -> JobRequest:
        if not order.secrets:
            return request
        path = self.secrets_path(request.token)
        script = with_secrets(request.script, path)
        write_secrets(path, order.secrets)
        return replace(request, script=script)

    def _intent(self, order: Order, request: JobRequest, attempt: int) -> Dict[str, Any]:
        return {
            "key": order.key,
            "task": self.task,
            "attempt": attempt,
            "token": request.token,
            "request": identity(order),
        }

    def _check_same(self, order: Order, intent: Mapping[str, Any], job_id: str) -> None:
        difference = _difference(intent["request"], identity(order))
        if difference:
            raise RequestChangedError(order.key, job_id, difference)


def identity(order: Order) -> Dict[str, Any]:
    """What makes two requests the same job. Secrets count by name: a rotated one does not make another job."""
    values = {name: value for name, value in asdict(order.request).items() if name not in _NOT_IDENTITY}
    script = values["script"]
    if len(script) > _KEPT_SCRIPT_CHARACTERS:
        values["script"] = "sha256:" + hashlib.sha256(script.encode("utf-8", "surrogateescape")).hexdigest()
    values["secret_environment"] = sorted(order.secrets)
    return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}


def ended_fields(record: Mapping[str, Any]) -> Dict[str, Any]:
    """The fields of a final status that an ``ended`` record keeps."""
    fields = {name: record[name] for name in ("native_state", "exit_code", "signal", "message", "end_time")}
    return dict(fields, state=JobState(record["state"]))


def ended_record(status: JobStatus) -> Dict[str, Any]:
    values = status.as_dict()
    return {name: values[name] for name in ("job_id", "state", "native_state", "exit_code", "signal", "message", "end_time")}


def _difference(before: Mapping[str, Any], now: Mapping[str, Any]) -> Dict[str, Any]:
    names: List[str] = sorted(set(before) | set(now))
    return {name: {"before": before.get(name), "now": now.get(name)} for name in names if before.get(name) != now.get(name)}


def _unsure(error: DrmUnavailableError, order: Order, request: JobRequest) -> DrmUnavailableError:
    """What is known when the DRM leaves a submission without an answer."""
    if order.generated:
        advice = "Look for a job named %s before you run this again: without a key a new run submits a new job." % request.job_name
    else:
        advice = "Run this again when the DRM answers: the key %r makes sure that there is one job." % order.key
    return DrmUnavailableError("it is not known whether job %s was submitted, because the DRM did not answer. %s" % (request.job_name, advice), error.result)


def _request_of(intent: Mapping[str, Any]) -> JobRequest:
    values = {name: tuple(value) if isinstance(value, list) else value for name, value in intent["request"].items() if name != "secret_environment"}
    return JobRequest(**dict(values, token=intent["token"]))
