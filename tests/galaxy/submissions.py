"""A job for each environment through the real queue_job of its runner, and its first look at the job. Run by the Python that has Galaxy.

What is not here are a cluster and a tool: the command is `true`, and the DRM is what takes a submission and says its number.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from queue import Queue
from types import SimpleNamespace
from typing import Any
from unittest import mock

import drmaa
from galaxy.jobs import MinimalJobWrapper
from galaxy.jobs.runners.util.cli.shell.local import LocalShell
from galaxy.jobs.runners.util.cli.shell.rsh import ParamikoShell
from galaxy.model import Job
from galaxy.util import commands

JOB_ID = "28"
_SUBMITTED = SimpleNamespace(returncode=0, stdout=f"Submitted batch job {JOB_ID}", stderr="")


class Session:
    """A DRMAA session as Grid Engine's library has it: jobs that another process submitted are not its jobs. Slurm's knows every job."""

    def __init__(self, knows_all: bool) -> None:
        self.given: dict[str, str] = {}
        self.ended = False
        self._knows_all = knows_all
        self.session = mock.MagicMock()
        self.session.wait.side_effect = drmaa.errors.DrmaaException

    def run_job(self, **attributes: str) -> str:
        self.given = attributes
        return JOB_ID

    def job_status(self, job_id: str) -> str:
        if not (self.given or self._knows_all):
            raise drmaa.InvalidJobException(f"The job specified by the 'jobid' {job_id} does not exist.")
        return str(drmaa.JobState.DONE if self.ended else drmaa.JobState.RUNNING)


class Submission:
    """One job in one environment: `given` is what the DRM was told. It runs until somebody looks twice, or waits."""

    def __init__(self, loaded: Any, plugin: Any, destination: Any, qacct: str) -> None:
        self._plugin, self._qacct = plugin, qacct
        self._session = Session(knows_all=type(plugin).__name__ == "SlurmJobRunner")
        self._directory = tempfile.TemporaryDirectory()
        self._job = _wrapper(loaded, destination, self._directory.name)
        self.given: Any = {}

    def __enter__(self) -> Submission:
        return self

    def __exit__(self, *_error: object) -> None:
        self._directory.cleanup()

    def run(self) -> None:
        """Raises what Galaxy's code raises, or says for what it fails the job."""
        plugin = self._plugin
        plugin.work_queue, plugin.monitor_queue = Queue(), Queue()
        with ExitStack() as patches:
            for patch in self._patches():
                patches.enter_context(patch)
            plugin.queue_job(self._job)
            if hasattr(plugin, "ds"):
                self.given = self._session.given
                self._look()
        if self._job.fail.called:
            raise RuntimeError(self._job.fail.call_args.args[0])

    def _look(self) -> None:
        """Two rounds of the monitor, and what the workers then do; the second one sees the end."""
        plugin = self._plugin
        plugin.watched = [plugin.monitor_queue.get_nowait()]
        for _round in range(2):
            plugin.check_watched_items()
            while not plugin.work_queue.empty():
                method, state = plugin.work_queue.get_nowait()
                state.stop_job = False
                method(state)
            self._end()

    def _end(self, *_seconds: float) -> None:
        self._session.ended = True
        for kind in "oe":
            (Path(self._directory.name) / f"galaxy_1.{kind}").touch()

    def _patches(self) -> Iterator[Any]:
        plugin = self._plugin
        yield mock.patch.object(plugin, "prepare_job", side_effect=self._prepared)
        yield mock.patch.object(commands, "execute", side_effect=self._command)
        for shell in (LocalShell, ParamikoShell):
            yield mock.patch.object(shell, "execute", side_effect=self._shell)
        yield mock.patch("time.sleep", side_effect=self._end)
        yield mock.patch.object(plugin, "_finish_or_resubmit_job")
        kind = type(plugin).__name__
        if kind == "LocalJobRunner":
            yield mock.patch("galaxy.jobs.runners.local.tempfile.NamedTemporaryFile", side_effect=_Written)
        elif kind == "AWSBatchJobRunner":
            yield mock.patch.object(plugin, "_get_job_definition")
            yield mock.patch.object(plugin, "_submit_job", return_value=("job", JOB_ID))
        elif kind.startswith("Pulsar"):
            yield mock.patch.object(plugin, "_PulsarJobRunner__prepare_job", return_value=(None,) * 5)
        elif hasattr(plugin, "ds"):
            yield mock.patch.object(plugin, "ds", self._session)

    def _prepared(self, job: Any, **_options: Any) -> bool:
        job.runner_command_line = "true"
        return True

    def _command(self, argv: Any) -> str:
        if argv[0] == "condor_submit":
            self.given = Path(argv[1]).read_text(encoding="utf-8")
            return f"1 job(s) submitted to cluster {JOB_ID}."
        if argv[0] == "qacct" and not self._session.ended:
            raise commands.CommandLineException(" ".join(argv), "", f"error: job id {JOB_ID} not found", 1)
        # univa's qstat lists nothing: the worse case, in which qacct has to know the job.
        return {"qstat": "", "qacct": self._qacct}.get(argv[0], JOB_ID)

    def _shell(self, command: Any, *_more: Any, **_options: Any) -> Any:
        """Whatever ssh says, Galaxy's shell plugins call it a success; what counts is whether there is a number. (-G: it does not connect.)"""
        words = command if isinstance(command, str) else command[-1]
        self.given = Path(words.split()[-1]).read_text(encoding="utf-8")
        if command[0] == "ssh":
            asked = subprocess.run(["ssh", "-G", *command[1:-1]], capture_output=True, text=True, check=False)
            return (
                _SUBMITTED if asked.returncode == 0 else SimpleNamespace(returncode=0, stdout="", stderr=asked.stderr)
            )
        return _SUBMITTED


class _Written(BaseException):
    """The script of a local job is there, and need not be run. (Not an Exception: the runner would take that for the job's failure.)"""


def _wrapper(loaded: Any, destination: Any, directory: str) -> Any:
    """A queued job, as far as runners look at it."""
    job = mock.MagicMock(
        job_destination=destination,
        working_directory=directory,
        job_id=1,
        tmp_dir_creation_statement='""',
        galaxy_lib_dir=None,
        galaxy_virtual_env=None,
        environment_variables=[],
        user="alice@example.org",
        user_system_pwent=("alice", "x", 1000, 1000),
        app=SimpleNamespace(
            config=loaded.app.config, job_metrics=SimpleNamespace(job_instrumenters=defaultdict(lambda: None))
        ),
    )
    job.shell = "/bin/bash"
    job.get_id_tag.return_value = "1"
    job.get_env_setup_clause.return_value = ""
    job.get_state.return_value = Job.states.QUEUED
    job.job_io.check_job_script_integrity = False
    job.tool.old_id = job.tool.id = "tool"
    job.tool.requires_galaxy_python_environment = False
    job.get_job.return_value = Job()
    job.get_destination_configuration = lambda *asked: MinimalJobWrapper.get_destination_configuration(job, *asked)
    return job


def submitted(submission: Submission) -> Callable[[], None]:
    """As a step that fails where the job does."""

    def step() -> None:
        with submission, suppress(_Written):
            submission.run()

    return step
