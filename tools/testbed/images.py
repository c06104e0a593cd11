"""Images: Debian by debootstrap (or one that the user names), then one layer for each kind of host."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from . import settings
from .process import CommandFailed, podman, podman_lines, run


def image_name(role: str, suite: str) -> str:
    return f"localhost/{settings.NAME_PREFIX}/{role}:{suite}-{_inputs_hash(suite)}"


def _inputs_hash(suite: str) -> str:
    """Names an image by what it is made of: other inputs are another image."""
    digest = hashlib.sha256((settings.given_base_image(suite) or suite).encode())
    for path in sorted(settings.IMAGE_FILES.iterdir()):
        digest.update(f"{path.name}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()[:12]


def build(suites: list[str]) -> None:
    """Make every image of these suites that is not there yet."""
    stale = [suite for suite in suites if not all(_exists(image_name(role, suite)) for role in settings.ROLES)]
    # Two suites at once: a debootstrap waits for downloads and for the disk most of its time.
    with ThreadPoolExecutor(max_workers=2) as pool:
        for outcome in [pool.submit(_build_suite, suite) for suite in stale]:
            outcome.result()


def _build_suite(suite: str) -> None:
    base = settings.given_base_image(suite) or _debootstrapped(suite)
    for role in settings.ROLES:
        podman(
            "build",
            "--network=host",
            "--quiet",
            f"--build-arg=BASE={base}",
            f"--target={role}",
            f"--label={settings.LABEL}={suite}",
            f"--tag={image_name(role, suite)}",
            str(settings.IMAGE_FILES),
            log=f"image-{suite}-{role}",
        )


def _exists(image: str) -> bool:
    return podman("image", "exists", image, check=False).returncode == 0


def _debootstrapped(suite: str) -> str:
    image = f"localhost/{settings.NAME_PREFIX}/debian:{suite}"
    if _exists(image):
        return image
    with tempfile.TemporaryDirectory(prefix=f"{suite}-", dir=settings.CACHE) as scratch:
        root = Path(scratch) / "root"
        sources = _apt_sources(suite)
        mirror = [sources[0].split()[1]] if sources else []
        run(["debootstrap", "--variant=minbase", suite, str(root), *mirror], log=f"debootstrap-{suite}")
        if sources:
            (root / "etc/apt/sources.list").write_text("\n".join(sources) + "\n", encoding="utf-8")
        shutil.rmtree(root / "var/cache/apt/archives", ignore_errors=True)
        _import(root, image)
    return image


def _apt_sources(suite: str) -> list[str]:
    """The lines for sources.list, on the mirrors that this machine itself uses; none where it has no Debian mirror."""
    if shutil.which("apt-get") is None:
        return []
    targets = run(["apt-get", "indextargets", "--format", "$(RELEASE) $(COMPONENT) $(REPO_URI)", "Created-By: Packages"])
    lines = []
    for suffix in ("", "-updates", "-security"):
        for target in targets.stdout.splitlines():
            release, component, uri = target.split()
            known = [f"{name}{suffix}" for name in (*settings.SUITES, "stable", "testing", "unstable")]
            if component == "main" and release in known:
                lines.append(f"deb {uri} {suite}{suffix} main")
                break
    return lines if lines and lines[0].split()[2] == suite else []


def _import(root: Path, image: str) -> None:
    """`podman import` of a directory tree, through a pipe."""
    archive = ["tar", "-C", str(root), "-c", "."]
    with subprocess.Popen(archive, stdout=subprocess.PIPE) as tar:
        result = subprocess.run(
            ["podman", "import", "--quiet", "-", image], stdin=tar.stdout, capture_output=True, text=True, check=False
        )
    if result.returncode != 0 or tar.returncode != 0:
        podman("image", "rm", "--force", image, check=False)
        raise CommandFailed(["podman", "import", "-", image], result.returncode or tar.returncode, result.stderr)


def remove_all() -> None:
    mine = podman_lines("image", "ls", "--quiet", f"--filter=reference=localhost/{settings.NAME_PREFIX}/*")
    if mine:
        podman("image", "rm", "--force", *dict.fromkeys(mine))
