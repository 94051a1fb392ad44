"""Task instances: reading them, and the notes on them. Their state is ``decision``'s to write."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Connection, bindparam, func, select, update
from sqlalchemy import delete as sql_delete

from slipstream.state import TaskInstanceState
from slipstream.store import change
from slipstream.store.codec import safe_text
from slipstream.store.row import TASK_INSTANCE, TaskInstanceRow
from slipstream.store.schema import attempt, dag_run, xcom
from slipstream.store.schema import task_instance as ti

K = TypeVar("K")

_SELECT = select(*TASK_INSTANCE.columns)
_OF_RUN = _SELECT.where(ti.c.dag_run_id == bindparam("pk"))
_GET = _OF_RUN.where(ti.c.task_id == bindparam("task_id"), ti.c.map_index == bindparam("map_index"))
_OCCUPYING = (
    TaskInstanceState.QUEUED.value,
    TaskInstanceState.RUNNING.value,
    TaskInstanceState.DEFERRED.value,
)
_EXECUTING = (
    select(
        ti.c.dag_run_id,
        dag_run.c.dag_id,
        dag_run.c.owner,
        ti.c.task_id,
        ti.c.pool,
        ti.c.state,
        func.count().label("n"),
        func.sum(ti.c.pool_slots).label("slots"),
    )
    .join(dag_run, dag_run.c.id == ti.c.dag_run_id)
    .where(ti.c.state.in_(_OCCUPYING))
    .group_by(
        ti.c.dag_run_id, dag_run.c.dag_id, dag_run.c.owner, ti.c.task_id, ti.c.pool, ti.c.state
    )
)
_DELETE = tuple(
    sql_delete(table).where(
        table.c.dag_run_id == bindparam("pk"),
        table.c.task_id == bindparam("task"),
        table.c.map_index == bindparam("index"),
    )
    for table in (xcom, attempt, ti)
)


@dataclass(slots=True)
class Occupancy:
    """How much of each limit is in use. Queued and running count; deferred ones in pools alone."""

    pool_slots: dict[str, dict[str, int]] = field(default_factory=dict)
    """Pool name to slots by state (``queued``, ``running``, ``deferred``)."""
    per_dag: dict[str, int] = field(default_factory=dict)
    per_task: dict[tuple[str, str], int] = field(default_factory=dict)
    """``(dag_id, task_id)`` to task instances, over all runs."""
    per_run: dict[int, int] = field(default_factory=dict)
    per_run_task: dict[tuple[int, str], int] = field(default_factory=dict)
    per_owner: dict[str | None, int] = field(default_factory=dict)
    """By scheduler: parallelism is a limit of each."""
    slots_of: dict[tuple[str | None, str, str], int] = field(default_factory=dict)
    """Slots by scheduler, pool and state."""


def load_run(conn: Connection, pk: int) -> list[TaskInstanceRow]:
    """Return all task instances of a run, in no particular order."""
    return TASK_INSTANCE.all(conn.execute(_OF_RUN, {"pk": pk}))


def of_tasks(
    conn: Connection, pk: int, task_ids: Iterable[str], map_index: int | None = None
) -> list[TaskInstanceRow]:
    """Return a run's task instances of these tasks: all of them, or those of one map index."""
    query = _SELECT.where(ti.c.dag_run_id == pk, ti.c.task_id.in_(sorted(set(task_ids))))
    if map_index is not None:
        query = query.where(ti.c.map_index == map_index)
    return TASK_INSTANCE.all(conn.execute(query.order_by(ti.c.task_id, ti.c.map_index)))


def load_runs(conn: Connection, pks: Iterable[int]) -> dict[int, list[TaskInstanceRow]]:
    """Return the task instances of many runs in one query, by ``dag_run.id``."""
    found: dict[int, list[TaskInstanceRow]] = {pk: [] for pk in pks}
    query = _SELECT.where(ti.c.dag_run_id.in_(sorted(found)))
    for row in TASK_INSTANCE.all(conn.execute(query)):
        found[row.dag_run_id].append(row)
    return found


def get(conn: Connection, pk: int, task_id: str, map_index: int = -1) -> TaskInstanceRow | None:
    """Return one task instance; ``map_index`` -1 is that of a task that is not mapped."""
    return TASK_INSTANCE.first(
        conn.execute(_GET, {"pk": pk, "task_id": task_id, "map_index": map_index})
    )


def any_running(conn: Connection, dag_id: str) -> bool:
    """Say whether a task instance of the DAG runs."""
    query = select(ti.c.dag_run_id).join(dag_run, dag_run.c.id == ti.c.dag_run_id)
    running = (dag_run.c.dag_id == dag_id, ti.c.state == TaskInstanceState.RUNNING.value)
    return conn.execute(query.where(*running).limit(1)).first() is not None


def states(
    conn: Connection, pk: int, task_ids: Iterable[str] | None = None
) -> dict[tuple[str, int], str | None]:
    """Return ``(task_id, map_index)`` to state for a run, or for some tasks of it."""
    query = select(ti.c.task_id, ti.c.map_index, ti.c.state).where(ti.c.dag_run_id == pk)
    if task_ids is not None:
        query = query.where(ti.c.task_id.in_(sorted(task_ids)))
    return {(task_id, map_index): state for task_id, map_index, state in conn.execute(query)}


