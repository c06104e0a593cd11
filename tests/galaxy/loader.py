"""Load job configurations with Galaxy's own schema, loader and runner classes, and say what became of each. Run by the Python that has Galaxy.

In: a JSON list of {name, path, form, galaxy, qacct, tried} as the first argument's file. Out: a JSON object by name, with `schema` (errors of Galaxy's
schema), `loaded` (empty, or why Galaxy would not start), and what was loaded: `destinations`, `tools`, `limits`, `handlers`, `metrics`, and each runner's
`parameters` with their defaults and its `values`; `jobs`, what of it fails when a job comes; and `given`, what the DRM is told of a job, by environment.
"""

from __future__ import annotations

import contextlib
import copy
import io
import json
import logging
import os
import sys
import types
from pathlib import Path
from typing import Any
from unittest import mock

import yaml

JOB_STATES = (
    *("UNDETERMINED", "QUEUED_ACTIVE", "SYSTEM_ON_HOLD", "USER_ON_HOLD", "USER_SYSTEM_ON_HOLD"),
    *("RUNNING", "SYSTEM_SUSPENDED", "USER_SUSPENDED", "USER_SYSTEM_SUSPENDED", "DONE", "FAILED"),
)


class Config:
    """Galaxy's settings as far as the job configuration looks at them: each that is not named here is unset."""

    def __init__(self, **settings: Any) -> None:
        self.config_dict = {"job_config": settings["job_config"]} if "job_config" in settings else {}
        fixed = {
            "config_dir": "/nonexistent",
            "job_resource_params_file": "/nonexistent",
            "gid": 0,
            "job_runner_monitor_sleep": 1,
            "retry_job_output_collection": 0,
            "pbs_stage_path": "",
            "server_name": "main",
        }
        self.__dict__.update(fixed, **settings)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return None

    def is_set(self, name: str) -> bool:
        return name in self.__dict__

    def resolve_path(self, path: str) -> str:
        return path


def stand_ins() -> None:
    """Libraries of clusters and clouds that are not here. Each runner has looked at its parameters before it calls them, or right after."""
    for name in ("boto3", "pbs", "htcondor2", "chronos"):
        sys.modules.setdefault(name, mock.MagicMock(name=name))
    sys.modules["drmaa"] = _drmaa()


def _drmaa() -> Any:
    """The package's names that Galaxy uses: importing it takes a library."""
    errors = types.SimpleNamespace(DrmaaException=type("DrmaaException", (Exception,), {}))
    names = ("InternalException", "InvalidJobException", "DrmCommunicationException", "DeniedByDrmException")
    drmaa = types.ModuleType("drmaa")
    drmaa.__dict__.update({name: type(name, (errors.DrmaaException,), {}) for name in names}, errors=errors)
    drmaa.__dict__["JobState"] = types.SimpleNamespace(**{name: name.lower() for name in JOB_STATES})
    drmaa.__dict__["session"] = mock.MagicMock()
    return drmaa


def _open_session() -> Any:
    """What the real package says to an empty path (0.7.9): it then looks for the library in the running program."""
    if os.environ.get("DRMAA_LIBRARY_PATH") == "":
        raise AttributeError("undefined symbol: drmaa_init")
    return mock.MagicMock()


def patch_runners() -> None:
    """The same for what the runners' modules found out when they were imported."""
    from galaxy.jobs.runners import aws, kubernetes, pbs

    aws.boto3 = sys.modules["boto3"]
    pbs.pbs = sys.modules["pbs"]
    for name in ("ensure_pykube", "pykube_client_from_dict"):
        setattr(kubernetes, name, mock.MagicMock())
    sessions = mock.MagicMock()
    sessions.DrmaaSessionFactory.side_effect = _open_session
    sys.modules["pulsar.managers.util.drmaa"] = sessions
    with contextlib.suppress(ImportError):
        from galaxy.jobs.runners import gcp_batch

        gcp_batch.GoogleCloudBatchJobRunner._init_batch_client = mock.MagicMock()


def app_for(config: Config) -> Any:
    from galaxy.job_metrics import JobMetrics

    app = mock.MagicMock()
    app.config = config
    app.job_metrics = JobMetrics()
    return app


def schema_errors(native: Any) -> list[str]:
    """What Galaxy's schema of the file says."""
    import galaxy.config
    from pykwalify.core import Core
    from pykwalify.errors import PyKwalifyException

    schema = Path(galaxy.config.__file__).parent / "schemas" / "job_config_schema.yml"
    core = Core(source_data=copy.deepcopy(native), schema_files=[str(schema)])
    try:
        core.validate(raise_exception=True)
    except PyKwalifyException:
        return [str(error) for error in core.errors or ["not valid"]]
    return []


def load(path: str, form: str, galaxy: dict[str, Any], qacct: str, tried: bool = True) -> dict[str, Any]:
    """What Galaxy makes of a file, with these settings, and where a job's accounting says this. ``tried``: and what becomes of jobs."""
    from galaxy.jobs import JobConfiguration
    from jobs import failures

    native = None if form == "xml" else yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    answer: dict[str, Any] = {"schema": [], "loaded": ""}
    if form != "xml":
        answer["schema"] = schema_errors(native)
    os.environ.pop("DRMAA_LIBRARY_PATH", None)
    config = Config(**galaxy, **({"job_config": native} if form == "inline" else {"job_config_file": path}))
    try:
        loaded = JobConfiguration(app_for(config))
        if any(runner["id"] == "local" and "kwds" not in runner for runner in loaded.runner_plugins):
            raise RuntimeError("the default job configuration was taken instead")
        plugins = loaded.get_job_runner_plugins("main")
    except Exception as problem:
        answer["loaded"] = f"{type(problem).__name__}: {problem}"[:500]
    if answer["loaded"] or not tried:
        return answer
    destinations = {name: [_told(item) for item in items] for name, items in loaded.destinations.items()}
    tools = {
        name: [dict(item.items()) for item in items] for name, items in {**loaded.tools, **loaded.tool_classes}.items()
    }
    answer["destinations"], answer["tools"] = destinations, tools
    answer["limits"], answer["handlers"] = repr(loaded.limits), loaded.handlers
    answer["metrics"] = {
        name: [plugin.plugin_type for plugin in instrumenter.plugins]
        for name, instrumenter in loaded.app.job_metrics.job_instrumenters.items()
    }
    answer["parameters"] = {name: _defaults(plugin) for name, plugin in plugins.items()}
    answer["values"] = {name: {**plugin.runner_params.params} for name, plugin in plugins.items()}
    answer["jobs"], answer["given"] = failures(loaded, plugins, qacct)
    return answer


def _told(destination: Any) -> dict[str, Any]:
    values = {
        name: getattr(destination, name) for name in ("id", "runner", "tags", "shell", "env", "resubmit", "params")
    }
    return json.loads(json.dumps(values, default=str, sort_keys=True))


def _defaults(plugin: Any) -> dict[str, Any]:
    """The parameters that a runner takes, with what it takes for granted."""
    specs = plugin.runner_params.specs
    return {name: json.loads(json.dumps(spec.get("default"), default=str)) for name, spec in specs.items()}


def main() -> None:
    logging.disable(logging.CRITICAL)
    stand_ins()
    patch_runners()
    items = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    with contextlib.redirect_stdout(io.StringIO()):
        answers = {item.pop("name"): load(**item) for item in items}
    json.dump(answers, sys.stdout, default=str)


if __name__ == "__main__":
    main()
