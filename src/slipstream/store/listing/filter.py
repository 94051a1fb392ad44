"""Filters: conditions on fields by name, as data, and their translation to SQL."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, false, or_

from slipstream.errors import UserError
from slipstream.store.listing.expression import matches, starts_with

Fields = Mapping[str, ColumnElement[Any]]


class UnknownField(UserError):
    """A filter or an ordering names a field that the listing does not have; ``field`` is it."""

    def __init__(self, field: str) -> None:
        super().__init__(
            f"The list cannot be filtered or ordered by {field!r}: it has no such field."
        )
        self.field = field


@dataclass(frozen=True, slots=True)
class OneOf:
    """The field has one of ``values``; None among them stands for NULL."""

    field: str
    values: tuple[Any, ...]

    def clause(self, column: ColumnElement[Any], dialect: str) -> ColumnElement[bool]:
        given = [v for v in self.values if v is not None]
        wanted: ColumnElement[bool] = column == given[0] if len(given) == 1 else column.in_(given)
        return wanted if len(given) == len(self.values) else or_(wanted, column.is_(None))


@dataclass(frozen=True, slots=True)
class NoneOf:
    """The field has none of ``values``."""

    field: str
    values: tuple[Any, ...]

    def clause(self, column: ColumnElement[Any], dialect: str) -> ColumnElement[bool]:
        return column.not_in(self.values)


@dataclass(frozen=True, slots=True)
class Between:
    """The field lies within the bounds that are not None: at least, above, at most, below."""

    field: str
    gte: Any = None
    gt: Any = None
    lte: Any = None
    lt: Any = None

    def clause(self, column: ColumnElement[Any], dialect: str) -> ColumnElement[bool]:
        bounds = (
            None if self.gte is None else column >= self.gte,
            None if self.gt is None else column > self.gt,
            None if self.lte is None else column <= self.lte,
            None if self.lt is None else column < self.lt,
        )
        return and_(*(b for b in bounds if b is not None))


@dataclass(frozen=True, slots=True)
class Like:
    """The field contains the pattern (see ``expression.matches``)."""

    field: str
    pattern: str

    def clause(self, column: ColumnElement[Any], dialect: str) -> ColumnElement[bool]:
        return matches(column, self.pattern)


@dataclass(frozen=True, slots=True)
class Prefix:
    """The field starts with the prefix (see ``expression.starts_with``)."""

    field: str
    prefix: str

    def clause(self, column: ColumnElement[Any], dialect: str) -> ColumnElement[bool]:
        return starts_with(column, self.prefix, dialect)


Filter = OneOf | NoneOf | Between | Like | Prefix


def where(filters: Iterable[Filter], fields: Fields, dialect: str) -> list[ColumnElement[bool]]:
    """Translate filters into conditions that all must hold; raise UnknownField."""
    clauses: list[ColumnElement[bool]] = []
    for each in filters:
        if each.field not in fields:
            raise UnknownField(each.field)
        if isinstance(each, OneOf):
            # PostgreSQL refuses NUL even in a comparison; no text has one (see codec.safe_text).
            values = [v for v in each.values if not (isinstance(v, str) and "\x00" in v)]
            if not values:
                clauses.append(false())
                continue
            each = OneOf(each.field, tuple(values))
        clauses.append(each.clause(fields[each.field], dialect))
    return clauses
