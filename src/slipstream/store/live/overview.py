"""Counts of everything, for the first page: what runs, what failed, what is next.

``dag_ids`` None stands for all DAGs in each of these.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, case, distinct, func, select

from slipstream.state import TaskInstanceState as S
from slipstream.store.schema import dag, dag_run, import_error, pool, task_instance


class DagCounts(NamedTuple):
    active: int
    paused: int
    running: int
    failed: int
    queued: int


class Next(NamedTuple):
    dag_id: str
    dag_display_name: str
    run_after: datetime
    logical_date: datetime | None


class Slots(NamedTuple):
    """Of all pools; -1: a pool has no limit."""

    total: int
    running: int
    queued: int
    scheduled: int
    deferred: int
    open: int


def _among(
    column: ColumnElement[Any], dag_ids: Collection[str] | None
) -> list[ColumnElement[bool]]:
    return [] if dag_ids is None else [column.in_(sorted(dag_ids))]


_LATEST = (
    select(dag_run.c.state)
    .where(dag_run.c.dag_id == dag.c.dag_id)
    .order_by(dag_run.c.run_after.desc(), dag_run.c.id.desc())
    .limit(1)
    .correlate(dag)
    .scalar_subquery()
)


def dag_counts(conn: Connection, dag_ids: Collection[str] | None) -> DagCounts:
    """Count the DAGs that a file defines: all, paused ones, and those whose latest run failed."""
    row = conn.execute(
        select(
            func.count(),
            func.sum(case((dag.c.is_paused.is_(True), 1), else_=0)),
            func.sum(case((_LATEST == "failed", 1), else_=0)),
        ).where(dag.c.is_stale.is_(False), *_among(dag.c.dag_id, dag_ids))
    ).one()
    n, n_paused, n_failed = (int(value or 0) for value in row)
    busy: dict[str, int] = {
        row[0]: row[1]
        for row in conn.execute(
            select(dag_run.c.state, func.count(distinct(dag_run.c.dag_id)))
            .where(dag_run.c.state.in_(("running", "queued")), *_among(dag_run.c.dag_id, dag_ids))
            .group_by(dag_run.c.state)
        )
    }
    return DagCounts(
        n - n_paused, n_paused, busy.get("running", 0), n_failed, busy.get("queued", 0)
    )


def import_errors(conn: Connection, dag_ids: Collection[str] | None) -> int:
    """Count the files that cannot be imported: with DAG ids, those that these DAGs are from."""
    query = select(func.count()).select_from(import_error)
    if dag_ids is not None:
        of_dag = and_(
            dag.c.bundle_name == import_error.c.bundle_name,
            dag.c.relative_fileloc == import_error.c.filename,
            dag.c.dag_id.in_(sorted(dag_ids)),
        )
        query = query.where(select(dag.c.dag_id).where(of_dag).exists())
    return int(conn.execute(query).scalar_one())


def run_states(
    conn: Connection, since: datetime, dag_ids: Collection[str] | None
) -> dict[str, int]:
    """Count the runs since then (by ``run_after``) by state."""
    query = select(dag_run.c.state, func.count()).where(
        dag_run.c.run_after >= since, *_among(dag_run.c.dag_id, dag_ids)
    )
    return {row[0]: row[1] for row in conn.execute(query.group_by(dag_run.c.state))}


def task_states(
    conn: Connection, since: datetime, dag_ids: Collection[str] | None
) -> dict[str, int]:
    """Count the task instances of the runs since then by state; no state is ``no_status``."""
    query = (
        select(task_instance.c.state, func.count())
        .select_from(dag_run.join(task_instance, task_instance.c.dag_run_id == dag_run.c.id))
        .where(dag_run.c.run_after >= since, *_among(dag_run.c.dag_id, dag_ids))
        .group_by(task_instance.c.state)
    )
    return {state or "no_status": n for state, n in conn.execute(query)}


def next_runs(conn: Connection, limit: int, dag_ids: Collection[str] | None) -> list[Next]:
    """Return the runs that come next, the soonest first."""
    query = (
        select(
            dag.c.dag_id,
            func.coalesce(dag.c.display_name, dag.c.dag_id),
            dag.c.next_run_after,
            dag.c.next_logical_date,
        )
        .where(
            dag.c.next_run_after.is_not(None),
            dag.c.is_paused.is_(False),
            dag.c.is_stale.is_(False),
            *_among(dag.c.dag_id, dag_ids),
        )
        .order_by(dag.c.next_run_after, dag.c.dag_id)
        .limit(limit)
    )
    return [Next._make(row) for row in conn.execute(query)]


_COUNTED = (S.RUNNING, S.QUEUED, S.SCHEDULED, S.DEFERRED)


def slots(conn: Connection) -> Slots:
    """Count the slots of all pools, and how they are taken."""
    pools = conn.execute(select(pool.c.name, pool.c.slots, pool.c.include_deferred)).all()
    used: dict[tuple[str, str], int] = {}
    query = (
        select(task_instance.c.pool, task_instance.c.state, func.sum(task_instance.c.pool_slots))
        .where(task_instance.c.state.in_(_COUNTED))
        .group_by(task_instance.c.pool, task_instance.c.state)
    )
    for name, state, n in conn.execute(query):
        used[name, state] = int(n)
    by_state = {s: sum(n for (_, state), n in used.items() if state == s) for s in _COUNTED}
    is_unlimited = any(row.slots < 0 for row in pools)
    n_open = sum(
        max(
            0,
            row.slots
            - used.get((row.name, S.RUNNING), 0)
            - used.get((row.name, S.QUEUED), 0)
            - (used.get((row.name, S.DEFERRED), 0) if row.include_deferred else 0),
        )
        for row in pools
    )
    return Slots(
        total=-1 if is_unlimited else sum(row.slots for row in pools),
        running=by_state[S.RUNNING],
        queued=by_state[S.QUEUED],
        scheduled=by_state[S.SCHEDULED],
        deferred=by_state[S.DEFERRED],
        open=-1 if is_unlimited else n_open,
    )


def active_dag_ids(conn: Connection, limit: int, dag_ids: Collection[str] | None) -> list[str]:
    """Return the first DAGs, by id, that a file defines."""
    query = select(dag.c.dag_id).where(dag.c.is_stale.is_(False), *_among(dag.c.dag_id, dag_ids))
    return list(conn.scalars(query.order_by(dag.c.dag_id).limit(limit)))
