"""Statements to MySQL in one packet, with their values written into them.

PyMySQL waits for the answer to each statement, and spends more on writing values than the server
spends on reading them. So the statements of a transaction go together, and what the driver does
for any type in any dialect of SQL is done here for the few types of the hot path.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from pymysql.converters import escape_string
from pymysql.err import DataError

PACKET = 500_000
"""Characters in a packet of several statements, so that only a larger one can be refused."""


def run(driver: Any, statements: Sequence[str]) -> list[int]:
    """Run statements in order; return how many rows each of them matched.

    Raises PyMySQL's error for the first that fails; those after it have not run.
    """
    matched: list[int] = []
    at = 0
    while at < len(statements):
        end, size = at + 1, len(statements[at])
        while end < len(statements) and size + len(statements[end]) < PACKET:
            size += len(statements[end])
            end += 1
        matched.append(driver.query(";".join(statements[at:end])))
        matched += [driver.next_result() for _ in range(end - at - 1)]
        at = end
    return matched


def filled(text: str, values: Iterable[Any]) -> str:
    """Return a statement with ``values`` in the place of its ``%s``."""
    return text % tuple(literals(values))


def insert_of(text: str, rows: Sequence[Iterable[Any]]) -> str:
    """Return an INSERT of one row as an INSERT of all ``rows``."""
    head, _, rest = text.partition(" VALUES ")
    row, _, tail = rest.partition(")")
    return f"{head} VALUES {', '.join(filled(row + ')', each) for each in rows)}{tail}"


def literals(values: Iterable[Any]) -> list[str]:
    """Return values as they are written in SQL. Raises DataError for one that cannot be."""
    return ["NULL" if value is None else _FORMS[type(value)](value) for value in values]


class _Forms(dict[type, Callable[[Any], str]]):
    """From types to their literals; subclasses, most of all enumerations, as what they are."""

    def __missing__(self, kind: type) -> Callable[[Any], str]:
        for known in (str, int, datetime):
            if issubclass(kind, known):
                self[kind] = self[known]
                return self[known]
        raise DataError(f"a value of type {kind.__name__} has no form that MySQL reads")


_FORMS = _Forms(
    {
        str: lambda value: f"'{escape_string(str.__str__(value))}'",
        bool: lambda value: "1" if value else "0",
        int: int.__repr__,
        float: float.__repr__,
        datetime: lambda value: f"'{value}'",
    }
)
