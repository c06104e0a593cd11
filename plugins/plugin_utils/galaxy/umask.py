# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The umask of the jobs, set by their own scripts: what a DRM's daemon or a remote login hands to a job is not that of Galaxy's service."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from .findings import error
from .model import Environment, JobConf
from .runners import RULE_RUNNERS

_SETS_UMASK = re.compile(r"(^|[;&|\s])umask\s")


def checked(value: Any) -> str:
    """A umask as text; empty where none is wanted. Raises JobConfError."""
    text = str(value or "")
    # YAML takes an unquoted 027 for the number 23.
    if text and not (isinstance(value, str) and re.fullmatch(r"0?0[0-7]{2}", text)):
        mend = "Give a quoted octal number such as '027' or '022', which leaves its owner every right."
        raise error("bad-option", "umask", f"{text!r} is no umask for a job", mend)
    return text


def with_umask(conf: JobConf, umask: str) -> JobConf:
    """The same with a line in each environment's ``env``, the last, since a file before it may set another.

    A rule's environments are somebody else's, and one that sets its umask itself keeps it.
    """
    if not umask:
        return conf
    return replace(conf, environments=tuple(_set(environment, umask) for environment in conf.environments))


def _set(environment: Environment, umask: str) -> Environment:
    own = any(_SETS_UMASK.search(str(entry.get("execute", ""))) for entry in environment.env)
    if own or environment.runner in RULE_RUNNERS:
        return environment
    return replace(environment, env=(*environment.env, {"execute": f"umask {umask}"}))
