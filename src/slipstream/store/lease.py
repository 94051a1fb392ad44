"""Leases: which scheduler owns which active run. A lease holds while its owner's heartbeat does."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, bindparam, or_, select, update

from slipstream.state import DagRunState
from slipstream.store import dialect
from slipstream.store.row import RUN, RunRow
from slipstream.store.schema import dag_run, job

ACTIVE = (DagRunState.QUEUED.value, DagRunState.RUNNING.value)

_LIVE_JOBS = select(job.c.id).where(
    job.c.state == "running", job.c.heartbeat_at >= bindparam("lapsed_before")
)
_UNOWNED = (
    select(dag_run.c.id)
    .where(dag_run.c.state.in_(ACTIVE))
    .where(or_(dag_run.c.owner.is_(None), dag_run.c.owner.not_in(_LIVE_JOBS)))
    .order_by(dag_run.c.run_after, dag_run.c.id)
    .limit(bindparam("limit"))
)
_OWNED = (
    select(*RUN.columns)
    .where(dag_run.c.owner == bindparam("owner"), dag_run.c.state.in_(ACTIVE))
    .order_by(dag_run.c.run_after, dag_run.c.id)
)


def claim_runs(
    conn: Connection, *, owner: str, lapsed_before: datetime, limit: int
) -> list[RunRow]:
    """Take over active runs that no live scheduler owns, oldest first; return them.

    Schedulers that claim at once get different runs. A scheduler is alive while its job runs
    with a heartbeat at or after ``lapsed_before``.
    """
    query = dialect.of(conn).lock_rows(_UNOWNED, of=dag_run, skip_locked=True)
    ids = list(conn.scalars(query, {"lapsed_before": lapsed_before, "limit": limit}))
    if not ids:
        return []
    conn.execute(update(dag_run).where(dag_run.c.id.in_(ids)).values(owner=owner))
    return RUN.all(
        conn.execute(
            select(*RUN.columns)
            .where(dag_run.c.id.in_(ids))
            .order_by(dag_run.c.run_after, dag_run.c.id)
        )
    )


def owned(conn: Connection, owner: str) -> list[RunRow]:
    """Return the active runs that a scheduler owns, oldest first."""
    return RUN.all(conn.execute(_OWNED, {"owner": owner}))


def require(conn: Connection, owner: str) -> None:
    """Let the transaction fail unless an owner's lease holds until it ends.

    Whoever takes its runs over ends its job before, and so waits for the transaction. Raises
    NotHeld: at the latest, the commit does.
    """
    dialect.of(conn).require(conn, job, owner, "running")


def release(conn: Connection, owner: str) -> None:
    """Give all active runs back, for the next scheduler to claim at once."""
    mine = (dag_run.c.owner == owner) & dag_run.c.state.in_(ACTIVE)
    conn.execute(update(dag_run).where(mine).values(owner=None))
