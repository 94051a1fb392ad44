"""Clear task instances: have them, and what hangs on them, run again."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from slipstream.clock import Clock
from slipstream.command.deliver import WAIT_S, deliver
from slipstream.command.order import Order, clear_order
from slipstream.command.restore import latest_plan
from slipstream.command.scope import instances, runs_in_scope, states_of, the_run
from slipstream.machine.clear import select
from slipstream.store import Connection, Store
from slipstream.store.row import TaskInstanceRow


def clear(
    store: Store,
    clock: Clock,
    *,
    dag_id: str,
    run_id: str,
    task_ids: Collection[str | tuple[str, int]] | None = None,
    include_upstream: bool = False,
    include_downstream: bool = False,
    include_past: bool = False,
    include_future: bool = False,
    only_failed: bool = False,
    only_running: bool = False,
    reset_dag_runs: bool = True,
    dry_run: bool = False,
    by: str = "",
    wait_s: float = WAIT_S,
) -> list[TaskInstanceRow]:
    """Clear task instances of a run and return the rows that are (or would be) affected.

    ``task_ids`` are ids, or (task_id, map_index) pairs; None is every task. ``reset_dag_runs``
    puts a finished run back to queued. Rows come as they were before. Raises NotFound.
    """

    def compose(conn: Connection) -> tuple[list[TaskInstanceRow], list[Order]]:
        row = the_run(conn, dag_id, run_id)
        _, plan = latest_plan(conn, dag_id)
        affected: list[TaskInstanceRow] = []
        orders: list[Order] = []
        for each in runs_in_scope(conn, row, past=include_past, future=include_future):
            tis = instances(conn, each.id)
            keys = select(
                plan,
                states_of(tis),
                task_ids,
                upstream=include_upstream,
                downstream=include_downstream,
                only_failed=only_failed,
                only_running=only_running,
            )
            keys = [k for k in keys if k in tis]
            if keys:
                affected += [tis[k] for k in keys]
                orders.append(clear_order(dag_id, each.id, keys, reset_run=reset_dag_runs, by=by))
        return affected, orders

    return (
        _compose_only(store, compose) if dry_run else deliver(store, clock, compose, wait_s=wait_s)
    )


def _compose_only(store: Store, compose: Any) -> list[TaskInstanceRow]:
    with store.read() as conn:
        affected: list[TaskInstanceRow] = compose(conn)[0]
    return affected
