# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""job_conf.yml: the native structure as text."""

from __future__ import annotations

import re
from typing import Any

import yaml

from .findings import JobConfError, error

# The C library reads ten times as fast; it is in every wheel of PyYAML and in Debian's package.
_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_Dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class _Loader(_Base):
    """Of two keys of the same name YAML takes the last one, and Galaxy never hears of the first."""

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        seen: set[tuple[str, str]] = set()
        for key, _value in node.value if isinstance(node, yaml.MappingNode) else ():
            if not isinstance(key, yaml.ScalarNode):
                continue
            if (key.tag, key.value) in seen and key.value != "<<":
                line = key.start_mark.line + 1
                mend = "Give one of them another name, or remove it."
                raise error("duplicate-id", f"line {line}", f"{key.value!r} stands there for the second time", mend)
            seen.add((key.tag, key.value))
        return super().construct_mapping(node, deep)


def read(text: str) -> Any:
    """The native structure that Galaxy's YAML loader would see. Raises JobConfError."""
    try:
        return yaml.load(text, Loader=_Loader)
    except JobConfError:
        raise
    except (yaml.YAMLError, ValueError, RecursionError) as problem:
        mark = getattr(problem, "problem_mark", None)
        place = f"line {mark.line + 1}" if mark else "the text"
        # The error's own text quotes the file, which may hold secrets: a password that begins with ! is a tag to YAML.
        what = re.sub("'.*'", "'...'", getattr(problem, "problem", None) or "bad character", flags=re.DOTALL)
        raise error("not-yaml", place, f"is not YAML ({what})", "Mend it.") from None


def write(native: dict[str, Any], comment: str) -> str:
    """The text, with a comment on top."""
    head = "".join(f"# {line}\n" for line in comment.splitlines())
    body = yaml.dump(native, Dumper=_Dumper, sort_keys=False, default_flow_style=False, allow_unicode=True, width=160)
    return f"---\n{head}{body}"
