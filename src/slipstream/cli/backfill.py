"""``backfill create``: a DAG's runs over a range of dates."""

from __future__ import annotations

import argparse
from typing import Any

from slipstream.cli.command import Command, arg
from slipstream.cli.output import show
from slipstream.cli.session import open_store
from slipstream.errors import UserError


def create(args: argparse.Namespace) -> None:
    from slipstream.cli.dags.run import parse_conf
    from slipstream.cli.date import parse_date
    from slipstream.cli.lookup import current_user
    from slipstream.clock import SystemClock
    from slipstream.command import backfill
    from slipstream.machine.backfill import Reprocess
    from slipstream.store.backfill import count_runs

    if args.max_active_runs < 1:
        raise UserError("--max-active-runs must be at least 1.")
    wanted: dict[str, Any] = {
        "dag_id": args.dag_id,
        "from_date": parse_date(args.from_date),
        "to_date": parse_date(args.to_date),
        "backwards": args.run_backwards,
        "conf": parse_conf(args.dag_run_conf) if args.dag_run_conf else None,
        "reprocess": Reprocess(args.reprocess_behavior),
    }
    if args.dry_run:
        with open_store() as store:
            runs = backfill.preview(store, SystemClock(), **wanted)
        rows = [{"logical_date": each.logical_date} for each in runs]
        print("It would create or repeat the runs of:")
        show(rows, "table")
        return
    with open_store(record=args) as store:
        row = backfill.create(
            store,
            SystemClock(),
            **wanted,
            max_active_runs=args.max_active_runs,
            user=current_user(),
        )
        with store.read() as conn:
            n = sum(count_runs(conn, row.id).values())
    print(f"Backfill {row.id} of {row.dag_id}: {n} runs, at most {row.max_active_runs} at a time.")


COMMANDS = (
    Command(
        "create",
        "Make a DAG's runs of a range of dates; the scheduler runs them",
        create,
        (
            arg("--dag-id", required=True, help="which DAG"),
            arg("--from-date", required=True, metavar="DATE", help="the first logical date"),
            arg("--to-date", required=True, metavar="DATE", help="the last logical date"),
            arg("--dag-run-conf", metavar="JSON", help="the runs' conf"),
            arg("--run-backwards", action="store_true", help="start with the newest date"),
            arg(
                "--max-active-runs",
                type=int,
                default=10,
                metavar="N",
                help="so many at a time (default 10)",
            ),
            arg(
                "--reprocess-behavior",
                choices=("none", "completed", "failed"),
                default="none",
                help="which dates that have a run already get it again (default none)",
            ),
            arg(
                "--run-on-latest-version",
                action=argparse.BooleanOptionalAction,
                help="accepted: runs use the DAG's newest version in any case",
            ),
            arg("--dry-run", action="store_true", help="only tell which runs it would be"),
        ),
        "backfill create --dag-id demo --from-date 2026-01-01 --to-date 2026-01-31",
    ),
)
