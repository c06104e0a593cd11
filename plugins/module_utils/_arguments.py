# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules' arguments: their specification, and the portable request made out of them and checked."""

from __future__ import annotations

import os
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
from ._values import (
    check_absolute,
    check_array,
    check_environment,
    check_items,
    check_key,
    check_name,
    check_path,
    check_positive,
    check_secrets,
    check_word,
    parse_walltime,
    refuse_nul,
)

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

# The least value of the options that are times and sizes; asking without a pause would only burden the DRM.
_LEAST = {"command_timeout": 1, "wait_timeout": 0, "wait_interval": 0.1, "timeout": 0, "output_max_bytes": 0}


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
    return check_absolute("journal_dir", params["journal_dir"] or default_directory())


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
        named = tuple(key for key in map(check_key, keys) if key)
        if len(named) < len(keys):
            raise InvalidRequestError("state", "absent needs job_id, job_ids, or a key for each job")
        return Targets(keys=named)
    key = check_key(params["key"])
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
    secrets = check_secrets(options.get("secret_environment") or {})
    script = _script(options)
    chdir = options.get("chdir") or os.path.expanduser("~")
    key = check_key(options.get("key"))
    request = JobRequest(
        script=script.text,
        args=check_items("args", options.get("args")),
        name=check_name(options.get("name") or script.name),
        cluster=check_word("cluster", cluster),
        priority=options.get("priority"),
        array=check_array(options.get("array")),
        depends_on=tuple(options.get("depends_on") or ()),
        hold=bool(options.get("hold")),
        chdir=check_absolute("chdir", chdir),
        stdout=check_path("stdout", options.get("stdout")),
        stderr=check_path("stderr", options.get("stderr")),
        environment=check_environment(options.get("environment") or {}),
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
        "queue": check_word("queue", options.get("queue")),
        "account": check_word("account", options.get("account")),
        "walltime_seconds": parse_walltime(options.get("walltime")),
        "native_options": check_items("native_options", options.get("native_options"), newlines=False),
        **{name: check_positive(name, options.get(name)) for name in ("slots", "nodes", "gpus", "memory_mb")},
    }


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
        return read_script(check_absolute("src", options["src"]))
    refuse_nul("script", options["script"])
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
        refuse_nul("command", item)
    if not argv or not argv[0]:
        raise InvalidRequestError("command", "is empty")
    return argv
