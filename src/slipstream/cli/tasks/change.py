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
    from slipstream.spec import DagSpec
    from slipstream.store import Connection
    from slipstream.store.row import RunRow


def clear(args: argparse.Namespace) -> None:
    from slipstream import command
    from slipstream.cli.lookup import current_user, the_dags, the_spec
    from slipstream.clock import SystemClock

    options: dict[str, Any] = {
        "include_upstream": args.upstream,
        "include_downstream": args.downstream,
        "only_failed": args.only_failed,
        "only_running": args.only_running,
        "by": current_user(),
    }
    with open_store(record=args) as store:
        with store.read() as conn:
            dags = the_dags(conn, args.dag_id, regex=args.dag_regex)
            tasks = {d.dag_id: _matching(the_spec(conn, d.dag_id), args.task_regex) for d in dags}
            if all(task_ids == [] for task_ids in tasks.values()):
                raise UserError(f"No task's id matches {args.task_regex!r}.")
            wanted: list[dict[str, Any]] = [
                {"dag_id": row.dag_id, "run_id": row.run_id, "task_ids": task_ids}
                for dag_id, task_ids in tasks.items()
                if task_ids != []
                for row in _runs(conn, dag_id, args)
            ]
        found = [
            {**_of(each), "task_id": ti.task_id, "state": ti.state}
            for each in wanted
            for ti in command.clear(store, SystemClock(), dry_run=True, **each, **options)
        ]
        if not found:
            print("There is nothing to clear.")
            return
        if not args.yes:
            show(found, "table")
        confirm(f"Clear these {len(found)} task instances?", args.yes)
        for each in wanted:
            command.clear(store, SystemClock(), **each, **options)
    print(f"Cleared {len(found)} task instances.")


def _of(wanted: dict[str, Any]) -> dict[str, str]:
    return {name: wanted[name] for name in ("dag_id", "run_id")}


def _matching(spec: DagSpec, pattern: str | None) -> list[str] | None:
    """Return the tasks whose id the pattern matches; None, which is all, without one."""
    if pattern is None:
        return None
    try:
        return [task["task_id"] for task in spec["tasks"] if re.search(pattern, task["task_id"])]
    except re.error as error:
        raise UserError(f"{pattern!r} is not a regular expression: {error}.") from error


def _runs(conn: Connection, dag_id: str, args: argparse.Namespace) -> list[RunRow]:
    from slipstream.cli.date import parse_date
    from slipstream.cli.lookup import the_run
    from slipstream.store import run

    if args.run_id:
        return [the_run(conn, dag_id, args.run_id)]
    start, end = (parse_date(d) if d else None for d in (args.start_date, args.end_date))
    return run.list_by_logical_date(conn, dag_id, start=start, end=end)


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
            arg("-R", "--dag-regex", action="store_true", help="all DAGs whose id matches"),
            arg("-S", "--subdir", help=argparse.SUPPRESS),
        ),
        "tasks clear demo --task-regex '^load' --start-date 2026-01-01 --downstream",
    ),
)
