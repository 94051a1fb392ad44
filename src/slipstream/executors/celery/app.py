"""The Celery app, the same for the scheduler, the workers and the commands."""

from __future__ import annotations

from typing import Any, NoReturn

from celery import Celery

from slipstream.config import conf
from slipstream.executors.celery.message import TASK_NAME
from slipstream.executors.celery.settings import celery_settings


def create_app() -> Celery:
    """Return an app that is configured by ``[celery]``; it connects to nothing yet."""
    app = Celery(conf.get("celery", "celery_app_name"), set_as_current=False)
    app.conf.update(celery_settings())
    app.task(name=TASK_NAME, Strategy="slipstream.executors.celery.intake:strategy")(_execute)
    return app


def _execute(*args: Any) -> NoReturn:
    raise RuntimeError("attempts are run by worker hosts, not by Celery's own pools")
