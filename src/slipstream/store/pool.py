"""Pools: named sets of slots that task instances share."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, insert, select, update
from sqlalchemy import delete as sql_delete

from slipstream.clock import utcnow
from slipstream.errors import UserError
from slipstream.store import change, dag_warning, dialect
from slipstream.store.codec import safe_text
from slipstream.store.row import POOL, PoolRow
from slipstream.store.schema import pool

DEFAULT = "default_pool"
MAX_NAME = 250
_MAX_SLOTS = 2**31 - 1
_SELECT = select(*POOL.columns)


def list_all(conn: Connection) -> list[PoolRow]:
    """Return all pools by name."""
    return POOL.all(conn.execute(_SELECT.order_by(pool.c.name)))


def get(conn: Connection, name: str) -> PoolRow | None:
    """Return a pool."""
    return POOL.first(conn.execute(_SELECT.where(pool.c.name == name)))


def lock(conn: Connection, names: Iterable[str]) -> list[PoolRow]:
    """Return these pools, locked until the transaction ends: admission across schedulers."""
    query = _SELECT.where(pool.c.name.in_(sorted(set(names)))).order_by(pool.c.name)
    return POOL.all(conn.execute(dialect.of(conn).lock_rows(query, of=pool)))


def upsert(
    conn: Connection,
    name: str,
    slots: int,
    description: str | None = None,
    include_deferred: bool = False,
) -> bool:
    """Write a pool, whole; True when there was none of that name.

    ``slots`` is at least 0, or -1 for a pool without a limit. Raises UserError.
    """
    if not name or len(name) > MAX_NAME or not name.isprintable():
        raise UserError(f"A pool's name is 1 to {MAX_NAME} printable characters, not {name!r:.80}.")
    if isinstance(slots, bool) or not -1 <= slots <= _MAX_SLOTS:
        raise UserError(f"Pool {name!r} cannot have {slots} slots: 0 or more, or -1 for no limit.")
    values = {
        "slots": slots,
        "description": safe_text(description),
        "include_deferred": include_deferred,
    }
    change.note(conn, "pools")
    if conn.execute(update(pool).where(pool.c.name == name).values(**values)).rowcount:
        return False
    conn.execute(insert(pool).values(name=name, **values))
    dag_warning.pools_changed(conn, utcnow())
    return True


def delete(conn: Connection, name: str) -> bool:
    """Delete a pool; False when there was none. Raises UserError for the default pool."""
    if name == DEFAULT:
        raise UserError(f"{DEFAULT} cannot be deleted: tasks without a pool of their own use it.")
    was_there = conn.execute(sql_delete(pool).where(pool.c.name == name)).rowcount > 0
    if was_there:
        change.note(conn, "pools")
        dag_warning.pools_changed(conn, utcnow())
    return was_there
