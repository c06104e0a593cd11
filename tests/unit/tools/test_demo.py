"""What `make demo` tells at its end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import demo
import pytest

JOB = {
    "job_id": "3",
    "name": "demo",
    "state": "DONE",
    "exit_code": 0,
    "inside": {
        "host": "demo-node",
        "user": "galaxy",
        "uid": 1450,
        "directory": "/srv/galaxy/jobs",
        "galaxy_slots": 2,
        "galaxy_memory_mb": 200,
    },
}
REPORT: dict[str, Any] = {
    "drm": "slurm",
    "hosts": [{"name": "demo-node", "role": "node"}],
    "configured": [],
    "jobs": [JOB],
    "files": {"verification": "/demo/cluster-verify/verify.html"},
}


def test_it_ends_with_the_verdict_and_the_path_of_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(demo, "SUMMARY", tmp_path / "verify.txt")
    demo.SUMMARY.write_text("demo-galaxy on slurm, 1 node\nReady; 40 ok\n", encoding="utf-8")
    demo.tell(REPORT)
    told = capsys.readouterr().out.splitlines()
    assert told.index("  Ready; 40 ok") < told.index("  verification: /demo/cluster-verify/verify.html")


def test_a_report_of_an_older_demo_is_not_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "DEMO", tmp_path)
    for name in ("REPORT", "SUMMARY"):
        monkeypatch.setattr(demo, name, tmp_path / name)
    (tmp_path / "SUMMARY").write_text("Ready\n", encoding="utf-8")

    def fails(*_words: object) -> None:
        raise SystemExit("the play failed")

    monkeypatch.setattr(demo, "play", fails)
    with pytest.raises(SystemExit):
        demo.up("local")
    assert not demo.SUMMARY.exists()
