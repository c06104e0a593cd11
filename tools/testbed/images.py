"""Images: Debian by debootstrap (or one that the user names), then what all hosts have, then one layer for each kind of host of a DRM."""

from __future__ import annotations

import functools
import hashlib
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from . import settings
from .process import CommandFailed, podman, podman_lines, run


def image_name(drm: str, role: str, suite: str) -> str:
    """Names an image by what it is made of: other inputs are another image."""
    return _name(f"{drm}-{role}", suite, _common_image(suite), settings.IMAGE_FILES / drm)


def _common_image(suite: str) -> str:
    """What the hosts of every DRM are built on."""
    return _name("common", suite, _base_image(suite), settings.IMAGE_FILES)


def _name(kind: str, suite: str, base: str, files: Path) -> str:
    digest = hashlib.sha256(base.encode())
    for path in sorted(path for path in files.iterdir() if path.is_file()):
        digest.update(f"{path.name}\0".encode() + path.read_bytes() + b"\0")
    return f"localhost/{settings.NAME_PREFIX}/{kind}:{suite}-{digest.hexdigest()[:12]}"


def _base_image(suite: str) -> str:
    sources = hashlib.sha256("\n".join(_apt_sources(suite)).encode()).hexdigest()[:12]
    return settings.given_base_image(suite) or f"localhost/{settings.NAME_PREFIX}/debian:{suite}-{sources}"


def plain_image(suite: str) -> str:
    """The image of a host without a batch system, made where it is not there yet."""
    image = _common_image(suite)
    if not _exists(image):
        _build_suite(suite, [])
    return image


def build(clusters: Iterable[settings.Cluster]) -> None:
    """Make every image of these clusters that is not there yet."""
    stale: dict[str, list[tuple[str, str]]] = {}
    for drm, suite in dict.fromkeys((cluster.drm, cluster.suite) for cluster in clusters):
        absent = [(drm, role) for role in settings.ROLES if not _exists(image_name(drm, role, suite))]
        if absent:
            stale.setdefault(suite, []).extend(absent)
    # Two suites at once: a debootstrap waits for downloads and for the disk most of its time.
    with ThreadPoolExecutor(max_workers=2) as pool:
        for outcome in [pool.submit(_build_suite, suite, absent) for suite, absent in stale.items()]:
            outcome.result()


def _build_suite(suite: str, absent: list[tuple[str, str]]) -> None:
    begin = time.monotonic()
    print(f"{suite}: making images, this takes minutes (logs: {settings.LOGS})", flush=True)
    base, common = _base_image(suite), _common_image(suite)
    if not _exists(common):
        if not settings.given_base_image(suite) and not _exists(base):
            _debootstrap(suite, base)
        _build(common, base, settings.IMAGE_FILES, log=f"image-{suite}-common")
    for drm, role in absent:
        files = settings.IMAGE_FILES / drm
        _build(image_name(drm, role, suite), common, files, f"--target={role}", log=f"image-{suite}-{drm}-{role}")
    print(f"{suite}: images made in {time.monotonic() - begin:.0f} s", flush=True)


def _build(image: str, base: str, files: Path, *options: str, log: str) -> None:
    fixed = ("--network=host", "--quiet", f"--build-arg=BASE={base}", f"--tag={image}")
    podman("build", *fixed, *options, str(files), log=log)


def _exists(image: str) -> bool:
    return podman("image", "exists", image, check=False).returncode == 0


def _debootstrap(suite: str, image: str) -> None:
    sources = _apt_sources(suite)
    mirror = [sources[0].split()[1]] if sources else []
    with tempfile.TemporaryDirectory(prefix=f"{suite}-", dir=settings.CACHE) as scratch:
        root = Path(scratch) / "root"
        run(["debootstrap", "--variant=minbase", suite, str(root), *mirror], log=f"debootstrap-{suite}")
        if sources:
            (root / "etc/apt/sources.list").write_text("\n".join(sources) + "\n", encoding="utf-8")
        for archive in (root / "var/cache/apt/archives").glob("*.deb"):
            archive.unlink()
        _import(root, image)


@functools.cache
def _apt_sources(suite: str) -> list[str]:
    """The lines for sources.list, on the mirrors that this machine itself uses; none where it uses no Debian mirror."""
    if shutil.which("apt-get") is None:
        return []
    columns = "$(RELEASE) $(COMPONENT) $(REPO_URI)"
    listing = run(["apt-get", "indextargets", "--format", columns, "Created-By: Packages"])
    targets = [line.split() for line in listing.stdout.splitlines()]
    mirrors = {release: uri for release, component, uri in reversed(targets) if component == "main"}
    own = next((release for release in (*settings.SUITES, "stable", "testing", "unstable") if release in mirrors), None)
    if own is None:
        return []
    return [
        f"deb {mirrors[own + suffix]} {suite}{suffix} main"
        for suffix in ("", "-updates", "-security")
        if own + suffix in mirrors
    ]


def _import(root: Path, image: str) -> None:
    """`podman import` of a directory tree, through a pipe."""
    archive = ["tar", "-C", str(root), "-c", "."]
    with subprocess.Popen(archive, stdout=subprocess.PIPE) as tar:
        import_ = ["podman", "import", "--quiet", f"--change=LABEL={settings.LABEL}=debian", "-", image]
        result = subprocess.run(import_, stdin=tar.stdout, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise CommandFailed(import_, result.returncode, result.stderr)
    if tar.returncode != 0:
        podman("image", "rm", "--force", image, check=False)
        raise CommandFailed(archive, tar.returncode, "tar's own message is above")


def remove_all() -> None:
    mine = podman_lines("image", "ls", "--all", "--quiet", f"--filter=label={settings.LABEL}")
    if mine:
        podman("image", "rm", "--force", *dict.fromkeys(mine))
