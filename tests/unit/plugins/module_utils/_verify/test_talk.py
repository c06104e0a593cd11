# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Server and node talk through real directories: the clock, the lag, the answer."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.clusterjobs.drm.plugins.module_utils._verify import job_agent, marks, places, watch

TAG = "v1-ab"


class Site:
    """Two shared paths, prepared as the server does it."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.paths = [str(base / name) for name in ("jobs", "datasets")]
        for path in self.paths:
            Path(path).mkdir()
            assert places.make(path, TAG, "token-" + path) == ""
        self.run_directory = places.run_directory(self.paths[0], TAG)

    def shared(self) -> list[dict[str, Any]]:
        return [{"path": path, "writable": True, "token": "token-" + path} for path in self.paths]

    def node(self, **more: Any) -> dict[str, Any]:
        asked = {"python": "", "imports": [], "url": "", "files": []}
        return {"tag": TAG, "node": "n0", "paths": self.shared(), "lag_paths": self.paths[:1], **asked, **more}

    def watched(self, **more: Any) -> dict[str, Any]:
        stop = self.run_directory + "/stop"
        rest = {"lag_paths": self.paths[:1], "lag_seconds": 1.0, "seconds": 20, "stop": stop, "result": stop + ".json"}
        return {"tag": TAG, "nodes": ["n0"], "paths": self.shared(), **rest, **more}


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def talk(site: Site, **watched: Any) -> dict[str, Any]:
    codes: list[int] = []
    job = threading.Thread(target=lambda: codes.append(job_agent.main([], site.node())))
    job.start()
    seen = watch.watch(site.watched(**watched))
    job.join(20)
    assert codes == [0]
    return dict(seen["n0"])


@pytest.mark.parametrize("probe", marks.PROBES)
def test_a_change_is_seen_when_it_was_done_and_not_before(probe: str, tmp_path: Path) -> None:
    directory = str(tmp_path / "lag")
    marks.prepare(directory)
    assert not marks.has_changed(directory, probe)
    marks.change(directory, probe)
    assert marks.has_changed(directory, probe)


def test_a_node_answers_and_everything_is_seen_at_once(site: Site) -> None:
    seen = talk(site)
    assert seen["answer"]["heard"]
    assert all(path["same"] for path in seen["answer"]["paths"])
    assert seen["back"] == dict.fromkeys(site.paths, "")
    assert set(seen["lag"][site.paths[0]]) == set(marks.PROBES)
    assert all(lag is not None and lag < 1 for lag in seen["lag"][site.paths[0]].values())
    assert abs(seen["clock"]["offset_s"]) < 1


def test_a_change_that_the_server_never_sees_is_told_as_none(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    real = marks.has_changed
    monkeypatch.setattr(watch, "has_changed", lambda place, probe: probe != "size_stat" and real(place, probe))
    begin = time.monotonic()
    assert talk(site)["lag"][site.paths[0]]["size_stat"] is None
    assert time.monotonic() - begin >= 1.0


def test_another_directory_of_the_same_name_is_not_the_same(site: Site) -> None:
    (Path(places.run_directory(site.paths[1], TAG)) / places.TOKEN).write_text("another's")
    seen = talk(site)
    assert [path["same"] for path in seen["answer"]["paths"]] == [True, False]
    assert seen["back"][site.paths[1]] == "No such file or directory"


def test_a_node_without_any_shared_path_ends_with_a_code_of_its_own(site: Site, tmp_path: Path) -> None:
    nowhere = [dict(path, path=str(tmp_path / "elsewhere")) for path in site.shared()]
    assert job_agent.main([], site.node(paths=nowhere)) == job_agent.NO_SHARED_PATH


def test_a_node_where_the_account_has_another_uid_ends_with_another_one(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(path: str) -> str:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(job_agent, "read_text", denied)
    assert job_agent.main([], site.node()) == job_agent.NO_ACCESS


def test_what_goes_wrong_on_the_node_comes_as_an_answer(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(asked: Any) -> None:
        raise RuntimeError("odd Python")

    monkeypatch.setattr(job_agent, "look", broken)
    assert "odd Python" in talk(site)["answer"]["problem"]


def test_the_watch_ends_when_it_is_told_that_no_job_is_left(site: Site) -> None:
    asked = site.watched()
    Path(asked["stop"]).touch()
    begin = time.monotonic()
    assert watch.watch(asked)["n0"]["answer"] is None
    assert time.monotonic() - begin < 5


def test_the_watch_ends_when_its_run_was_swept(site: Site) -> None:
    asked = site.watched()
    places.remove([site.run_directory])
    begin = time.monotonic()
    assert watch.watch(asked)["n0"]["answer"] is None
    assert time.monotonic() - begin < 5


def test_the_step_that_ends_the_watch_takes_its_result(site: Site) -> None:
    asked = site.watched()
    Path(asked["result"]).write_text(json.dumps({"n0": {}}))
    assert watch.stop(asked["stop"], asked["result"], 5) == {"n0": {}}
    assert Path(asked["stop"]).exists()
    Path(asked["result"]).unlink()
    with pytest.raises(TimeoutError, match="has written nothing"):
        watch.stop(asked["stop"], asked["result"], 0.1)


def test_a_lock_that_nobody_holds_is_none(tmp_path: Path) -> None:
    (tmp_path / "lock").touch()
    assert "got the lock" in watch._lock_is_seen(str(tmp_path / "lock"))


def test_the_clock_is_told_by_the_quickest_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr(marks.time, "time", lambda: now[0])
    clock = marks.Clock(lambda *said: None)
    clock.ask()
    for number, delay in enumerate((2.0, 0.2, 1.0)):
        asked = now[0]
        now[0] += delay
        # The node is 90 s ahead, and got the question half-way, but for the slow first one.
        clock.heard(str(number), str(asked + 90 + (delay / 2 if number else 0)))
    assert clock.over
    assert clock.told() == {"offset_s": 90.0, "uncertainty_s": 0.1}
