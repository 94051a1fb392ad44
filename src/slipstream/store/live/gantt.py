"""The tries of a run's task instances, as bars in time."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, and_, func, literal_column, or_, select, union_all

from slipstream.store.listing import Page
from slipstream.store.schema import UtcDateTime, attempt, task_instance


class Bar(NamedTuple):
    task_id: str
    map_index: int
    try_number: int
    state: str | None
    scheduled_at: datetime | None
    queued_at: datetime | None
    start_date: datetime | None
    end_date: datetime | None


def bars(conn: Connection, dag_run_pk: int, limit: int, offset: int) -> Page[Bar]:
    """Return the tries by task, map index and number; not of instances that nothing happened to.

    The current try is the task instance's own row. Of earlier ones the attempts tell: several can
    belong to one try, the last of which knows how it ended.
    """
    t, a = task_instance.c, attempt.c
    current = select(
        t.task_id,
        t.map_index,
        t.try_number,
        t.state,
        t.scheduled_at,
        t.queued_at,
        t.start_date,
        t.end_date,
    ).where(
        t.dag_run_id == dag_run_pk,
        or_(t.start_date.is_not(None), t.queued_at.is_not(None), t.scheduled_at.is_not(None)),
    )
    one_try = (a.task_id, a.map_index, a.try_number)
    ranked = (
        select(
            *one_try,
            a.ti_state,
            func.min(a.queued_at).over(partition_by=one_try).label("queued_at"),
            func.min(a.started_at).over(partition_by=one_try).label("started_at"),
            func.max(a.ended_at).over(partition_by=one_try).label("ended_at"),
            func.row_number().over(partition_by=one_try, order_by=a.id.desc()).label("n"),
        )
        .select_from(
            attempt.join(
                task_instance,
                and_(
                    t.dag_run_id == a.dag_run_id,
                    t.task_id == a.task_id,
                    t.map_index == a.map_index,
                    t.try_number > a.try_number,
                ),
            )
        )
        .where(a.dag_run_id == dag_run_pk)
        .subquery()
    )
    earlier = select(
        ranked.c.task_id,
        ranked.c.map_index,
        ranked.c.try_number,
        ranked.c.ti_state,
        literal_column("NULL", UtcDateTime()),
        ranked.c.queued_at,
        ranked.c.started_at,
        ranked.c.ended_at,
    ).where(ranked.c.n == 1)
    every = union_all(current, earlier).subquery()
    total = int(conn.execute(select(func.count()).select_from(every)).scalar_one())
    ordered = select(every).order_by(every.c.task_id, every.c.map_index, every.c.try_number)
    rows = conn.execute(ordered.limit(limit).offset(offset))
    return Page([Bar._make(row) for row in rows], total)
