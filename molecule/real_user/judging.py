"""What the tests of the cases share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Results = dict[str, Mapping[str, Any]]

ALICE, GALAXY = 2001, 1450
SURROUNDINGS = ("low limits", "a low hard limit", "odd signals", "a pending alarm", "closed streams")
AUTHPRIV = "10"
LOG = "clusterjobs-real-user"


def said(result: Mapping[str, Any], identifier: str) -> str:
    """What this call left in authpriv."""
    lines = [text for who, facility, text in result.get("log", []) if (who, facility) == (identifier, AUTHPRIV)]
    return "\n".join(lines)
