# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Grid Engine by its DRMAA library, where its commands are there too: these tell what the library does not."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Dict, List, Sequence, Tuple

from .drmaa import ByLibrary, Drmaa, check_words, classify, command, job_values, output_files, submission_command
from .errors import InvalidRequestError
from .gridengine import GridEngine
from .gridengine_files import directives
from .model import Command, CommandResult, Control, JobRequest, Outcome
from .word_lists import pieces

# What DRMAA says of Grid Engine and its children: "SGE 8.1.9", "OGS/GE 2011.11p1", "UGE 8.6.1", "Altair Grid Engine".
SYSTEM = "GE|Grid Engine|GridEngine"


class GridEngineDrmaa(ByLibrary, GridEngine):
    """Jobs are submitted and controlled by the library, with the resources in qsub's words. What becomes of them is asked of qstat and qacct.

    Of a job that has ended the library tells nothing to another session, it says "failed" of one that waits in an error state, and it finds no job by its name.
    """

    name = Drmaa.name
    # An array has an id for each element here, and none for the whole.
    request_fields = GridEngine.request_fields - {"array"}

    def check_request(self, request: JobRequest) -> None:
        # Variables stand in what starts the script, so Grid Engine's limits for them do not count.
        super().check_request(replace(request, environment={}))
        check_words(self.native_options(request))
        if "-w" in request.native_options:
            # With -w v the library answers with an id that no job has.
            raise InvalidRequestError("native_options", "-w is not for DRMAA")
        if directives(request.script):
            said = "its #$ lines do not count where DRMAA submits it. Say them in native_options"
            raise InvalidRequestError("script", said)

    def submission(self, requests: Sequence[JobRequest]) -> Command:
        jobs = [job_values(each, self.job_name(each), self.native_options(each), accounted=True) for each in requests]
        return submission_command(jobs, SYSTEM, _environ(requests[0].cluster))

    def build_control(self, action: Control, job_ids: Sequence[str], cluster: str) -> List[Command]:
        return [
            command(action.value, *some, request={"system": SYSTEM}, environ=_environ(cluster))
            for some in pieces(job_ids)
        ]

    def classify(self, result: CommandResult) -> Outcome:
        return classify(result) if result.command.argv[0] == sys.executable else super().classify(result)

    def output_paths(self, request: JobRequest, job_id: str, home: str) -> Tuple[str, str]:
        name = self.job_name(request)
        stdout, stderr = output_files(request, name)
        named = replace(request, stdout=stdout, stderr=stderr if request.stderr else "", native_options=())
        return super().output_paths(named, job_id, home)


def _environ(cluster: str) -> Dict[str, str]:
    return {"SGE_CELL": cluster} if cluster else {}
