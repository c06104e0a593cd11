# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The native words of an environment, whatever its runner keeps them in, as options with their values."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from .cli_plugins import JOB_PLUGINS
from .model import Environment
from .parameters import RunnerType
from .runners_drm import QSUB_NAMES

SPELLINGS = ("nativeSpecification", "native_specification")
#: The runners that submit through a DRMAA library.
BY_LIBRARY = ("drmaa", "slurm", "univa")
#: What Galaxy sets itself, as each DRM calls it; where the DRM is not known, what is wrong on every one of them.
RESERVED: dict[str, frozenset[str]] = {
    "": frozenset(("-o", "-e")),
    "slurm": frozenset(("-o", "--output", "-e", "--error", "-J", "--job-name")),
    "gridengine": frozenset(("-o", "-e", "-N")),
    "pbspro": frozenset(("-o", "-e", "-N")),
    "torque": frozenset(("-o", "-e", "-N")),
    "lsf": frozenset(("-o", "-oo", "-e", "-eo", "-J")),
    "htcondor": frozenset(("executable", "output", "error", "log", "queue")),
}
#: Of these, what the DRM calls the job by. Galaxy knows its jobs by their ids.
JOB_NAMES = ("-N", "-J", "--job-name")
#: And what Galaxy's own lines in condor's submit file come after.
OVERRIDDEN = ("executable", "output", "error", "log")
#: DRMAA's own attributes: as parameters of an environment they are not read, and Galaxy sets all of them.
DRMAA_ATTRIBUTES = ("remoteCommand", "jobName", "outputPath", "errorPath")
# Their short options are one letter each, and a value may follow without a blank.
_ATTACHED = ("slurm", "pbspro", "torque")
_QUOTES = re.compile(r"['\"\\]")
_AN_OPTION = re.compile(r"--?[A-Za-z]")


class Option(NamedTuple):
    """One option: the parameter of the environment that it stands in, its name, its values, and whether it was written name=value."""

    parameter: str
    name: str
    values: tuple[str, ...] = ()

    @property
    def value(self) -> str:
        return " ".join(self.values)

    def __str__(self) -> str:
        joint = " = " if not self.name.startswith("-") else "=" if self.name.startswith("--") else " "
        return joint.join([self.name, self.value]) if self.values else self.name


def options_of(environment: Environment, kind: RunnerType, drm: str) -> list[Option]:
    """Every native option that an environment's parameters have. Raises ValueError where quotes do not match."""
    return list(_options(environment, kind, drm))


def _options(environment: Environment, kind: RunnerType, drm: str) -> Iterator[Option]:
    params = environment.params
    if kind.module == "cli":
        yield from _of_cli(environment)
    elif kind.module == "pulsar":
        yield from _of_pulsar(environment, drm)
    elif kind.module == "pbs":
        names = [name for name in params if name in QSUB_NAMES or name.startswith("-")]
        yield from (Option(name, QSUB_NAMES.get(name, name), (str(params[name]),)) for name in names)
    elif kind.module in ("condor", "htcondor"):
        yield from (Option(name, name.lower(), (str(value),)) for name, value in params.items())
    elif kind.module in BY_LIBRARY:
        for spelling in SPELLINGS:
            yield from split(spelling, words_of(str(params.get(spelling) or "")), drm)


def words_of(text: str) -> list[str]:
    """The words of a text, with quotes as a shell has them. Raises ValueError where they do not match."""
    # shlex goes letter by letter, and few texts have quotes.
    return shlex.split(text) if _QUOTES.search(text) else text.split()


def _of_cli(environment: Environment) -> Iterator[Option]:
    plugin = JOB_PLUGINS.get(str(environment.params.get("job_plugin")))
    names = plugin.options if plugin else {}
    for name, value in environment.params.items():
        key = name.removeprefix("job_")
        if key == name or key == "plugin" or not (key in names or key.startswith("-")):
            continue
        option, equals, attached = names.get(key, key).partition("=")
        yield Option(name, option, (attached,) if equals else (str(value),) if value not in (None, "") else ())


def _of_pulsar(environment: Environment, drm: str) -> Iterator[Option]:
    for name, value in environment.params.items():
        key = name.removeprefix("submit_")
        if key == "native_specification" and key != name:
            yield from split(name, words_of(str(value)), drm)
        elif key != name and key != "user":
            yield Option(name, key.lower(), (str(value),))


def split(parameter: str, words: Sequence[str], drm: str) -> Iterator[Option]:
    """Options out of an argv, each with the words up to the next one."""
    name, values = "", []
    for word in words:
        found = _option(word, drm)
        if found is None:
            values.append(word)
            continue
        if name or values:
            yield Option(parameter, name, tuple(values))
        name, values = found[0], list(found[1:])
    if name or values:
        yield Option(parameter, name, tuple(values))


def _option(word: str, drm: str) -> list[str] | None:
    """An option, with its value where that is attached to it; None for a word that is none. A number with a minus is a value."""
    if not _AN_OPTION.match(word):
        return None
    if word.startswith("--"):
        name, equals, value = word.partition("=")
        return [name, value] if equals else [name]
    if drm in _ATTACHED and len(word) > 2:
        return [word[:2], word[2:].removeprefix("=")]
    return [word]
