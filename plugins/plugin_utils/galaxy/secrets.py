# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A job configuration without its secrets, for diffs."""

from __future__ import annotations

import re
from typing import Any

MASK = "********"
_NAME = re.compile(
    r"passw|passphrase|secret|token|credential|(api|access|auth)_?key|_pass$|^pass$|pwd|^key$", re.IGNORECASE
)
# A URL's password, Pulsar's token where a user's name would be, and assignments in commands.
_IN_TEXT = re.compile(
    r"(://[^/\s:@]*:)[^/\s@]+(?=@)|(https?://)[^/\s:@]+(?=@)|(\b\w*(?:passw|secret|token)\w*=)\S+", re.IGNORECASE
)


def redacted(value: Any) -> Any:
    """The same structure: values under a secret's name masked, and passwords in URLs and assignments."""
    if isinstance(value, dict):
        # An entry of env has its name and its value side by side.
        named = {key: MASK for key in ("value",) if key in value and _NAME.search(str(value.get("name", "")))}
        return {
            key: MASK if _NAME.search(key) and not isinstance(item, (dict, list)) else redacted(item)
            for key, item in value.items()
        } | named
    if isinstance(value, list):
        return [redacted(item) for item in value]
    if isinstance(value, str):
        return _IN_TEXT.sub(lambda match: match.group(match.lastindex or 0) + MASK, value)
    return value
