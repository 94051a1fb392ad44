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

from celery.apps.worker import Worker as CeleryWorker
from celery.signals import setup_logging
from celery.utils.nodenames import default_nodename, host_format
from celery.worker import state

from slipstream.executors.celery.app import create_app

log = logging.getLogger(__name__)


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
    app.set_current()
    app.set_default()
    app.Worker = Worker
    setup_logging.connect(_leave_logging, weak=False)
    # Its concern is pickle, which nothing here accepts.
    warnings.filterwarnings("ignore", message="(?s).*superuser privileges")
    worker = Worker(
        app=app,
        hostname=host_format(default_nodename(hostname)),
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


def _leave_logging(**kwargs: Any) -> None:
    """Keep Celery from setting up logging: the process has."""
