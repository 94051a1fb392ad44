"""Pages: limit, offset or cursor, ordering, and the total, in at most two statements.

The page's keys are found first, on the narrow table; only their rows are joined to what a row
shows. A cursor names the ordering values of a page's edge (keyset paging), so that page 10,000
costs what page 1 does; it is opaque to clients, but needs no signature: it only ever becomes
bound values, and a forged one can show nothing that an offset would not.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

from sqlalchemy import Column, ColumnElement, Connection, Row, Select, and_, case, func, or_, select
from sqlalchemy.sql.visitors import iterate

from slipstream.errors import UserError
from slipstream.store.listing.filter import Fields, UnknownField

T = TypeVar("T")

MAX_ORDER_BY = 10
"""So many orderings one list takes, as in Airflow 3."""
_WORTH_A_TRY = 1000
"""Sorting so few rows costs less than one statement more."""
TOTAL_LIMIT = 50_000
"""How far a cursor page counts (as Airflow 3): beyond, "at least as many"."""


class BadCursor(UserError):
    """The cursor is none that this server gave out for this ordering."""

    def __init__(self) -> None:
        super().__init__("Invalid cursor token")


@dataclass(frozen=True, slots=True)
class Window:
    """Which part of the list; ``cursor`` not None (``""`` for the first page) rules out offset."""

    limit: int
    offset: int = 0
    order_by: tuple[str, ...] = ()
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """The rows of a window, and how many there are in all (at most ``total_limit`` if set)."""

    rows: list[T]
    total: int
    total_limit: int | None = None
    next_cursor: str | None = None
    previous_cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """A resource that can be listed.

    ``keys`` are the columns that identify a row, ``source`` is what filters and ordering need
    (joins included), ``shown`` selects a row's values and joins what ``source`` leaves out.
    """

    keys: tuple[ColumnElement[Any], ...]
    source: Any
    shown: Select[Any]
    sortable: Fields
    nullable: frozenset[str] = field(default_factory=frozenset)
    table: Any = None
    """The keys' table, if each of its rows is one of ``source``'s: often, nothing more is needed."""

    floors: Mapping[ColumnElement[Any], Any] = field(default_factory=dict)
    """The lowest values of columns in which most rows have that."""

    def narrowest(self, *needed: ColumnElement[Any]) -> Any:
        """Return what these columns and conditions are selected from, without needless joins."""
        if self.table is None:
            return self.source
        parts = (part for each in needed for part in iterate(each))
        tables = {part.table for part in parts if isinstance(part, Column)}
        return self.table if tables <= {self.table} else self.source


@dataclass(frozen=True, slots=True)
class _Key:
    column: ColumnElement[Any]
    descending: bool

    def order(self, backwards: bool) -> ColumnElement[Any]:
        return self.column.desc() if self.descending != backwards else self.column.asc()

    def beyond(self, value: Any, backwards: bool) -> ColumnElement[bool]:
        if self.descending != backwards:
            return and_(self.column < value)
        return and_(self.column > value)


def fetch(
    conn: Connection,
    listing: Listing,
    window: Window,
    clauses: Sequence[ColumnElement[bool]],
) -> Page[Row[Any]]:
    """Return one page of the rows that satisfy ``clauses``. Raises UnknownField, BadCursor."""
    keys = _ordering(listing, window.order_by)
    if window.cursor is not None:
        return _by_cursor(conn, listing, window, clauses, keys)
    total = _count(conn, listing, clauses, None)
    if not window.limit or window.offset >= total:
        return Page([], total)
    floor = None if keys[0].descending else listing.floors.get(keys[0].column)
    if floor is not None and total > _WORTH_A_TRY:
        # What has the lowest value comes first. If that fills the page, nothing need be sorted by it.
        lowest = [*clauses, keys[0].column == floor]
        found = _show(conn, listing, _cut(_edge_query(listing, lowest, keys[1:]), window), keys)
        if len(found) == window.limit:
            return Page(found, total)
    return Page(
        _show(conn, listing, _cut(_edge_query(listing, clauses, keys), window), keys), total
    )


def listed(
    conn: Connection,
    listing: Listing,
    window: Window,
    clauses: Sequence[ColumnElement[bool]],
    make: Callable[[Row[Any]], T],
) -> Page[T]:
    """Return one page of what ``make`` makes of the rows. Raises UnknownField, BadCursor."""
    found = fetch(conn, listing, window, clauses)
    return Page(
        [make(row) for row in found.rows],
        found.total,
        found.total_limit,
        found.next_cursor,
        found.previous_cursor,
    )


def _cut(query: Select[Any], window: Window) -> Select[Any]:
    return query.limit(window.limit).offset(window.offset)


def _ordering(listing: Listing, order_by: Sequence[str]) -> list[_Key]:
    if len(order_by) > MAX_ORDER_BY:
        raise UserError(f"A list is ordered by {MAX_ORDER_BY} fields at most, not {len(order_by)}.")
    keys: list[_Key] = []
    for term in order_by:
        name = term.lstrip("+-")
        if name not in listing.sortable:
            raise UnknownField(name)
        column = listing.sortable[name]
        if name in listing.nullable:
            # NULLs last in either direction, as Airflow has it on some databases; these disagree.
            keys.append(_Key(case((column.is_(None), 1), else_=0), descending=False))
        keys.append(_Key(column, descending=term.startswith("-")))
    named = {id(key.column) for key in keys}
    # The keys make the order total, else pages could overlap; as Airflow, in the first one's
    # direction, so that of equals the newest comes first where the newest is asked for.
    down = bool(order_by) and order_by[0].startswith("-")
    keys += [_Key(column, descending=down) for column in listing.keys if id(column) not in named]
    return keys


def _edge_query(
    listing: Listing,
    clauses: Sequence[ColumnElement[bool]],
    keys: Sequence[_Key],
    *,
    backwards: bool = False,
) -> Select[Any]:
    source = listing.narrowest(*clauses, *(key.column for key in keys))
    query = select(*(c.label(f"key_{i}") for i, c in enumerate(listing.keys)))
    query = query.select_from(source).where(*clauses)
    return query.order_by(*(key.order(backwards) for key in keys))


def _show(
    conn: Connection, listing: Listing, edge: Select[Any], keys: Sequence[_Key], *extra: Any
) -> list[Row[Any]]:
    chosen = edge.subquery("chosen")
    same = and_(*(c == chosen.c[f"key_{i}"] for i, c in enumerate(listing.keys)))
    query = listing.shown.where(same).order_by(*(key.order(False) for key in keys))
    return list(conn.execute(query.add_columns(*extra) if extra else query).all())


def _count(
    conn: Connection, listing: Listing, clauses: Sequence[ColumnElement[bool]], limit: int | None
) -> int:
    source = listing.narrowest(*clauses)
    if limit is None:
        query = select(func.count()).select_from(source).where(*clauses)
    else:
        some = select(listing.keys[0]).select_from(source).where(*clauses).limit(limit)
        query = select(func.count()).select_from(some.subquery())
    return int(conn.execute(query).scalar_one())


def _by_cursor(
    conn: Connection,
    listing: Listing,
    window: Window,
    clauses: Sequence[ColumnElement[bool]],
    keys: Sequence[_Key],
) -> Page[Row[Any]]:
    total = _count(conn, listing, clauses, TOTAL_LIMIT)
    backwards, values = False, None
    if window.cursor:
        backwards, values = _decode(window.cursor, window.order_by, keys)
    if not window.limit:
        return Page([], total, TOTAL_LIMIT)
    bounds = list(clauses)
    if values is not None:
        bounds.append(_past(keys, values, backwards))
    edge = _edge_query(listing, bounds, keys, backwards=backwards).limit(window.limit + 1)
    # The ordering's values ride along at the end of each row: they become the cursors.
    extra = [key.column.label(f"edge_{i}") for i, key in enumerate(keys)]
    found = _show(conn, listing, edge, keys, *extra)
    more = len(found) > window.limit
    if more:
        found = found[1:] if backwards else found[:-1]
    has_next, has_previous = (True, more) if backwards else (more, values is not None)
    edges = [tuple(row)[-len(keys) :] for row in (found[:1] + found[-1:])]
    return Page(
        found,
        total,
        TOTAL_LIMIT,
        _encode("n", window.order_by, edges[1]) if has_next and edges else None,
        _encode("p", window.order_by, edges[0]) if has_previous and edges else None,
    )


def _past(keys: Sequence[_Key], values: Sequence[Any], backwards: bool) -> ColumnElement[bool]:
    """Return the condition for rows after ``values`` in the order (before, if backwards)."""
    either: list[ColumnElement[bool]] = []
    same: list[ColumnElement[bool]] = []
    for key, value in zip(keys, values, strict=True):
        if value is None:
            continue  # its NULL flag, the key before it, has told the rows apart already
        either.append(and_(*same, key.beyond(value, backwards)))
        same.append(key.column == value)
    return or_(*either)


def _encode(direction: str, order_by: Sequence[str], values: Sequence[Any]) -> str:
    plain = [{"at": v.isoformat()} if isinstance(v, datetime) else v for v in values]
    text = json.dumps([direction, *order_by, plain], separators=(",", ":"), default=float)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _decode(cursor: str, order_by: Sequence[str], keys: Sequence[_Key]) -> tuple[bool, list[Any]]:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        direction, *named, plain = json.loads(base64.urlsafe_b64decode(padded))
        if direction not in ("n", "p") or named != list(order_by) or len(plain) != len(keys):
            raise BadCursor
        values = [datetime.fromisoformat(v["at"]) if isinstance(v, dict) else v for v in plain]
        for key, value, before in zip(keys, values, [None, *values], strict=False):
            _check_type(key.column, value, is_flagged=before == 1)
    except (ValueError, TypeError, KeyError, AttributeError, binascii.Error):
        raise BadCursor from None
    return direction == "p", values


def _check_type(column: ColumnElement[Any], value: Any, *, is_flagged: bool) -> None:
    """Refuse a forged value that the database driver would choke on."""
    if value is None:
        if not is_flagged:  # only the column after a NULL flag can be NULL
            raise BadCursor
        return
    expected = column.type.python_type
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if expected in (int, float, bool):
        if not number:
            raise BadCursor
    elif not isinstance(value, expected):
        raise BadCursor
    if isinstance(value, datetime) and value.tzinfo is None:
        raise BadCursor
