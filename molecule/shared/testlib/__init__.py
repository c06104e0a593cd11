"""What the scenarios' tests share: the test hosts, and plays run against them."""

from __future__ import annotations
