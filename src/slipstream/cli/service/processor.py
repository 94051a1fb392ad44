"""``dag-processor``."""

from __future__ import annotations

import argparse

from slipstream.cli.command import BUNDLE, Command, arg
from slipstream.cli.service.process import SERVICE_ARGS, begin, prepare_database, stop_on_signals


def run(args: argparse.Namespace) -> None:
    from slipstream.cli.service.daemon import went_to_background

    if went_to_background(args, "dag-processor"):
        return
    begin(args, "processor")
    from slipstream.dagprocessor.service import DagProcessor
    from slipstream.store import Store

    with Store.open() as store:
        prepare_database(store, args.migrate)
        stop = stop_on_signals()
        processor = DagProcessor(store, bundle_names=args.bundle_name)
        if args.num_runs > 0:
            processor.parse_once()
        else:
            processor.run(stop)


COMMAND = Command(
    "dag-processor",
    "Start a DAG processor",
    run,
    (
        *SERVICE_ARGS,
        BUNDLE,
        arg(
            "-n",
            "--num-runs",
            type=int,
            default=-1,
            metavar="N",
            help="parse all files once and stop, for any N above 0 (default -1: never stop)",
        ),
        arg("-S", "--subdir", help=argparse.SUPPRESS),
    ),
    "dag-processor --num-runs 1",
)
