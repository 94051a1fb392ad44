"""The story of a task instance or a run: each event that was applied, in order.

Written by ``decision`` with the state that the event led to; here it is read.
"""

from __future__ import annotations

from sqlalchemy import Connection, select

from slipstream.store.row import STORY, StoryRow
from slipstream.store.schema import task_event


def of_task_instance(
    conn: Connection, pk: int, task_id: str, map_index: int = -1, limit: int = 1000
) -> list[StoryRow]:
    """Return the newest events of a task instance, oldest first."""
    return _newest(
        conn,
        limit,
        task_event.c.dag_run_id == pk,
        task_event.c.task_id == task_id,
        task_event.c.map_index == map_index,
    )


def of_run(conn: Connection, pk: int, limit: int = 1000) -> list[StoryRow]:
    """Return the newest events of the run itself, without those of its tasks, oldest first."""
    return _newest(conn, limit, task_event.c.dag_run_id == pk, task_event.c.task_id.is_(None))


def _newest(conn: Connection, limit: int, *where: object) -> list[StoryRow]:
    query = select(*STORY.columns).where(*where)  # type: ignore[arg-type]
    rows = STORY.all(conn.execute(query.order_by(task_event.c.id.desc()).limit(limit)))
    rows.reverse()
    return rows
