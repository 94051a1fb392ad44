"""What people set up: pools with their use, variables, connections."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, case, func, select

from slipstream.state import TaskInstanceState
from slipstream.store.listing.filter import Fields, Filter, where
from slipstream.store.listing.page import Listing, Page, Window, fetch
from slipstream.store.schema import connection, pool, task_instance, variable


class PoolListed(NamedTuple):
    name: str
    slots: int
    description: str | None
    include_deferred: bool


class PoolUse(NamedTuple):
    """Slots of a pool taken by task instances of each state."""

    running: int
    queued: int
    scheduled: int
    deferred: int


_POOL_FIELDS: Fields = {"id": pool.c.name, "name": pool.c.name, "pool": pool.c.name}
_POOLS = Listing(
    keys=(pool.c.name,),
    source=pool,
    shown=select(*(pool.c[n] for n in PoolListed._fields)),
    sortable=_POOL_FIELDS,
)


def pools(conn: Connection, window: Window, filters: Sequence[Filter] = ()) -> Page[PoolListed]:
    """Return a page of pools. Field: name."""
    found = fetch(conn, _POOLS, window, where(filters, _POOL_FIELDS, conn.dialect.name))
    return Page([PoolListed._make(row) for row in found.rows], found.total)


_COUNTED = tuple(TaskInstanceState(n) for n in ("running", "queued", "scheduled", "deferred"))


def pool_use(conn: Connection, names: Sequence[str]) -> dict[str, PoolUse]:
    """Return how the slots of these pools are taken; a pool that nothing uses is absent."""
    query = (
        select(
            task_instance.c.pool,
            *(
                func.sum(
                    case((task_instance.c.state == state, task_instance.c.pool_slots), else_=0)
                )
                for state in _COUNTED
            ),
        )
        .where(task_instance.c.state.in_(_COUNTED), task_instance.c.pool.in_(names))
        .group_by(task_instance.c.pool)
    )
    return {row[0]: PoolUse(*(int(n) for n in row[1:])) for row in conn.execute(query)}


_VARIABLE_FIELDS: Fields = {
    "key": variable.c.key,
    "id": variable.c.key,
    "variable_key": variable.c.key,
    "_val": variable.c.value,
    "description": variable.c.description,
    "is_encrypted": variable.c.is_encrypted,
}
_VARIABLES = Listing(
    keys=(variable.c.key,),
    source=variable,
    shown=select(variable.c.key),
    sortable=_VARIABLE_FIELDS,
    nullable=frozenset({"_val", "description"}),
)


def variable_keys(conn: Connection, window: Window, filters: Sequence[Filter] = ()) -> Page[str]:
    """Return a page of variables' keys; ``store.variable`` decrypts their values."""
    found = fetch(conn, _VARIABLES, window, where(filters, _VARIABLE_FIELDS, conn.dialect.name))
    return Page([row[0] for row in found.rows], found.total)


_CONNECTION_FIELDS: Fields = {
    **{n: connection.c[n] for n in ("conn_id", "conn_type", "description", "host", "port")},
    "id": connection.c.conn_id,
    "connection_id": connection.c.conn_id,
}
_CONNECTIONS = Listing(
    keys=(connection.c.conn_id,),
    source=connection,
    shown=select(connection.c.conn_id),
    sortable=_CONNECTION_FIELDS,
    nullable=frozenset({"description", "host", "port"}),
)


def connection_ids(conn: Connection, window: Window, filters: Sequence[Filter] = ()) -> Page[str]:
    """Return a page of connections' ids; ``store.connection`` decrypts the rest."""
    clauses = where(filters, _CONNECTION_FIELDS, conn.dialect.name)
    found = fetch(conn, _CONNECTIONS, window, clauses)
    return Page([row[0] for row in found.rows], found.total)
