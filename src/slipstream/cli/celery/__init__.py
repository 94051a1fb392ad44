"""``celery``: workers, and what one says to them."""

from __future__ import annotations

from slipstream.cli.celery import control, flower, worker

COMMANDS = (
    worker.WORKER,
    worker.STOP,
    flower.FLOWER,
    *control.COMMANDS,
)
