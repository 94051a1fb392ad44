"""Leases: which scheduler owns which DAG, and with it the DAG's active runs.

An owner holds what it has while its job runs. A row changes hands in two ways: the owner gives it
up, or somebody ends the owner's job, which waits for the owner's transaction under way (see
``require``), and frees all in the same transaction.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, bindparam, func, or_, select, update
from sqlalchemy import delete as sql_delete

from slipstream.state import DagRunState
from slipstream.store import dialect
from slipstream.store import job as jobs
from slipstream.store.row import RUN, RunRow
from slipstream.store.schema import dag, dag_lease, dag_run, inbox, job, pool_quota

ACTIVE = (DagRunState.QUEUED.value, DagRunState.RUNNING.value)

_LIVE_JOBS = select(job.c.id).where(job.c.state == "running")
_DAGS_OF = select(dag_lease.c.dag_id).where(dag_lease.c.owner == bindparam("owner"))
_FREE_RUNS = (
    select(dag_run.c.id)
    .where(dag_run.c.state.in_(ACTIVE), dag_run.c.dag_id.in_(_DAGS_OF))
    .where(or_(dag_run.c.owner.is_(None), dag_run.c.owner.not_in(_LIVE_JOBS)))
    .order_by(dag_run.c.run_after, dag_run.c.id)
    .limit(bindparam("limit"))
)
_OWNED = (
    select(*RUN.columns)
    .where(dag_run.c.owner == bindparam("owner"), dag_run.c.state.in_(ACTIVE))
    .order_by(dag_run.c.run_after, dag_run.c.id)
)
_FREE_DAGS = (
    select(dag.c.dag_id)
    .outerjoin(dag_lease, dag_lease.c.dag_id == dag.c.dag_id)
    .outerjoin(job, (job.c.id == dag_lease.c.owner) & (job.c.state == "running"))
    .where(job.c.id.is_(None))
    .order_by(dag.c.dag_id)
)
_STRAY_OWNERS = (
    select(dag_lease.c.owner)
    .where(dag_lease.c.owner.is_not(None), dag_lease.c.owner.not_in(_LIVE_JOBS))
    .union(
        select(pool_quota.c.owner).where(pool_quota.c.owner.not_in(_LIVE_JOBS)),
        select(inbox.c.recipient).where(
            inbox.c.recipient.is_not(None), inbox.c.recipient.not_in(_LIVE_JOBS)
        ),
    )
)


# -- DAGs ----------------------------------------------------------------------------------------


def free_dags(conn: Connection) -> list[str]:
    """Return the DAGs that no scheduler owns whose job runs, by id."""
    return list(conn.scalars(_FREE_DAGS))


def claim_dags(conn: Connection, owner: str, dag_ids: Iterable[str]) -> list[str]:
    """Take over those of the DAGs that nobody owns; return them.

    Schedulers that claim at once get different ones. What another transaction holds is left.
    """
    wanted = sorted(set(dag_ids))
    if not wanted:
        return []
    db = dialect.of(conn)
    missing = db.insert_missing(dag_lease, ("dag_id",))
    conn.execute(missing, [{"dag_id": dag_id, "owner": None} for dag_id in wanted])
    is_free = or_(dag_lease.c.owner.is_(None), dag_lease.c.owner.not_in(_LIVE_JOBS))
    query = select(dag_lease.c.dag_id).where(dag_lease.c.dag_id.in_(wanted), is_free)
    query = db.lock_rows(query.order_by(dag_lease.c.dag_id), of=dag_lease, skip_locked=True)
    taken = list(conn.scalars(query))
    if taken:
        conn.execute(update(dag_lease).where(dag_lease.c.dag_id.in_(taken)).values(owner=owner))
    return taken


def give_up_dags(conn: Connection, owner: str, dag_ids: Iterable[str]) -> None:
    """Give DAGs and their active runs back, for other schedulers to claim."""
    given = sorted(set(dag_ids))
    mine = (dag_lease.c.owner == owner) & dag_lease.c.dag_id.in_(given)
    conn.execute(update(dag_lease).where(mine).values(owner=None))
    runs = dag_run.c.state.in_(ACTIVE) & (dag_run.c.owner == owner) & dag_run.c.dag_id.in_(given)
    conn.execute(update(dag_run).where(runs).values(owner=None))


def forget_dags(conn: Connection, owner: str, dag_ids: Iterable[str]) -> None:
    """Drop the leases of DAGs that are gone."""
    not_anothers = or_(dag_lease.c.owner == owner, dag_lease.c.owner.is_(None))
    gone = dag_lease.c.dag_id.in_(sorted(set(dag_ids))) & not_anothers
    conn.execute(sql_delete(dag_lease).where(gone))


def owned_dags(conn: Connection, owner: str) -> set[str]:
    """Return the ids of a scheduler's DAGs."""
    return set(conn.scalars(_DAGS_OF, {"owner": owner}))


def count_dags(conn: Connection) -> dict[str | None, int]:
    """Return how many DAGs each scheduler owns; under None, how many nobody does.

    Those whose owner's job has ended count as nobody's.
    """
    rows = conn.execute(
        select(job.c.id, func.count())
        .select_from(dag)
        .outerjoin(dag_lease, dag_lease.c.dag_id == dag.c.dag_id)
        .outerjoin(job, (job.c.id == dag_lease.c.owner) & (job.c.state == "running"))
        .group_by(job.c.id)
    )
    return {row[0]: row[1] for row in rows}


# -- runs ----------------------------------------------------------------------------------------


def claim_runs(conn: Connection, *, owner: str, limit: int) -> list[RunRow]:
    """Take over the active runs of a scheduler's DAGs that are nobody's, oldest first; return them.

    A run whose owner's job runs (``dags test`` drives one) is left to it.
    """
    query = dialect.of(conn).lock_rows(_FREE_RUNS, of=dag_run, skip_locked=True)
    ids = list(conn.scalars(query, {"owner": owner, "limit": limit}))
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


# -- the owner -----------------------------------------------------------------------------------


def require(conn: Connection, owner: str) -> None:
    """Let the transaction fail unless an owner's lease holds until it ends.

    Whoever takes what it owns ends its job before, and so waits for the transaction. Raises
    NotHeld: at the latest, the commit does.
    """
    dialect.of(conn).require(conn, job, owner, "running")


def end(conn: Connection, owner: str, state: str, now: datetime) -> bool:
    """End an owner's job and free all that it has; False when somebody else has ended it."""
    if not jobs.end(conn, owner, state, now):
        return False
    release(conn, owner)
    return True


def release(conn: Connection, owner: str) -> None:
    """Free an ended owner's DAGs, active runs and slots, and drop the messages to it alone."""
    conn.execute(update(dag_lease).where(dag_lease.c.owner == owner).values(owner=None))
    conn.execute(sql_delete(pool_quota).where(pool_quota.c.owner == owner))
    runs = (dag_run.c.owner == owner) & dag_run.c.state.in_(ACTIVE)
    conn.execute(update(dag_run).where(runs).values(owner=None))
    conn.execute(sql_delete(inbox).where(inbox.c.recipient == owner))


def stray_owners(conn: Connection) -> list[str]:
    """Return owners whose job ended and who still own something, or have messages.

    Their jobs were ended by other hands than ours, or somebody wrote to them at that moment.
    """
    return list(conn.scalars(_STRAY_OWNERS))
