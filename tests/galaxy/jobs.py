"""What Galaxy's own code does with each environment when a job comes, as far as that goes without a cluster. Run by the Python that has Galaxy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any
from unittest import mock

import paramiko
from galaxy.jobs.handler import DefaultJobDispatcher
from galaxy.jobs.runners.util.cli import CliInterface, split_params
from galaxy.jobs.runners.util.env import env_to_statement
from galaxy.tools import Tool
from submissions import Submission, submitted

Step = tuple[str, Callable[[], Any]]
# Those whose submission is tried: the others take a cloud, or are rules.
SUBMITTING = ("Local", "DRMAA", "Slurm", "Univa", "Shell", "Condor", "AWSBatch", "PulsarREST", "PulsarMQ")


def failures(loaded: Any, plugins: dict[str, Any], qacct: str) -> tuple[list[str], dict[str, Any]]:
    """Every step at which a job would fail: which, and the error that Galaxy's code ends in. And what the DRM was told, by environment."""
    found = []
    submissions = dict(_submissions(loaded, plugins, qacct))
    jobs = [(f"job of {name}", submitted(submission)) for name, submission in submissions.items()]
    with mock.patch.object(paramiko.SSHClient, "connect"):
        steps = (*_workers(plugins), *_environments(loaded, plugins), *_references(loaded), *_handlers(loaded))
        for name, step in (*steps, *jobs):
            try:
                step()
            except Exception as problem:
                found.append(f"{name}: {type(problem).__name__}: {problem}")
    return found, {name: submission.given for name, submission in submissions.items()}


def _submissions(loaded: Any, plugins: dict[str, Any], qacct: str) -> Iterator[tuple[str, Submission]]:
    for name, items in loaded.destinations.items():
        plugin = plugins.get(items[0].runner)
        if items[0].id == name and type(plugin).__name__.removesuffix("JobRunner") in SUBMITTING:
            yield name, Submission(loaded, plugin, items[0], qacct)


def _workers(plugins: dict[str, Any]) -> Iterator[Step]:
    """A runner starts a thread for each number in this range, and jobs wait for one of them."""
    for name, plugin in plugins.items():
        yield f"workers of {name}", lambda plugin=plugin: next(iter(range(plugin.nworkers)))


def _environments(loaded: Any, plugins: dict[str, Any]) -> Iterator[Step]:
    for name, items in loaded.destinations.items():
        destination = items[0]
        if destination.id != name or destination.runner == "dynamic":
            continue
        yield f"runner of {name}", lambda destination=destination: _runner(destination, plugins)
        yield f"env of {name}", lambda destination=destination: "\n".join(map(env_to_statement, destination.env))
        if type(plugins.get(destination.runner)).__name__ == "ShellJobRunner":
            asked = split_params(destination.params)
            yield f"plugins of {name}", lambda asked=asked: CliInterface().get_plugins(*asked)


def _runner(destination: Any, plugins: dict[str, Any]) -> None:
    job = mock.MagicMock(job_destination=destination)
    job.can_split.return_value = False
    job.fail.side_effect = LookupError
    DefaultJobDispatcher.get_job_runner(SimpleNamespace(job_runners=plugins), job)


def _references(loaded: Any) -> Iterator[Step]:
    for name, tools in {**loaded.tools, **loaded.tool_classes}.items():
        for tool in tools:
            yield f"tool {name}", lambda tool=tool: loaded.get_destination(tool.destination)
        found = loaded.get_job_tool_configurations(_ids(name), [name])
        of = SimpleNamespace(job_tool_configurations=found, id=name)
        yield f"entries of {name}", lambda of=of: Tool._Tool__get_job_tool_configuration(of)
    for name, items in loaded.destinations.items():
        for resubmit in items[0].resubmit:
            if resubmit.get("environment"):
                yield f"resubmission of {name}", lambda to=resubmit["environment"]: loaded.get_destination(to)


def _ids(name: str) -> list[str]:
    """What a tool is looked for by: its whole id, without the version, and as its own file has it. (galaxy/tools/__init__.py)"""
    parts = name.split("/")
    return [name, "/".join(parts[:-1]), parts[-2]] if len(parts) > 1 else [name]


def _handlers(loaded: Any) -> Iterator[Step]:
    """Who takes the jobs of each tool, and those of a tool that is not named."""
    named = {tool.handler for tools in (*loaded.tools.values(), *loaded.tool_classes.values()) for tool in tools}
    for name in {None, *named} if loaded.handlers else ():
        yield f"handler of {name}", lambda name=name: _taken(loaded, name)


def _taken(loaded: Any, configured: str | None) -> None:
    job = mock.MagicMock()
    loaded.assign_handler(job, configured=configured, flush=False, queue_callback=mock.Mock())
    if not job.set_handler.called:
        # The process has put it into its own queue.
        return
    to, here = job.set_handler.call_args.args[0], loaded.app.config.server_name
    if to == here:
        return
    for process in [name for name, members in loaded.handlers.items() if members == [name]]:
        loaded.app.config.server_name = process
        if to in (process, *loaded.self_handler_tags):
            return
    raise LookupError(f"no process takes it from {to}")
