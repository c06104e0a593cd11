# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a user orders under a key, what became of it, and when two orders are the same."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Dict, List, Mapping, Optional

from .errors import DrmError
from .model import EndReason, JobRequest, JobState, JobStatus

GENERATED_PREFIX = "task:"
_KEPT_SCRIPT_CHARACTERS = 64 * 1024
_NOT_IDENTITY = ("token", "hold")
_ENDED_FIELDS = ("state", "native_state", "end_reason", "exit_code", "signal", "start_time", "end_time", "message")


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
            "key %r stands for job %s, whose request differs in %s. Nothing was submitted: use another key for another job, or resubmit: on_failure once"
            " that job has failed or was cancelled." % (key, job_id, ", ".join(sorted(difference)))
        )
        self.key = key
        self.job_id = job_id
        self.difference = difference

    def fail_arguments(self) -> Dict[str, Any]:
        return {"msg": str(self), "key": self.key, "job_id": self.job_id, "difference": dict(self.difference)}


class UnrecordedJobError(DrmError):
    """The job is there, but the journal could not be told its id."""

    def __init__(self, request: JobRequest, job_id: str, error: DrmError) -> None:
        super().__init__(
            "job %s was submitted as %s, but: %s The next run looks for it by its name."
            % (request.job_name, job_id, error)
        )
        self.job_id = job_id

    def fail_arguments(self) -> Dict[str, Any]:
        return {"msg": str(self), "job_id": self.job_id, "changed": True}


@dataclass(frozen=True)
class Submitted:
    """A job under its key. ``new`` is True where this task submitted it, or found it unreported; ``ended`` is what the journal knows of its end."""

    key: str
    job_id: str
    request: JobRequest
    new: bool
    ended: Optional[Mapping[str, Any]] = None

    def remembered(self, status: JobStatus) -> JobStatus:
        """The DRM's word on the job, or what it said when the job ended: it forgets, and its accounting may tell less than its queue did."""
        if self.ended is None or not (status.state is JobState.UNKNOWN or self._is_that_end(status)):
            return status
        return replace(status, **_ended_fields(self.ended))

    def _is_that_end(self, status: JobStatus) -> bool:
        return self.end_is_recorded(status) and (self.ended or {})["end_time"] == status.end_time

    def end_is_recorded(self, status: JobStatus) -> bool:
        """False for a first end, and for another one after the DRM ran the job again."""
        return self.ended is not None and self.ended["state"] == status.state.value


def identity(order: Order) -> Dict[str, Any]:
    """What makes two requests the same job. Secrets count by name: a rotated one does not make another job."""
    values = {name: value for name, value in asdict(order.request).items() if name not in _NOT_IDENTITY}
    script = values["script"]
    if len(script) > _KEPT_SCRIPT_CHARACTERS:
        values["script"] = "sha256:" + hashlib.sha256(script.encode("utf-8", "surrogateescape")).hexdigest()
    values["secret_environment"] = sorted(order.secrets)
    return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}


def difference_between(before: Mapping[str, Any], now: Mapping[str, Any]) -> Dict[str, Any]:
    names: List[str] = sorted(set(before) | set(now))
    return {
        name: {"before": before.get(name), "now": now.get(name)} for name in names if before.get(name) != now.get(name)
    }


def request_of(intent: Mapping[str, Any]) -> JobRequest:
    """The request that an intent's record tells of; a long script is only its hash there."""
    values = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in intent["request"].items()
        if name != "secret_environment"
    }
    return JobRequest(**dict(values, token=intent["token"]))


def ended_record(status: JobStatus) -> Dict[str, Any]:
    """What the journal keeps of a final status."""
    values = status.as_dict()
    return {name: values[name] for name in ("job_id", *_ENDED_FIELDS)}


def _ended_fields(record: Mapping[str, Any]) -> Dict[str, Any]:
    """The same out of the journal."""
    reason = record["end_reason"]
    return dict(
        {name: record[name] for name in _ENDED_FIELDS},
        state=JobState(record["state"]),
        end_reason=EndReason(reason) if reason else None,
    )