def seen_before(
    conn: Connection, dag_id: str, task_ids: Iterable[str], logical_date: datetime
) -> set[str]:
    """Return which of the tasks have an instance in a run of an earlier logical date."""
    query = (
        select(ti.c.task_id)
        .distinct()
        .select_from(ti.join(dag_run, dag_run.c.id == ti.c.dag_run_id))
        .where(
            dag_run.c.dag_id == dag_id,
            dag_run.c.logical_date < logical_date,
            ti.c.task_id.in_(sorted(task_ids)),
        )
    )
    return set(conn.scalars(query))


def set_note(conn: Connection, pk: int, task_id: str, map_index: int, note: str | None) -> None:
    """Set or remove the note that a person left on a task instance."""
    conn.execute(
        update(ti)
        .where(ti.c.dag_run_id == pk, ti.c.task_id == task_id, ti.c.map_index == map_index)
        .values(note=safe_text(note))
    )
    change.note_run(conn, pk)


def set_rendered_map_index(
    conn: Connection, pk: int, task_id: str, map_index: int, label: str | None
) -> None:
    """Set what the UI shows in place of a map index."""
    conn.execute(
        update(ti)
        .where(ti.c.dag_run_id == pk, ti.c.task_id == task_id, ti.c.map_index == map_index)
        .values(rendered_map_index=safe_text(label, 250))
    )


def delete(conn: Connection, pk: int, keys: Iterable[tuple[str, int]]) -> None:
    """Delete a run's task instances with their tries and XComs; their story stays."""
    rows = [{"pk": pk, "task": task_id, "index": map_index} for task_id, map_index in keys]
    if rows:
        for statement in _DELETE:
            conn.execute(statement, rows)


def count_executing(conn: Connection) -> Occupancy:
    """Return what all active task instances occupy, over all runs and schedulers."""
    seen = Occupancy()
    for pk, dag_id, owner, task_id, pool, state, n, slots in conn.execute(_EXECUTING):
        _add(seen.pool_slots.setdefault(pool, {}), state, int(slots))
        _add(seen.slots_of, (owner, pool, state), int(slots))
        if state == TaskInstanceState.DEFERRED:
            continue
        _add(seen.per_owner, owner, n)
        _add(seen.per_dag, dag_id, n)
        _add(seen.per_task, (dag_id, task_id), n)
        _add(seen.per_run, pk, n)
        _add(seen.per_run_task, (pk, task_id), n)
    return seen


def _add(counts: dict[K, int], key: K, n: int) -> None:
    counts[key] = counts.get(key, 0) + n


def count(
    conn: Connection,
    dag_id: str,
    *,
    task_ids: Iterable[str] | None = None,
    map_index: int | None = None,
    run_ids: Iterable[str] | None = None,
    logical_dates: Iterable[datetime] | None = None,
    states: Iterable[str | None] | None = None,
) -> int:
    """Return how many task instances of a DAG match; a filter that is None lets all pass."""
    query = _matching(select(func.count()), dag_id, task_ids, map_index, run_ids, logical_dates)
    if states is not None:
        wanted = set(states)
        named = ti.c.state.in_(sorted(s for s in wanted if s is not None))
        query = query.where(named | ti.c.state.is_(None) if None in wanted else named)
    return int(conn.execute(query).scalar_one())


def states_of_dag(
    conn: Connection,
    dag_id: str,
    *,
    task_ids: Iterable[str] | None = None,
    map_index: int | None = None,
    run_ids: Iterable[str] | None = None,
    logical_dates: Iterable[datetime] | None = None,
) -> dict[str, dict[tuple[str, int], str | None]]:
    """Return ``(task_id, map_index)`` to state, by run id; a filter that is None lets all pass."""
    columns = select(dag_run.c.run_id, ti.c.task_id, ti.c.map_index, ti.c.state)
    query = _matching(columns, dag_id, task_ids, map_index, run_ids, logical_dates)
    found: dict[str, dict[tuple[str, int], str | None]] = {}
    for run_id, task_id, index, state in conn.execute(query.order_by(dag_run.c.id)):
        found.setdefault(run_id, {})[task_id, index] = state
    return found


def _matching(
    query: Any,
    dag_id: str,
    task_ids: Iterable[str] | None,
    map_index: int | None,
    run_ids: Iterable[str] | None,
    logical_dates: Iterable[datetime] | None,
) -> Any:
    query = query.select_from(ti.join(dag_run, dag_run.c.id == ti.c.dag_run_id)).where(
        dag_run.c.dag_id == dag_id
    )
    if task_ids is not None:
        query = query.where(ti.c.task_id.in_(sorted(task_ids)))
    if map_index is not None:
        query = query.where(ti.c.map_index == map_index)
    if run_ids is not None:
        query = query.where(dag_run.c.run_id.in_(sorted(run_ids)))
    if logical_dates is not None:
        query = query.where(dag_run.c.logical_date.in_(sorted(logical_dates)))
    return query
