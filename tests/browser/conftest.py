"""The collection by its full name; and headless Chromium."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from html import escape, unescape
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / ".cache" / "collections"))
MEASURE = Path(__file__).with_name("measure.js")
SHOTS = ROOT / ".logs" / "report"

Look = Callable[[str, dict[str, tuple[str, int]]], dict[str, Any]]

FRAMES = """<!DOCTYPE html><html><head><meta charset="utf-8"><meta name="color-scheme" content="light dark">
<style>body {{ margin: 0; display: flex; }} iframe {{ border: 0; height: 1400px; flex: none; }}</style></head>
<body>{frames}<script>{script}</script></body></html>"""
FRAME = '<iframe name="{name}" style="width: {width}px" srcdoc="{page}"></iframe>'


@pytest.fixture(scope="session")
def chromium() -> str:
    program = shutil.which("chromium")
    if program is None:
        if os.environ.get("CI") == "true":
            pytest.fail("tools/browser.py installed no chromium")
        pytest.skip("needs chromium")
    return program


@pytest.fixture(scope="session")
def look(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Look:
    """Show pages side by side, each in a frame as wide as a screen; photograph them, and then measure them."""
    home = tmp_path_factory.mktemp("chromium")
    SHOTS.mkdir(parents=True, exist_ok=True)

    def run(scheme: str, pages: dict[str, tuple[str, int]]) -> dict[str, Any]:
        frames = "".join(
            FRAME.format(name=name, width=width, page=escape(page)) for name, (page, width) in pages.items()
        )
        (home / "shown.html").write_text(FRAMES.format(frames=frames, script=""))
        (home / "measured.html").write_text(FRAMES.format(frames=frames, script=MEASURE.read_text()))
        wide = sum(width for _page, width in pages.values())
        argv = [
            chromium,
            *("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--disable-dev-shm-usage"),
            *(f"--user-data-dir={home / 'profile'}", f"--window-size={wide},1400", "--enable-logging=stderr"),
            f"--blink-settings=preferredColorScheme={0 if scheme == 'dark' else 1}",
        ]
        shot = SHOTS / f"{scheme}.png"
        _run([*argv, f"--screenshot={shot}", (home / "shown.html").as_uri()])
        answer = _run([*argv, "--dump-dom", (home / "measured.html").as_uri()])
        match = re.search(r'<pre id="facts">(.*?)</pre>', answer.stdout, re.DOTALL)
        assert match, answer.stderr
        return {"shot": shot.read_bytes(), "console": answer.stderr, **json.loads(unescape(match[1]))}

    return run


def _run(argv: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(argv, capture_output=True, text=True, check=True, timeout=120)
