"""Variables: values by key, encrypted when a Fernet key is set."""

from __future__ import annotations

import logging

from sqlalchemy import Connection, select, update
from sqlalchemy import delete as sql_delete

from slipstream.errors import UserError
from slipstream.store import change, crypt, dialect
from slipstream.store.codec import safe_text
from slipstream.store.row import VARIABLE, VariableRow
from slipstream.store.schema import variable

log = logging.getLogger(__name__)

MAX_KEY = 250
_SELECT = select(*VARIABLE.columns)


def _readable(row: VariableRow) -> VariableRow:
    return row._replace(value=crypt.decrypt(row.value, row.is_encrypted, f"Variable {row.key!r}"))


def get(conn: Connection, key: str) -> VariableRow | None:
    """Return a variable, decrypted. Raises UserError when no Fernet key fits."""
    row = VARIABLE.first(conn.execute(_SELECT.where(variable.c.key == key)))
    return None if row is None else _readable(row)


def shown(conn: Connection, key: str) -> VariableRow | None:
    """Return a variable; the value is None where no Fernet key fits (it is logged)."""
    row = VARIABLE.first(conn.execute(_SELECT.where(variable.c.key == key)))
    return None if row is None else _readable_or_blank(row)


def list_all(conn: Connection) -> list[VariableRow]:
    """Return all variables by key; the value is None where no Fernet key fits (it is logged)."""
    return [
        _readable_or_blank(row)
        for row in VARIABLE.all(conn.execute(_SELECT.order_by(variable.c.key)))
    ]


def _readable_or_blank(row: VariableRow) -> VariableRow:
    try:
        return _readable(row)
    except UserError as error:
        log.error("%s", error)
        return row._replace(value=None)


def set(conn: Connection, key: str, value: str, description: str | None = None) -> None:
    """Write a variable; ``description`` None leaves an existing one as it is.

    Raises UserError for a key that cannot be one.
    """
    put(conn, key, value, description, keeps_description=description is None)


def put(
    conn: Connection,
    key: str,
    value: str,
    description: str | None,
    *,
    keeps_description: bool = False,
) -> None:
    """Write a variable, whole, or but for the description of an existing one.

    Raises UserError for a key that cannot be one.
    """
    if not key or len(key) > MAX_KEY or not key.isprintable():
        raise UserError(
            f"A variable's key is 1 to {MAX_KEY} printable characters, not {key!r:.80}."
        )
    stored, is_encrypted = crypt.encrypt(safe_text(value))
    columns = ("value", "is_encrypted") + (() if keeps_description else ("description",))
    conn.execute(
        dialect.of(conn).upsert(variable, ("key",), columns),
        {
            "key": key,
            "value": stored,
            "is_encrypted": is_encrypted,
            "description": safe_text(description),
        },
    )
    change.note(conn, "variables")


def delete(conn: Connection, key: str) -> bool:
    """Delete a variable; False when there was none."""
    was_there = conn.execute(sql_delete(variable).where(variable.c.key == key)).rowcount > 0
    if was_there:
        change.note(conn, "variables")
    return was_there


def rotate(conn: Connection) -> int:
    """Encrypt all variables anew with the first Fernet key; return how many there are."""
    rows = VARIABLE.all(conn.execute(_SELECT))
    for row in rows:
        stored, is_encrypted = crypt.rotate(row.value, row.is_encrypted, f"Variable {row.key!r}")
        conn.execute(
            update(variable)
            .where(variable.c.key == row.key)
            .values(value=stored, is_encrypted=is_encrypted)
        )
    return len(rows)
