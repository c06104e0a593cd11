# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the checks say: of a run where all was well, and of the same with one thing wrong."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.clusterjobs.drm.plugins.plugin_utils.verify import reading
from ansible_collections.clusterjobs.drm.plugins.plugin_utils.verify.checks import CHECKS
from ansible_collections.clusterjobs.drm.plugins.plugin_utils.verify.judge_files import proposal
from ansible_collections.clusterjobs.drm.tests.unit.helpers.verified import Run

GUIDE = Path(__file__).resolve().parents[5] / "docs" / "verify.md"


def update(place: str, **values: Any) -> Callable[[Run], None]:
    """Change one part of what was recorded."""

    def change(run: Run) -> None:
        part: Any = run
        for name in place.split("."):
            part = part[int(name)] if name.isdigit() else getattr(part, name) if isinstance(part, Run) else part[name]
        part.update(values)

    return change


def drop(place: str, name: str) -> Callable[[Run], None]:
    return lambda run: getattr(run, place).pop(name)


def silent(code: int | None, state: str = "FAILED") -> Callable[[Run], None]:
    def change(run: Run) -> None:
        run.seen.update(answer=None)
        run.job.update(exit_code=code, state=state)

    return change


def end(kind: str, **values: Any) -> Callable[[Run], None]:
    return lambda run: run.end(kind).update(values)


def no_jobs(run: Run) -> None:
    run.batch["job"].update(jobs=[], msg="sbatch: error: Invalid account")
    run.steps["submitted"].update(jobs=[], msg="sbatch: error: Invalid account")
    run.watched.clear()


def finding(run: Run) -> None:
    place, message = "execution.environments.big.queue", "'huge' is no queue of the cluster"
    run.steps["findings"] = [
        {"code": "unknown-queue", "level": "error", "place": place, "message": message, "mend": "It has main."}
    ]


def login(said: str, code: int = 255) -> Callable[[Run], None]:
    return update("ways.logins.0", rc=code, stdout="", stderr=said)


def no_ways(run: Run) -> None:
    run.ways.clear()
    run.steps["ways"] = {"rc": 127, "msg": "No such file or directory: python3", "stdout": ""}


def refused(said: str) -> Callable[[Run], None]:
    def change(run: Run) -> None:
        run.steps["came_back"] = {"skipped": True}
        run.steps["sent"]["results"][0].update(jobs=[], msg=f"sbatch: error: {said}")

    return change


def by_library(**told: Any) -> Callable[[Run], None]:
    """As Grid Engine 8.1.9's library said it (molecule/verify_gridengine), with one thing changed."""

    def change(run: Run) -> None:
        run.server["library"] = {"path": "/usr/lib/libdrmaa.so", "problem": ""}
        said = {
            "call": "drmaa_job_ps",
            "system": "SGE 8.1.9",
            "job_id": "9",
            "state": "done",
            "problem": "",
            "seconds": 1.8,
            "python": "/srv/galaxy/venv/bin/python",
            "galaxys": True,
        }
        run.steps["drmaa"] = {"stdout": json.dumps({**said, **told})}

    return change


def no_library_job(run: Run) -> None:
    by_library()(run)
    run.steps["drmaa"] = {}


LAGS = ("create_stat", "create_open", "create_list", "size_stat", "mode_stat", "remove_stat")


def lag(seconds: float | None, **more: float | None) -> Callable[[Run], None]:
    def change(run: Run) -> None:
        for lags in run.seen["lag"].values():
            lags.update(dict.fromkeys(LAGS, seconds), **more)

    return change


