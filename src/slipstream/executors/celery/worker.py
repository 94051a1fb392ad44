"""The Celery worker as a program: what ``slipstream celery worker`` runs.

Signals: SIGTERM and SIGINT begin a warm shutdown, which lets what runs end and gives the rest back; a
second one, or SIGQUIT, a cold one, which ends what runs within seconds.
"""

from __future__ import annotations

import logging
import signal
import warnings
from collections.abc import Sequence
from types import FrameType
from typing import Any

from celery import Celery
from celery.apps.worker import Worker as CeleryWorker
from celery.signals import setup_logging
from celery.utils.nodenames import default_nodename, host_format
from celery.worker import state

from slipstream.errors import UserError
from slipstream.executors.celery.app import create_app

log = logging.getLogger(__name__)

_ASK_S = 0.7
"""How long a worker of the same name has to answer."""


class Worker(CeleryWorker):
    """Celery's worker program, with the signals that its docstring promises."""

    def install_platform_tweaks(self, worker: Any) -> None:
        """Take the signals; Celery's own handlers know no second SIGTERM."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._on_stop_signal)
        signal.signal(signal.SIGQUIT, self._on_quit_signal)

    def set_process_status(self, info: str) -> None:
        """Leave the process's name as it is."""

    def on_consumer_ready(self, consumer: Any) -> None:
        """Say once that the worker takes work."""
        super().on_consumer_ready(consumer)
        queues = ", ".join(self.app.amqp.queues.consume_from)
        slots = f"{self.min_concurrency} slots"
        if self.max_concurrency:
            slots = f"{self.min_concurrency} to {self.max_concurrency} slots"
        log.info("%s is ready: queues %s, %s", self.hostname, queues, slots)

    def _on_stop_signal(self, number: int, frame: FrameType | None) -> None:
        if state.should_stop is None:
            state.should_stop = 0
        else:
            self._on_quit_signal(number, frame)

    def _on_quit_signal(self, number: int, frame: FrameType | None) -> None:
        state.should_terminate = 1


def run_worker(
    *,
    queues: Sequence[str],
    concurrency: int | None = None,
    autoscale: str | None = None,
    hostname: str | None = None,
) -> int:
    """Run a worker until it is told to stop; return its exit code."""
    app = create_app()
    name = host_format(default_nodename(hostname))
    _refuse_double(app, name)
    app.set_current()
    app.set_default()
    app.Worker = Worker
    setup_logging.connect(_leave_logging, weak=False)
    # Its concern is pickle, which nothing here accepts.
    warnings.filterwarnings("ignore", message="(?s).*superuser privileges")
    worker = Worker(
        app=app,
        hostname=name,
        queues=list(queues),
        concurrency=concurrency,
        autoscale=autoscale,
        loglevel=logging.getLogger("celery").getEffectiveLevel(),
        quiet=True,
        # Workers need not know of each other: who may start what is the store's matter.
        without_mingle=True,
        without_gossip=True,
    )
    worker.start()
    return int(worker.exitcode or 0)


def _refuse_double(app: Celery, name: str) -> None:
    """Raise UserError if a worker of this name answers: commands would reach either, or both.

    A broker that is away is waited for later, and so are its answers not.
    """
    try:
        with app.connection_for_write(connect_timeout=_ASK_S) as connection:
            connection.ensure_connection(max_retries=1, interval_start=0)
            answers = app.control.ping([name], timeout=_ASK_S, connection=connection, limit=1)
    except Exception as error:  # whatever the transport raises: the worker itself waits and says so
        log.debug("nobody can be asked for the name %s: %s", name, error)
        return
    if answers:
        raise UserError(
            f"--celery-hostname: a worker named {name!r} is at this broker already; each worker needs a "
            "name of its own, such as --celery-hostname second@%h (%h: this machine's name)."
        )


def _leave_logging(**kwargs: Any) -> None:
    """Keep Celery from setting up logging: the process has."""
