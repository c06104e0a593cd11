# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules' arguments: their specification, and the portable request made out of them and checked."""

from __future__ import annotations

import os
import re
import shlex
import uuid
from typing import Any, Dict, List, Mapping, Optional, Tuple

from ._drm.desired import Slice, Targets
from ._drm.errors import DrmError, InvalidRequestError
from ._drm.journal import default_directory
from ._drm.model import JobRequest
from ._drm.order import GENERATED_PREFIX, Order
from ._drm.registry import DRM_NAMES
from ._drm.script import JobScript, read_script, script_from_command, script_from_text

REQUEST_SPEC: Dict[str, Any] = {
    "command": {"type": "raw"},
    "script": {"type": "str"},
    "src": {"type": "path"},
    "args": {"type": "list", "elements": "str"},
    "name": {"type": "str"},
    "key": {"type": "str", "no_log": False},
    "resubmit": {"type": "str", "choices": ["never", "on_failure"]},
    "queue": {"type": "str"},
    "account": {"type": "str"},
    "priority": {"type": "int"},
    "slots": {"type": "int"},
    "nodes": {"type": "int"},
    "gpus": {"type": "int"},
    "memory_mb": {"type": "int"},
    "walltime": {"type": "raw"},
    "array": {"type": "str"},
    "depends_on": {"type": "list", "elements": "str"},
    "hold": {"type": "bool"},
    "chdir": {"type": "path"},
    "stdout": {"type": "path"},
    "stderr": {"type": "path"},
    "environment": {"type": "dict"},
    "secret_environment": {"type": "dict", "no_log": True},
    "native_options": {"type": "list", "elements": "str"},
}

DRM_SPEC: Dict[str, Any] = {
    "drm": {"type": "str", "default": "auto", "choices": ["auto", *DRM_NAMES]},
    "cluster": {"type": "str", "default": ""},
    "command_timeout": {"type": "int", "default": 60},
}

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]{0,63}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ARRAY = re.compile(r"\d+(-\d+(:\d+)?)?(,\d+(-\d+(:\d+)?)?)*(%\d+)?", re.ASCII)
_CLOCK = re.compile(r"(?:(\d+)-(\d{2})|(\d+)):([0-5]\d):([0-5]\d)", re.ASCII)
_WORD = re.compile(r"[A-Za-z0-9_@][A-Za-z0-9_.@:/,+-]*")

# execve(2): one argument or variable may have 128 KiB. The sum is far below ARG_MAX, which the DRM's own variables share.
MAX_VALUE_BYTES = 120 * 1024
MAX_ENVIRONMENT_BYTES = 1024 * 1024
MIN_SECRET_LENGTH = 6

# The least value of the options that are times and sizes; asking without a pause would only burden the DRM.
_LEAST = {"command_timeout": 1, "wait_timeout": 0, "wait_interval": 0.1, "timeout": 0, "output_max_bytes": 0}


def parse_walltime(value: Any) -> Optional[int]:
    """Seconds out of an integer, ``H:MM:SS`` or ``D-HH:MM:SS``. Anything else is refused: DRMs read ``90:00`` in two ways."""
    if value is None or value == "":
        return None
    text = str(value).strip()
    if not isinstance(value, bool) and re.fullmatch(r"[0-9]+", text):
        seconds = int(text)
    else:
        match = _CLOCK.fullmatch(text)
        if not match:
            raise InvalidRequestError(
                "walltime",
                "%r is not an integer of seconds, H:MM:SS or D-HH:MM:SS (quote it in YAML: '12:00:00')" % (value,),
            )
        days, day_hours, hours, minutes, secs = match.groups()
        if day_hours is not None and int(day_hours) > 23:
            raise InvalidRequestError(
                "walltime", "%r has %s hours beside its days; D-HH:MM:SS takes 00 to 23" % (value, day_hours)
            )
        seconds = int(days or 0) * 86400 + int(day_hours or hours) * 3600 + int(minutes) * 60 + int(secs)
    if seconds <= 0:
        raise InvalidRequestError("walltime", "%r is not more than 0 seconds" % (value,))
    return seconds


def refuse_root(drm: str, uid: int) -> None:
    """Every DRM but ``local`` refuses root, or runs the job as root: neither is what anyone wants."""
    if uid == 0 and drm != "local":
        raise DrmError(
            "root does not submit jobs to %s: set become_user to the account that owns them (become: true, become_user: galaxy)"
            % drm
        )


def check_limits(params: Mapping[str, Any]) -> None:
    """Refuse times and sizes that make no sense. Raises InvalidRequestError."""
    for option, least in _LEAST.items():
        value = params.get(option)
        if value is not None and not value >= least:
            raise InvalidRequestError(option, "%g is less than %g" % (value, least))


