"""Start a scheduler from the configuration and run it until SIGTERM or SIGINT."""

from __future__ import annotations

import logging
import signal
import sys
import threading

from slipstream import executors
from slipstream.config import conf
from slipstream.errors import UserError
from slipstream.scheduler.service import Scheduler
from slipstream.store import Store
from slipstream.store.clock import synced

STOP_DEADLINE_S = 4.0


def main() -> int:
    """Run a scheduler; return the process's exit code. A user's mistake is one line on stderr."""
    logging.basicConfig(
        level=conf.get("logging", "logging_level", fallback="INFO"),
        format="%(asctime)s %(levelname)-7s %(name)s: %(message)s",
    )
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        with Store.open() as store:
            serve(store, stop)
    except UserError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def serve(store: Store, stop: threading.Event) -> None:
    """Run a scheduler with the configured executors until ``stop`` is set."""
    carriers = executors.create(conf.get("core", "executor", fallback="LocalExecutor"))
    with synced(store) as clock:
        Scheduler(store, carriers, clock).run(stop, deadline_s=STOP_DEADLINE_S)
