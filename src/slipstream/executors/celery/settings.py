"""``[celery]`` in Celery's own words. Nothing here imports Celery.

Options by Airflow's names. What the engine does by itself has no effect (which pool, how many tries to
publish); a result backend is not needed and never opened: how an attempt ended is in the store.
"""

from __future__ import annotations

import json
import logging
import ssl
from typing import Any

from slipstream.config import conf
from slipstream.errors import ConfigError
from slipstream.executors.celery.message import N_LEVELS

log = logging.getLogger(__name__)

_HERE = "slipstream.executors.celery"
_DAY_S = 86400
_AIRFLOWS_DEFAULT = "airflow.providers.celery.executors.default_celery.DEFAULT_CELERY_CONFIG"
_REDIS = ("redis", "rediss", "sentinel", "redis+socket")


def celery_settings() -> dict[str, Any]:
    """Return the configuration of Celery's app; raise ConfigError for what cannot be."""
    _check_own()
    settings = default_settings()
    for found in given_settings().values():
        settings.update(found)
    settings.update(_FIXED)
    _check_broker_url(settings["broker_url"])
    return settings


def given_settings() -> dict[str, dict[str, Any]]:
    """Return what people have set in Celery's own words, by the option in which they did."""
    return {
        "[celery] celery_config_options": _from_dict(),
        "[celery] extra_celery_config": _extra(),
    }


def _check_own() -> None:
    """Raise ConfigError for values of ``[celery]`` that are not even used, or could not be."""
    conf.get("celery", "pool")
    if not conf.get("operators", "default_queue").strip():
        raise ConfigError("[operators] default_queue is empty; it must be the name of a queue")
    timeout_s = conf.getfloat("celery", "operation_timeout")
    if timeout_s <= 0:
        raise ConfigError(
            f"[celery] operation_timeout is {timeout_s:g}; it must be more than 0 seconds"
        )


def default_settings() -> dict[str, Any]:
    """Return what ``[celery]`` says, without ``celery_config_options``."""
    broker_url = conf.get("celery", "broker_url")
    settings: dict[str, Any] = {
        "broker_url": broker_url,
        "broker_transport_options": _transport_options(broker_url),
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        # Else a Redis that may not write for a while would end every worker.
        "broker_channel_error_retry": True,
        "task_default_queue": conf.get("operators", "default_queue"),
        "task_default_exchange": conf.get("operators", "default_queue"),
        "task_default_routing_key": conf.get("operators", "default_queue"),
        "task_queue_max_priority": N_LEVELS - 1,
        "task_acks_late": conf.getboolean("celery", "task_acks_late"),
        "task_track_started": conf.getboolean("celery", "task_track_started"),
        "worker_concurrency": conf.getint("celery", "worker_concurrency"),
        "worker_prefetch_multiplier": conf.getint("celery", "worker_prefetch_multiplier"),
        "worker_enable_remote_control": conf.getboolean("celery", "worker_enable_remote_control"),
        # What a lost connection had unacknowledged comes again and is recognized by the pool.
        "worker_enable_prefetch_count_reduction": False,
        "worker_cancel_long_running_tasks_on_connection_loss": False,
        "worker_send_task_events": False,
        "control_queue_ttl": 300.0,
    }
    if conf.getboolean("celery", "ssl_active"):
        settings["broker_use_ssl"] = _ssl(broker_url)
    return settings


_FIXED: dict[str, Any] = {
    "accept_content": ["json"],
    "task_serializer": "json",
    "event_serializer": "json",
    "result_backend": None,
    "task_ignore_result": True,
    "task_create_missing_queues": True,
    "worker_pool": f"{_HERE}.pool:HostPool",
    "worker_consumer": f"{_HERE}.consumer:Consumer",
    "worker_hijack_root_logger": False,
    "worker_redirect_stdouts": False,
}
"""What no option changes: the engine relies on it."""


