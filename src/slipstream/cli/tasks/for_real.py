"""``tasks run``: ask the scheduler for a task instance and wait until it has run."""

from __future__ import annotations

import argparse
import time

from slipstream import command
from slipstream.cli.log_text import lines_of_try
from slipstream.cli.lookup import current_user, the_run, the_task_instance
from slipstream.clock import SystemClock
from slipstream.command.deliver import scheduler_alive
from slipstream.errors import UserError
from slipstream.scheduler.workload import log_path
from slipstream.state import TERMINAL_STATES
from slipstream.store import Store
from slipstream.store.row import RunRow, TaskInstanceRow

_POLL_S = 0.2


def run_by_scheduler(store: Store, args: argparse.Namespace) -> int:
    """Clear the task instance if it has ended, wait for its end, print its log; 0 on success."""
    clock = SystemClock()
    with store.read() as conn:
        row = the_run(conn, args.dag_id, args.logical_date_or_run_id)
        before = the_task_instance(conn, row, args.task_id, args.map_index)
        if not scheduler_alive(conn, clock.now()):
            raise UserError(
                "No scheduler is alive to run it: start one, or try the task with `tasks test`."
            )
    if before.state == "success" and not args.force:
        print(f"{args.task_id} has succeeded; --force runs it again.")
        return 0
    if before.state in TERMINAL_STATES:
        command.clear(
            store,
            clock,
            dag_id=args.dag_id,
            run_id=row.run_id,
            task_ids=[(args.task_id, args.map_index)],
            by=current_user(),
        )
    after = _wait(store, row, before, args)
    print(f"{args.task_id} ended as {after.state} (try {after.try_number}).")
    path = log_path(row, after.task_id, after.map_index, after.try_number)
    if after.try_number:
        print("\n".join(lines_of_try(store, path)))
    return 0 if after.state in ("success", "skipped") else 1


def _wait(
    store: Store, row: RunRow, before: TaskInstanceRow, args: argparse.Namespace
) -> TaskInstanceRow:
    """Return the task instance once it has ended after what it was ``before``; raise UserError."""
    deadline = time.monotonic() + args.timeout
    while time.monotonic() < deadline:
        with store.read() as conn:
            ti = the_task_instance(conn, row, args.task_id, args.map_index)
        if ti.state in TERMINAL_STATES and ti.updated_at != before.updated_at:
            return ti
        time.sleep(_POLL_S)
    found = command.explain(
        store,
        SystemClock(),
        dag_id=row.dag_id,
        run_id=row.run_id,
        task_id=args.task_id,
        map_index=args.map_index,
    )
    raise UserError(f"{args.task_id} has not ended after {args.timeout:g} s: {found.summary}")
