"""Galaxy's own schema, loader and runner classes against what is rendered, and against what the findings say of them.

Run by `make galaxy-loader`, or by hand: python3 tools/bootstrap.py galaxy && .venv/bin/pytest tests/galaxy
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.clusterjobs.drm.plugins.plugin_utils.galaxy import render
from ansible_collections.clusterjobs.drm.plugins.plugin_utils.galaxy.codes import CODES, START, UNSAID
from ansible_collections.clusterjobs.drm.plugins.plugin_utils.galaxy.context import NEWEST, Context
from ansible_collections.clusterjobs.drm.plugins.plugin_utils.galaxy.findings import JobConfError
from ansible_collections.clusterjobs.drm.plugins.plugin_utils.galaxy.runners import RUNNER_TYPES, runner_type
from ansible_collections.clusterjobs.drm.tests.galaxy.conftest import GALAXY, ROOT, Load
from ansible_collections.clusterjobs.drm.tests.galaxy.proofs import (
    FAILS,
    FAILS_IN_OLDER,
    FAILS_ON_SLURM,
    SAYS_SO,
)
from ansible_collections.clusterjobs.drm.tests.galaxy.rendered import RUNNERS, native_of
from ansible_collections.clusterjobs.drm.tests.unit.plugins.plugin_utils.galaxy.lint_files import LintFile, lint_files

FORMS = ("yaml", "xml", "inline")
NAMES = [name for name in RUNNERS if name != "tasks"]
# Where Galaxy looks elsewhere, or computes.
OTHER_DEFAULTS: dict[str, dict[str, Any]] = {
    module: {"drmaa_library_path": "$DRMAA_LIBRARY_PATH"} for module in ("drmaa", "slurm", "univa")
}
# Legacy runners of services that are gone, and Pulsars that need a cloud to be there when Galaxy starts.
NOT_TRIED = {
    f"galaxy.jobs.runners.{load}"
    for load in ("chronos:ChronosJobRunner", "godocker:GodockerJobRunner", "pulsar:PulsarLegacyJobRunner")
} | {f"galaxy.jobs.runners.pulsar:Pulsar{name}JobRunner" for name in ("Kubernetes", "Tes", "Coexecution", "GcpBatch")}
RECORDING = ROOT / "tests" / "unit" / "recordings" / "gridengine" / "8.1.9" / "exit-0.history.txt"
# Condor writes every parameter into the submit file, and to XML Galaxy adds one.
WAIVED = ("condor-docker-sudo",)


def is_galaxys(file: LintFile) -> bool:
    """A file of this release, in a form that Galaxy reads."""
    return file.options.get("galaxy_release", NEWEST) == NEWEST and "plugin_workers" not in file.text


BAD = [file for file in lint_files("bad") if is_galaxys(file) and CODES[file.code].effect != UNSAID]
GOOD = [file for file in lint_files("good") if is_galaxys(file)]


@pytest.fixture(scope="module")
def answers(load: Load, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    place = tmp_path_factory.mktemp("job_confs")
    items = [_rendered(place, name, form) for name in NAMES for form in FORMS]
    items += [_as_it_stands(place, file) for file in (*BAD, *GOOD)]
    return load(items)


def _rendered(place: Path, name: str, form: str) -> dict[str, Any]:
    native, _findings = render.prepare(native_of(name), Context(form=form, waive=WAIVED))
    path = place / f"{name}-{form}.{'xml' if form == 'xml' else 'yml'}"
    path.write_text(render.text_of(native, "xml" if form == "xml" else "yaml"))
    return {"name": f"{name}/{form}", "path": str(path), "form": form, "galaxy": {}, "qacct": ""}


def _as_it_stands(place: Path, file: LintFile) -> dict[str, Any]:
    path = place / f"{file.name.replace('/', '-')}.{'xml' if file.form == 'xml' else 'yml'}"
    path.write_text(file.text)
    galaxy = file.options.get("galaxy", {}) if file.code == "drmaa-real-user" else {}
    version = str(file.options.get("cluster", {}).get("version", ""))
    return {"name": file.name, "path": str(path), "form": file.form, "galaxy": galaxy, "qacct": _qacct(version)}


def _qacct(version: str) -> str:
    """What it says of a job that has ended: SGE 8.1.9's as recorded; Univa's has one line more."""
    recorded = RECORDING.read_text(encoding="utf-8").partition("--- stdout:\n")[2].partition("--- stderr:")[0]
    return recorded if version.startswith("SGE") else recorded.replace("ru_wallclock 0s", "ru_wallclock 0\nwallclock 0")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", NAMES)
def test_galaxy_takes_what_is_rendered(answers: dict[str, Any], name: str, form: str) -> None:
    answer = answers[f"{name}/{form}"]
    # The loader takes a section `dynamic`, its schema does not know of it.
    schema = [error for error in answer["schema"] if "Key 'dynamic' was not defined" not in error]
    assert (schema, answer["loaded"]) == ([], "")
    assert {"here", "near", "rule", "cluster", "all"} <= set(answer["destinations"])


@pytest.mark.parametrize("name", NAMES)
def test_the_three_forms_mean_the_same(answers: dict[str, Any], name: str) -> None:
    yaml, xml, inline = (answers[f"{name}/{form}"] for form in FORMS)
    assert yaml["metrics"] == inline["metrics"] == xml["metrics"] == {"near": ["core", "uname"], "quiet": []}
    for part in ("destinations", "tools", "limits", "handlers"):
        assert yaml[part] == inline[part]
        assert _plain(yaml[part]) == _plain(xml[part])


def _plain(value: Any) -> Any:
    """XML has texts alone, names what is empty, adds docker_sudo, and keeps metrics elsewhere."""
    if isinstance(value, dict):
        told = {key: _plain(item) for key, item in value.items() if key not in ("docker_sudo", "class")}
        return {
            key: item for key, item in told.items() if item not in (None, [], {}) and (key, item) != ("raw", "false")
        }
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return str(value).lower() if isinstance(value, bool) else value if value is None else str(value)


@pytest.mark.parametrize("file", BAD, ids=lambda file: file.name)
def test_galaxy_refuses_what_is_said_to_be_refused_and_nothing_else(answers: dict[str, Any], file: LintFile) -> None:
    refused = bool(answers[file.name]["loaded"])
    assert refused == (CODES[file.code].effect == START), answers[file.name]["loaded"]


@pytest.mark.parametrize("file", GOOD, ids=lambda file: file.name)
def test_galaxy_takes_the_good_ones(answers: dict[str, Any], file: LintFile) -> None:
    assert (answers[file.name]["loaded"], answers[file.name]["jobs"]) == ("", [])


@pytest.mark.parametrize("file", [file for file in BAD if file.code in FAILS], ids=lambda file: file.name)
def test_a_job_fails_where_it_is_said_to_fail(answers: dict[str, Any], file: LintFile) -> None:
    told = answers[file.name]["jobs"]
    assert any(re.match(FAILS[file.code], failure) for failure in told), told


@pytest.mark.parametrize("name", NAMES)
def test_the_tables_have_the_parameters_that_galaxy_has(answers: dict[str, Any], name: str) -> None:
    kind = runner_type(f"galaxy.jobs.runners.{RUNNERS[name][0]}")
    assert kind is not None
    galaxys = answers[f"{name}/yaml"]["parameters"][name]
    if kind.module in ("cli", "pbs"):
        # It is in their specifications too, but their constructors take no keyword at all.
        galaxys.pop("recheck_missing_job_retries")
    assert set(kind.params) == set(galaxys)
    told = {key: parameter.default for key, parameter in kind.params.items()}
    assert {key: told[key] for key in told if told[key] != galaxys[key]} == OTHER_DEFAULTS.get(kind.module, {})


@pytest.mark.parametrize("file", ["text-is-true/bad-1", "text-is-true/bad-2"])
def test_galaxy_takes_any_text_for_true(answers: dict[str, Any], file: str) -> None:
    assert answers[file]["values"]["k8s"]["k8s_use_service_account"] is True


MACROS = """<job_conf>
  <macros><token name="@PARTITION@">main</token><xml name="spec"><param id="nativeSpecification">-p @PARTITION@</param></xml></macros>
  <plugins><plugin id="slurm" type="runner" load="galaxy.jobs.runners.slurm:SlurmJobRunner"/></plugins>
  <destinations><destination id="here" runner="slurm"><expand macro="spec"/></destination></destinations>