def _check_broker_url(url: Any) -> None:
    """Raise ConfigError for what Celery would take for a broker on this machine, or a host's name."""
    several = url if isinstance(url, list | tuple) else str(url or "").split(";")
    for each in several or [""]:
        text = str(each).strip()
        if not all(text.partition("://")[::2]):
            said = f"is no URL ({text.rpartition('@')[2]!r})" if text else "is empty"
            raise ConfigError(
                f"[celery] broker_url {said}; it must be like redis://host:6379/0 or "
                "amqp://user:password@host:5672//"
            )


def is_redis(broker_url: str) -> bool:
    """Say whether the broker is Redis, in whatever form."""
    return broker_url.partition("://")[0] in _REDIS


def _transport_options(broker_url: str) -> dict[str, Any]:
    options = dict(conf.getsection("celery_broker_transport_options") or {})
    kwargs = options.get("sentinel_kwargs")
    if isinstance(kwargs, str):
        try:
            options["sentinel_kwargs"] = dict(json.loads(kwargs))
        except (ValueError, TypeError) as exc:
            raise ConfigError(
                "[celery_broker_transport_options] sentinel_kwargs is not the JSON of an object"
            ) from exc
    steps = options.get("priority_steps")
    if isinstance(steps, str):
        options["priority_steps"] = steps = _numbers(steps)
    timeout_s = options.get("visibility_timeout", _DAY_S)
    if not isinstance(timeout_s, int | float) or timeout_s <= 0:
        raise ConfigError(
            f"[celery_broker_transport_options] visibility_timeout is {timeout_s!r}; it must be a "
            "number of seconds"
        )
    if broker_url.startswith("sentinel://") and not options.get("master_name"):
        raise ConfigError(
            "[celery_broker_transport_options] master_name is not set; a broker behind Redis Sentinel "
            "needs the name of its master"
        )
    if is_redis(broker_url):
        options.setdefault("visibility_timeout", _DAY_S)
        options.setdefault("priority_steps", list(range(N_LEVELS)))
    return options


def _numbers(text: str) -> list[int]:
    try:
        found = json.loads(text)
        if found and all(type(each) is int and each >= 0 for each in found):
            return sorted(found)
    except (ValueError, TypeError):
        pass
    raise ConfigError(
        f"[celery_broker_transport_options] priority_steps is {text!r}; it must be the JSON of a list of "
        "whole numbers, such as [0, 3, 6, 9]"
    )


def _ssl(broker_url: str) -> dict[str, Any]:
    ca, key = conf.get("celery", "ssl_cacert"), conf.get("celery", "ssl_key")
    found: dict[str, Any] = {"ca_certs": ca, "cert_reqs": ssl.CERT_REQUIRED}
    if conf.getboolean("celery", "ssl_mutual_tls"):
        found |= {"keyfile": key, "certfile": conf.get("celery", "ssl_cert")}
    if missing := [name for name, value in found.items() if value == ""]:
        names = {"ca_certs": "ssl_cacert", "keyfile": "ssl_key", "certfile": "ssl_cert"}
        raise ConfigError(
            f"[celery] ssl_active is on, and {', '.join(names[m] for m in missing)} is not set"
        )
    if is_redis(broker_url):
        return {f"ssl_{name}": value for name, value in found.items()}
    return found


def _from_dict() -> dict[str, Any]:
    if conf.get("celery", "celery_config_options", fallback="") in ("", _AIRFLOWS_DEFAULT):
        return {}
    found = conf.getimport("celery", "celery_config_options")
    if not isinstance(found, dict):
        raise ConfigError("[celery] celery_config_options must name a dict")
    return dict(found)


def _extra() -> dict[str, Any]:
    found = conf.getjson("celery", "extra_celery_config", fallback={})
    if not isinstance(found, dict):
        raise ConfigError("[celery] extra_celery_config must be the JSON of an object")
    return found
