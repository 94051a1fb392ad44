"""Pages of stories: what happened to a run with its tasks, to the run alone, or to one instance."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, func, select

from slipstream.store.listing import Page
from slipstream.store.schema import attempt, task_event


class EventSeen(NamedTuple):
    id: int
    at: datetime
    kind: str
    from_state: str | None
    to_state: str | None
    attempt_id: str | None
    task_id: str | None
    map_index: int | None
    detail: str | None
    try_number: int | None


_OWN = tuple(task_event.c[name] for name in EventSeen._fields[:-1])


def page(
    conn: Connection,
    dag_run_pk: int,
    *,
    task: tuple[str, int] | None = None,
    run_only: bool = False,
    limit: int,
    offset: int,
    newest_first: bool = False,
) -> Page[EventSeen]:
    """Return events of a run: of all in it, of the run itself, or of one (task_id, map_index)."""
    clauses = [task_event.c.dag_run_id == dag_run_pk]
    if task is not None:
        clauses += [task_event.c.task_id == task[0], task_event.c.map_index == task[1]]
    elif run_only:
        clauses.append(task_event.c.task_id.is_(None))
    total = int(conn.execute(select(func.count(task_event.c.id)).where(*clauses)).scalar_one())
    order = task_event.c.id.desc() if newest_first else task_event.c.id
    some = select(task_event.c.id).where(*clauses).order_by(order).limit(limit).offset(offset)
    some_ids = some.subquery()
    query = (
        select(*_OWN, attempt.c.try_number)
        .select_from(
            task_event.join(some_ids, some_ids.c.id == task_event.c.id).outerjoin(
                attempt, attempt.c.id == task_event.c.attempt_id
            )
        )
        .order_by(order)
    )
    return Page([EventSeen._make(row) for row in conn.execute(query)], total)
