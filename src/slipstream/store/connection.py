"""Connections: how to reach other systems; passwords and extras encrypted when a key is set."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass

from sqlalchemy import Connection, insert, select, update
from sqlalchemy import delete as sql_delete

from slipstream.errors import UserError
from slipstream.store import change, crypt
from slipstream.store.codec import safe_text
from slipstream.store.row import CONNECTION, ConnectionRow
from slipstream.store.schema import connection

log = logging.getLogger(__name__)

MAX_ID = 250
# As Airflow 3: what its own check of connection ids lets pass.
_ID = re.compile(r"[\w#!()\-.:/\\]+")
_SELECT = select(*CONNECTION.columns)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewConnection:
    """A connection as a person gives it, in plain text."""

    conn_id: str
    conn_type: str
    description: str | None = None
    host: str | None = None
    schema: str | None = None
    login: str | None = None
    password: str | None = None
    port: int | None = None
    extra: str | None = None
    """JSON text."""


def check_id(conn_id: str) -> str:
    """Return the id, or raise UserError for one that Airflow would refuse too."""
    if len(conn_id) > MAX_ID or not _ID.fullmatch(conn_id):
        raise UserError(
            f"{conn_id!r:.80} cannot be a connection id: use 1 to {MAX_ID} letters, digits and "
            "any of _ - . : / \\ # ! ( )"
        )
    return conn_id


def _readable(row: ConnectionRow) -> ConnectionRow:
    what = f"connection {row.conn_id!r}"
    return row._replace(
        password=crypt.decrypt(row.password, row.is_encrypted, f"The password of {what}"),
        extra=crypt.decrypt(row.extra, row.is_extra_encrypted, f"The extra of {what}"),
    )


def get(conn: Connection, conn_id: str) -> ConnectionRow | None:
    """Return a connection, decrypted. Raises UserError when no Fernet key fits."""
    row = CONNECTION.first(conn.execute(_SELECT.where(connection.c.conn_id == conn_id)))
    return None if row is None else _readable(row)


def shown(conn: Connection, conn_id: str) -> ConnectionRow | None:
    """Return a connection; its secrets are None where no Fernet key fits (it is logged)."""
    row = CONNECTION.first(conn.execute(_SELECT.where(connection.c.conn_id == conn_id)))
    return None if row is None else _readable_or_blank(row)


def list_all(conn: Connection, conn_id: str | None = None) -> list[ConnectionRow]:
    """Return all connections by id; secrets are None where no Fernet key fits (it is logged)."""
    query = _SELECT if conn_id is None else _SELECT.where(connection.c.conn_id == conn_id)
    return [
        _readable_or_blank(row)
        for row in CONNECTION.all(conn.execute(query.order_by(connection.c.conn_id)))
    ]


def _readable_or_blank(row: ConnectionRow) -> ConnectionRow:
    try:
        return _readable(row)
    except UserError as error:
        log.error("%s", error)
        return row._replace(password=None, extra=None)


def upsert(conn: Connection, new: NewConnection) -> bool:
    """Write a connection, whole; True when there was none with its id. Raises UserError."""
    check_id(new.conn_id)
    if not new.conn_type:
        raise UserError(f"Connection {new.conn_id!r} needs a connection type, such as http.")
    if new.port is not None and not 0 <= new.port <= 2**31 - 1:
        raise UserError(f"Connection {new.conn_id!r} has the port {new.port}, which is no port.")
    password, is_encrypted = crypt.encrypt(safe_text(new.password))
    extra, is_extra_encrypted = crypt.encrypt(safe_text(new.extra))
    values = {
        "conn_type": _fitting(new, "conn_type", 500),
        "description": safe_text(new.description),
        "host": _fitting(new, "host", 500),
        "schema": _fitting(new, "schema", 500),
        "login": safe_text(new.login),
        "password": password,
        "port": new.port,
        "extra": extra,
        "is_encrypted": is_encrypted,
        "is_extra_encrypted": is_extra_encrypted,
    }
    change.note(conn, "connections")
    exists = connection.c.conn_id == new.conn_id
    if conn.execute(update(connection).where(exists).values(**values)).rowcount:
        return False
    conn.execute(insert(connection).values(conn_id=new.conn_id, **values))
    return True


def _fitting(new: NewConnection, name: str, limit: int) -> str | None:
    value: str | None = getattr(new, name)
    if value is not None and len(value) > limit:
        raise UserError(
            f"The {name} of connection {new.conn_id!r} has {len(value)} characters; "
            f"{limit} is the most."
        )
    return safe_text(value)


def delete(conn: Connection, conn_id: str) -> bool:
    """Delete a connection; False when there was none."""
    statement = sql_delete(connection).where(connection.c.conn_id == conn_id)
    was_there = conn.execute(statement).rowcount > 0
    if was_there:
        change.note(conn, "connections")
    return was_there


def rotate(conn: Connection) -> int:
    """Encrypt all secrets anew with the first Fernet key; return how many connections there are."""
    rows = CONNECTION.all(conn.execute(_SELECT))
    for row in rows:
        what = f"connection {row.conn_id!r}"
        password, is_encrypted = crypt.rotate(
            row.password, row.is_encrypted, f"The password of {what}"
        )
        extra, is_extra_encrypted = crypt.rotate(
            row.extra, row.is_extra_encrypted, f"The extra of {what}"
        )
        conn.execute(
            update(connection)
            .where(connection.c.conn_id == row.conn_id)
            .values(
                password=password,
                is_encrypted=is_encrypted,
                extra=extra,
                is_extra_encrypted=is_extra_encrypted,
            )
        )
    return len(rows)