</job_conf>"""


def test_the_guides_command_expands_macros(tmp_path: Path) -> None:
    """The command of docs/job_conf.md, and what it writes is read."""
    guide = (ROOT / "docs" / "job_conf.md").read_text(encoding="utf-8")
    found = re.search(r"venv/bin/python -c '(import sys; from galaxy\.util\.xml_macros[^']+)' job_conf\.xml", guide)
    assert found
    path = tmp_path / "job_conf.xml"
    path.write_text(MACROS, encoding="utf-8")
    with pytest.raises(JobConfError, match=r"docs/job_conf\.md"):
        render.read(MACROS)
    answer = subprocess.run([str(GALAXY), "-c", found.group(1), str(path)], capture_output=True, text=True, check=True)
    here = render.read(answer.stdout)["execution"]["environments"]["here"]
    assert here == {"runner": "slurm", "nativeSpecification": "-p main"}


def given(answers: dict[str, Any], file: str) -> Any:
    return answers[file]["given"]["here"]


def test_galaxy_sets_again_what_is_overridden(answers: dict[str, Any]) -> None:
    assert given(answers, "overridden-by-galaxy/bad-1")["jobName"].startswith("g1_tool_alice")
    outputs = re.findall(r"^output = .*", given(answers, "overridden-by-galaxy/bad-2"), re.MULTILINE)
    assert (outputs[0], outputs[-1].endswith("/galaxy_1.o"), len(outputs)) == ("output = /tmp/x", True, 2)


def test_galaxys_own_place_of_the_output_comes_before_the_environments(answers: dict[str, Any]) -> None:
    """Both reach the DRM. (What Slurm makes of it: molecule/galaxy.)"""
    job = given(answers, "set-by-galaxy/bad-1")
    assert (job["nativeSpecification"], job["outputPath"].endswith("/galaxy_1.o")) == ("--output=/tmp/x -p main", True)
    head = re.findall(r"^#SBATCH (-e|--error) (\S+)$", given(answers, "set-by-galaxy/bad-3"), re.MULTILINE)
    assert [name for name, _path in head] == ["-e", "--error"]


def test_each_code_that_says_that_galaxy_refuses_or_jobs_fail_is_seen_to_be_right() -> None:
    """By the tests above, each with a file at least, by test_older.py, and by molecule/galaxy, with an environment at least."""
    tried = {file.code for file in BAD}
    refused = {code for code in tried if CODES[code].effect == START}
    assert set(FAILS) <= tried
    assert refused | set(FAILS) | FAILS_IN_OLDER | FAILS_ON_SLURM == SAYS_SO


def test_every_runner_is_tried() -> None:
    tried = {f"galaxy.jobs.runners.{load}" for load, _params, _environment in RUNNERS.values()}
    assert {kind.load for kind in RUNNER_TYPES} - tried == NOT_TRIED
