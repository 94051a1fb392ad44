"""Which runs an order is about: the named one, and those before or after it if asked."""

from __future__ import annotations

from collections.abc import Mapping

from slipstream.errors import NotFound
from slipstream.machine.event import TIKey
from slipstream.state import TaskInstanceState
from slipstream.store import Connection, run, task_instance
from slipstream.store.row import RunRow, TaskInstanceRow


def the_run(conn: Connection, dag_id: str, run_id: str) -> RunRow:
    """Return the run's row; raise NotFound."""
    row = run.get(conn, dag_id, run_id)
    if row is None:
        raise NotFound(f"DAG run {run_id!r} of DAG {dag_id!r} does not exist.")
    return row


def runs_in_scope(conn: Connection, row: RunRow, *, past: bool, future: bool) -> list[RunRow]:
    """Return ``row`` and, by logical date, all runs of its DAG before and after it as asked.

    A run without a logical date has no past or future, as in Airflow 3.
    """
    if row.logical_date is None or not (past or future):
        return [row]
    return run.list_by_logical_date(
        conn,
        row.dag_id,
        start=None if past else row.logical_date,
        end=None if future else row.logical_date,
    )


def instances(conn: Connection, dag_run_pk: int) -> dict[TIKey, TaskInstanceRow]:
    """Return a run's task instances by key."""
    return {TIKey(t.task_id, t.map_index): t for t in task_instance.load_run(conn, dag_run_pk)}


def states_of(
    tis: Mapping[TIKey, TaskInstanceRow],
) -> dict[TIKey, TaskInstanceState | None]:
    """Return the states of task instances."""
    return {key: TaskInstanceState(ti.state) if ti.state else None for key, ti in tis.items()}
