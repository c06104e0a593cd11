# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what the user wrote to what Galaxy reads: the steps, for the action plugin and the filter alike."""

from __future__ import annotations

import gc
import posixpath
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import yaml

from . import xml_writer, yaml_format
from .check import check
from .context import Context
from .dialects import native_of
from .findings import ERROR, Finding, JobConfError, sorted_out
from .model import from_native, to_native
from .request import translated
from .secrets import redacted
from .umask import with_umask

COMMENT = "Ansible managed: written by clusterjobs.drm.job_conf, which overwrites changes made here."
UNREADABLE = "(what is there is no job_conf that can be read; it is not shown, because it may hold secrets)\n"


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without the garbage collector: among so many values, all of them in use, it takes a third of the time and finds nothing."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@_uncollected()
def read(value: Any, environ: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The native structure of what is written in any of the ways. Raises JobConfError."""
    return to_native(from_native(native_of(value, environ)))


@_uncollected()
def prepare(value: Any, context: Context) -> tuple[dict[str, Any], list[Finding]]:
    """The native structure with the portable requests translated, and what is no error. Raises JobConfError with every error."""
    conf = from_native(native_of(value, context.environ))
    findings = sorted_out(check(conf, context), context.waive, rendered=True)
    errors = [finding for finding in findings if finding.level == ERROR]
    if errors:
        raise JobConfError(errors)
    return to_native(with_umask(translated(conf, context), context.umask)), findings


@_uncollected()
def lint(value: Any, context: Context) -> list[Finding]:
    """Everything that is wrong with it as it stands, also where it cannot be read, or not be written in its form."""
    unread: list[Finding] = []
    try:
        conf = from_native(native_of(value, context.environ, unread))
    except JobConfError as problem:
        return [*unread, *problem.findings]
    findings = [*unread, *sorted_out(check(conf, context), context.waive, rendered=False)]
    try:
        native = to_native(translated(conf, context))
        if context.form == "xml":
            xml_writer.tree(native)
    except JobConfError as problem:
        findings += problem.findings
    return findings


def format_of(path: str) -> str:
    """As Galaxy decides it: whatever has .xml anywhere in its path is XML."""
    return "xml" if ".xml" in path else "yaml"


@_uncollected()
def text_of(native: dict[str, Any], form: str, comment: str = COMMENT) -> str:
    """The text of the file."""
    return xml_writer.write(native, comment) if form == "xml" else yaml_format.write(native, comment)


def diffable(text: str, form: str) -> str:
    """The same text as Galaxy understands it, without its secrets."""
    if not text.strip():
        return ""
    try:
        return text_of(redacted(read(text)), form)
    except JobConfError:
        return UNREADABLE


def unread(galaxy_settings: Any, path: str) -> list[Finding]:
    """Why Galaxy, with these settings, would not read the file at ``path``: it takes an inline job_config before any file."""
    settings = galaxy_section(galaxy_settings)
    if settings.get("job_config") is not None:
        mend = "Remove it, or render inline and leave the file out."
        return [
            Finding(
                "file-ignored",
                "galaxy.job_config",
                f"stands in Galaxy's settings, and Galaxy then never reads {path}",
                mend,
            )
        ]
    named = settings.get("job_config_file")
    if isinstance(named, str) and posixpath.isabs(named) and posixpath.normpath(named) != posixpath.normpath(path):
        mend = f"Set it to {path}."
        return [
            Finding(
                "other-file",
                "galaxy.job_config_file",
                f"names {named}, so that Galaxy does not read {path}",
                mend,
            )
        ]
    return []


def galaxy_section(galaxy_settings: Any) -> dict[str, Any]:
    """The section that counts of what a galaxy.yml says; empty where there is none."""
    section = galaxy_settings.get("galaxy") if isinstance(galaxy_settings, dict) else None
    return section if isinstance(section, dict) else {}


def settings_in(text: str) -> Any:
    """What a galaxy.yml says; what stands behind a tag such as !include is not looked at. None where it cannot be read."""
    try:
        return yaml.load(text, Loader=_GalaxyLoader)
    except yaml.YAMLError:
        return None


class _GalaxyLoader(yaml.SafeLoader):
    """Knows no more than the safe loader, but does not stumble over Galaxy's own tags."""


_GalaxyLoader.add_multi_constructor("!", lambda loader, suffix, node: str(node.value))
