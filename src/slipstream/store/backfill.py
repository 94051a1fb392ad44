"""Backfills: what was asked for; their runs are ordinary dag runs that carry the backfill's id."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from slipstream.state import DagRunState
from slipstream.store import change
from slipstream.store.codec import dump
from slipstream.store.row import BACKFILL, BackfillRow
from slipstream.store.schema import backfill, dag, dag_run

_SELECT = select(*BACKFILL.columns)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBackfill:
    dag_id: str
    from_date: datetime
    to_date: datetime
    dag_run_conf: dict[str, Any] | None = None
    reprocess_behavior: str = "none"
    max_active_runs: int = 10
    triggering_user: str | None = None
    is_paused: bool = False
    runs_backwards: bool = False


def create(conn: Connection, new: NewBackfill, now: datetime) -> BackfillRow:
    """Insert a backfill; its runs are created by the caller."""
    result = conn.execute(
        insert(backfill),
        {
            "dag_id": new.dag_id,
            "from_date": new.from_date,
            "to_date": new.to_date,
            "dag_run_conf": dump(new.dag_run_conf or {}),
            "is_paused": new.is_paused,
            "reprocess_behavior": new.reprocess_behavior,
            "max_active_runs": new.max_active_runs,
            "created_at": now,
            "updated_at": now,
            "triggering_user": new.triggering_user,
            "runs_backwards": new.runs_backwards,
        },
    )
    change.note(conn, "backfills", dag_id=new.dag_id)
    found = get(conn, _only_key(result.inserted_primary_key))
    assert found is not None
    return found


def _only_key(key: Any) -> int:
    return int(key[0])


def get(conn: Connection, id: int) -> BackfillRow | None:
    """Return a backfill."""
    return BACKFILL.first(conn.execute(_SELECT.where(backfill.c.id == id)))


def active_of(conn: Connection, dag_id: str) -> BackfillRow | None:
    """Return the DAG's backfill that is not completed.

    Locks the DAG's row until the transaction's end, so that two cannot begin at once.
    """
    conn.execute(select(dag.c.dag_id).where(dag.c.dag_id == dag_id).with_for_update()).all()
    query = _SELECT.where(backfill.c.dag_id == dag_id, backfill.c.completed_at.is_(None))
    return BACKFILL.first(conn.execute(query.limit(1)))


def queued_runs(conn: Connection, id: int) -> list[int]:
    """Return the primary keys of a backfill's runs that wait for their start."""
    query = select(dag_run.c.id).where(
        dag_run.c.backfill_id == id, dag_run.c.state == DagRunState.QUEUED.value
    )
    return list(conn.scalars(query.order_by(dag_run.c.id)))


def list_all(
    conn: Connection, dag_id: str | None = None, *, active: bool | None = None
) -> list[BackfillRow]:
    """Return the backfills of one DAG or all, newest first; ``active``: only (un)completed ones."""
    query = _SELECT
    if dag_id is not None:
        query = query.where(backfill.c.dag_id == dag_id)
    if active is not None:
        done = backfill.c.completed_at
        query = query.where(done.is_(None) if active else done.is_not(None))
    return BACKFILL.all(conn.execute(query.order_by(backfill.c.id.desc())))


def set_paused(conn: Connection, id: int, paused: bool, now: datetime) -> None:
    """Hold a backfill's queued runs back, or let them go."""
    conn.execute(
        update(backfill).where(backfill.c.id == id).values(is_paused=paused, updated_at=now)
    )
    change.note(conn, "backfills")


def complete(conn: Connection, id: int, now: datetime) -> bool:
    """Mark a backfill as completed; False when it was already."""
    statement = (
        update(backfill)
        .where(backfill.c.id == id, backfill.c.completed_at.is_(None))
        .values(completed_at=now, updated_at=now)
    )
    if conn.execute(statement).rowcount == 0:
        return False
    change.note(conn, "backfills")
    return True


def count_runs(conn: Connection, id: int) -> dict[str, int]:
    """Return how many of a backfill's runs are in each state."""
    rows = conn.execute(
        select(dag_run.c.state, func.count())
        .where(dag_run.c.backfill_id == id)
        .group_by(dag_run.c.state)
    )
    return {row[0]: row[1] for row in rows}
