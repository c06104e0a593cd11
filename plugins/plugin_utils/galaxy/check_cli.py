# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cli runner's plugins and what those read: a wrong plugin fails, a wrong parameter is dropped with a line in the log."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from .cli_plugins import JOB_PLUGINS, SHELL_PLUGINS, CliPlugin
from .context import Subject
from .findings import Finding
from .model import Environment

# In their eyes a held job (H) is no state at all: the monitor's round ends there, for every other job too.
_NO_HOLD = ("Torque", "SlurmTorque", "OpenPBS")
_HOLDS = ("Hold_Types", "-h")
# Their code takes what is left out for a default, and nothing at all for a value.
_NEVER_EMPTY = (
    *((shell, name) for shell in ("RemoteShell", "SecureShell", "GlobusSecureShell") for name in ("rsh", "hostname")),
    ("LSF", "excluded_hosts"),
)
# They hand options of their own to RemoteShell under that name. Any other that they do not know is passed over.
_NOT_TAKEN = (("SecureShell", "options"), ("GlobusSecureShell", "options"))


def plugins(subject: Subject) -> Iterator[Finding]:
    """Both plugins of each environment of the cli runner."""
    for environment, kind, place in subject.placed:
        if kind.module == "cli":
            yield from _Plugin(subject, environment, f"{place}.shell_", "shell", SHELL_PLUGINS).findings("LocalShell")
            yield from _Plugin(subject, environment, f"{place}.job_", "job", JOB_PLUGINS).findings("")


class _Plugin:
    """One of the two plugins of one environment."""

    def __init__(
        self, subject: Subject, environment: Environment, place: str, what: str, table: Mapping[str, CliPlugin]
    ) -> None:
        self.subject, self.environment, self.place, self.what, self.table = subject, environment, place, what, table
        prefix = f"{what}_"
        self.given = {
            key.removeprefix(prefix): value for key, value in environment.params.items() if key.startswith(prefix)
        }

    def findings(self, default: str) -> Iterator[Finding]:
        given = self.given.pop("plugin", default)
        if isinstance(given, (dict, list)):
            message = "is no text; every job there would fail"
            yield Finding("bad-cli-value", f"{self.place}plugin", message, f"Name one of {', '.join(self.table)}.")
            return
        name, names = str(given), ", ".join(self.table)
        if not given and self.what == "job":
            message = "is missing; every job there would fail"
            yield Finding("no-cli-plugin", f"{self.place}plugin", message, f"Name one of {names}.")
            return
        plugin = self.table.get(name)
        if plugin is None:
            message = (
                f"{name!r} is no plugin that Galaxy brings along; where it is not installed, every job there fails"
            )
            mend = f"Galaxy brings {names}. Waive this for a plugin of your own."
            yield Finding("unknown-cli-plugin", f"{self.place}plugin", message, mend)
            return
        if self.subject.context.lacks(plugin.since):
            message = f"{name} came with Galaxy {plugin.since}; every job there would fail"
            yield Finding("not-in-release", f"{self.place}plugin", message, "Use Torque.")
        yield from self._given(name, plugin)
        for key, parameter in plugin.params.items():
            if parameter.required and self.given.get(key) in (None, ""):
                message = f"is missing; {name} cannot connect without it"
                yield Finding("no-cli-parameter", f"{self.place}{key}", message, "Set it.")

        if "password" in plugin.params and self.given.get("password") not in (None, ""):
            message = "is a password, which everybody who reads the job configuration can log in with"
            mend = f"Use a key: {self.place}private_key. The role remote_shell makes one, which is good for this host alone."
            yield Finding("cli-password", f"{self.place}password", message, mend)

    def _given(self, name: str, plugin: CliPlugin) -> Iterator[Finding]:
        for key, value in self.given.items():
            place, parameter = f"{self.place}{key}", plugin.params.get(key)
            if name in _NO_HOLD and key in _HOLDS:
                message = f"{name} does not know the state of a held job, and stops looking at all jobs"
                yield Finding("cli-hold", place, message, "Leave it out.")
            if (name, key) in _NEVER_EMPTY and value is None:
                yield Finding(
                    "bad-cli-value", place, "has nothing after it; every job there would fail", "Leave it out."
                )
            elif (name, key) in _NOT_TAKEN:
                message = f"is not taken by {name}; every job there would fail"
                yield Finding("bad-cli-value", place, message, "Leave it out, or use RemoteShell.")
            elif parameter is None and not (self.what == "job" and key.startswith("-")):
                mend = f"It reads {', '.join(plugin.params) or 'none'}"
                mend += ", and options as job_--name." if self.what == "job" else "."
                yield Finding("unknown-cli-parameter", place, f"is not read by {name}", mend)
            elif parameter and value not in (None, "") and not parameter.accepts(value):
                mend = f"Give {parameter.wanted}."
                yield Finding("bad-cli-value", place, f"has a value that {name} cannot use", mend)
