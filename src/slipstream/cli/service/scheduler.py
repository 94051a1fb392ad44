"""``scheduler``."""

from __future__ import annotations

import argparse

from slipstream.cli.command import Command, arg
from slipstream.cli.service.process import SERVICE_ARGS, begin, prepare_database, stop_on_signals


def run(args: argparse.Namespace) -> None:
    from slipstream.cli.service.daemon import went_to_background

    if went_to_background(args, "scheduler"):
        return
    begin(args, "scheduler")
    from slipstream import executors
    from slipstream.config import conf
    from slipstream.scheduler.service import Scheduler
    from slipstream.store import Store

    carriers = executors.create(conf.get("core", "executor"))
    with Store.open() as store:
        prepare_database(store, args.migrate)
        stop = stop_on_signals()
        scheduler = Scheduler(store, carriers)
        if args.num_runs < 0:
            scheduler.run(stop)
            return
        scheduler.start()
        for _ in range(args.num_runs):
            if stop.is_set():
                break
            scheduler.turn(1.0)
        scheduler.stop()


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
            default=-1,
            metavar="N",
            help="stop after so many turns of the loop (default -1: never)",
        ),
        arg("-i", "--only-idle", action="store_true", help="accepted, unused"),
        arg("-s", "--skip-serve-logs", action="store_true", help="accepted, unused"),
        arg("-S", "--subdir", help=argparse.SUPPRESS),
        arg("-p", "--do-pickle", action="store_true", help=argparse.SUPPRESS),
    ),
    "scheduler",
)
