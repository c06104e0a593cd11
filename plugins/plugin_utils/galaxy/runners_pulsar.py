# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pulsar's runners: one class for each way to reach a Pulsar, all with the same plugin parameters."""

from __future__ import annotations

from .parameters import Parameter, RunnerType, anything, count, flag, number, one_of, or_none, text
from .runners_drm import BASE

# Nothing after it is its default, which is none.
_TRANSPORT = Parameter("urllib, curl or None", lambda value: value in ("urllib", "curl", "None", None))
_PLUGIN = {
    **BASE,
    "transport": _TRANSPORT,
    "transport_timeout": or_none(count()),
    "cache": or_none(flag(None)),
    "remote_container_handling": flag(),
    "amqp_url": text(),
    "amqp_key_prefix": text(since="23.0"),
    "galaxy_url": text(),
    "secret": text(since="23.1"),
    "pulsar_config": text(),
    "pulsar_app_config": anything(),
    "manager": text(),
    "persistence_directory": text(),
    "amqp_acknowledge": or_none(flag(None)),
    "amqp_ack_republish_time": or_none(count()),
    "amqp_consumer_timeout": or_none(number()),
    "amqp_connect_ssl_ca_certs": text(),
    "amqp_connect_ssl_keyfile": text(),
    "amqp_connect_ssl_certfile": text(),
    "amqp_connect_ssl_cert_reqs": text(),
    "amqp_publish_retry": flag(),
    "amqp_publish_priority": Parameter(
        "an integer from 0 to 9", lambda value: not isinstance(value, bool) and value in range(10), 0
    ),
    "amqp_publish_delivery_mode": one_of("transient", "persistent", default="persistent"),
    "amqp_publish_retry_max_retries": count(),
    "amqp_publish_retry_interval_start": count(),
    "amqp_publish_retry_interval_step": count(),
    "amqp_publish_retry_interval_max": count(),
    "relay_url": text(since="26.0"),
    "relay_username": text(since="26.0"),
    "relay_password": text(since="26.0"),
    "relay_topic_prefix": text(since="26.0"),
}
_ENVIRONMENT = {
    "url": text(),
    "private_token": text(),
    "manager": text(),
    "default_file_action": one_of(
        "none",
        "copy",
        "transfer",
        "remote_copy",
        "remote_transfer",
        "remote_transfer_tus",
        "remote_object_store_copy",
        "remote_rsync_transfer",
        "remote_scp_transfer",
        "rewrite",
    ),
    "file_action_config": text(),
    "file_actions": anything(),
    "dependency_resolution": one_of("remote", "local", "none", default="remote"),
    "rewrite_parameters": flag(),
    "remote_metadata": flag(),
    "use_remote_datatypes": flag(),
    "remote_container_handling": flag(),
    "jobs_directory": text(),
    "persistence_directory": text(),
    "transport": _TRANSPORT,
    "pulsar_app_config": anything(),
    "pulsar_app_config_path": text(),
    "pulsar_container_image": text(),
    "container_resolvers": anything(),
    "container_resolvers_config_file": text(),
    "remote_sep": text(),
    "galaxy_instance_id": text(),
    "job_secret_base": text("jobs_token"),
    "ssd_name": text(),
    "ssh_user": text(),
    "amqp_key_prefix": text(),
}


def _type(name: str, *required: str, since: str = "", more: tuple[str, ...] = ()) -> RunnerType:
    environment = {
        **_ENVIRONMENT,
        **{key: anything() for key in more},
        **{key: text(required=True) for key in required},
    }
    needs = "pulsar-galaxy-lib"
    # Named by its module alone, Galaxy would load each of these classes, and keep the last one.
    return RunnerType(
        "pulsar", f"Pulsar{name}JobRunner", _PLUGIN, environment, closed=False, alone=False, needs=needs, since=since
    )


TYPES = (
    _type("REST", "url"),
    _type("MQ", "jobs_directory"),
    _type("Embedded"),
    _type("EmbeddedMQ", "jobs_directory"),
    _type("Legacy"),
    _type("Kubernetes"),
    _type("Tes", "tes_url", since="23.0"),
    _type("Coexecution", since="23.0"),
    _type("GcpBatch", "project_id", since="25.1"),
)