CASES = [
    ("drm", "error", "unreachable", lambda run: run.steps.update(cluster={"msg": "slurmctld: unreachable"})),
    ("submits", "error", "Invalid account", no_jobs),
    ("submits", "error", "cannot be held", lambda run: run.steps["hold"].update(msg="it cannot be held", jobs=[])),
    ("submits", "error", "not absent", lambda run: run.steps["cancel"].update(msg="not absent after 60 s")),
    ("node_up", "error", "fan broken", update("node", state="DOWN", native_state="DOWN*", message="fan broken")),
    ("node_up", "warning", "DRAIN", update("node", state="CLOSED", native_state="IDLE+DRAIN")),
    ("node_up", "error", "knows no such node", update("settings", nodes=["gone"])),
    ("queue_open", "error", "STOPPED", update("cluster.queues.0", state="STOPPED", native_state="DOWN")),
    ("queue_open", "error", "no queue huge", update("settings", queues=["huge"])),
    ("answered", "error", "No path of those", silent(41)),
    ("answered", "error", "may not enter", silent(42)),
    ("same_uid", "error", "may not enter", silent(42)),
    ("answered", "error", "python3 is not on the node", silent(127)),
    ("answered", "error", "did not start in time", silent(None, "CANCELLED")),
    ("answered", "error", "without an answer", silent(1)),
    ("answered", "error", "Invalid account", no_jobs),
    ("answered", "error", "odd Python", update("answer", problem="odd Python")),
    ("real_shell", "error", "nologin", update("answer.account", **{"shell": "/usr/sbin/nologin"})),
    ("real_shell", "error", "/bin/false", update("server.account", **{"shell": "/bin/false"})),
    ("real_shell", "error", "no name", update("answer.account", name="", shell="")),
    ("same_uid", "error", "uid 1999", update("answer.account", uid=1999)),
    ("same_uid", "error", "gid 7", update("answer.account", gid=7)),
    ("same_uid", "warning", "without the groups 4711", lambda run: run.server["account"]["groups"].append(4711)),
    ("same_path", "error", "another directory", lambda run: run.path().update(same=False)),
    ("same_path", "error", "cannot write", lambda run: run.path().update(problem="Read-only file system")),
    ("same_path", "error", "No such file", lambda run: run.path().update(problem="No such file", same=False)),
    ("same_path", "error", "is not on", lambda run: run.seen["back"].update({run.path()["path"]: "No such file"})),
    ("same_path", "error", "Permission denied", update("server.paths.0", problem="Permission denied")),
    ("same_files", "error", "another file", update("answer.files.0", sha256="0")),
    ("same_files", "error", "No such file", update("answer.files.0", problem="No such file", sha256="")),
    ("temporary_mode", "error", "0755", update("server.paths.2", mode="0755")),
    ("temporary_mode", "error", "0777", lambda run: run.path(2).update(mode="0777")),
    ("temporary_cleaned", "warning", "No file of tmpfiles.d", update("server", cleaned_by=[])),
    ("space", "error", "0 MiB free", lambda run: run.path().update(free_bytes=1000)),
    ("space", "error", "0 inodes", lambda run: run.path().update(free_inodes=0, inodes=1000)),
    ("space", "warning", "inodes", lambda run: run.path().update(free_inodes=4, inodes=1000)),
    ("python_starts", "error", "rc 127", update("answer.interpreter", problem="rc 127: no such file", version="")),
    ("python_starts", "error", "libssl", update("answer.interpreter", missing={"ssl": "ImportError: libssl.so.3"})),
    ("same_python", "error", "3.9.1", update("answer.interpreter", version="3.9.1")),
    ("attribute_cache", "error", "after 10.0 s", lag(10.0, create_list=0.0)),
    ("attribute_cache", "error", "more than", lag(0.0, size_stat=None)),
    ("attribute_cache", "error", "nothing was measured", update("answer", heard=False)),
    ("locks", "warning", "server got the lock", update("seen", lock="the server got the lock that the node holds")),
    ("umask", "error", "077", update("answer", umask="077")),
    ("umask", "error", "002", update("answer", umask="002")),
    ("scratch", "error", "No space left", update("answer.tmp", problem="No space left on device")),
    ("scratch", "warning", "1 MiB free", update("answer.tmp", free_bytes=1 << 20)),
    ("locale", "warning", "unsupported", update("answer.locale", problem="unsupported locale setting")),
    ("limits", "warning", "256 open files", update("answer.limits", nofile=256)),
    ("limits", "warning", "files of 100 bytes", update("answer.limits", fsize_bytes=100)),
    ("clock", "error", "+90.00 s", update("seen.clock", offset_s=90.0)),
    ("galaxy_slots", "error", "is 7", update("answer.galaxy", slots=7)),
    ("galaxy_slots", "error", "not to be found", update("answer.galaxy", slots=None)),
    ("galaxy_memory", "error", "is 100,", update("answer.galaxy", memory_mb=100)),
    ("galaxy_memory", "error", "not to be found", update("answer.galaxy", memory_mb=None, problem="no scontrol")),
    ("ends_seen", "error", "but it was FAILED, exit code 3", end("exit_code", exit_code=0, state="DONE")),
    ("ends_seen", "error", "but it was FAILED, WALLTIME", end("walltime", end_reason="OTHER")),
    ("ends_seen", "error", "but it was FAILED, MEMORY", end("memory", end_reason="SIGNAL")),
    ("ends_seen", "warning", "left alone", end("memory", end_reason=None, state="DONE", exit_code=0)),
    ("ends_seen", "error", "but it was CANCELLED", end("cancelled", state="UNKNOWN", end_reason=None)),
    (
        "drmaa_library",
        "error",
        "libdrmaa.so: no",
        update("server", library={"path": "/l/libdrmaa.so", "problem": "no"}),
    ),
    ("shells", "error", "its host key has changed", login("REMOTE HOST IDENTIFICATION HAS CHANGED!")),
    ("shells", "error", "it is not known", login("Host key verification failed.")),
    ("shells", "error", "it is not known", login("SSHException: Server 'login2' not found in known_hosts", 1)),
    ("shells", "error", "does not let the key in", login("galaxy@login2: Permission denied (publickey).")),
    ("shells", "error", "does not let the key in", login("AuthenticationException: Authentication failed.", 1)),
    ("shells", "error", "cannot be reached", login("ssh: connect to host login2 port 22: Connection refused")),
    ("shells", "error", "did not answer in time", login("no answer within 20 s", 124)),
    ("shells", "error", "rsh: No such file", login("rsh: No such file or directory", 127)),
    ("shells", "error", "rc 1: something new", login("something new", 1)),
    ("shells", "error", "'Welcome", update("ways.logins.0", stdout="Welcome\ngalaxy\n")),
    ("shells", "error", "It was not tried: No such file", no_ways),
    (
        "real_user_helpers",
        "error",
        "does not list /usr/local/libexec/clusterjobs-real-user/run. rc 1: sudo: a password is required",
        update("ways.helpers", listed=[], rc=1, said="sudo: a password is required"),
    ),
    (
        "real_user_helpers",
        "error",
        "is for galaxy alone",
        update("ways.helpers.called.run", said="is for galaxy alone"),
    ),
    ("real_user_helpers", "error", "rc 1: no", update("ways.helpers.called.chown", rc=1, said="no")),
    ("real_users", "error", "rc 2: run: denied", lambda run: run.users(problem="sudo -n run: rc 2: run: denied")),
    ("real_users", "error", "gave no answer: 'sh: python3'", lambda run: run.users(answer="sh: python3")),
    ("real_users", "error", "uid 2999, not 2001", lambda run: run.users({"uid": 2999})),
    ("real_users", "error", "gid 7, not 2001", lambda run: run.users({"gid": 7})),
    ("real_users", "error", "uid 2001 is nobody there", lambda run: run.users({"name": "", "shell": ""})),
    ("real_users", "error", "the shell is /bin/false", lambda run: run.users({"shell": "/bin/false"})),
    ("real_users", "warning", "without the groups 3002", lambda run: run.users({"groups": [2001]})),
    ("real_users", "error", "No job was run", lambda run: run.steps.update(users={})),
    ("environments", "error", "invalid partition specified: nowhere", refused("invalid partition specified: nowhere")),
    (
        "environments",
        "error",
        "no environment big",
        update("settings.environments.0", unknown="It has no environment big"),
    ),
    ("environments", "error", "is CANCELLED", update("steps.came_back.jobs.0", stdout="", state="CANCELLED")),
    ("environments", "error", "is DONE", update("steps.came_back.jobs.0", stdout="{}")),
    ("environments", "error", "GALAXY_SLOTS is 2, asked for were 4", update("settings.environments.0", slots=4)),
    ("environments", "error", "No job was run", lambda run: run.steps.update(sent={}, came_back={})),
    (
        "drmaa_jobs",
        "error",
        "import drmaa: ModuleNotFoundError",
        by_library(call="import drmaa", job_id="", state="", problem="ModuleNotFoundError: No module named 'drmaa'"),
    ),
    (
        "drmaa_jobs",
        "error",
        "drmaa_init: InternalException",
        by_library(
            call="drmaa_init",
            job_id="",
            state="",
            problem='InternalException: code 1: SGE_ROOT directory "/nowhere" doesn\'t exist',
        ),
    ),
    (
        "drmaa_jobs",
        "error",
        "drmaa_run_job: DeniedByDrmException",
        by_library(
            call="drmaa_run_job",
            job_id="",
            state="",
            problem='DeniedByDrmException: code 17: Job was rejected because job requests unknown queue "nowhere.q"',
        ),
    ),
    (
        "drmaa_jobs",
        "error",
        "job 9 is user_on_hold. It has not ended",
        by_library(state="user_on_hold", problem="It has not ended within 4 s, and was told to end."),
    ),
    ("drmaa_jobs", "error", "job 9 is failed", by_library(state="failed")),
    ("drmaa_jobs", "error", "libdrmaa.so: rc -11", by_library(call="", job_id="", state="", problem="rc -11: ")),
    ("drmaa_jobs", "error", "No job was run", no_library_job),
    ("job_conf", "error", "'huge' is no queue", finding),
    ("url", "warning", "timed out", update("answer", url={"url": "https://x.org", "problem": "timed out"})),
]


