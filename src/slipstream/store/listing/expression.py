"""The few SQL expressions that differ between the databases, each behind one name."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Float, String, cast, func, literal, or_, true
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from slipstream.errors import UserError

# Not the backslash: it is special inside MySQL's string literals too.
_ESCAPE = "!"
_MAX_TERMS = 100
"""Alternatives of a pattern; SQLite takes a thousand conditions in all."""


class SecondsBetween(FunctionElement[float]):
    """``SecondsBetween(start, end)``: elapsed seconds with their fraction, or NULL."""

    name = "seconds_between"
    type = Float()
    inherit_cache = True


@compiles(SecondsBetween, "sqlite")
def _seconds_sqlite(element: Any, compiler: SQLCompiler, **kw: Any) -> str:
    # julianday() is a double of days: exact to about 0.1 ms, which strftime('%s') is not.
    start, end = (compiler.process(c, **kw) for c in element.clauses)
    return f"((julianday({end}) - julianday({start})) * 86400.0)"


@compiles(SecondsBetween, "postgresql")
def _seconds_postgresql(element: Any, compiler: SQLCompiler, **kw: Any) -> str:
    start, end = (compiler.process(c, **kw) for c in element.clauses)
    return f"CAST(EXTRACT(EPOCH FROM ({end} - {start})) AS DOUBLE PRECISION)"


@compiles(SecondsBetween, "mysql")
@compiles(SecondsBetween, "mariadb")
def _seconds_mysql(element: Any, compiler: SQLCompiler, **kw: Any) -> str:
    start, end = (compiler.process(c, **kw) for c in element.clauses)
    return f"(TIMESTAMPDIFF(MICROSECOND, {start}, {end}) / 1e6)"


def _escaped(text: str, *, wildcards: bool) -> str:
    for char in _ESCAPE if wildcards else f"{_ESCAPE}%_":
        text = text.replace(char, _ESCAPE + char)
    return text


def _terms(text: str) -> list[str]:
    terms = [term for part in text.split("|") if (term := part.strip())]
    if len(terms) > _MAX_TERMS:
        raise UserError(f"A pattern has {_MAX_TERMS} alternatives at most, not {len(terms)}.")
    return terms


def matches(column: ColumnElement[Any], pattern: str) -> ColumnElement[bool]:
    """Match as Airflow's ``*_pattern``: substring, any case, ``%`` ``_`` wild, ``|`` or, ``~`` all."""
    terms = _terms(pattern)
    if not terms or "~" in terms:
        return true()
    return or_(
        *(
            func.lower(column).like(f"%{_escaped(t, wildcards=True).lower()}%", escape=_ESCAPE)
            for t in terms
        )
    )


def starts_with(column: ColumnElement[Any], prefix: str, dialect: str) -> ColumnElement[bool]:
    """Match as Airflow's ``*_prefix_pattern``: literal, case-sensitive, ``|`` or, ``~`` all.

    As in Airflow 3, characters at the end that are neither letter nor digit do not count.
    """
    terms = [_alphanumeric_end(t) for t in _terms(prefix) if t != "~"]
    if not terms or not all(terms) or "~" in _terms(prefix):
        return true()
    return or_(*(_one_prefix(column, t, dialect) for t in terms))


def _one_prefix(column: ColumnElement[Any], term: str, dialect: str) -> ColumnElement[bool]:
    if dialect == "sqlite":
        # LIKE ignores case there; a range is exact, and an index can serve it.
        return (column >= term) & (column < term + "\U0010ffff")
    like = f"{_escaped(term, wildcards=False)}%"
    if dialect == "mysql":
        return cast(column, String).collate("utf8mb4_bin").like(like, escape=_ESCAPE)
    return column.like(literal(like), escape=_ESCAPE)


def _alphanumeric_end(text: str) -> str:
    end = len(text)
    while end and not text[end - 1].isalnum():
        end -= 1
    return text[:end]


class Joined(FunctionElement[str]):
    """``Joined(column)``: the group's values as one text, a line each, in no order."""

    name = "joined"
    type = String()
    inherit_cache = True


@compiles(Joined, "sqlite")
def _joined_sqlite(element: Any, compiler: SQLCompiler, **kw: Any) -> str:
    return f"group_concat({compiler.process(element.clauses, **kw)}, char(10))"


@compiles(Joined, "postgresql")
def _joined_postgresql(element: Any, compiler: SQLCompiler, **kw: Any) -> str:
    return f"string_agg({compiler.process(element.clauses, **kw)}, chr(10))"


@compiles(Joined, "mysql")
@compiles(Joined, "mariadb")
def _joined_mysql(element: Any, compiler: SQLCompiler, **kw: Any) -> str:
    return f"group_concat({compiler.process(element.clauses, **kw)} SEPARATOR '\\n')"


class UtcText(FunctionElement[str]):
    """``UtcText(column)``: a point in time in UTC as text, ``2026-01-01 12:…``."""

    name = "utc_text"
    type = String()
    inherit_cache = True


@compiles(UtcText, "sqlite")
def _utc_text_sqlite(element: Any, compiler: SQLCompiler, **kw: Any) -> str:
    return compiler.process(element.clauses, **kw)  # it is kept as such text


@compiles(UtcText, "postgresql")
def _utc_text_postgresql(element: Any, compiler: SQLCompiler, **kw: Any) -> str:
    at = compiler.process(element.clauses, **kw)
    return f"to_char(({at}) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24')"


@compiles(UtcText, "mysql")
@compiles(UtcText, "mariadb")
def _utc_text_mysql(element: Any, compiler: SQLCompiler, **kw: Any) -> str:
    return f"CAST({compiler.process(element.clauses, **kw)} AS CHAR)"
