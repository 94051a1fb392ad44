"""The tables that ``db clean`` copies rows to before it deletes them, named as Airflow names them.

They are plain copies without keys, outside of the schema and its migrations: nothing reads them
but an export.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, Table

from slipstream.errors import UserError
from slipstream.store.engine import Store

_PREFIX = "_airflow_deleted__"


class Rows(NamedTuple):
    """Some rows of a table, and the name that people know it by."""

    name: str
    table: Table
    where: ColumnElement[bool]


def suffix(now: datetime) -> str:
    """Return what tells the archives of one ``db clean`` from those of others."""
    return now.strftime("%Y%m%d%H%M%S")


def copy(conn: Connection, parts: Sequence[Rows], suffix: str) -> None:
    """Copy rows to the archives of their tables, which are made if need be."""
    present = [part for part in parts if _is_any(conn, part)]
    # First all tables: on MySQL each CREATE commits what was done before it.
    for part in present:
        name = _archive(part, suffix)
        if not sa.inspect(conn).has_table(name):
            source = f"SELECT * FROM {_quoted(conn, part.table.name)} WHERE 1 = 0"
            conn.execute(sa.text(f"CREATE TABLE {_quoted(conn, name)} AS {source}"))
    for part in present:
        names = [column.name for column in part.table.columns]
        archive = sa.table(_archive(part, suffix), *map(sa.column, names))
        conn.execute(sa.insert(archive).from_select(names, sa.select(part.table).where(part.where)))


def names(store: Store, tables: Iterable[str] | None = None) -> list[str]:
    """Return the archives that there are, of ``tables`` or of all."""
    with store.read() as conn:
        found = [n for n in sa.inspect(conn).get_table_names() if n.startswith(_PREFIX)]
    wanted = None if tables is None else set(tables)
    return sorted(n for n in found if wanted is None or n.split("__")[1] in wanted)


def drop(store: Store, archives: Iterable[str]) -> None:
    """Drop archives, and with them the rows for good."""
    for name in archives:
        store.write(_drop, name)


def _drop(conn: Connection, name: str) -> None:
    conn.execute(sa.text(f"DROP TABLE IF EXISTS {_quoted(conn, name)}"))


def export(store: Store, archives: Iterable[str], folder: Path) -> list[Path]:
    """Write each archive to a CSV file in the folder; return the files. Raises UserError."""
    written = []
    for name in archives:
        path = folder / f"{name}.csv"
        try:
            with path.open("w", newline="", encoding="utf-8") as file, store.read() as conn:
                rows = conn.execute(sa.text(f"SELECT * FROM {_quoted(conn, name)}"))
                writer = csv.writer(file)
                writer.writerow(rows.keys())
                writer.writerows(map(tuple, rows))
        except OSError as error:
            raise UserError(f"Cannot write {path}: {error.strerror}.") from error
        written.append(path)
    return written


def _archive(part: Rows, suffix: str) -> str:
    return f"{_PREFIX}{part.name}__{suffix}"


def _is_any(conn: Connection, part: Rows) -> bool:
    found = sa.select(sa.literal(1)).select_from(part.table).where(part.where).limit(1)
    return conn.execute(found).first() is not None


def _quoted(conn: Connection, name: str) -> str:
    return conn.dialect.identifier_preparer.quote(name)
