"""Connections that a write has just used, at hand for whatever comes next.

Of the functions that a short transaction calls, a fifth are those of SQLAlchemy's pool, to give a
connection out and to take it back. Only what was used a moment ago, and without a fault, stays out
of the pool; all else goes by way of it, which checks connections that were idle and replaces old
and broken ones.
"""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import DisconnectionError

IDLE_CHECK_S = 1.0
"""A connection that was idle for longer is checked before use; the hot path never is."""
_IDLE_SINCE = "slipstream.idle_since"


class Spare:
    """The connections of an engine. Threads may use it at once."""

    def __init__(self, engine: Engine, *, is_file: bool) -> None:
        """``is_file``: a database whose connections do not break."""
        self._engine = engine
        self._kept: list[tuple[Connection, float]] = []
        if not is_file:
            _check_idle_connections(engine)

    def take(self) -> Connection:
        """Return a connection for the caller alone: close it, or ``keep`` it."""
        while (found := self._pop()) is not None:
            conn, since = found
            if time.monotonic() - since < IDLE_CHECK_S:
                return conn
            conn.info[_IDLE_SINCE] = since  # the pool checks it when it gives it out again
            conn.close()
        return self._engine.connect()

    def keep(self, conn: Connection) -> None:
        """Take back a connection that works and on which nothing is under way."""
        if conn.in_transaction():  # SQLAlchemy's own, which ends with closing
            conn.close()
        else:
            self._kept.append((conn, time.monotonic()))

    def let_go(self) -> None:
        """Give all to the pool: one has failed, and the pool knows what that means for others."""
        while (found := self._pop()) is not None:
            found[0].close()

    def _pop(self) -> tuple[Connection, float] | None:
        try:
            return self._kept.pop()
        except IndexError:
            return None


def _check_idle_connections(engine: Engine) -> None:
    """Replace connections that broke while idle, at no cost for those in steady use."""

    @event.listens_for(engine, "checkin")
    def _mark(_connection: Any, record: Any) -> None:
        record.info.setdefault(_IDLE_SINCE, time.monotonic())

    @event.listens_for(engine, "checkout")
    def _check(connection: Any, record: Any, _proxy: Any) -> None:
        idle_since = record.info.pop(_IDLE_SINCE, None)
        if idle_since is None or time.monotonic() - idle_since < IDLE_CHECK_S:
            return
        alive = False
        with suppress(engine.dialect.loaded_dbapi.Error):
            alive = engine.dialect.do_ping(connection)
        if not alive:
            raise DisconnectionError("the connection broke while idle")
