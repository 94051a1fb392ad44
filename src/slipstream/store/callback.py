"""Callbacks due: the run's own, and those of tasks whose process vanished before it ran them."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, or_, select, update
from sqlalchemy import delete as sql_delete

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
    """Say that these are on their way to a worker host."""
    conn.execute(update(callback).where(callback.c.id.in_(sorted(ids))).values(state="running"))


def mark_pending(conn: Connection, ids: Iterable[str]) -> None:
    """Take these back: their host did not run them."""
    conn.execute(update(callback).where(callback.c.id.in_(sorted(ids))).values(state="pending"))


def delete(conn: Connection, ids: Iterable[str]) -> None:
    """Delete callbacks that ran."""
    conn.execute(sql_delete(callback).where(callback.c.id.in_(sorted(ids))))


def get(conn: Connection, id: str) -> CallbackRow | None:
    """Return one callback; None once it ran."""
    return CALLBACK.first(conn.execute(_SELECT.where(callback.c.id == id)))
