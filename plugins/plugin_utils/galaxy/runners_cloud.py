# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runners of container and cloud services, as the code of Galaxy 26.1 and of the releases before it has them."""

from __future__ import annotations

from .parameters import (
    MEMORY,
    WALLTIME,
    Parameter,
    RunnerType,
    account,
    anything,
    count,
    flag,
    number,
    one_of,
    or_none,
    positive,
    text,
    truth,
)
from .runners_drm import BASE

_SIZES = {"requests_cpu": text(), "requests_memory": text(), "limits_cpu": text(), "limits_memory": text()}

_KUBERNETES = {
    **BASE,
    "k8s_config_path": text(),
    "k8s_use_service_account": truth(),
    "k8s_persistent_volume_claims": text(),
    "k8s_working_volume_claim": text(since="22.01"),
    "k8s_data_volume_claim": text(since="22.01"),
    "k8s_namespace": text("default"),
    "k8s_pod_priority_class": text(),
    "k8s_affinity": text(),
    "k8s_node_selector": text(since="21.09"),
    "k8s_extra_job_envs": text(since="21.09"),
    "k8s_tolerations": text(),
    "k8s_galaxy_instance_id": text(),
    # Its check compares the type int with a number (26.1 and every release before it): any value ends Galaxy's start.
    "k8s_timeout_seconds_job_deletion": Parameter(
        "nothing, and leave it out: Galaxy does not start with any value", lambda value: False, 30
    ),
    "k8s_job_api_version": text("batch/v1"),
    "k8s_job_ttl_secs_after_finished": count(),
    "k8s_job_metadata": text(since="21.09"),
    "k8s_supplemental_group_id": account(),
    "k8s_pull_policy": text("Default"),
    "k8s_run_as_user_id": account(variable="$uid"),
    "k8s_run_as_group_id": account(),
    "k8s_fs_group_id": account(),
    "k8s_cleanup_job": one_of("onsuccess", "always", "never", default="always"),
    "k8s_pod_retries": count(1),
    "k8s_job_spec_back_off_limit": count(0, since="24.0"),
    "k8s_walltime_limit": count(172800),
    "k8s_unschedulable_walltime_limit": count(since="21.09"),
    "k8s_interactivetools_use_ssl": truth(since="21.09"),
    "k8s_interactivetools_ingress_annotations": text(since="21.09"),
    "k8s_interactivetools_ingress_class": text(since="24.0"),
    "k8s_interactivetools_tls_secret": text(since="24.2"),
    "k8s_ingress_api_version": text("networking.k8s.io/v1", since="24.2"),
}

_KUBERNETES_PER_ENVIRONMENT = (
    "k8s_affinity",
    "k8s_extra_job_envs",
    "k8s_node_selector",
    "k8s_supplemental_group_id",
    "k8s_run_as_user_id",
    "k8s_run_as_group_id",
    "k8s_fs_group_id",
)

_AWS = {
    # Without it the runner fails every job, as it runs containers alone.
    "docker_enabled": Parameter("true", lambda value: str(value).lower() == "true", None, True),
    "vcpu": number(1.0),
    "memory": positive(2048),
    "gpu": count(0),
    "job_queue": text(required=True),
    "job_role_arn": text(required=True),
    "efs_filesystem_id": text(required=True),
    "efs_mount_point": text(required=True),
    "execute_role_arn": text(),
    "fargate_version": text(),
    "auto_platform": flag(),
    "ec2_host_volumes": text(),
    "privileged": flag(),
    "retry_attempts": count(1),
    "retry_on_exit_statusReason": text(),
    "retry_on_exit_reason": text(),
    "retry_on_exit_exitCode": text(),
    "retry_on_exit_action": text("RETRY"),
}

_GCP = {
    "project_id": text(),
    "region": text("us-central1"),
    "zone": text(),
    "service_account_file": text(),
    "service_account_email": text(),
    "machine_type": text("n2-standard-4"),
    "boot_disk_size_gb": positive(100),
    "boot_disk_type": text("pd-standard"),
    "max_retry_count": count(3),
    "max_run_duration": text("86400s"),
    "polling_interval": positive(30),
    "gcp_batch_volumes": text(),
    "docker_extra_volumes": text(),
    "network": text("default"),
    "subnet": text("default"),
    "vcpu": number(1.0),
    "memory_mib": positive(2048),
    **_SIZES,
    "use_container": truth(True),
    "galaxy_user_id": account(variable="$uid"),
    "galaxy_group_id": account(),
    "custom_vm_image": text(),
    "delete_completed_jobs": truth(True, since="26.1"),
    "job_id_prefix": text("galaxy-job", since="26.1"),
    "use_object_store": truth(),
    "object_store_path": text(),
}

_CHRONOS = {
    "chronos": text(),
    "insecure": flag(True),
    "username": text(),
    "password": text(),
    "owner": text(),
}
_CHRONOS_ENVIRONMENT = {
    "docker_cpu": number(0.1),
    "docker_memory": positive(128),
    "docker_disk": positive(256),
    "volumes": text(),
    "max_retries": count(2),
}
_GODOCKER = {"godocker_master": text(), "user": text(), "key": text(), "godocker_project": text()}
_GODOCKER_ENVIRONMENT = {
    "docker_cpu": text(),
    "docker_memory": text(),
    "godocker_volumes": anything(),
    "virtualenv": flag(),
}

TYPES = (
    RunnerType(
        "kubernetes",
        "KubernetesJobRunner",
        _KUBERNETES,
        {**_SIZES, "max_pod_retries": count(), **{name: _KUBERNETES[name] for name in _KUBERNETES_PER_ENVIRONMENT}},
        raises=frozenset((WALLTIME, MEMORY)),
        needs="the Python package pykube-ng",
    ),
    RunnerType(
        "aws",
        "AWSBatchJobRunner",
        {**BASE, "aws_access_key_id": text(), "aws_secret_access_key": text(), "region": text()},
        _AWS,
        needs="the Python package boto3, and an EFS for Galaxy's files",
        since="23.0",
    ),
    RunnerType(
        "gcp_batch",
        "GoogleCloudBatchJobRunner",
        {**BASE, **{name: or_none(parameter) for name, parameter in _GCP.items()}},
        {**_GCP, "cores": text(), "mem": text(), "walltime_limit": text()},
        needs="the Python package google-cloud-batch, and NFS for Galaxy's files",
        since="26.0",
    ),
    RunnerType("chronos", "ChronosJobRunner", {**BASE, **_CHRONOS}, _CHRONOS_ENVIRONMENT, needs="chronos-python"),
    RunnerType("godocker", "GodockerJobRunner", {**BASE, **_GODOCKER}, _GODOCKER_ENVIRONMENT),
)
