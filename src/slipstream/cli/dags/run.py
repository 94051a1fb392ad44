"""``dags list-runs``, ``state``, ``trigger``, ``clear``, ``next-execution``: a DAG's runs."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

from slipstream.cli.command import DAG_ID, OUTPUT, RUN, YES, Command, arg, at_least
from slipstream.cli.output import show
from slipstream.cli.session import confirm, open_store
from slipstream.errors import UserError

if TYPE_CHECKING:
    from slipstream.store.row import RunRow

_STATES = ("queued", "running", "success", "failed")
_ALL = 1_000_000


def list_runs(args: argparse.Namespace) -> None:
    from slipstream.cli.date import parse_date
    from slipstream.cli.lookup import the_dag
    from slipstream.store.listing.filter import Between, Filter, NoneOf, OneOf
    from slipstream.store.listing.page import Window
    from slipstream.store.listing.run import page

    dag_id = args.dag_id or args.dag_id_flag
    if not dag_id:
        raise UserError("Say which DAG: `dags list-runs DAG_ID`.")
    filters: list[Filter] = [OneOf("dag_id", (dag_id,))]
    if args.state:
        filters.append(OneOf("state", (args.state,)))
    if args.no_backfill:
        filters.append(NoneOf("run_type", ("backfill",)))
    if args.start_date or args.end_date:
        start, end = (parse_date(d) if d else None for d in (args.start_date, args.end_date))
        filters.append(Between("logical_date", gte=start, lte=end))
    with open_store() as store, store.read() as conn:
        the_dag(conn, dag_id)
        found = page(conn, Window(_ALL, order_by=("-run_after",)), filters)
    show(
        [
            {
                "dag_id": row.dag_id,
                "run_id": row.run_id,
                "state": row.state,
                "run_after": row.run_after,
                "logical_date": row.logical_date or "",
                "start_date": row.start_date or "",
                "end_date": row.end_date or "",
            }
            for row in found.rows
        ],
        args.output,
    )


def state(args: argparse.Namespace) -> None:
    from slipstream.cli.lookup import the_run

    with open_store() as store, store.read() as conn:
        row = the_run(conn, args.dag_id, args.logical_date_or_run_id)
    print(f"{row.state}, {json.dumps(row.conf)}" if row.conf else row.state)


def trigger(args: argparse.Namespace) -> None:
    from slipstream import command
    from slipstream.cli.date import parse_date
    from slipstream.cli.lookup import current_user
    from slipstream.clock import SystemClock
    from slipstream.state import DagRunTriggeredByType

    conf = parse_conf(args.conf)
    logical_date = parse_date(args.logical_date) if args.logical_date else None
    if logical_date is not None and args.replace_microseconds:
        logical_date = logical_date.replace(microsecond=0)
    with open_store(record=args) as store:
        row = command.trigger_run(
            store,
            SystemClock(),
            dag_id=args.dag_id,
            run_id=args.run_id,
            logical_date=logical_date,
            conf=conf,
            triggered_by=DagRunTriggeredByType.CLI,
            user=current_user(),
        )
    show([_triggered(row)], args.output)


def clear(args: argparse.Namespace) -> None:
    from slipstream import command
    from slipstream.cli.lookup import current_user, the_run
    from slipstream.clock import SystemClock

    options: dict[str, Any] = {
        "dag_id": args.dag_id,
        "only_failed": args.only_failed,
        "only_running": args.only_running,
        "by": current_user(),
    }
    with open_store(record=args) as store:
        with store.read() as conn:
            run_id = the_run(conn, args.dag_id, args.run_id).run_id
        found = command.clear(store, SystemClock(), run_id=run_id, dry_run=True, **options)
        if not found:
            print("There is nothing to clear.")
            return
        confirm(f"Clear {len(found)} task instances of run {run_id}?", args.yes)
        command.clear(store, SystemClock(), run_id=run_id, **options)
    print(f"Cleared {len(found)} task instances.")


def next_execution(args: argparse.Namespace) -> None:
    """Print when the DAG runs next, and the runs after that."""
    from slipstream.cli.dags.upcoming import upcoming

    with open_store() as store, store.read() as conn:
        found = upcoming(conn, args.dag_id, args.num_executions)
    if not found:
        print("None")
    elif args.table:
        show([{field: pick(each) for field, pick in _FIELDS.items()} for each in found], "table")
    else:
        for each in found:
            value = _FIELDS[args.field](each)
            print(value.isoformat() if value is not None else None)


_FIELDS: dict[str, Any] = {
    "logical_date": lambda run: run.logical_date,
    "data_interval.start": lambda run: run.data_interval.start,
    "data_interval.end": lambda run: run.data_interval.end,
    "run_after": lambda run: run.run_after,
}


def parse_conf(text: str | None) -> dict[str, Any]:
    """Return a run's conf, a JSON object, from what people typed; raise UserError."""
    if not text:
        return {}
    try:
        conf = json.loads(text)
    except ValueError as error:
        raise UserError(f"--conf is not valid JSON: {error}.") from error
    if not isinstance(conf, dict):
        raise UserError('--conf must be a JSON object, such as \'{"region": "north"}\'.')
    return conf


