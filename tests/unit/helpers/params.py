# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The job module's parameters as Ansible gives them, and the orders and refusals that come of them."""

from __future__ import annotations

from typing import Any, Dict, List

import pytest

from ansible_collections.clusterjobs.drm.plugins.module_utils._arguments import REQUEST_SPEC, orders_from
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.errors import InvalidRequestError
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.model import JobRequest
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.order import Order


def params(**given: Any) -> Dict[str, Any]:
    """Every option, with Ansible's None where the user gave none."""
    options: Dict[str, Any] = dict.fromkeys((*REQUEST_SPEC, "jobs", "job_id", "job_ids", "journal_dir"))
    options.update({"cluster": "", "state": "submitted"}, **given)
    if options["jobs"] is not None:
        options["jobs"] = [dict(dict.fromkeys(REQUEST_SPEC), **job) for job in options["jobs"]]
    return options


def orders(**given: Any) -> List[Order]:
    if not any(option in given for option in ("command", "script", "src", "jobs")):
        given["script"] = "true"
    return orders_from(params(**given), "T")


def request(**given: Any) -> JobRequest:
    return orders(**given)[0].request


def refused(field: str, said: str, **given: Any) -> str:
    """The message, which names the field."""
    with pytest.raises(InvalidRequestError, match=said) as caught:
        orders(**given)
    assert caught.value.field == field
    assert str(caught.value).startswith(field)
    return str(caught.value)
