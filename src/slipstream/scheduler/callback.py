"""Callbacks that no task process runs: the run's own, and those of tasks that vanished.

A request is a row, written with the decision that it follows from, and deleted when a worker host
has run it. Of a request whose host or scheduler died nobody knows whether it ran: it is run again.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING

from slipstream.attempt import Workload
from slipstream.executors.base import CallbackDone
from slipstream.scheduler.workload import log_path
from slipstream.store import callback, run, task_instance
from slipstream.store.row import CallbackRow, DagRow, RunRow

if TYPE_CHECKING:
    from slipstream.scheduler.turn import Turn

log = logging.getLogger(__name__)


def recover(turn: Turn) -> None:
    """Hand out again what was due or under way when this scheduler, or one before it, lost track."""
    owner = turn.world.scheduler_id
    _hand_out(turn, callback.list_due(turn.conn, owner, states=("pending", "running")))


def hand_out(turn: Turn) -> None:
    """Hand out the requests that the last turn's transaction wrote."""
    if turn.world.callbacks_due:
        turn.world.callbacks_due = False
        _hand_out(turn, callback.list_due(turn.conn, turn.world.scheduler_id))


def done(turn: Turn, event: CallbackDone) -> None:
    """Delete a request that ran. One that failed has its error in its log: it is not repeated."""
    if not event.ok:
        log.warning("callback %s failed: %s", event.attempt_id, event.error or "see its log")
    ids = [event.attempt_id]
    turn.world.callbacks_out.pop(event.attempt_id, None)
    turn.batch.also.append(lambda conn: callback.delete(conn, ids))


def lost(turn: Turn, request_id: str) -> bool:
    """Take a request back whose host died; False when the id is none of a request."""
    if request_id not in turn.world.callbacks_out:
        return False
    del turn.world.callbacks_out[request_id]
    turn.world.callbacks_due = True
    turn.batch.also.append(lambda conn: callback.mark_pending(conn, [request_id]))
    return True


def _hand_out(turn: Turn, rows: Iterable[CallbackRow]) -> None:
    world = turn.world
    ids = []
    for request in rows:
        if request.id in world.callbacks_out:
            continue
        row = run.get_by_pk(turn.conn, request.dag_run_id)
        dag = world.catalog.dags.get(row.dag_id) if row is not None else None
        if row is None or dag is None:
            continue
        world.callbacks_out[request.id] = row.dag_id
        turn.batch.workloads.append(_workload(turn, request, row, dag))
        ids.append(request.id)
    if ids:
        turn.batch.also.append(lambda conn: callback.mark_running(conn, ids))


def _workload(turn: Turn, request: CallbackRow, row: RunRow, dag: DagRow) -> Workload:
    task_id, map_index = request.task_id or "", request.map_index
    map_index = -1 if map_index is None else map_index
    _, _, which = request.kind.partition("_")
    is_dag = request.kind.startswith("dag_")
    try_number, max_tries = 0, 0
    if task_id:
        ti = task_instance.get(turn.conn, row.id, task_id, map_index)
        if ti is not None:
            try_number, max_tries = ti.try_number, ti.max_tries
    if is_dag:
        path = f"dag_id={row.dag_id}/run_id={row.run_id}/dag_{which}_callback.log"
    else:
        path = log_path(row, task_id, map_index, try_number)
    return Workload(
        attempt_id=request.id,
        kind="dag_callback" if is_dag else "task_callback",
        dag_id=row.dag_id,
        run_id=row.run_id,
        dag_run_pk=row.id,
        task_id=task_id,
        map_index=map_index,
        try_number=try_number,
        max_tries=max_tries,
        bundle_name=dag.bundle_name,
        bundle_version=dag.bundle_version,
        relative_fileloc=dag.relative_fileloc,
        dag_version_id=row.dag_version_id,
        log_path=path,
        run_type=row.run_type,
        logical_date=row.logical_date,
        data_interval_start=row.data_interval_start,
        data_interval_end=row.data_interval_end,
        run_after=row.run_after,
        run_start_date=row.start_date,
        conf=row.conf,
        triggered_by=row.triggered_by,
        triggering_user=row.triggering_user,
        callback=which,
        callback_reason=request.reason,
    )
