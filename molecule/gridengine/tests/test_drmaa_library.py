"""Role drmaa: the library by a package and out of an archive, the Python package, what the service sees, and what is refused."""

from __future__ import annotations

import hashlib
import shutil
import tarfile
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

import pytest
from testbed.settings import ROOT
from testinfra.host import Host
from testlib.gridengine import GridEngineCluster
from testlib.hosts import SHARED
from testlib.plays import Finished, Play, Task
from testlib.roles import FACTS, apply, changed, refusal, site

DEBIANS = "/usr/lib/gridengine-drmaa/lib/libdrmaa.so.1.0"
PLACE, ARCHIVE = "/opt/drmaa-test", "tiny-drmaa-1.0.tar.gz"
VENV, WHEELS = f"{PLACE}/venv", f"{PLACE}/wheels"
PREFIX = "/opt/clusterjobs-drmaa"
WRONG = "sha256:" + "0" * 64
SYSTEM = "--with-system=SLURM 22.05.8"
UNITS = "/etc/systemd/system"
DROP_IN = f"{UNITS}/galaxy.service.d/clusterjobs.conf"
# A running Galaxy has galaxy.service (test_galaxy.py).
SERVICE = f"{UNITS}/drmaa-test.service"
# A wheel of Debian's own package: an index would be another machine.
MAKE_WHEEL = f"""
import base64, hashlib, pathlib, zipfile
source = pathlib.Path('/usr/lib/python3/dist-packages/drmaa')
files = {{'drmaa/' + path.name: path.read_bytes() for path in source.glob('*.py')}}
info = 'drmaa-0.7.9.dist-info/'
files[info + 'METADATA'] = b'Metadata-Version: 2.1\\nName: drmaa\\nVersion: 0.7.9\\n'
files[info + 'WHEEL'] = b'Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n'
digest = lambda data: base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b'=').decode()
rows = [f'{{name}},sha256={{digest(data)}},{{len(data)}}' for name, data in files.items()]
files[info + 'RECORD'] = '\\n'.join([*rows, info + 'RECORD,,', '']).encode()
with zipfile.ZipFile('{WHEELS}/drmaa-0.7.9-py3-none-any.whl', 'w') as wheel:
    for name, data in files.items():
        wheel.writestr(name, data)
"""
# A service of Galaxy's, as far as the library goes: it sees what the drop-in gives it, and nothing else.
UNIT = f"""[Service]
Type=oneshot
User=galaxy
ExecStart={VENV}/bin/python -c "import drmaa; drmaa.Session().initialize(); print(drmaa.Session.drmsInfo)"
"""


class Site:
    """The Galaxy server of this scenario, with an archive of the tests' own library beside it."""

    def __init__(self, cluster: GridEngineCluster, place: Path) -> None:
        self.cluster = cluster
        self.host: Host = cluster.submit_host
        self.archive = place / ARCHIVE
        with tarfile.open(self.archive, "w:gz") as tar:
            tar.add(ROOT / "molecule" / "shared" / "drmaa", arcname="tiny-drmaa-1.0")
        self.sum = "sha256:" + hashlib.sha256(self.archive.read_bytes()).hexdigest()
        shutil.copy(self.archive, cluster.shared / ARCHIVE)

    def source(self, *options: str, **others: Any) -> dict[str, Any]:
        """For Slurm, which is not on this host: so nothing but the library's own words counts."""
        given = {"drmaa_source_file": str(self.archive), "drmaa_source_checksum": self.sum, "drmaa_drm": "slurm"}
        packages = {"drmaa_source_packages": ["gcc", "libc6-dev", "make"], "drmaa_manage_python": False}
        return {
            **given,
            **packages,
            "drmaa_verify": False,
            "drmaa_source_configure_options": list(options or (SYSTEM,)),
            **others,
        }

    def apply(self, *arguments: str, **variables: Any) -> Finished:
        return apply(self.cluster, "drmaa", arguments=arguments, variables=variables)

    def implementation(self, finished: Finished) -> str:
        looked = finished.of(self.cluster.galaxy, "clusterjobs.drm.drmaa : Look at the library")
        return str(looked["implementation"])

    def builds(self) -> set[str]:
        return set(self.host.file(PREFIX).listdir())


