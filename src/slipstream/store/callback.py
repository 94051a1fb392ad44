"""Callbacks due: the run's own, and those of tasks whose process vanished before it ran them.

    pending → running (handed out) → started (by one process, compare-and-set) → done → deleted

One whose host died is pending again.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, or_, select, update
from sqlalchemy import delete as sql_delete

from slipstream.store.attempt import AttemptStart
from slipstream.store.job import ONE_RUN_JOB_TYPE
from slipstream.store.row import CALLBACK, CallbackRow
from slipstream.store.schema import callback_request as callback
from slipstream.store.schema import dag_lease, dag_run, job

_SELECT = select(*CALLBACK.columns)


def list_due(
    conn: Connection, owner: str, *, states: Iterable[str] = ("pending",)
) -> list[CallbackRow]:
    """Return the callbacks of a scheduler's DAGs and runs, finished runs included, oldest first.

    Runs that are driven apart from their DAG's others have their own scheduler for it.
    A scheduler that takes over also asks for ``running`` ones: its predecessor died over them.
    """
    apart = select(job.c.id).where(job.c.job_type == ONE_RUN_JOB_TYPE, job.c.state == "running")
    is_apart = dag_run.c.owner.in_(apart)
    my_dags = select(dag_lease.c.dag_id).where(dag_lease.c.owner == owner)
    is_of_my_dags = dag_run.c.dag_id.in_(my_dags) & or_(dag_run.c.owner.is_(None), ~is_apart)
    return CALLBACK.all(
        conn.execute(
            _SELECT.join(dag_run, dag_run.c.id == callback.c.dag_run_id)
            .where(callback.c.state.in_(sorted(states)))
            .where(or_(is_of_my_dags, is_apart & (dag_run.c.owner == owner)))
            .order_by(callback.c.created_at, callback.c.id)
        )
    )


def mark_running(conn: Connection, ids: Iterable[str]) -> None:
    """Say that these are on their way to a worker host; one that has begun stays as it is."""
    conn.execute(
        update(callback)
        .where(callback.c.id.in_(sorted(ids)), callback.c.state == "pending")
        .values(state="running")
    )


def mark_pending(conn: Connection, ids: Iterable[str]) -> None:
    """Take these back: their host is gone, and did not say that they ran."""
    conn.execute(
        update(callback)
        .where(callback.c.id.in_(sorted(ids)), callback.c.state != "done")
        .values(state="pending", host_id=None, started_at=None)
    )


def start(conn: Connection, starts: Iterable[AttemptStart]) -> set[str]:
    """Let processes begin callbacks, each of which is granted once; return those that may.

    A message that says what the row already holds is granted again: its answer got lost.
    """
    granted = set()
    for mine in starts:
        waits = (callback.c.id == mine.attempt_id) & callback.c.state.in_(("pending", "running"))
        values = {"state": "started", "host_id": mine.host_id, "started_at": mine.started_at}
        if conn.execute(update(callback).where(waits).values(**values)).rowcount or (
            _started_as(conn, mine.attempt_id) == (mine.host_id, mine.started_at)
        ):
            granted.add(mine.attempt_id)
    return granted


def _started_as(conn: Connection, id: str) -> tuple[str | None, datetime | None] | None:
    """Return who has started a callback and when; None if nobody has, or if it is over."""
    row = conn.execute(
        select(callback.c.host_id, callback.c.started_at).where(
            callback.c.id == id, callback.c.state == "started"
        )
    ).first()
    return None if row is None else (row[0], row[1])


def waiting(conn: Connection, ids: Iterable[str]) -> set[str]:
    """Return which of these nobody has started yet."""
    return set(
        conn.scalars(
            select(callback.c.id).where(
                callback.c.id.in_(sorted(ids)), callback.c.state.in_(("pending", "running"))
            )
        )
    )


def finish(conn: Connection, ids: Iterable[str]) -> None:
    """Note that these ran: whatever becomes of the news, they are not run again."""
    conn.execute(update(callback).where(callback.c.id.in_(sorted(ids))).values(state="done"))


def delete(conn: Connection, ids: Iterable[str]) -> None:
    """Delete callbacks that ran."""
    conn.execute(sql_delete(callback).where(callback.c.id.in_(sorted(ids))))


def get(conn: Connection, id: str) -> CallbackRow | None:
    """Return one callback; None once it ran."""
    return CALLBACK.first(conn.execute(_SELECT.where(callback.c.id == id)))
