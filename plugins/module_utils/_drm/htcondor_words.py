# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The portable request in the words of a submit description, and which of the user's own words condor_submit knows.

Of a command that it does not know condor_submit only warns, and submits the job without it: a misspelled ``request_memry`` would
be dropped. So such a word is refused here, before anything is submitted.
"""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import AbstractSet, List, Optional, Tuple

from .errors import InvalidRequestError
from .htcondor_answer import ATTRIBUTES, MEMORY_HOLD
from .model import JobRequest

_COMMAND = re.compile(r"\s*(?P<attribute>\+|MY\.)?\s*(?P<name>[A-Za-z_][A-Za-z0-9_]*)\s*=(?P<value>.*)", re.IGNORECASE)
_USED = re.compile(r"\$\w*\((\w+)")

# What the portable request says already, or what makes the job the one that is found again.
_OWN = {
    "executable": "command, script or src",
    "transfer_executable": "command, script or src",
    "arguments": "args",
    "args": "args",
    "environment": "environment",
    "env": "environment",
    "batch_name": "name",
    "initialdir": "chdir",
    "initial_dir": "chdir",
    "job_iwd": "chdir",
    "output": "stdout",
    "stdout": "stdout",
    "error": "stderr",
    "stderr": "stderr",
    "hold": "hold",
    "queue": "array",
    # The queue would not show the elements that it has not made yet.
    "max_materialize": "array",
    "max_idle": "array",
    "materialize_max_idle": "array",
}
# condor_submit(1) of 23.9, and the spellings that it takes beside.
_WORDS = """
accounting_group accounting_group_user allowed_execute_duration allowed_job_duration arc_application arc_resources arc_rte
aws_access_key_id_file aws_region aws_secret_access_key_file azure_admin_key azure_admin_username azure_auth_file azure_image
azure_location azure_size batch_extra_submit_args batch_id batch_project batch_queue batch_runtime checkpoint_destination
checkpoint_exit_code cloud_label_names compress_files concurrency_limits concurrency_limits_expr container_image
container_service_names container_target_dir copy_to_spool core_size coresize cron_day_of_month cron_day_of_week cron_hour cron_minute
cron_month cron_prep_time cron_window cuda_version deferral_prep_time deferral_time deferral_window
delegate_job_gsi_credentials_lifetime description docker_image docker_network_type docker_override_entrypoint docker_pull_policy
dont_encrypt_input_files dont_encrypt_output_files email_attributes encrypt_execute_directory encrypt_input_files encrypt_output_files
erase_output_and_error_on_restart fetch_files gce_account gce_auth_file gce_image gce_json_file gce_machine_type gce_metadata
gce_metadata_file gce_preemptible getenv get_env gpus_maximum_capability gpus_minimum_capability gpus_minimum_memory
gpus_minimum_runtime grid_resource hold_kill_sig image_size input jar_files java_vm_args job_ad_information_attrs job_lease_duration
job_machine_attrs job_max_vacate_time jobset keep_claim_idle kill_sig kill_sig_timeout leave_in_queue load_profile log log_xml
machine_count manifest manifest_dir match_list_length max_job_retirement_time max_retries max_transfer_input_mb max_transfer_output_mb
next_job_start_delay nice_user node_count noop_job noop_job_exit_code noop_job_exit_signal notification notify_user on_exit_hold
on_exit_hold_reason on_exit_hold_subcode on_exit_remove output_destination periodic_hold periodic_hold_reason periodic_hold_subcode
periodic_release periodic_remove periodic_vacate preferences preserve_relative_paths prio priority public_input_files rank
remote_initialdir remove_kill_sig rendezvousdir request_cpu request_cpus request_disk request_gpu request_gpus request_memory
require_gpus requirements retry_until run_as_owner scitokens_file should_transfer_files skip_filechecks skip_if_dataflow stack_size
starter_debug starter_log stdin stream_error stream_input stream_output submit_event_notes submit_event_user_notes success_exit_code
suspend_job_at_exec transfer_checkpoint_files transfer_container transfer_error transfer_input transfer_input_files transfer_output
transfer_output_files transfer_output_remaps transfer_plugins ulog_execute_attrs universe use_oauth_services use_scitoken use_scitokens
vm_checkpoint vm_disk vm_macaddr vm_memory vm_networking vm_networking_type vm_no_output_vm vm_type vm_vcpus vm_vnc
want_graceful_removal want_io_proxy when_to_transfer_output x509userproxy use_x509userproxy xen_initrd xen_kernel xen_kernel_params
xen_root
"""
_KNOWN = frozenset(_WORDS.split())
_READ = frozenset(name.lower() for name in ATTRIBUTES) | {
    "cmd",
    "args",
    "arguments",
    "env",
    "environment",
    "iwd",
    "out",
    "err",
}


def resource_commands(request: JobRequest) -> List[str]:
    """The resources, in the words of condor_submit(1). request_memory is in MiB, as memory_mb is."""
    values: Tuple[Tuple[str, object], ...] = (
        ("accounting_group", request.account),
        ("priority", request.priority),
        ("request_cpus", request.slots),
        ("request_gpus", request.gpus),
        ("request_memory", request.memory_mb),
        ("periodic_remove", _removal(request)),
    )
    return ["%s = %s" % (name, value) for name, value in values if value not in (None, "")]


def _removal(request: JobRequest) -> str:
    """When HTCondor is to end the job for good. Its own limit, allowed_execute_duration, puts the job on hold, where it would stay.

    JobCurrentStartExecutingDate is when the script began; both are looked at each PERIODIC_EXPR_INTERVAL (60 s).
    """
    when = []
    if request.walltime_seconds:
        when.append("(JobStatus == 2 && time() - JobCurrentStartExecutingDate > %d)" % request.walltime_seconds)
    if request.memory_mb:
        when.append("(JobStatus == 5 && %s)" % MEMORY_HOLD)
    return " || ".join(when)


def check_native(request: JobRequest) -> None:
    """Refuse what is no command, what condor_submit would drop with a warning, and what an option of its own says. Raises InvalidRequestError."""
    named = [_name(item) for item in request.native_options]
    used = {word.lower() for item in request.native_options for word in _USED.findall(item)}
    for index, name in enumerate(named):
        problem = _problem(name, request, used) if name else _shape_problem()
        if problem:
            raise InvalidRequestError(
                "native_options", "%.200r: %s. Nothing was submitted." % (request.native_options[index], problem)
            )


def _name(item: str) -> Optional[str]:
    """The command that an item gives a value to, or the attribute, with a plus."""
    found = _COMMAND.fullmatch(item)
    if found is None or item.rstrip(" \t").endswith("\\") or "\r" in item:
        return None
    return ("+" if found.group("attribute") else "") + found.group("name").lower()


def _shape_problem() -> str:
    return "an item is one command of a submit description, such as 'requirements = (Machine == \"node1\")', or an attribute, '+Project = \"x\"'"


def _problem(name: str, request: JobRequest, used: AbstractSet[str]) -> str:
    if name.startswith("+"):
        own = name[1:] in _READ or name[1:].startswith("clusterjobs")
        return (
            "this attribute tells what the job is and what it does, and is set by HTCondor or by the options of this task"
            if own
            else ""
        )
    if name in _OWN:
        return "say it by the option %s" % _OWN[name]
    if name in ("periodic_remove", "allowed_execute_duration") and _removal(request):
        # Measured on 23.9.6: a job that has any periodic_remove is not held to its allowed_execute_duration.
        return "walltime and memory_mb are kept by a periodic_remove of their own, which this would undo; leave them or this out"
    if name in _KNOWN or name in used:
        return ""
    close = get_close_matches(name, _KNOWN, 1)
    meant = ", which may mean %s" % close[0] if close else ""
    return (
        "condor_submit does not know %s%s, and would only warn of it (an attribute of your own is '+name = value')"
        % (name, meant)
    )
