"""Two plain hosts, one of each Debian release: ``hosts.py up | down``."""

from __future__ import annotations

import json
import shutil
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "tools"))

from testbed import images, process
from testbed.settings import CACHE, LABEL, SSH_USER, SUITES

NAMES = {f"realuser-{suite}": suite for suite in SUITES}
PLACE = CACHE / "realuser"
BOOTED_WITHIN_SECONDS = 60


def up() -> None:
    down()
    for name, suite in NAMES.items():
        (PLACE / name).mkdir(parents=True)
        make_key(PLACE / name / "ssh_host_ed25519_key")
        make_key(PLACE / f"{name}.key")
        (PLACE / f"{name}.key.pub").rename(PLACE / name / "authorized_keys")
        fixed = ("--detach", "--systemd=always", "--privileged", f"--label={LABEL}=realuser")
        mount = f"--volume={PLACE / name}:/etc/testhost:ro"
        process.podman("run", *fixed, f"--name={name}", f"--hostname={name}", mount, images.plain_image(suite))
    (PLACE / "inventory.yml").write_text(json.dumps({"all": {"hosts": {name: connection(name) for name in NAMES}}}))
    deadline = time.monotonic() + BOOTED_WITHIN_SECONDS
    for name in NAMES:
        while state(name) != "running":
            if time.monotonic() > deadline:
                raise SystemExit(f"{name} is {state(name)!r} after {BOOTED_WITHIN_SECONDS} s")
            time.sleep(0.2)


def make_key(path: Path) -> None:
    process.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)])


def connection(name: str) -> dict[str, str]:
    """JSON is YAML. The host is known by the key that it was given."""
    address = process.podman_lines("inspect", "--format={{.NetworkSettings.IPAddress}}", name)[0]
    key = (PLACE / name / "ssh_host_ed25519_key.pub").read_text()
    (PLACE / f"{name}.known_hosts").write_text(f"{address} {key}")
    return {
        "ansible_host": address,
        "ansible_user": SSH_USER,
        "ansible_ssh_private_key_file": str(PLACE / f"{name}.key"),
        "ansible_ssh_common_args": f"-o UserKnownHostsFile={PLACE / name}.known_hosts",
    }


def state(name: str) -> str:
    return process.podman("exec", name, "systemctl", "is-system-running", check=False).stdout.strip()


def down() -> None:
    process.podman("rm", "--force", "--ignore", "--volumes", "--time=0", *NAMES)
    shutil.rmtree(PLACE, ignore_errors=True)


if __name__ == "__main__":
    process.configure_podman()
    {"up": up, "down": down}[sys.argv[1]]()
