"""Statements of the hot path: compiled once, sent by the driver's own cursor.

SQLAlchemy's ``execute`` costs more than the database's work on a few rows. A lean statement is
the same Core construct as its text and a function from rows to parameters; it is for statements
that return nothing, or that a dialect reads itself. The driver's errors come as they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any

from sqlalchemy import (
    Connection,
    Delete,
    Executable,
    Insert,
    Table,
    Update,
    bindparam,
    literal_column,
    update,
)

Row = Mapping[str, Any]

Parameters = tuple[Any, ...]
_PARAMSTYLES = {"sqlite": "qmark", "postgresql": "numeric_dollar", "mysql": "format"}
_KEY = "k_"
"""Before the names of an UPDATE's keys, which are columns too; the rows have them without it."""


class Lean:
    """The text of a statement, with positional parameters, and what becomes of a row's values."""

    def __init__(self, text: str, names: Sequence[str], processors: Sequence[Any]) -> None:
        """``names`` are the keys of a row in the order of the parameters; they may repeat."""
        self.text = text
        self.is_insert = text.startswith("INSERT")
        # Twice the first, because one name alone would give a value instead of a tuple.
        self._values = itemgetter(*names) if len(names) > 1 else itemgetter(*names, *names)
        self._n = len(names)
        self._processors = [(i, p) for i, p in enumerate(processors) if p is not None]

    def parameters(self, rows: Sequence[Row]) -> list[Parameters]:
        """Return each row's parameters."""
        return [self._of(row) for row in rows]

    def _of(self, row: Row) -> Parameters:
        values = list(self._values(row)[: self._n])
        for i, process in self._processors:
            values[i] = process(values[i])
        return tuple(values)


def lean(conn: Connection, statement: Executable, names: Sequence[str]) -> Lean:
    """Return the lean form of a statement whose parameters have these names.

    Both must be of a small, constant set: what is compiled is kept.
    """
    if not isinstance(statement, Insert | Update | Delete):
        raise TypeError(f"{statement} returns rows")
    kind: Any = type(conn.dialect)
    return _compiled(kind, statement, tuple(names))


def lean_update(
    conn: Connection,
    table: Table,
    keys: tuple[str, ...],
    columns: tuple[str, ...],
    expected: str | None = None,
) -> Lean:
    """Return an UPDATE by key; given ``expected``, only of rows in that state."""
    kind: Any = type(conn.dialect)
    return _compiled(kind, _update_by_key(table, keys, columns, expected), None)


@lru_cache(maxsize=512)
def _update_by_key(
    table: Table, keys: tuple[str, ...], columns: tuple[str, ...], expected: str | None
) -> Update:
    statement = update(table).values({name: bindparam(name) for name in columns})
    for key in keys:
        statement = statement.where(table.c[key] == bindparam(_KEY + key))
    if expected is not None:
        statement = statement.where(table.c.state == literal_column(f"'{expected}'"))
    return statement


@lru_cache(maxsize=512)
def _compiled(
    kind: type[Any], statement: Insert | Update | Delete, names: tuple[str, ...] | None
) -> Lean:
    compiler = kind(paramstyle=_PARAMSTYLES[kind.name])
    if isinstance(statement, Insert):
        statement = statement.inline()  # no RETURNING for the key that the database makes
    column_keys = None if names is None else list(names)
    compiled: Any = statement.compile(dialect=compiler, column_keys=column_keys)
    order: list[str] = compiled.positiontup
    processors = [
        compiled.binds[name].type.dialect_impl(compiler).bind_processor(compiler) for name in order
    ]
    return Lean(str(compiled), [name.removeprefix(_KEY) for name in order], processors)