@pytest.fixture(scope="module", name="server")
def galaxy_server(cluster: GridEngineCluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    yield Site(cluster, tmp_path_factory.mktemp("archive"))
    cluster.submit_host.check_output(f"rm -rf {PREFIX} {PLACE} {SERVICE} {SERVICE}.d && systemctl daemon-reload")


@pytest.fixture(scope="module")
def lanes(server: Site, galaxy_comes_up: Play) -> Iterator[Mapping[str, Future[None]]]:
    """The two ways to a library side by side, as each waits for the host most of its time."""
    # It loads the library, which is taken away below.
    galaxy_comes_up.finish(600)
    # On the image it comes with the package for Debian's own Python.
    server.host.check_output("dpkg --purge --force-depends gridengine-drmaa1.0")
    with ThreadPoolExecutor(max_workers=2) as pool:
        yield {"package": pool.submit(by_a_package, server), "archive": pool.submit(out_of_an_archive, server)}


def by_a_package(server: Site) -> None:
    host = server.host
    host.check_output(f"install -d -o galaxy {VENV} && install -d {WHEELS} && python3 -c %s", MAKE_WHEEL)
    host.check_output(f"sudo -n -u galaxy python3 -m venv {VENV}")
    variables = {"drmaa_manage_python": True, "drmaa_venv": VENV, "drmaa_python_wheels": WHEELS}
    tasks = ["Install the package", "Install the packages that are missing"]
    first = server.apply(**variables)
    assert changed(first)[:2] == [f"clusterjobs.drm.drmaa : {task}" for task in tasks]
    session = first.of(server.cluster.galaxy, "clusterjobs.drm.drmaa : Open a session, as Galaxy does")
    assert (session["system"], session["client"]) == ("SGE 8.1.9", None)
    assert host.file(f"{VENV}/lib/python3.11/site-packages/drmaa").user == "galaxy"
    second = server.apply(**variables)
    assert (second.rc, changed(second)) == (0, [])

    host.check_output(f"cp -r {UNITS}/galaxy.service.d {SERVICE}.d && printf %%s %s > {SERVICE}", UNIT)
    host.check_output("systemctl daemon-reload && systemctl start drmaa-test")
    assert "SGE 8.1.9" in host.check_output("journalctl --unit drmaa-test --output cat")
    # Without what the role has put there, the library does not load.
    assert host.run(f"sudo -n -u galaxy env DRMAA_LIBRARY_PATH={DEBIANS} {VENV}/bin/python -c 'import drmaa'").rc != 0


def out_of_an_archive(server: Site) -> None:
    by_url = {"drmaa_source_file": "", "drmaa_source_url": f"file://{SHARED}/{ARCHIVE}"}
    bad = server.apply(**server.source(**by_url, drmaa_source_checksum=WRONG))
    said = refusal(bad, server.cluster.galaxy)
    assert "was not built" in said
    assert f"did not match {WRONG[7:]}" in said
    assert not server.host.user("drmaa-build").exists
    assert not server.host.package("gcc").is_installed

    first = server.apply(**server.source())
    assert first.rc == 0, first.output[-3000:]
    builder = server.host.user("drmaa-build")
    assert builder.shell == "/usr/sbin/nologin"
    assert server.implementation(first) == f"-g -O0, made by {builder.uid}"
    link = server.host.file(f"{PREFIX}/slurm")
    built = link.linked_to
    library = server.host.file(f"{PREFIX}/slurm/lib/libdrmaa.so.1.0")
    assert (library.user, library.group, library.mode) == ("root", "root", 0o755)
    assert server.host.run("ls -d /var/tmp/drmaa-build.*").rc != 0

    again = server.apply(**server.source())
    assert (again.rc, changed(again)) == (0, [])

    other = server.source(**by_url, drmaa_source_cflags="-O1")
    assert server.implementation(server.apply(**other)).startswith("-O1, ")
    assert server.builds() == {"slurm", Path(built).name, Path(link.linked_to).name}
    assert link.linked_to != built


def test_the_package_a_session_by_galaxys_python_and_the_service(lanes: Mapping[str, Future[None]]) -> None:
    lanes["package"].result()


def test_out_of_an_archive_by_an_account_of_its_own_and_again_only_when_something_changed(
    lanes: Mapping[str, Future[None]],
) -> None:
    lanes["archive"].result()


def refused(server: Site) -> Mapping[str, tuple[dict[str, Any], list[str]]]:
    """What the role is given, and what its message has."""
    return {
        "checksum": (
            server.source(drmaa_source_checksum=WRONG),
            [f"has the checksum {server.sum[7:]}", "Nothing was built"],
        ),
        "another release": (
            server.source(SYSTEM, "--with-client=libslurm.so.99"),
            ["was not built", "linked against libslurm.so.99, which is not on this host"],
        ),
        "another architecture": ({"drmaa_path": f"{PLACE}/arm.so"}, ["another architecture (aarch64", "(x86_64"]),
    }


# What the module says of a library: the DRM, the library, the words.
UNFIT = {
    "another drm": ("slurm", DEBIANS, ["another DRM than slurm", "'SGE 8.1.9'"]),
    "torque's own": ("torque", f"{PLACE}/torque.so", ["TORQUE's own", "use pbs-drmaa"]),
}


def given(title: str, variables: Mapping[str, Any]) -> Task:
    """The role in the play, which goes on with its message."""
    role = {"name": title, "ansible.builtin.include_role": {"name": "clusterjobs.drm.drmaa"}, "vars": variables}
    keep = {"name": f"{title}: refused", "ansible.builtin.debug": {"msg": "{{ ansible_failed_result.msg }}"}}
    return {"block": [role], "rescue": [keep]}


def test_what_is_not_fit_is_refused_and_what_was_used_still_is(server: Site, lanes: Mapping[str, Future[None]]) -> None:
    wait(lanes.values())
    host, galaxy = server.host, server.cluster.galaxy
    copy = f"import pathlib; data = bytearray(pathlib.Path('{DEBIANS}').read_bytes()); data[18] = 183"
    host.check_output("python3 -c %s", f"{copy}; pathlib.Path('{PLACE}/arm.so').write_bytes(data)")
    names = "-DSYSTEM='\"Torque/PBS\"' -DFLAGS='\"\"'"
    source = f"tar -xzOf {SHARED}/{ARCHIVE} tiny-drmaa-1.0/drmaa.c"
    host.check_output(f"{source} | gcc -xc -shared -fPIC {names} -o {PLACE}/torque.so -")
    before = (server.builds(), host.file(f"{PREFIX}/slurm").linked_to, host.file(DROP_IN).sha256sum)
    cases = refused(server)
    tasks = [given(title, variables) for title, (variables, _words) in cases.items()]
    for title, (drm, path, _words) in UNFIT.items():
        look = {"name": f"{title}: refused", "clusterjobs.drm.drmaa_info": {"drm": drm, "path": path}}
        tasks.append({**look, "ignore_errors": True})
    play = {"hosts": "galaxyservers", "become": True, "gather_subset": FACTS, "tasks": tasks}
    finished = Play("drmaa-refused", play, inventories=[server.cluster.inventory, site(server.cluster)]).finish()
    wanted = {title: words for title, (*_given, words) in [*cases.items(), *UNFIT.items()]}
    said = {title: str(finished.of(galaxy, f"{title}: refused")["msg"]) for title in wanted}
    assert [title for title, words in wanted.items() if any(word not in said[title] for word in words)] == [], said
    assert (server.builds(), host.file(f"{PREFIX}/slurm").linked_to, host.file(DROP_IN).sha256sum) == before
    assert host.run("ls -d /var/tmp/drmaa-build.*").rc != 0
