"""``tasks clear``."""

from __future__ import annotations

import argparse
import re
from typing import TYPE_CHECKING, Any

from slipstream.cli.command import BUNDLE, DAG_ID, YES, Command, arg
from slipstream.cli.output import show
from slipstream.cli.session import confirm, open_store
from slipstream.errors import UserError

if TYPE_CHECKING:
    from slipstream.store import Connection
    from slipstream.store.row import RunRow


def clear(args: argparse.Namespace) -> None:
    from slipstream import command
    from slipstream.cli.lookup import current_user, the_spec
    from slipstream.clock import SystemClock

    options: dict[str, Any] = {
        "dag_id": args.dag_id,
        "include_upstream": args.upstream,
        "include_downstream": args.downstream,
        "only_failed": args.only_failed,
        "only_running": args.only_running,
        "by": current_user(),
    }
    with open_store(record=args) as store:
        with store.read() as conn:
            spec = the_spec(conn, args.dag_id)
            rows = _runs(conn, args)
        task_ids = _matching([task["task_id"] for task in spec["tasks"]], args.task_regex)
        found = [
            {"dag_id": row.dag_id, "run_id": row.run_id, "task_id": ti.task_id, "state": ti.state}
            for row in rows
            for ti in command.clear(
                store, SystemClock(), run_id=row.run_id, task_ids=task_ids, dry_run=True, **options
            )
        ]
        if not found:
            print("There is nothing to clear.")
            return
        if not args.yes:
            show(found, "table")
        confirm(f"Clear these {len(found)} task instances?", args.yes)
        for row in rows:
            command.clear(store, SystemClock(), run_id=row.run_id, task_ids=task_ids, **options)
    print(f"Cleared {len(found)} task instances.")


def _matching(task_ids: list[str], pattern: str | None) -> list[str] | None:
    """Return the tasks whose id the pattern matches; None, which is all, without one."""
    if pattern is None:
        return None
    try:
        found = [task_id for task_id in task_ids if re.search(pattern, task_id)]
    except re.error as error:
        raise UserError(f"{pattern!r} is not a regular expression: {error}.") from error
    if not found:
        raise UserError(f"No task's id matches {pattern!r}.")
    return found


def _runs(conn: Connection, args: argparse.Namespace) -> list[RunRow]:
    from slipstream.cli.date import parse_date
    from slipstream.cli.lookup import the_run
    from slipstream.store import run

    if args.run_id:
        return [the_run(conn, args.dag_id, args.run_id)]
    start, end = (parse_date(d) if d else None for d in (args.start_date, args.end_date))
    return run.list_by_logical_date(conn, args.dag_id, start=start, end=end)


COMMANDS = (
    Command(
        "clear",
        "Run task instances again, as if they never had",
        clear,
        (
            DAG_ID,
            arg("-t", "--task-regex", metavar="PATTERN", help="only tasks whose id matches"),
            arg("--run-id", help="only this run"),
            arg("-s", "--start-date", metavar="DATE", help="runs with a logical date from here"),
            arg("-e", "--end-date", metavar="DATE", help="runs with a logical date up to here"),
            arg("-u", "--upstream", action="store_true", help="and what is upstream of them"),
            arg("-d", "--downstream", action="store_true", help="and what is downstream of them"),
            arg("-f", "--only-failed", action="store_true", help="only what failed"),
            arg("-r", "--only-running", action="store_true", help="only what runs"),
            YES,
            BUNDLE,
            arg("-R", "--dag-regex", action="store_true", help=argparse.SUPPRESS),
            arg("-S", "--subdir", help=argparse.SUPPRESS),
        ),
        "tasks clear demo --task-regex '^load' --start-date 2026-01-01 --downstream",
    ),
)
