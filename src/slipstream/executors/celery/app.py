"""The Celery app, the same for the scheduler, the workers and the commands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

from celery import Celery
from celery.app.defaults import NAMESPACES, flatten

from slipstream.config import conf
from slipstream.errors import ConfigError
from slipstream.executors.celery.message import TASK_NAME
from slipstream.executors.celery.settings import celery_settings, given_settings

_TYPES: dict[Any, tuple[Any, str]] = {
    "string": (str, "a text"),
    "bool": (bool, "true or false"),
    "int": (int, "a whole number"),
    "float": ((int, float), "a number"),
    "dict": (Mapping, "an object (a dict)"),
    "list": ((list, tuple, set, str), "a list"),
    "tuple": ((list, tuple, set, str), "a list"),
}
_FREE = ("broker_url", "broker_read_url", "broker_write_url", "broker_use_ssl", "task_queues")
"""May have several types, whatever Celery's table says."""
_COUNTS = {"worker_concurrency": 1, "worker_prefetch_multiplier": 0}


def create_app() -> Celery:
    """Return an app that is configured by ``[celery]``; it connects to nothing yet.

    Raises ConfigError for a broker that cannot be.
    """
    app = Celery(conf.get("celery", "celery_app_name"), set_as_current=False)
    app.conf.update(celery_settings())
    _check_types(given_settings())
    _check_transport(app)
    app.task(name=TASK_NAME, Strategy="slipstream.executors.celery.intake:strategy")(_execute)
    return app


def _check_types(given: Mapping[str, Mapping[str, Any]]) -> None:
    """Raise ConfigError for a value of another type than Celery says it has."""
    options = dict(flatten(NAMESPACES))
    for where, settings in given.items():
        for name, value in settings.items():
            option = options.get(name)
            wanted = _TYPES.get(option.type) if option is not None else None
            if wanted is None or value is None or name in _FREE:
                continue
            types, words = wanted
            is_flag = isinstance(value, bool)
            if not isinstance(value, types) or is_flag is not (types is bool):
                raise ConfigError(f"{where}: {name} is {value!r}; it must be {words}")
            if name in _COUNTS and value < _COUNTS[name]:
                raise ConfigError(
                    f"{where}: {name} is {value!r}; it must be {_COUNTS[name]} or more"
                )


def _check_transport(app: Celery) -> None:
    """Raise ConfigError unless kombu has what talks to such a broker, and can read its URL."""
    try:
        connection = app.connection_for_write()
        transport = connection.transport
        if transport.driver_type == "redis":
            int(str(connection.virtual_host or 0).strip("/") or 0)  # the number of a database
    except Exception as error:  # a missing library is not always an ImportError
        why = error.args[0] if isinstance(error, KeyError) and error.args else error
        raise ConfigError(
            f"[celery] broker_url cannot be used: {why}. It must be like redis://host:6379/0 or "
            "amqp://user:password@host:5672//."
        ) from error


def _execute(*args: Any) -> NoReturn:
    raise RuntimeError("attempts are run by worker hosts, not by Celery's own pools")
