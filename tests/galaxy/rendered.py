"""What is rendered for every runner: each with parameters of its plugin and of an environment, by a portable request where it has words."""

from __future__ import annotations

from typing import Any

SIZES = {"slots": 4, "memory_mb": 8000}
WHOLE = {**SIZES, "queue": "main", "account": "bio", "walltime": "4:00:00"}
LIBRARY = {
    "drmaa_library_path": "/opt/libdrmaa.so",
    "invalidjobexception_state": "error",
    "invalidjobexception_retries": 3,
}
AWS = {
    "docker_enabled": True,
    "job_queue": "q",
    "job_role_arn": "arn",
    "efs_filesystem_id": "fs",
    "efs_mount_point": "/data",
}

#: name: (class, parameters of the plugin, of the environment)
RUNNERS: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "local": (
        "local:LocalJobRunner",
        {"recheck_missing_job_retries": 2},
        {"slots": 2, "galaxy_variables": True, "memory_mb": 500},
    ),
    "drmaa": ("drmaa:DRMAAJobRunner", LIBRARY, {"drm": "gridengine", **WHOLE, "native_options": ["-pe", "smp"]}),
    "drmaa_lsf": ("drmaa:DRMAAJobRunner", {}, {"drm": "lsf", **WHOLE}),
    "slurm": ("slurm:SlurmJobRunner", LIBRARY, {**WHOLE, "native_options": ["--gres=gpu:1"]}),
    "univa": ("univa:UnivaJobRunner", LIBRARY, {**WHOLE, "native_options": ["-pe", "smp"]}),
    "cli_slurm": ("cli:ShellJobRunner", {}, {"shell_plugin": "LocalShell", "job_plugin": "Slurm", **WHOLE, "gpus": 1}),
    "cli_torque": (
        "cli:ShellJobRunner",
        {},
        {"shell_plugin": "SecureShell", "shell_hostname": "h", "shell_username": "u", "job_plugin": "Torque", **WHOLE},
    ),
    "cli_pbs": (
        "cli:ShellJobRunner",
        {},
        {"shell_plugin": "RemoteShell", "shell_hostname": "h", "job_plugin": "OpenPBS", **WHOLE},
    ),
    "cli_lsf": (
        "cli:ShellJobRunner",
        {},
        {"shell_plugin": "GlobusSecureShell", "shell_hostname": "h", "job_plugin": "LSF", **WHOLE},
    ),
    "cli_slurmtorque": (
        "cli:ShellJobRunner",
        {},
        {
            "shell_plugin": "ParamikoShell",
            "shell_hostname": "h",
            "shell_username": "u",
            "job_plugin": "SlurmTorque",
            **WHOLE,
        },
    ),
    "pbs": ("pbs:PBSJobRunner", {}, WHOLE),
    "condor": (
        "condor:CondorJobRunner",
        {"recheck_missing_job_retries": 1},
        {**SIZES, "account": "bio", "walltime": 60},
    ),
    "htcondor": (
        "htcondor:HTCondorJobRunner",
        {"htcondor_schedd": "s"},
        {**SIZES, "walltime": 60, "max_held_count": 2},
    ),
    "kubernetes": (
        "kubernetes:KubernetesJobRunner",
        {"k8s_namespace": "galaxy", "k8s_pod_retries": 2, "k8s_walltime_limit": 3600, "k8s_run_as_user_id": "$uid"},
        {**SIZES, "docker_enabled": True},
    ),
    "aws": ("aws:AWSBatchJobRunner", {"region": "eu-central-1"}, {**AWS, "slots": 2, "memory_mb": 4000}),
    "gcp_batch": (
        "gcp_batch:GoogleCloudBatchJobRunner",
        {"project_id": "p", "boot_disk_size_gb": 50},
        {**SIZES, "walltime": 3600},
    ),
    "pulsar_rest": (
        "pulsar:PulsarRESTJobRunner",
        {"transport": "curl", "transport_timeout": 10},
        {"url": "https://pulsar:8913/", "drm": "slurm", **SIZES, "remote_metadata": False},
    ),
    "pulsar_mq": (
        "pulsar:PulsarMQJobRunner",
        {
            "amqp_url": "pyamqp://u:secret@mq//",
            "amqp_ack_republish_time": 300,
            "amqp_publish_retry": True,
            "amqp_consumer_timeout": 2.0,
        },
        {"jobs_directory": "/data/staging", "drm": "htcondor", "slots": 2},
    ),
    "pulsar_embedded": ("pulsar:PulsarEmbeddedJobRunner", {"pulsar_config": "/p.yml"}, {"default_file_action": "copy"}),
    "pulsar_embedded_mq": ("pulsar:PulsarEmbeddedMQJobRunner", {"galaxy_url": "http://g/"}, {"jobs_directory": "/d"}),
    "tasks": ("tasks:TaskedJobRunner", {}, {}),
}


def native_of(name: str) -> dict[str, Any]:
    """A job configuration with this runner, and with everything else that one can have."""
    load, params, environment = RUNNERS[name]
    environments = {
        "here": {
            "runner": name,
            "tags": ["cluster", "all"],
            "env": [{"name": "LC_ALL", "value": "C"}, {"file": "/etc/profile"}, {"execute": "module load x"}],
            "resubmit": [{"condition": "any_failure and attempt < 2", "environment": "here", "delay": "60"}],
            **environment,
        },
        "near": {"runner": "local", "tags": ["all"], "metrics": [{"type": "core"}, {"type": "uname"}]},
        "quiet": {"runner": "local", "metrics": []},
        "rule": {"runner": "dynamic", "type": "python", "function": "choose"},
        "tpv": {
            "runner": "dynamic",
            "type": "python",
            "function": "map_tool_to_destination",
            "rules_module": "tpv.rules",
        },
    }
    runners = {name: {"load": f"galaxy.jobs.runners.{load}", "workers": 3, **params}}
    return {
        "runners": {"local": {"load": "galaxy.jobs.runners.local:LocalJobRunner"}, **runners},
        "dynamic": {"rules_module": "site.rules"},
        "handling": {"assign": ["db-skip-locked"], "max_grab": 8, "processes": {"h1": {"tags": ["special"]}, "h2": {}}},
        "execution": {"default": "here", "environments": environments},
        "tools": [
            {"class": "local", "environment": "near"},
            {"id": "bwa", "environment": "cluster", "handler": "special"},
        ],
        "resources": {"default": "r", "groups": {"r": ["cores"]}},
        "limits": [
            {"type": "walltime", "value": "48:00:00"},
            {"type": "environment_total_concurrent_jobs", "tag": "all", "value": 5},
            {"type": "output_size", "value": "50G"},
        ],
    }
