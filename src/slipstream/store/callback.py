"""Callbacks due: the run's own, and those of tasks whose process vanished before it ran them."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, select, update
from sqlalchemy import delete as sql_delete

from slipstream.store.row import CALLBACK, CallbackRow
from slipstream.store.schema import callback_request as callback
from slipstream.store.schema import dag_run

_SELECT = select(*CALLBACK.columns)


def list_due(
    conn: Connection, owner: str, *, states: Iterable[str] = ("pending",)
) -> list[CallbackRow]:
    """Return the callbacks of a scheduler's runs, finished runs included, oldest first.

    A scheduler that starts also asks for ``running`` ones: its predecessor died over them.
    """
    return CALLBACK.all(
        conn.execute(
            _SELECT.join(dag_run, dag_run.c.id == callback.c.dag_run_id)
            .where(dag_run.c.owner == owner, callback.c.state.in_(sorted(states)))
            .order_by(callback.c.created_at, callback.c.id)
        )
    )


def list_unowned(
    conn: Connection, live_owners: Iterable[str], limit: int = 100
) -> list[CallbackRow]:
    """Return callbacks of runs that no live scheduler owns."""
    return CALLBACK.all(
        conn.execute(
            _SELECT.join(dag_run, dag_run.c.id == callback.c.dag_run_id)
            .where(dag_run.c.owner.is_(None) | dag_run.c.owner.not_in(sorted(live_owners)))
            .order_by(callback.c.created_at, callback.c.id)
            .limit(limit)
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
