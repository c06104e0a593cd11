# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Galaxy has to get through to, from its server: other hosts by the cli runner's shells, the real users' programs by sudo."""

from __future__ import annotations

import os
import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Dict, List, Mapping, Optional

from .host import COMMAND_SECONDS, answer

HELPERS = ("run", "kill", "chown")
_AT_ONCE = 8
_ENGLISH = {"LC_ALL": "C"}


def ways(asked: Mapping[str, Any]) -> Dict[str, Any]:
    """``asked``: logins (environments, argv, stdin), directory (of the real users' programs, or nothing)."""
    return {"logins": logins(asked["logins"]), "helpers": helpers(asked["directory"]) if asked["directory"] else None}


def logins(asked: List[Mapping[str, Any]]) -> List[Dict[str, Any]]:
    """Each by its command line and standard input, at once, since one that does not answer takes its time."""
    if not asked:
        return []
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(_login, asked))


def _login(asked: Mapping[str, Any]) -> Dict[str, Any]:
    rc, stdout, stderr = answer(asked["argv"], COMMAND_SECONDS, dict(os.environ, **_ENGLISH), asked["stdin"])
    return {"environments": asked["environments"], "rc": rc, "stdout": stdout[-500:], "stderr": stderr[-1000:]}


def helpers(directory: str) -> Optional[Dict[str, Any]]:
    """Whether sudo lists the three programs, and what each says to a call without arguments; None where they are not set up.

    Galaxy's own scripts, which have no configuration beside them, might do anything then: they are not called.
    """
    if not os.path.isdir(directory):
        return None
    environ = dict(os.environ, **_ENGLISH)
    rc, stdout, stderr = answer(["sudo", "-n", "-l"], COMMAND_SECONDS, environ)
    paths = {name: os.path.join(directory, name) for name in HELPERS}
    found: Dict[str, Any] = {"directory": directory, "rc": rc, "said": stderr.strip()[-500:], "called": {}}
    found["listed"] = [name for name, path in paths.items() if re.search(re.escape(path) + r"(?=[,\s]|$)", stdout)]
    if os.path.exists(os.path.join(directory, "config.json")):
        for name, path in paths.items():
            code, _stdout, told = answer(["sudo", "-n", path], COMMAND_SECONDS, environ)
            found["called"][name] = {"rc": code, "said": told.strip()[-500:]}
    return found
