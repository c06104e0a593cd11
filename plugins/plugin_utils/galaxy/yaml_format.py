# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""job_conf.yml: the native structure as text."""

from __future__ import annotations

from typing import Any

import yaml

from .findings import error


def read(text: str) -> Any:
    """The native structure that Galaxy's YAML loader would see."""
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as problem:
        mark = getattr(problem, "problem_mark", None)
        place = f"line {mark.line + 1}" if mark else "the text"
        # The error's own text quotes the file, which may hold secrets.
        raise error(
            "not-yaml", place, f"is not YAML ({getattr(problem, 'problem', None) or 'bad character'})", "Mend it."
        ) from None


def write(native: dict[str, Any], comment: str) -> str:
    """The text, with a comment on top."""
    head = "".join(f"# {line}\n" for line in comment.splitlines())
    return (
        f"---\n{head}{yaml.safe_dump(native, sort_keys=False, default_flow_style=False, allow_unicode=True, width=160)}"
    )
