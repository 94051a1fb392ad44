"""Task instances and their tries: of one run, of a DAG's runs, or of all."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, func, select

from slipstream.store.codec import load_or_none
from slipstream.store.listing import version
from slipstream.store.listing.expression import SecondsBetween
from slipstream.store.listing.filter import Fields, Filter, where
from slipstream.store.listing.page import Listing, Page, Window, listed
from slipstream.store.listing.version import VersionListed
from slipstream.store.schema import (
    attempt,
    dag,
    dag_run,
    dag_version,
    task_instance,
    task_name,
)


class TaskInstanceListed(NamedTuple):
    dag_run_id: int
    task_id: str
    map_index: int
    state: str | None
    try_number: int
    max_tries: int
    attempt_id: str | None
    scheduled_at: datetime | None
    queued_at: datetime | None
    start_date: datetime | None
    end_date: datetime | None
    hostname: str | None
    pid: int | None
    pool: str
    pool_slots: int
    queue: str
    priority_weight: int
    operator: str | None
    rendered_map_index: str | None
    note: str | None
    dag_id: str
    run_id: str
    logical_date: datetime | None
    run_after: datetime
    executor: str | None
    rendered_fields: dict[str, Any] | None
    dag_display_name: str | None
    version: VersionListed | None


class TryListed(NamedTuple):
    """One try: the last attempt made of it."""

    id: str
    try_number: int
    state: str
    ti_state: str | None
    executor: str | None
    queue: str
    pool: str
    pool_slots: int
    priority_weight: int
    hostname: str | None
    pid: int | None
    queued_at: datetime
    started_at: datetime | None
    ended_at: datetime | None


_OWN = TaskInstanceListed._fields[:20]
_DURATION = SecondsBetween(task_instance.c.start_date, task_instance.c.end_date)


def _of_version(column: ColumnElement[Any]) -> ColumnElement[Any]:
    query = select(column).where(dag_version.c.id == task_instance.c.dag_version_id)
    return query.correlate(task_instance).scalar_subquery()


_EXECUTOR = (
    select(attempt.c.executor)
    .where(attempt.c.id == task_instance.c.attempt_id)
    .correlate(task_instance)
    .scalar_subquery()
)

_DISPLAY_NAME = func.coalesce(
    select(task_name.c.display_name)
    .where(
        task_name.c.dag_version_id == task_instance.c.dag_version_id,
        task_name.c.task_id == task_instance.c.task_id,
    )
    .correlate(task_instance)
    .scalar_subquery(),
    task_instance.c.task_id,
)

FIELDS: Fields = {
    **{name: task_instance.c[name] for name in _OWN},
    "dag_id": dag_run.c.dag_id,
    "run_id": dag_run.c.run_id,
    "logical_date": dag_run.c.logical_date,
    "run_after": dag_run.c.run_after,
    "updated_at": task_instance.c.updated_at,
    "duration": _DURATION,
    "executor": _EXECUTOR,
    "task_display_name": _DISPLAY_NAME,
    "version_number": _of_version(dag_version.c.version_number),
    "pool_name": task_instance.c.pool,
    "queue_name": task_instance.c.queue,
    "operator_name": task_instance.c.operator,
}
_SORTABLE = (
    *("state", "duration", "start_date", "end_date", "map_index", "try_number"),
    *("logical_date", "run_after", "rendered_map_index", "operator"),
)
_RUN = task_instance.c.dag_run_id == dag_run.c.id
_SOURCE = task_instance.join(dag_run, _RUN)
_LISTING = Listing(
    keys=(task_instance.c.dag_run_id, task_instance.c.task_id, task_instance.c.map_index),
    source=_SOURCE,
    table=task_instance,
    floors={task_instance.c.map_index: -1},
    shown=select(
        *(task_instance.c[name] for name in _OWN),
        dag_run.c.dag_id,
        dag_run.c.run_id,
        dag_run.c.logical_date,
        dag_run.c.run_after,
        attempt.c.executor,
        attempt.c.rendered_fields,
        dag.c.display_name,
        *version.COLUMNS,
    ).select_from(
        _SOURCE.outerjoin(dag, dag.c.dag_id == dag_run.c.dag_id)
        .outerjoin(dag_version, dag_version.c.id == task_instance.c.dag_version_id)
        .outerjoin(attempt, attempt.c.id == task_instance.c.attempt_id)
    ),
    sortable={
        **{name: FIELDS[name] for name in _SORTABLE},
        # Airflow's ids are in the order of creation; ours have none, so the key's order it is.
        "id": task_instance.c.dag_run_id,
        "data_interval_start": dag_run.c.data_interval_start,
        "data_interval_end": dag_run.c.data_interval_end,
    },
    nullable=frozenset(
        {
            *("state", "duration", "start_date", "end_date", "logical_date"),
            *("rendered_map_index", "operator", "data_interval_start", "data_interval_end"),
        }
    ),
)
_FIELDS_AT = TaskInstanceListed._fields.index("rendered_fields")
_VERSION_AT = TaskInstanceListed._fields.index("version")


def _listed(row: Row[Any]) -> TaskInstanceListed:
    values = list(row[:_VERSION_AT])
    values[_FIELDS_AT] = load_or_none(values[_FIELDS_AT])
    columns = row[_VERSION_AT : _VERSION_AT + len(version.COLUMNS)]
    return TaskInstanceListed._make((*values, version.of_row(columns, values[-1])))


def page(
    conn: Connection, window: Window, filters: Sequence[Filter] = ()
) -> Page[TaskInstanceListed]:
    """Return a page of task instances. Fields: see ``FIELDS``."""
    return listed(conn, _LISTING, window, where(filters, FIELDS, conn.dialect.name), _listed)


def get(
    conn: Connection, dag_id: str, run_id: str, task_id: str, map_index: int
) -> TaskInstanceListed | None:
    """Return one task instance as the list shows it."""
    row = conn.execute(
        _LISTING.shown.where(
            dag_run.c.dag_id == dag_id,
            dag_run.c.run_id == run_id,
            task_instance.c.task_id == task_id,
            task_instance.c.map_index == map_index,
        )
    ).one_or_none()
    return None if row is None else _listed(row)


def some(conn: Connection, keys: Sequence[tuple[int, str, int]]) -> list[TaskInstanceListed]:
    """Return the task instances of these (dag_run_id, task_id, map_index), in the keys' order."""
    found: dict[tuple[int, str, int], TaskInstanceListed] = {}
    wanted = set(keys)
    for pk in dict.fromkeys(key[0] for key in keys):
        ids = sorted({key[1] for key in keys if key[0] == pk})
        query = _LISTING.shown.where(task_instance.c.dag_run_id == pk)
        # A long IN list hits the databases' limits; the filter below is exact either way.
        if len(ids) <= 500:
            query = query.where(task_instance.c.task_id.in_(ids))
        for row in conn.execute(query):
            if tuple(row[:3]) in wanted:
                listed = _listed(row)
                found[(pk, listed.task_id, listed.map_index)] = listed
    return [found[key] for key in keys if key in found]


def tries(conn: Connection, dag_run_id: int, task_id: str, map_index: int) -> list[TryListed]:
    """Return the tries of a task instance, first to last.

    A try can have several attempts (a rescheduled sensor, an attempt handed back); the last of
    them speaks for it, with the start of the first that started.
    """
    query = (
        select(*(attempt.c[name] for name in TryListed._fields))
        .where(
            attempt.c.dag_run_id == dag_run_id,
            attempt.c.task_id == task_id,
            attempt.c.map_index == map_index,
        )
        .order_by(attempt.c.try_number, attempt.c.id)
    )
    last: dict[int, TryListed] = {}
    for row in conn.execute(query):
        each = TryListed._make(row)
        before = last.get(each.try_number)
        if before is not None and before.started_at is not None:
            each = each._replace(started_at=before.started_at)
        last[each.try_number] = each
    return list(last.values())