def _triggered(row: RunRow) -> dict[str, Any]:
    return {
        "conf": row.conf,
        "dag_id": row.dag_id,
        "dag_run_id": row.run_id,
        "data_interval_start": row.data_interval_start,
        "data_interval_end": row.data_interval_end,
        "end_date": row.end_date,
        "logical_date": row.logical_date,
        "run_type": row.run_type,
        "start_date": row.start_date,
        "state": row.state,
        "triggering_user_name": row.triggering_user,
    }


CONF = arg("-c", "--conf", metavar="JSON", help="the run's conf, a JSON object")

COMMANDS = (
    Command(
        "list-runs",
        "List a DAG's runs, the newest first",
        list_runs,
        (
            arg("dag_id", metavar="DAG_ID", nargs="?", help="id of the DAG"),
            arg("-d", "--dag-id", dest="dag_id_flag", help=argparse.SUPPRESS),
            OUTPUT,
            arg("--state", choices=_STATES, help="only in this state"),
            arg("-s", "--start-date", metavar="DATE", help="logical date from here"),
            arg("-e", "--end-date", metavar="DATE", help="logical date up to here"),
            arg("--no-backfill", action="store_true", help="no runs of backfills"),
        ),
        "dags list-runs demo --state failed",
    ),
    Command(
        "state", "Print the state of a run", state, (DAG_ID, RUN), "dags state demo 2026-01-01"
    ),
    Command(
        "trigger",
        "Start a run now; while the DAG is paused it waits in the queue",
        trigger,
        (
            DAG_ID,
            CONF,
            arg("-r", "--run-id", help="the run's id (default: made of the time)"),
            arg(
                "-l",
                "--logical-date",
                "-e",
                "--exec-date",
                metavar="DATE",
                help="the run's logical date (default: none)",
            ),
            arg(
                "--no-replace-microseconds",
                dest="replace_microseconds",
                action="store_false",
                help="keep the logical date's microseconds",
            ),
            OUTPUT,
        ),
        'dags trigger demo --conf \'{"region": "north"}\'',
    ),
    Command(
        "clear",
        "Run a run's tasks again",
        clear,
        (
            DAG_ID,
            arg("--run-id", required=True, help="which run"),
            arg("-f", "--only-failed", action="store_true", help="only what failed"),
            arg("-r", "--only-running", action="store_true", help="only what runs"),
            YES,
        ),
        "dags clear demo --run-id manual__2026-01-01T00:00:00+00:00 --only-failed",
    ),
    Command(
        "next-execution",
        "Print when a DAG runs next",
        next_execution,
        (
            DAG_ID,
            arg("-n", "--num-executions", type=at_least(1), default=1, help="so many (default 1)"),
            arg(
                "--field",
                choices=tuple(_FIELDS),
                default="logical_date",
                help="which time (default: logical_date)",
            ),
            arg("--table", action="store_true", help="all times"),
        ),
        "dags next-execution demo --num-executions 3 --table",
    ),
)
