# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A job configuration without its secrets, for diffs."""

from __future__ import annotations

import re
from typing import Any

MASK = "********"
_NAME = re.compile(
    r"passw|passphrase|secret|token|credential|(api|access|auth|ssh)_?key|_pass$|^pass$|pwd|^key$", re.IGNORECASE
)
_WORD = r"""(?:"[^"]*"|'[^']*'|\S+)"""
# A URL's password, Pulsar's token where a user's name would be, assignments and headers in commands, and keys in full.
_IN_TEXT = (
    re.compile(r"(://[^/\s:@]*:)\S+(?=@)"),
    re.compile(r"(https?://)[^/\s:@]+(?=@)"),
    re.compile(
        rf"(\b\w*(?:passw|passphrase|secret|token|credential|(?:api|access|auth)[_-]?key)\w*=){_WORD}", re.IGNORECASE
    ),
    re.compile(r"(\bauthorization:\s*(?:basic|bearer)\s+)\S+", re.IGNORECASE),
    re.compile(r"(-----BEGIN [A-Z ]*PRIVATE KEY-----).*?(?=-----END|\Z)", re.DOTALL),
)


def redacted(value: Any) -> Any:
    """The same structure: what stands under a secret's name masked, and secrets in texts."""
    if isinstance(value, dict):
        # An entry of env has its name and its value side by side.
        named = {"value": MASK} if "value" in value and _NAME.search(str(value.get("name", ""))) else {}
        return {key: _masked(item) if _NAME.search(str(key)) else redacted(item) for key, item in value.items()} | named
    if isinstance(value, list):
        return [redacted(item) for item in value]
    return redacted_text(value) if isinstance(value, str) else value


def redacted_text(text: str) -> str:
    """The same text without the secrets that can be known by what is around them."""
    for pattern in _IN_TEXT:
        text = pattern.sub(rf"\g<1>{MASK}", text)
    return text


def _masked(value: Any) -> Any:
    """A secret, or a list of them; a mapping of that name is an environment or runner, say, that is called so."""
    if isinstance(value, dict):
        return redacted(value)
    return [_masked(item) for item in value] if isinstance(value, list) else MASK
