"""The tables of docs/drms.md that are made from the code: which options each DRM honours, and what its states mean.

    .venv/bin/python tools/drm_tables.py

Writes them between the markers of docs/drms.md. A unit test holds the file to the code.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator

import bootstrap

sys.path.insert(0, str(bootstrap.ROOT / ".cache" / "collections"))

from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.interface import Drm
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.model import Control, JobState
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.registry import DRMS

PAGE = bootstrap.ROOT / "docs" / "drms.md"
BEGIN, END = "<!-- made by tools/drm_tables.py -->\n", "<!-- end of what is made -->\n"
# A request's field, and the option of the same meaning.
OPTIONS = {"walltime_seconds": "walltime"}


def row(cells: Iterable[str]) -> str:
    return "| %s |\n" % " | ".join(cells)


def options() -> Iterator[str]:
    yield row(["option", *DRMS])
    yield row("---" for _column in ["", *DRMS])
    for field in sorted(set().union(*(drm.request_fields for drm in DRMS.values()))):
        option = OPTIONS.get(field, field)
        yield row([f"`{option}`", *("yes" if field in drm.request_fields else "refused" for drm in DRMS.values())])
    for control in Control:
        yield row(
            [f"to {control.value} a job", *("yes" if control in drm.controls else "refused" for drm in DRMS.values())]
        )


def states() -> Iterator[str]:
    yield row(["", *(state.value for state in JobState)])
    yield row("---" for _column in ["", *JobState])
    for drm in DRMS.values():
        yield row([drm.name, *(natives(drm, state) for state in JobState)])


def natives(drm: Drm, state: JobState) -> str:
    return ", ".join(native for native, meaning in drm.states.items() if meaning is state)


def tables() -> str:
    parts = ("## Options\n\n", *options(), "\n## States\n\n", *states())
    return "".join([BEGIN, "\n", *parts, "\n", END])


def with_tables(page: str) -> str:
    before, _begin, rest = page.partition(BEGIN)
    _old, _end, after = rest.partition(END)
    return before + tables() + after


def main() -> None:
    PAGE.write_text(with_tables(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
