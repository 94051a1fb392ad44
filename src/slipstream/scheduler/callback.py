"""Callbacks that no task process runs: the run's own, and those of tasks that vanished.

A request is a row, written with the decision that it follows from, and deleted when a worker host
has run it. One process may start it, by compare-and-set on the row. Of a request whose host died over
it nobody knows how far it came: it is run again.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING

from slipstream.attempt import Workload
from slipstream.executors.base import CallbackDone
from slipstream.log_name import run_folder
from slipstream.scheduler import reconcile
from slipstream.scheduler.workload import log_path
from slipstream.store import Connection, callback, run, task_instance
from slipstream.store.row import CallbackRow, DagRow, RunRow

if TYPE_CHECKING:
    from slipstream.scheduler.turn import Turn

log = logging.getLogger(__name__)

_STATES = ("pending", "running", "started", "done")


def recover(turn: Turn) -> None:
    """Hand out again what was due or under way when this scheduler, or one before it, lost track.

    What a host has started is that host's, for as long as it lives.
    """
    world = turn.world
    rows = callback.list_due(turn.conn, world.scheduler_id, states=_STATES)
    ended = [row.id for row in rows if row.state == "done"]
    if ended:
        turn.batch.also.append(lambda conn: callback.delete(conn, ended))
    for row in rows:
        if row.state == "started" and (of := run.get_by_pk(turn.conn, row.dag_run_id)) is not None:
            world.callbacks_out[row.id] = of.dag_id
    _hand_out(turn, [row for row in rows if row.state in ("pending", "running")])


def sweep(turn: Turn) -> None:
    """Take back what hosts had started that are dead."""
    world = turn.world
    rows = callback.list_due(turn.conn, world.scheduler_id, states=("started",))
    if not rows:
        return
    world.hosts.refresh(turn.conn, turn.now)
    dead = [row.id for row in rows if world.hosts.why_dead(row.host_id) is not None]
    if dead:
        log.warning("%d callback(s) are run again: their worker hosts are gone", len(dead))
        reconcile.heard(turn, dead)
        _take_back(turn, dead)


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
    _take_back(turn, [request_id])
    return True


def _take_back(turn: Turn, ids: list[str]) -> None:
    """Have them handed out again, by the turn after the one that writes that they are due."""
    world = turn.world
    for id in ids:
        world.callbacks_out.pop(id, None)

    def write(conn: Connection) -> None:
        callback.mark_pending(conn, ids)
        world.callbacks_due = True

    turn.batch.also.append(write)


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
        path = f"{run_folder(row.dag_id, row.run_id)}/dag_{which}_callback.log"
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
