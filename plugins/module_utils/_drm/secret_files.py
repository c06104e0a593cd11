# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A job's secret variables: a file of their own beside the journal, which the script reads."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import replace

from .model import JobRequest
from .order import Order
from .script import with_secrets, write_secrets


class SecretFiles:
    """The directory of these files: one a submission, named after its token."""

    def __init__(self, journal_directory: str) -> None:
        self.directory = os.path.join(os.path.dirname(os.path.dirname(journal_directory)), "secrets")

    def path(self, token: str) -> str:
        return os.path.join(self.directory, token + ".sh")

    def request(self, order: Order, request: JobRequest) -> JobRequest:
        """The request as the DRM gets it: its script reads the file. Raises DrmError where it cannot."""
        if not order.secrets:
            return request
        return replace(request, script=with_secrets(request.script, self.path(request.token)))

    def write(self, order: Order, token: str) -> None:
        if order.secrets:
            write_secrets(self.path(token), order.secrets)

    def remove(self, token: str) -> None:
        """A job that has ended needs them no more (a requeued one did)."""
        with suppress(FileNotFoundError):
            os.unlink(self.path(token))
