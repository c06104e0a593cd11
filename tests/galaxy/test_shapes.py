"""Each place of a whole job configuration with a value that does not belong there: what Galaxy stops at is told, and never rendered."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.clusterjobs.drm.plugins.plugin_utils.galaxy import render
from ansible_collections.clusterjobs.drm.plugins.plugin_utils.galaxy.codes import CODES, START, UNSAID
from ansible_collections.clusterjobs.drm.plugins.plugin_utils.galaxy.context import Context
from ansible_collections.clusterjobs.drm.plugins.plugin_utils.galaxy.findings import JobConfError
from ansible_collections.clusterjobs.drm.tests.galaxy.conftest import Load
from ansible_collections.clusterjobs.drm.tests.galaxy.rendered import native_of

VALUES: tuple[Any, ...] = (None, "", 0, 1.5, "text", ["x"], {"x": None})


def paths(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield (*at, key)
        yield from paths(item, (*at, key))


def shapes() -> Iterator[tuple[str, dict[str, Any]]]:
    whole = native_of("local")
    for path in paths(whole):
        for value in VALUES:
            native = copy.deepcopy(whole)
            at: Any = native
            for key in path[:-1]:
                at = at[key]
            at[path[-1]] = value
            yield f"{'.'.join(map(str, path))}={value!r}", native


class Shapes:
    """All of them as they stand and as they are rendered, what is said of them, and what Galaxy stopped at."""

    def __init__(self, load: Load, place: Path) -> None:
        self.said: dict[str, set[str]] = {}
        self.items: list[dict[str, Any]] = []
        self.place = place
        for name, native in shapes():
            self.said[name] = {finding.code for finding in render.lint(native, Context())}
            self._add(f"as it stands: {name}", yaml.safe_dump(native, sort_keys=False), "yaml")
            for form in ("yaml", "xml"):
                self._render(name, native, form)
        answers = load(copy.deepcopy(self.items))
        self.stopped = {name: answer["loaded"] for name, answer in answers.items() if answer["loaded"]}

    def _render(self, name: str, native: dict[str, Any], form: str) -> None:
        try:
            prepared, _findings = render.prepare(native, Context(form=form))
            text = render.text_of(prepared, form)
        except JobConfError:
            return
        self._add(f"{form}: {name}", text, form)

    def _add(self, name: str, text: str, form: str) -> None:
        path = self.place / f"{len(self.items)}.{'xml' if form == 'xml' else 'yml'}"
        path.write_text(text, encoding="utf-8")
        self.items.append({"name": name, "path": str(path), "form": form, "galaxy": {}, "qacct": "", "tried": False})


@pytest.fixture(scope="module")
def all_shapes(load: Load, tmp_path_factory: pytest.TempPathFactory) -> Shapes:
    return Shapes(load, tmp_path_factory.mktemp("shapes"))


def test_what_galaxy_stops_at_is_told(all_shapes: Shapes) -> None:
    """A class that is not Galaxy's may be somebody's: that is a warning."""
    telling = {code for code, meaning in CODES.items() if meaning.effect in (START, UNSAID)} | {"unchecked-runner"}
    silent = {
        name: why
        for name, why in all_shapes.stopped.items()
        if name.startswith("as it stands: ") and not telling & all_shapes.said[name.removeprefix("as it stands: ")]
    }
    assert silent == {}
    assert len(all_shapes.stopped) > 100


def test_galaxy_starts_with_whatever_is_rendered(all_shapes: Shapes) -> None:
    rendered = [item["name"] for item in all_shapes.items if not item["name"].startswith("as it stands: ")]
    assert len(rendered) > 200
    stopped = {name: all_shapes.stopped[name] for name in rendered if name in all_shapes.stopped}
    assert {name for name in stopped if "runners.local.load='text'" not in name} == set()
