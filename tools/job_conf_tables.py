"""The tables of docs/job_conf.md that are made from the code: which runners there are, and what each code of a finding means.

    .venv/bin/python tools/job_conf_tables.py

Writes them between the markers of docs/job_conf.md. A unit test holds the file to the code.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

import bootstrap
from drm_tables import row

sys.path.insert(0, str(bootstrap.ROOT / ".cache" / "collections"))

from ansible_collections.clusterjobs.drm.plugins.plugin_utils.galaxy.cli_plugins import JOB_PLUGINS, SHELL_PLUGINS
from ansible_collections.clusterjobs.drm.plugins.plugin_utils.galaxy.codes import CODES, START
from ansible_collections.clusterjobs.drm.plugins.plugin_utils.galaxy.runners import RUNNER_TYPES
from ansible_collections.clusterjobs.drm.tests.galaxy.proofs import seen_in

PAGE = bootstrap.ROOT / "docs" / "job_conf.md"
END = "<!-- end of what is made -->\n"


def runners() -> Iterator[str]:
    yield row(["`load`", "plugin parameters", "an environment must have", "needs", "tells time, memory", "since"])
    yield row(["---"] * 6)
    for kind in RUNNER_TYPES:
        required = ", ".join(f"`{name}`" for name, parameter in kind.environment.items() if parameter.required)
        ends = ", ".join(sorted(end.partition("_")[0] for end in kind.raises))
        load = f"`{kind.load.removeprefix('galaxy.jobs.runners.')}`"
        yield row([load, str(len(kind.params) or "none at all"), required, kind.needs, ends, kind.since])


def plugins() -> Iterator[str]:
    yield row(["plugin", "reads"])
    yield row(["---"] * 2)
    for prefix, table in (("shell_", SHELL_PLUGINS), ("job_", JOB_PLUGINS)):
        for name, plugin in table.items():
            yield row([name, ", ".join(f"`{prefix}{key}`" for key in plugin.params) or "nothing"])


def codes() -> Iterator[str]:
    yield row(["code", "level", "what happens", "meaning", "seen in"])
    yield row(["---"] * 5)
    for name, code in sorted(CODES.items(), key=lambda item: (item[1].effect != START, item[1].effect)):
        level = code.level if not code.mended else f"{code.level}, a note in what is rendered"
        yield row([f"`{name}`", level, code.effect, code.meaning, seen_in(name)])


TABLES = {"runners": runners, "plugins": plugins, "codes": codes}


def with_tables(page: str) -> str:
    for name, lines in TABLES.items():
        begin = f"<!-- {name}: made by tools/job_conf_tables.py -->\n"
        before, found, rest = page.partition(begin)
        if not found:
            raise SystemExit(f"{PAGE}: the line {begin.strip()!r} is missing")
        _old, _end, after = rest.partition(END)
        page = "".join([before, begin, "\n", *lines(), "\n", END, after])
    return page


def main() -> None:
    PAGE.write_text(with_tables(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
