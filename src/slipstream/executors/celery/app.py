"""The Celery app, the same for the scheduler, the workers and the commands."""

from __future__ import annotations

from typing import Any, NoReturn

from celery import Celery

from slipstream.config import conf
from slipstream.errors import ConfigError
from slipstream.executors.celery.message import TASK_NAME
from slipstream.executors.celery.settings import celery_settings


def create_app() -> Celery:
    """Return an app that is configured by ``[celery]``; it connects to nothing yet.

    Raises ConfigError for a broker that cannot be.
    """
    app = Celery(conf.get("celery", "celery_app_name"), set_as_current=False)
    app.conf.update(celery_settings())
    _check_transport(app)
    app.task(name=TASK_NAME, Strategy="slipstream.executors.celery.intake:strategy")(_execute)
    return app


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
