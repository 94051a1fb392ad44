"""Set the state of task instances or of a whole run by hand."""

from __future__ import annotations

from slipstream.clock import Clock
from slipstream.command.deliver import WAIT_S, deliver
from slipstream.command.order import Order, mark_order, mark_run_order
from slipstream.command.restore import latest_plan
from slipstream.command.scope import instances, runs_in_scope, states_of, the_run
from slipstream.errors import NotFound, UserError
from slipstream.machine.clear import select
from slipstream.state import DagRunState, TaskInstanceState
from slipstream.store import Connection, Store
from slipstream.store.row import RunRow, TaskInstanceRow

_TASK_STATES = (
    TaskInstanceState.SUCCESS,
    TaskInstanceState.FAILED,
    TaskInstanceState.SKIPPED,
)
_RUN_STATES = (DagRunState.SUCCESS, DagRunState.FAILED, DagRunState.QUEUED)


def mark_task(
    store: Store,
    clock: Clock,
    *,
    dag_id: str,
    run_id: str,
    task_id: str,
    map_index: int | None = None,
    state: TaskInstanceState,
    include_upstream: bool = False,
    include_downstream: bool = False,
    include_past: bool = False,
    include_future: bool = False,
    dry_run: bool = False,
    by: str = "",
    wait_s: float = WAIT_S,
) -> list[TaskInstanceRow]:
    """Set a task's instances to success, failed or skipped; return the rows as they were before.

    ``map_index`` None means all instances of the task; processes of running ones are ended.
    Raises NotFound, and UserError for another state.
    """
    if state not in _TASK_STATES:
        allowed = ", ".join(s.value for s in _TASK_STATES)
        raise UserError(f"A task instance cannot be set to {state.value!r}; allowed: {allowed}.")
    target: str | tuple[str, int] = task_id if map_index is None else (task_id, map_index)

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
                [target],
                upstream=include_upstream,
                downstream=include_downstream,
            )
            keys = [k for k in keys if k in tis and tis[k].state != state]
            if each.id == row.id and not any(k.task_id == task_id for k in tis):
                raise NotFound(f"Task {task_id!r} has no instance in run {run_id!r} of {dag_id!r}.")
            if keys:
                affected += [tis[k] for k in keys]
                orders.append(mark_order(dag_id, each.id, keys, state, by=by))
        return affected, orders

    if dry_run:
        with store.read() as conn:
            return compose(conn)[0]
    return deliver(store, clock, compose, wait_s=wait_s)


def mark_run(
    store: Store,
    clock: Clock,
    *,
    dag_id: str,
    run_id: str,
    state: DagRunState,
    by: str = "",
    wait_s: float = WAIT_S,
) -> RunRow:
    """Set a run to success, failed or (run it again) queued; return its row as it is afterwards.

    Raises NotFound, and UserError for another state.
    """
    if state not in _RUN_STATES:
        allowed = ", ".join(s.value for s in _RUN_STATES)
        raise UserError(f"A DAG run cannot be set to {state.value!r}; allowed: {allowed}.")

    def compose(conn: Connection) -> tuple[None, list[Order]]:
        row = the_run(conn, dag_id, run_id)
        return None, [mark_run_order(dag_id, row.id, state, by=by)]

    deliver(store, clock, compose, wait_s=wait_s)
    with store.read() as conn:
        return the_run(conn, dag_id, run_id)