def test_all_is_well_in_what_was_recorded() -> None:
    report = Run().report()
    bad = [
        (check["name"], result) for check in report["checks"] for result in check["results"] if result["status"] != "ok"
    ]
    assert bad == []
    said = {check["name"] for check in report["checks"]}
    assert said == {check.name for check in CHECKS} - {"url", "drmaa_library", "drmaa_jobs", "job_conf"}


@pytest.mark.parametrize(("check", "status", "text", "change"), CASES, ids=[f"{case[0]}: {case[2]}" for case in CASES])
def test_one_thing_wrong(check: str, status: str, text: str, change: Callable[[Run], None]) -> None:
    run = Run()
    change(run)
    results = [result for result in run.results(check) if result["status"] == status]
    assert [result for result in results if text in result["message"]], run.results(check)
    assert all(result["mend"] for result in results)
    # What the report takes.
    reading.read(run.report())


def test_every_check_that_can_be_red_is_shown_to_be() -> None:
    assert {(case[0], case[1]) for case in CASES} >= {(check.name, check.level) for check in CHECKS}


@pytest.mark.parametrize(("retries", "status"), [(9, "error"), (11, "ok")])
def test_a_lag_that_galaxy_makes_up_for_is_none(retries: int, status: str) -> None:
    run = Run()
    lag(10.0)(run)
    run.settings["retry_job_output_collection"] = retries
    assert {result["status"] for result in run.results("attribute_cache")} == {status}


