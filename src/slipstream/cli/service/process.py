"""What makes a process a service: it has a name, logs to stderr, stops on a signal."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import threading
from collections import defaultdict
from types import FrameType
from typing import TYPE_CHECKING

from slipstream.cli import option_check
from slipstream.cli.command import Arg, arg
from slipstream.config import conf, log_levels

if TYPE_CHECKING:
    from slipstream.store import Store

FORMAT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"
DATE_FORMAT = "%H:%M:%S"


def begin(args: argparse.Namespace, name: str) -> None:
    """Turn this process into a service; until it handles signals, they end it at once."""
    from slipstream.task.process import set_name  # ctypes is only for services

    set_name(f"slip-{name}")
    if own_pid_file := getattr(args, "own_pid_file", None):
        from slipstream.cli.service.daemon import remove_at_exit

        remove_at_exit(os.path.abspath(own_pid_file))
    option_check.check()
    log_to_stderr("DEBUG" if args.verbose else conf.get("logging", "logging_level"))


def log_to_stderr(level: str, formatter: logging.Formatter | None = None) -> None:
    """Log ``slipstream`` from ``level`` on, everything else from warnings on."""
    handler = logging.StreamHandler()
    handler.setFormatter(formatter or _formatter())
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    logging.getLogger("slipstream").setLevel(level)
    log_levels.apply()
    if level == "DEBUG":
        logging.getLogger("asyncio").setLevel(logging.INFO)


def _formatter() -> logging.Formatter:
    own = conf.get("logging", "log_format", fallback="")
    if not own:
        return logging.Formatter(FORMAT, DATE_FORMAT)
    # Airflow's formats may name fields that are only its own: they are left empty.
    return logging.Formatter(own, defaults=defaultdict(str, taskName=""))


def stop_on_signals() -> threading.Event:
    """Return an event that SIGTERM, SIGINT and SIGHUP set."""
    stop = threading.Event()

    def on_signal(number: int, frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, on_signal)
    return stop


def prepare_database(store: Store, migrate: bool) -> None:
    """Raise UserError unless the schema fits; with ``migrate``, make it fit first."""
    from slipstream.errors import UserError
    from slipstream.store import migrate as schema

    try:
        schema.check(store)
    except UserError:
        if not migrate:
            raise
        schema.upgrade(store)  # which knows better than check what cannot be mended


SERVICE_ARGS: tuple[Arg, ...] = (
    arg("-D", "--daemon", action="store_true", help="run in the background"),
    arg("--pid", metavar="FILE", help="background: write the process's id to this file"),
    arg("-l", "--log-file", metavar="FILE", help="background: write what it logs to this file"),
    arg("--stdout", metavar="FILE", help="background: write its standard output to this file"),
    arg("--stderr", metavar="FILE", help="background: write its standard error to this file"),
    arg("-d", "--dev", action="store_true", help="accepted, unused"),
    arg("-v", "--verbose", action="store_true", help="log more"),
    arg("--own-pid-file", help=argparse.SUPPRESS),
    arg("--migrate", action="store_true", help="create or upgrade the database first"),
)
