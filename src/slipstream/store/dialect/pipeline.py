"""Statements to PostgreSQL in one round trip, as a pipeline of libpq's, without psycopg's cursors.

A cursor costs several times what its statement costs the server, and a turn of the scheduler is a
handful of statements that return next to nothing. So these are prepared once per connection and
sent with parameters that are text already. The statements of a pipeline that begins outside of a
transaction are one: all of them take effect, or none does.
"""

from __future__ import annotations

import itertools
import select
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from psycopg import DataError, OperationalError
from psycopg.errors import error_from_result
from psycopg.pq import DiagnosticField, ExecStatus
from psycopg.pq.abc import PGconn, PGresult

Statement = tuple[str, Sequence[Any]]
"""A text with ``$1``, ``$2``, …, and the values for them."""
Rows = list[tuple[str | None, ...]]

_PREPARED = "slipstream.prepared"
_MAX_PREPARED = 256
"""A connection that has prepared so many begins anew; the hot path has a few dozen."""
_SYNC = ExecStatus.PIPELINE_SYNC
_FAILED = frozenset({ExecStatus.FATAL_ERROR, ExecStatus.BAD_RESPONSE})
_serial = itertools.count()


def run(driver: Any, info: dict[Any, Any], statements: Sequence[Statement]) -> list[Rows]:
    """Run statements in order and return each one's rows, as text.

    ``driver`` is psycopg's connection, ``info`` a dictionary that lives as long as it does. Raises
    psycopg's error for the first that fails; those after it have not run.
    """
    pgconn: PGconn = driver.pgconn
    ready = [(text, encoded(values)) for text, values in statements]
    may_prepare = driver.prepare_threshold is not None
    prepared: dict[str, bytes] = info.setdefault(_PREPARED, {})
    if len(prepared) > _MAX_PREPARED:
        driver.execute("DEALLOCATE ALL")
        prepared.clear()
    results: list[Rows] = []
    error: PGresult | None = None
    pgconn.enter_pipeline_mode()
    try:
        sent = [
            _send(pgconn, prepared if may_prepare else None, text, parameters)
            for text, parameters in ready
        ]
        pgconn.pipeline_sync()
        for is_prepare in itertools.chain(*sent):
            result = _next(pgconn)
            if result.status in _FAILED:
                error = error or result
            elif not is_prepare and error is None:
                results.append(_rows(result))
            pgconn.get_result()  # the end of this statement's
        while (result := _next(pgconn)).status != _SYNC:
            error = error or result  # of the commit that the end of a pipeline is
            pgconn.get_result()
        pgconn.exit_pipeline_mode()
    except BaseException:
        # Nobody knows what is still on its way: this connection must not be used again.
        driver.close()
        raise
    if error is not None:
        prepared.clear()  # those that came after the error were not; names are never used again
        raise _as_exception(error)
    return results


def _send(
    pgconn: PGconn, prepared: dict[str, bytes] | None, text: str, parameters: list[bytes | None]
) -> tuple[bool, ...]:
    """Send a statement; return, per result to come, whether it is that of preparing."""
    if prepared is None:
        pgconn.send_query_params(text.encode(), parameters)
        return (False,)
    name = prepared.get(text)
    if name is not None:
        pgconn.send_query_prepared(name, parameters)
        return (False,)
    name = prepared[text] = b"slipstream_%d" % next(_serial)
    pgconn.send_prepare(name, text.encode())
    pgconn.send_query_prepared(name, parameters)
    return (True, False)


def _next(pgconn: PGconn) -> PGresult:
    """Wait for the next result; meanwhile, what is still unsent goes out."""
    if pgconn.flush() or pgconn.is_busy():
        _wait(pgconn)
    result = pgconn.get_result()
    if result is None:
        raise OperationalError("the connection was lost before the server had answered")
    return result


def _wait(pgconn: PGconn) -> None:
    """Wait until all is sent and a result has come."""
    poll = select.poll()
    while (unsent := pgconn.flush()) or pgconn.is_busy():
        poll.register(pgconn.socket, select.POLLIN | (select.POLLOUT if unsent else 0))
        poll.poll()
        pgconn.consume_input()


def _as_exception(result: PGresult) -> Exception:
    if result.error_field(DiagnosticField.SQLSTATE) is None:  # libpq's own: the server is silent
        return OperationalError(result.get_error_message())
    return error_from_result(result)


def _rows(result: PGresult) -> Rows:
    n_columns = range(result.nfields)
    return [
        tuple(_text(result.get_value(row, column)) for column in n_columns)
        for row in range(result.ntuples)
    ]


def _text(value: bytes | None) -> str | None:
    return None if value is None else bytes(value).decode()


def encoded(values: Iterable[Any]) -> list[bytes | None]:
    """Return values in PostgreSQL's text form. Raises DataError for one that has none."""
    return [
        None
        if value is None
        # Most are plain texts, and these need no call of ours.
        else value.encode()
        if type(value) is str and "\0" not in value
        else _FORMS[type(value)](value)
        for value in values
    ]


def _text_form(value: str) -> bytes:
    form = str.encode(value)
    if b"\0" in form:
        raise DataError("PostgreSQL text fields cannot contain NUL (0x00) bytes")
    return form


def _datetime_form(value: datetime) -> bytes:
    return _utc_form(value) if value.tzinfo is UTC else str(value).encode()


# A transaction writes the same few moments again and again. Only of UTC are those that are equal
# the same: elsewhere an hour comes twice when a clock is set back.
@lru_cache(maxsize=128)
def _utc_form(value: datetime) -> bytes:
    return str(value).encode()


def _array_form(values: list[Any]) -> bytes:
    return b"{%b}" % b",".join(
        b"NULL" if form is None else b'"%b"' % form.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
        for form in encoded(values)
    )


class _Forms(dict[type, Callable[[Any], bytes]]):
    """From types to their text form; subclasses, most of all enumerations, as what they are."""

    def __missing__(self, kind: type) -> Callable[[Any], bytes]:
        for known in (str, int, datetime):
            if issubclass(kind, known):
                self[kind] = self[known]
                return self[known]
        raise DataError(f"a value of type {kind.__name__} has no form that PostgreSQL reads")


_KNOWN: dict[type, Callable[[Any], bytes]] = {
    str: _text_form,
    bool: lambda value: b"t" if value else b"f",
    int: lambda value: b"%d" % value,
    float: lambda value: float.__repr__(value).encode(),
    datetime: _datetime_form,
    list: _array_form,
}
_FORMS = _Forms(_KNOWN)