def test_what_to_do_about_a_lag_begins_with_what_costs_nothing() -> None:
    lines = proposal(9.4, "nfs4").splitlines()
    order = ["retry_job_output_collection: 11", "actimeo", "lookupcache", "noac"]
    assert len(lines) == len(order)
    assert all(word in line for word, line in zip(order, lines, strict=True))
    assert "noac" not in proposal(9.4, "fuse.bindfs")


def test_a_job_through_the_library_that_ended_is_well() -> None:
    run = Run()
    by_library()(run)
    assert [result["status"] for result in run.results("drmaa_library") + run.results("drmaa_jobs")] == ["ok", "ok"]
    by_library(state="gone")(run)
    assert [result["status"] for result in run.results("drmaa_jobs")] == ["ok"]


def test_a_library_that_does_not_load_or_has_no_package_before_galaxy_is_there_runs_no_job() -> None:
    run = Run()
    run.server["library"] = {"path": "/l.so", "problem": "rc 1: static TLS"}
    assert run.results("drmaa_jobs") == []
    by_library(call="import drmaa", job_id="", state="", problem="ModuleNotFoundError", galaxys=False)(run)
    assert [result["status"] for result in run.results("drmaa_jobs")] == ["skipped"]


def test_runners_that_need_a_library_that_is_not_named_are_told_of() -> None:
    run = Run()
    run.settings["drmaa_runners"] = ["sge"]
    (result,) = run.results("drmaa_library")
    assert (result["status"], "has sge, but neither" in result["message"]) == ("skipped", True)


