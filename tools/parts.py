"""What each part of `make test` runs: commands, found in .venv first."""

from __future__ import annotations

import os
import sys

import bootstrap

Steps = list[list[str]]

OTHER_CORE = [sys.executable, "tools/bootstrap.py", "core217"]
GALAXY = [sys.executable, "tools/bootstrap.py", "galaxy"]
OLDER_GALAXY = [sys.executable, "tools/bootstrap.py", "galaxy241"]
# Scenarios with a running Galaxy: their clusters have `runs_galaxy` in molecule/shared/clusters.toml.
WITH_GALAXY = ("galaxy", "gridengine", "htcondor")
# Scenarios that run by name alone (make molecule SCENARIO=…): an hour of two cores does not hold them too.
# Their budgets are not in the sum; one that is taken out of here is a part of `make test`.
ON_REQUEST = ("verify_gridengine", "verify_htcondor")


def lint() -> Steps:
    return [
        ["ansible-lint"],
        ["yamllint", "--strict", "."],
        ["ruff", "check", "."],
        ["ruff", "format", "--check", "."],
        ["mypy"],
        ["antsibull-changelog", "lint"],
        ["antsibull-changelog", "lint-changelog-yaml", "changelogs/changelog.yaml"],
    ]


def sanity() -> Steps:
    return [OTHER_CORE, [sys.executable, "tools/sanity.py", "controller", "core217"]]


def units() -> Steps:
    """Every unit test, those of what Ansible runs on the older ansible-core too, those of what runs on targets, which imports nothing
    of Ansible's, on the oldest Python of a target, and the report's page in a browser.
    """
    module_utils = "tests/unit/plugins/module_utils"
    browser = [[sys.executable, "tools/browser.py"], ["pytest", "tests/browser"]]
    steps = [["pytest"], *browser, OTHER_CORE, [pytest_of("core217"), f"--ignore={module_utils}"]]
    if bootstrap.interpreter("target38"):
        target = [pytest_of("target38"), module_utils]
        return [*steps, [sys.executable, "tools/bootstrap.py", "target38"], target]
    return [*steps, ["echo", f"module_utils not tested on {bootstrap.TARGET_PYTHON}: there is none here"]]


def pytest_of(name: str) -> str:
    return str(bootstrap.VENVS[name] / "bin" / "pytest")


def test_hosts() -> Steps:
    """Make the images in a part of its own: they are there for the demo and for every scenario."""
    testhosts = [sys.executable, "tools/testhosts.py"]
    images = [[*testhosts, "images", "bookworm", "trixie"]]
    return [[*testhosts, "install"], *images] if os.environ.get("CI") == "true" else images


def demo() -> Steps:
    return [["make", "demo"], ["pytest", "tests/demo"], ["make", "demo-down"]]


def galaxy_loader() -> Steps:
    """Galaxy's own loader against what is rendered. Fetching Galaxy takes most of its time."""
    return [GALAXY, OLDER_GALAXY, ["pytest", "tests/galaxy"]]


def scenario(name: str) -> Steps:
    """A scenario may also run plays with the other core."""
    galaxy = [GALAXY] if name in WITH_GALAXY else []
    return [OTHER_CORE, *galaxy, ["molecule", "test", "--scenario-name", name]]


def scenarios() -> dict[str, Steps]:
    found = sorted((bootstrap.ROOT / "molecule").glob("*/molecule.yml"))
    return {path.parent.name: scenario(path.parent.name) for path in found}


def all_parts() -> dict[str, Steps]:
    return {
        "lint": lint(),
        "sanity": sanity(),
        "units": units(),
        "test-hosts": test_hosts(),
        "galaxy-loader": galaxy_loader(),
        "demo": demo(),
        **scenarios(),
    }
