"""``scheduler``."""

from __future__ import annotations

import argparse
import socket

from slipstream.cli.command import Command, arg
from slipstream.cli.service.process import SERVICE_ARGS, begin, prepare_database, stop_on_signals


def run(args: argparse.Namespace) -> None:
    from slipstream.cli.service.daemon import went_to_background

    if went_to_background(args, "scheduler"):
        return
    begin(args, "scheduler")
    from slipstream import executors
    from slipstream.config import conf
    from slipstream.executors.host import BySupervisor, StartHost, by_exec
    from slipstream.scheduler import health
    from slipstream.scheduler.service import Scheduler
    from slipstream.store import Store

    start_host: StartHost = by_exec
    if args.host_door is not None:
        start_host = BySupervisor(socket.socket(fileno=args.host_door))
    carriers = executors.create(conf.get("core", "executor"), start_host=start_host)
    n_turns = _n_turns(args.num_runs)
    with Store.open() as store:
        prepare_database(store, args.migrate)
        stop = stop_on_signals()
        scheduler = Scheduler(store, carriers)
        with health.served(scheduler.is_healthy):
            if n_turns is None:
                scheduler.run(stop)
                return
            scheduler.start()
            for _ in range(n_turns):
                if stop.is_set():
                    break
                scheduler.turn(1.0)
            scheduler.stop()


def _n_turns(given: int | None) -> int | None:
    """Return after how many turns to stop; None for never."""
    from slipstream.config import conf

    n = conf.getint("scheduler", "num_runs", fallback=-1) if given is None else given
    return None if n < 0 else n


COMMAND = Command(
    "scheduler",
    "Start a scheduler",
    run,
    (
        *SERVICE_ARGS,
        arg(
            "-n",
            "--num-runs",
            type=int,
            metavar="N",
            help="stop after so many turns of the loop; -1 for never "
            "(default: [scheduler] num_runs, -1)",
        ),
        arg("-i", "--only-idle", action="store_true", help="accepted, unused"),
        arg("-s", "--skip-serve-logs", action="store_true", help="accepted, unused"),
        arg("--host-door", type=int, help=argparse.SUPPRESS),
        arg("-S", "--subdir", help=argparse.SUPPRESS),
        arg("-p", "--do-pickle", action="store_true", help=argparse.SUPPRESS),
    ),
    "scheduler",
)
