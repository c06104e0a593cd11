# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Our own programs on the target: modules of ours as text, which Python reads from standard input.

So ``ps`` and ``commands`` show words that a person can read, no argument list grows with the request, and no value stands in one.
"""

from __future__ import annotations

import json
import pkgutil
from types import ModuleType
from typing import Any, Sequence

# The parts find each other by relative imports, as they do here. What lies in the working directory is not imported.
_PROGRAM = """\
import sys
sys.path[:] = [path for path in sys.path if path]
import json, types
package = sys.modules["agent"] = types.ModuleType("agent")
package.__path__ = []
for name, source in json.loads({parts!r}):
    module = sys.modules["agent." + name] = types.ModuleType("agent." + name)
    module.__package__ = "agent"
    exec(compile(source, name + ".py", "exec"), module.__dict__)
sys.exit(module.main(sys.argv[1:], json.loads({request!r})))
"""


def program(modules: Sequence[ModuleType], request: Any) -> str:
    """These modules' text, in the order in which they import each other; ``main`` of the last gets the words and the request.

    ASCII throughout, so that no locale can change it.
    """
    parts = []
    for module in modules:
        package, _dot, name = module.__name__.rpartition(".")
        source = pkgutil.get_data(package, name + ".py")
        if source is None:
            raise RuntimeError("the text of %s is not to be had" % name)
        parts.append((name, source.decode("utf-8")))
    return _PROGRAM.format(parts=json.dumps(parts), request=json.dumps(request))