def journal_directory(params: Mapping[str, Any]) -> str:
    return _absolute("journal_dir", params["journal_dir"] or default_directory())


def slice_from(value: Optional[Mapping[str, Any]]) -> Tuple[str, Slice]:
    """What the action plugin hands from slice to slice: the task's mark, and where the wait is."""
    given = value or {}
    part = Slice(float(given.get("waited", 0.0)), float(given.get("unknown", 0.0)), given.get("known") or {})
    return given.get("task") or uuid.uuid4().hex, part


def targets_from(params: Mapping[str, Any]) -> Targets:
    """The jobs that are only named; none where the task says what to run. Raises InvalidRequestError."""
    ids = (
        params["job_ids"]
        if params["job_ids"] is not None
        else ([params["job_id"]] if params["job_id"] is not None else None)
    )
    if ids is not None:
        if not ids:
            raise InvalidRequestError("job_ids", "is an empty list")
        return Targets(job_ids=tuple(dict.fromkeys(ids)))
    runs_something = params["jobs"] is not None or any(params[option] for option in ("command", "script", "src"))
    if params["state"] == "absent":
        keys = [item.get("key") for item in params["jobs"]] if params["jobs"] is not None else [params["key"]]
        named = tuple(key for key in map(_key, keys) if key)
        if len(named) < len(keys):
            raise InvalidRequestError("state", "absent needs job_id, job_ids, or a key for each job")
        return Targets(keys=named)
    key = _key(params["key"])
    return Targets(keys=(key,)) if key and not runs_something else Targets()


def orders_from(params: Mapping[str, Any], task: str) -> List[Order]:
    """Every job of the task: the items of ``jobs`` over the task's own options, or those options alone. Raises InvalidRequestError."""
    own = {option: params.get(option) for option in REQUEST_SPEC}
    own["hold"] = own["hold"] or params["state"] == "held"
    items = params.get("jobs")
    if items is None:
        return [_order(own, params["cluster"], task, 0)]
    orders = [_order(_merged(own, item), params["cluster"], task, index) for index, item in enumerate(items)]
    keys = [order.key for order in orders]
    twice = sorted({key for key in keys if keys.count(key) > 1})
    if twice:
        raise InvalidRequestError("jobs", "the key %r stands at more than one job; each job needs its own" % twice[0])
    return orders


def _merged(own: Mapping[str, Any], item: Mapping[str, Any]) -> Dict[str, Any]:
    """An item's options over the task's; what to run comes from one of them as a whole."""
    what = ("command", "script", "src")
    given = {option: value for option, value in item.items() if value is not None}
    defaults = {
        option: value for option, value in own.items() if not (option in what and any(name in given for name in what))
    }
    return dict(defaults, **given)


def _order(options: Mapping[str, Any], cluster: str, task: str, index: int) -> Order:
    secrets = _secrets(options.get("secret_environment") or {})
    script = _script(options)
    chdir = options.get("chdir") or os.path.expanduser("~")
    key = _key(options.get("key"))
    request = JobRequest(
        script=script.text,
        args=_plain_items("args", options.get("args")),
        name=_name(options.get("name") or script.name),
        cluster=_word("cluster", cluster),
        priority=options.get("priority"),
        array=_array(options.get("array")),
        depends_on=tuple(options.get("depends_on") or ()),
        hold=bool(options.get("hold")),
        chdir=_absolute("chdir", chdir),
        stdout=_path("stdout", options.get("stdout")),
        stderr=_path("stderr", options.get("stderr")),
        environment=_environment(options.get("environment") or {}),
        **resources_from(options),
    )
    return Order(
        request,
        key or "%s%s#%d" % (GENERATED_PREFIX, task, index),
        key is None,
        options.get("resubmit") or "never",
        secrets,
    )


def resources_from(options: Mapping[str, Any]) -> Dict[str, Any]:
    """The checked resources of a request, as JobRequest's fields; Galaxy's environments say theirs in the same words."""
    return {
        "queue": _word("queue", options.get("queue")),
        "account": _word("account", options.get("account")),
        "walltime_seconds": parse_walltime(options.get("walltime")),
        "native_options": _plain_items("native_options", options.get("native_options"), newlines=False),
        **{name: _positive(name, options.get(name)) for name in ("slots", "nodes", "gpus", "memory_mb")},
    }


def _key(value: Optional[str]) -> Optional[str]:
    if value is not None and (not value.strip() or value.startswith(GENERATED_PREFIX)):
        raise InvalidRequestError(
            "key",
            "%r is empty or starts with %r; name what this job makes, or leave it out" % (value, GENERATED_PREFIX),
        )
    return value


