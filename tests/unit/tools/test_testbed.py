"""What the test hosts' tool decides without podman: names, addresses, mirrors, image tags, the inventory."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml
from testbed import drms, galaxy, images, materials, packages, settings

CLUSTERS = settings.load_clusters()


@pytest.fixture(autouse=True)
def nothing_cached() -> Iterator[None]:
    yield
    images._apt_sources.cache_clear()


@pytest.fixture
def apt_knows(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    def pretend(targets: str) -> None:
        answer = subprocess.CompletedProcess([], 0, stdout=targets, stderr="")
        monkeypatch.setattr(images, "run", lambda argv: answer)
        monkeypatch.setattr(images.shutil, "which", lambda name: f"/usr/bin/{name}")

    return pretend


def test_hosts_of_all_clusters_have_names_and_addresses_of_their_own() -> None:
    hosts = [host for cluster in CLUSTERS.values() for host in cluster.hosts]
    assert len({host.name for host in hosts}) == len({host.address for host in hosts}) == 3 * len(CLUSTERS)


@pytest.mark.parametrize("cluster", CLUSTERS.values(), ids=CLUSTERS)
def test_inventory_has_one_host_in_each_group_of_the_playbooks(cluster: settings.Cluster) -> None:
    groups = yaml.safe_load(materials.inventory(cluster))["all"]["children"]
    name = cluster.name
    assert groups["cluster_controllers"]["children"] == {
        f"{name}_cluster_controllers": {"hosts": {f"{name}-controller": None}}
    }
    assert groups["cluster_nodes"]["children"] == {f"{name}_cluster_nodes": {"hosts": {f"{name}-node": None}}}
    assert groups["galaxyservers"]["children"] == {f"{name}_galaxyservers": {"hosts": {f"{name}-galaxy": None}}}
    assert groups[name]["vars"]["ansible_ssh_common_args"] == f'-F "{cluster.directory}/ssh_config"'
    assert groups[name]["vars"]["clusterjobs_drm"] == cluster.drm


def test_mirrors_are_those_of_this_machine_for_any_release(apt_knows: Callable[[str], None]) -> None:
    apt_knows(
        "bookworm main http://mirror.example/debian/\n"
        "bookworm contrib http://mirror.example/debian/\n"
        "bookworm-updates main http://mirror.example/debian/\n"
        "bookworm-security main http://security.example/debian-security/\n"
        "cloud-bookworm main http://other.example/apt/\n"
    )
    assert images._apt_sources("trixie") == [
        "deb http://mirror.example/debian/ trixie main",
        "deb http://mirror.example/debian/ trixie-updates main",
        "deb http://security.example/debian-security/ trixie-security main",
    ]


def test_a_machine_without_a_debian_mirror_lets_debootstrap_choose(apt_knows: Callable[[str], None]) -> None:
    apt_knows("noble main http://archive.example/ubuntu/\n")
    assert images._apt_sources("bookworm") == []


def test_an_image_is_named_after_what_it_is_made_of(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, apt_knows: Callable[[str], None]
) -> None:
    apt_knows("bookworm main http://mirror.example/debian/\n")
    monkeypatch.setattr(settings, "IMAGE_FILES", tmp_path)
    for drm in ("slurm", "other"):
        (tmp_path / drm).mkdir()
        (tmp_path / drm / "Containerfile").write_text("FROM a")
    (tmp_path / "Containerfile").write_text("FROM a")

    def name() -> str:
        return images.image_name("slurm", "node", "bookworm")

    first = name()
    (tmp_path / "other" / "Containerfile").write_text("FROM b")
    assert name() == first
    (tmp_path / "slurm" / "Containerfile").write_text("FROM b")
    changed = name()
    (tmp_path / "Containerfile").write_text("FROM b")
    common = name()
    monkeypatch.setenv("TESTHOSTS_BASE_BOOKWORM", "registry.example/debian:12")
    assert len({first, changed, common, name()}) == 4


def test_every_cluster_is_of_a_drm_that_can_be_built() -> None:
    for cluster in CLUSTERS.values():
        assert cluster.drm in drms.DRMS
        assert (settings.IMAGE_FILES / cluster.drm / "Containerfile").is_file()


def test_debootstrap_is_not_asked_for_where_every_base_image_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "_is_present", lambda sign: False)
    assert "debootstrap" in packages.missing()
    for suite in settings.SUITES:
        monkeypatch.setenv(f"TESTHOSTS_BASE_{suite.upper()}", "registry.example/debian")
    assert "podman" in packages.missing()
    assert "debootstrap" not in packages.missing()


def test_galaxys_packages_are_on_its_server_and_the_nodes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(galaxy, "_MADE", tmp_path)
    bookworm, trixie = (settings.Cluster("c", "slurm", suite, 9, {}, runs_galaxy=True) for suite in settings.SUITES)
    assert galaxy.volumes(settings.Cluster("c", "slurm", "bookworm", 9, {}), bookworm.host("node")) == []
    assert galaxy.volumes(bookworm, bookworm.host("controller")) == []
    packages = tmp_path / "lib" / "python3.11" / "site-packages"
    packages.mkdir(parents=True)
    # An environment that was not made to its end is none.
    with pytest.raises(settings.UsageError, match=r"tools/bootstrap\.py galaxy"):
        galaxy.volumes(bookworm, bookworm.host("node"))
    (tmp_path / "pins.sha256").touch()
    mounted = [f"{packages}:/opt/galaxy-packages:ro"]
    assert (
        galaxy.volumes(bookworm, bookworm.host("node")) == galaxy.volumes(bookworm, bookworm.host("galaxy")) == mounted
    )
    monkeypatch.setattr(Path, "exists", lambda path: path.is_relative_to(tmp_path))
    with pytest.raises(settings.UsageError, match=r"^/usr/bin/python3\.11, /usr/lib/python3\.11: not there"):
        galaxy.volumes(trixie, trixie.host("node"))
    monkeypatch.setattr(Path, "exists", lambda path: True)
    assert galaxy.volumes(trixie, trixie.host("node")) == [
        *mounted,
        "/usr/bin/python3.11:/usr/local/bin/python3.11:ro",
        "/usr/lib/python3.11:/usr/local/lib/python3.11:ro",
    ]
