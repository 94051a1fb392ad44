"""The metadata and the types of columns, alike on every database."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import BigInteger, DateTime, Dialect, Integer, MetaData, String, Text, TypeDecorator
from sqlalchemy.types import UserDefinedType

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class MySQLType(UserDefinedType[Any]):
    """A type by its words in MySQL: SQLAlchemy's own would bring its whole dialect everywhere."""

    cache_ok = True

    def __init__(self, words: str) -> None:
        self.words = words

    def get_col_spec(self, **_options: Any) -> str:
        return self.words


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime, kept in UTC with microseconds on every database.

    On SQLite it is text of one fixed form, so that text order is time order.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        if dialect.name == "mysql":
            return dialect.type_descriptor(MySQLType("DATETIME(6)"))
        return dialect.type_descriptor(DateTime(timezone=dialect.name == "postgresql"))

    # The processors are given whole instead of process_bind_param and process_result_value, which
    # would run after SQLAlchemy's own: datetimes are a third of all hot columns.
    def bind_processor(self, dialect: Dialect) -> Any:
        return {"sqlite": _to_sqlite, "mysql": _to_mysql}.get(dialect.name, _to_postgresql)

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:
        return {"sqlite": _from_sqlite, "mysql": _from_mysql}.get(dialect.name, _from_postgresql)


def _to_postgresql(value: datetime | None) -> datetime | None:
    if value is None:
        return None
    if value.tzinfo is None:
        raise ValueError(f"naive datetime {value!r}: the store keeps aware datetimes only")
    return value if value.tzinfo is UTC else value.astimezone(UTC)


def _to_mysql(value: datetime | None) -> datetime | None:
    value = _to_postgresql(value)
    return None if value is None else value.replace(tzinfo=None)


def _to_sqlite(value: datetime | None) -> str | None:
    if value is not None and value.tzinfo is not UTC:
        value = _to_postgresql(value)
    return None if value is None else _utc_text(value)


# A transaction writes the same few moments again and again. Only of UTC are those that are equal
# the same: elsewhere an hour comes twice when a clock is set back.
@lru_cache(maxsize=128)
def _utc_text(value: datetime) -> str:
    return value.isoformat(" ", "microseconds")[:26]


def _from_postgresql(value: datetime | None) -> datetime | None:
    return None if value is None else value.astimezone(UTC)


def _from_mysql(value: datetime | None) -> datetime | None:
    return None if value is None else value.replace(tzinfo=UTC)


def _from_sqlite(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value + "+00:00")


# Ids are case-sensitive on every database; MySQL needs to be told so.
Id = String(250).with_variant(
    MySQLType("VARCHAR(250) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"), "mysql"
)
Uuid7 = String(36).with_variant(
    MySQLType("VARCHAR(36) CHARACTER SET ascii COLLATE ascii_bin"), "mysql"
)
Word = String(50).with_variant(
    MySQLType("VARCHAR(50) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"), "mysql"
)
Resource = String(300).with_variant(
    MySQLType("VARCHAR(300) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"), "mysql"
)
LongText = Text().with_variant(MySQLType("LONGTEXT"), "mysql")
Pk = BigInteger().with_variant(Integer(), "sqlite")
State = String(30)