def _script(options: Mapping[str, Any]) -> JobScript:
    given = [option for option in ("command", "script", "src") if options.get(option)]
    if len(given) != 1:
        raise InvalidRequestError(
            "command", "give exactly one of command, script and src (given: %s)" % (", ".join(given) or "none")
        )
    if given[0] == "command":
        if options.get("args"):
            raise InvalidRequestError("args", "are those of script or src; a command's arguments stand in command")
        return script_from_command(_argv(options["command"]))
    if given[0] == "src":
        return read_script(_absolute("src", options["src"]))
    _no_nul("script", options["script"])
    return script_from_text(options["script"])


def _argv(value: Any) -> List[str]:
    if isinstance(value, str):
        try:
            argv = shlex.split(value)
        except ValueError as error:
            raise InvalidRequestError("command", "%r: %s; give a list instead" % (value, error)) from error
    elif isinstance(value, list):
        odd = [item for item in value if item is None or isinstance(item, (dict, list))]
        if odd:
            raise InvalidRequestError("command", "the item %r is not a text" % (odd[0],))
        argv = [str(item) for item in value]
    else:
        raise InvalidRequestError("command", "%r is neither a list nor a text" % (value,))
    for item in argv:
        _no_nul("command", item)
    if not argv or not argv[0]:
        raise InvalidRequestError("command", "is empty")
    return argv


def _name(value: str) -> str:
    if not _NAME.fullmatch(value):
        raise InvalidRequestError(
            "name", "%.80r: use 1 to 64 letters, digits and _ . + -, not starting with a dot, plus or minus" % value
        )
    return value


def _word(option: str, value: Optional[str]) -> str:
    """A queue's, account's or cluster's name: never an option, never more than one word."""
    if value and not _WORD.fullmatch(value):
        raise InvalidRequestError(option, "%.200r is not a name that a DRM gives to a %s" % (value, option))
    return value or ""


def _array(value: Optional[str]) -> str:
    if value and not _ARRAY.fullmatch(value):
        raise InvalidRequestError(
            "array", "%.200r is not of the form 1-10, 0-8:2, 1,3,5 or 1-100%%5 (at most 5 at once)" % value
        )
    return value or ""


def _positive(option: str, value: Optional[int]) -> Optional[int]:
    if value is not None and value < 1:
        raise InvalidRequestError(option, "%d is less than 1" % value)
    return value


def _absolute(option: str, value: str) -> str:
    if not os.path.isabs(value):
        raise InvalidRequestError(option, "%r is not an absolute path" % value)
    return _path(option, value)


def _path(option: str, value: Optional[str]) -> str:
    if value and re.search(r"[\0\n]", value):
        raise InvalidRequestError(option, "%.200r holds a newline or NUL" % value)
    return value or ""


def _plain_items(option: str, values: Optional[List[str]], newlines: bool = True) -> Tuple[str, ...]:
    for index, value in enumerate(values or ()):
        _no_nul("%s[%d]" % (option, index), value)
        if not newlines and ("\n" in value or not value):
            raise InvalidRequestError(
                "%s[%d]" % (option, index), "%.200r is empty or holds a newline; give one argument an item" % value
            )
    return tuple(values or ())


def _environment(values: Mapping[str, Any]) -> Dict[str, str]:
    result = {}
    total = 0
    for name, value in values.items():
        text = _variable("environment", name, value)
        size = len(text.encode("utf-8", "surrogatepass"))
        total += size + len(name) + 2
        if size > MAX_VALUE_BYTES or total > MAX_ENVIRONMENT_BYTES:
            raise InvalidRequestError(
                "environment",
                "%s makes it too large: a value may have %d bytes and all of them %d; put it into a file and name the file"
                % (name, MAX_VALUE_BYTES, MAX_ENVIRONMENT_BYTES),
            )
        result[name] = text
    return result


def _secrets(values: Mapping[str, Any]) -> Dict[str, str]:
    result = {name: _variable("secret_environment", name, value) for name, value in values.items()}
    for name, value in result.items():
        if len(value) < MIN_SECRET_LENGTH:
            raise InvalidRequestError(
                "secret_environment",
                "%s has fewer than %d characters: Ansible would mask that text everywhere in its output; use environment"
                % (name, MIN_SECRET_LENGTH),
            )
    return result


def _variable(option: str, name: str, value: Any) -> str:
    if not _VARIABLE.fullmatch(name):
        raise InvalidRequestError(
            option, "%.200r is not a variable's name (letters, digits and _, not starting with a digit)" % name
        )
    if isinstance(value, (dict, list)):
        raise InvalidRequestError(option, "%s is a %s; a variable's value is a text" % (name, type(value).__name__))
    text = "" if value is None else str(value)
    _no_nul("%s: %s" % (option, name), text)
    return text


def _no_nul(option: str, value: str) -> None:
    if "\0" in value:
        raise InvalidRequestError(option, "holds a NUL character, which no command line or environment can carry")
