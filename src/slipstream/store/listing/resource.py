"""What people set up: pools with their use, variables, connections."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, case, func, select

from slipstream.errors import UserError
from slipstream.state import TaskInstanceState
from slipstream.store import crypt
from slipstream.store.listing.filter import Fields, Filter, where
from slipstream.store.listing.page import Listing, Page, Window, listed
from slipstream.store.row import CONNECTION, VARIABLE, ConnectionRow, VariableRow
from slipstream.store.schema import connection, pool, task_instance, variable

log = logging.getLogger(__name__)


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
    return listed(
        conn, _POOLS, window, where(filters, _POOL_FIELDS, conn.dialect.name), PoolListed._make
    )


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
    shown=select(*VARIABLE.columns),
    sortable=_VARIABLE_FIELDS,
    nullable=frozenset({"_val", "description"}),
)


def variables(
    conn: Connection, window: Window, filters: Sequence[Filter] = ()
) -> Page[VariableRow]:
    """Return a page of variables, decrypted; the value is None where no Fernet key fits."""
    clauses = where(filters, _VARIABLE_FIELDS, conn.dialect.name)
    return listed(conn, _VARIABLES, window, clauses, _variable)


def _variable(row: Row[Any]) -> VariableRow:
    stored = VARIABLE.make(row)
    return stored._replace(value=_decrypted(stored.value, stored.is_encrypted, stored.key))


_CONNECTION_FIELDS: Fields = {
    **{n: connection.c[n] for n in ("conn_id", "conn_type", "description", "host", "port")},
    "id": connection.c.conn_id,
    "connection_id": connection.c.conn_id,
}
_CONNECTIONS = Listing(
    keys=(connection.c.conn_id,),
    source=connection,
    shown=select(*CONNECTION.columns),
    sortable=_CONNECTION_FIELDS,
    nullable=frozenset({"description", "host", "port"}),
)


def connections(
    conn: Connection, window: Window, filters: Sequence[Filter] = ()
) -> Page[ConnectionRow]:
    """Return a page of connections, decrypted; secrets are None where no Fernet key fits."""
    clauses = where(filters, _CONNECTION_FIELDS, conn.dialect.name)
    return listed(conn, _CONNECTIONS, window, clauses, _connection)


def _connection(row: Row[Any]) -> ConnectionRow:
    stored = CONNECTION.make(row)
    id = stored.conn_id
    return stored._replace(
        password=_decrypted(stored.password, stored.is_encrypted, id),
        extra=_decrypted(stored.extra, stored.is_extra_encrypted, id),
    )


def _decrypted(stored: str | None, is_encrypted: bool, name: str) -> str | None:
    try:
        return crypt.decrypt(stored, is_encrypted, repr(name))
    except UserError as error:
        # One row that was encrypted with a lost key must not hide the others.
        log.error("%s", error)
        return None


def existing_variables(conn: Connection, keys: Iterable[str]) -> set[str]:
    """Return which of these variables exist."""
    return set(conn.scalars(select(variable.c.key).where(variable.c.key.in_(list(keys)))))


def existing_connections(conn: Connection, conn_ids: Iterable[str]) -> set[str]:
    """Return which of these connections exist."""
    wanted = connection.c.conn_id.in_(list(conn_ids))
    return set(conn.scalars(select(connection.c.conn_id).where(wanted)))


def existing_pools(conn: Connection, names: Iterable[str]) -> set[str]:
    """Return which of these pools exist."""
    return set(conn.scalars(select(pool.c.name).where(pool.c.name.in_(list(names)))))
