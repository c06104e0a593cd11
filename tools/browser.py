"""Chromium for tests/browser: from Debian, for somebody who asked for it."""

from __future__ import annotations

import shutil
import sys

import debian

PACKAGES = ["chromium", "fonts-dejavu-core"]


def main() -> int:
    if shutil.which("chromium"):
        return 0
    if not debian.consent(PACKAGES, "The test of the report's page"):
        print("The report's page is not looked at: there is no chromium here.", flush=True)
        return 0
    debian.install(PACKAGES)
    return 0


if __name__ == "__main__":
    sys.exit(main())