def test_a_node_that_is_down_is_not_asked_and_needs_no_answer() -> None:
    run = Run()
    run.node.update(state="DOWN")
    assert run.results("answered") == []
    assert run.report()["run"]["nodes"] == [run.node["name"]]


def test_a_site_without_the_real_users_programs_is_told_so() -> None:
    run = Run()
    run.steps["users"]["stdout"] = json.dumps({"skipped": "the role real_user is not set up."})
    assert [result["status"] for result in run.results("real_users")] == ["skipped"]


def test_an_environment_of_another_drm_is_skipped_and_says_so() -> None:
    run = Run()
    run.settings["environments"][0]["skipped"] = "Its runner local sends no jobs to slurm."
    assert [result["status"] for result in run.results("environments")] == ["skipped"]


def test_slots_that_an_environment_does_not_ask_for_are_not_compared() -> None:
    run = Run()
    run.settings["environments"][0]["slots"] = None
    assert [result["status"] for result in run.results("environments")] == ["ok"]


def test_a_site_that_has_neither_shells_nor_real_users_hears_nothing_of_them() -> None:
    run = Run()
    run.settings["shells"] = []
    run.ways.update(logins=[], helpers=None)
    assert run.results("shells") == run.results("real_user_helpers") == []


def test_galaxys_own_scripts_are_listed_and_not_called() -> None:
    run = Run()
    run.ways["helpers"]["called"] = {}
    assert {result["status"] for result in run.results("real_user_helpers")} == {"ok"}


@pytest.mark.parametrize("code", [3, 127])
def test_a_galaxy_without_paramiko_is_not_tried_by_it(code: int) -> None:
    run = Run()
    run.settings["shells"][0]["plugin"] = "ParamikoShell"
    login("No module named 'paramiko'", code)(run)
    assert [result["status"] for result in run.results("shells")] == ["skipped"]


def test_an_end_that_the_drm_cannot_tell_is_skipped_and_says_so() -> None:
    run = Run()
    run.cluster["drm"] = "gridengine"
    run.end("memory").update(end_reason=None)
    (result,) = [each for each in run.results("ends_seen") if each["item"] == "memory"]
    assert result["status"] == "skipped"
    assert "cannot tell" in result["message"]


def test_memory_that_galaxy_has_no_way_to_find_is_skipped() -> None:
    run = Run()
    run.cluster["drm"] = "htcondor"
    run.answer["galaxy"].update(memory_mb=None, memory_mb_per_slot=None)
    (result,) = run.results("galaxy_memory")
    assert result["status"] == "skipped"


def test_a_site_without_galaxy_is_checked_for_the_rest() -> None:
    run = Run()
    run.server["interpreter"] = run.answer["interpreter"] = None
    assert [result["status"] for result in run.results("python_starts")] == ["skipped"]
    assert [result["status"] for result in run.results("same_python")] == ["ok"]
    run.answer["python"] = "3.6.8"
    assert [result["status"] for result in run.results("same_python")] == ["warning"]


def test_a_server_that_cannot_be_prepared_is_told_of() -> None:
    run = Run()
    run.server.clear()
    run.steps["prepared"] = {"rc": 127, "msg": "No such file or directory: python3", "stdout": ""}
    run.steps["batches"] = []
    assert "python3" in run.results("same_path")[0]["message"]


def test_an_answer_of_any_shape_is_no_crash() -> None:
    run = Run()
    run.seen["answer"] = {"problem": "an answer of another shape", "done": {}}
    assert "another shape" in run.results("answered")[0]["message"]
    assert run.results("umask") == []


def test_the_guide_names_every_check_with_its_level() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \|", GUIDE.read_text("utf-8"), re.MULTILINE)
    assert rows == [(check.name, check.level) for check in CHECKS]
